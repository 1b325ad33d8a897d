import { DescribeImagesCommand } from '@aws-sdk/client-ecr';
import { singleImage } from '../../test/support/fixture-images';
import type { Check } from '../check';
import { pushImage, pushManifest } from '../probes/push';

/** @see https://github.com/aws/containers-roadmap/issues/2746 */
export const secondTag: Check = {
  id: 'second-tag',
  section: 'Amazon ECR',
  assumption: 'A second tag for an image doesn\'t change its imagePushedAt.',
  expected: 'unchanged',
  otherwise: 'An image that builds mark as unneeded expires up to one day later.',
  dollars: 0,
  minutes: 0.2,
  local: true,
  async run({ account, ecr, names, pause, registry }) {
    const client = await registry(names.mutable);
    const image = singleImage({ seed: 'second tag' });
    const pushedAt = async () => {
      const { imageDetails } = await ecr.send(new DescribeImagesCommand({
        registryId: account, repositoryName: names.mutable, imageIds: [{ imageDigest: image.digest }],
      }));
      return imageDetails?.[0].imagePushedAt?.toISOString();
    };
    await pushImage(client, image, 'first');
    const first = await pushedAt();
    await pause(3);
    await pushManifest(client, image, 'second');
    const second = await pushedAt();
    return { seen: first === second ? 'unchanged' : 'changed', detail: `${first}, then ${second}` };
  },
};
