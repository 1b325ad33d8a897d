import { singleImage } from '../../test/support/fixture-images';
import type { Check } from '../check';
import { answerTo, pushImage, pushManifest } from '../probes/push';

/** @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html */
export const tagExclusions: Check = {
  id: 'tag-exclusions',
  section: 'Amazon ECR',
  assumption: 'In an immutable repository with the exclusion filter `stable*`, the tag `stable-slim` can move, and the tag `1.0.0` cannot.',
  expected: 'stable-slim: accepted, 1.0.0: refused',
  otherwise: 'Floating tags cannot be updated, or fixed tags are not protected.',
  dollars: 0,
  minutes: 0.2,
  local: true,
  async run({ names, registry }) {
    const client = await registry(names.floating);
    const [first, second] = [singleImage({ seed: 'exclusions 1' }), singleImage({ seed: 'exclusions 2' })];
    await pushImage(client, second);
    const answers: string[] = [];
    for (const tag of ['stable-slim', '1.0.0']) {
      await pushImage(client, first, tag);
      answers.push(`${tag}: ${(await answerTo(() => pushManifest(client, second, tag))).seen}`);
    }
    return { seen: answers.join(', ') };
  },
};
