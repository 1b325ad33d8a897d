import { singleImage } from '../../test/support/fixture-images';
import type { Check } from '../check';
import { answerTo, pushImage, pushManifest } from '../probes/push';

/** @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html */
export const identicalPush: Check = {
  id: 'identical-push',
  section: 'Amazon ECR',
  assumption: 'Amazon ECR refuses a push to an immutable tag, also of the identical image.',
  expected: 'refused',
  otherwise: 'Nothing changes: builds compare digests first, and don\'t push an identical image.',
  dollars: 0,
  minutes: 0.1,
  local: true,
  async run({ names, registry }) {
    const client = await registry(names.immutable);
    const image = singleImage({ seed: 'immutable' });
    await pushImage(client, image, '1.0.0');
    return answerTo(() => pushManifest(client, image, '1.0.0'));
  },
};
