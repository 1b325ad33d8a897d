import { singleImage } from '../../test/support/fixture-images';
import type { Check } from '../check';
import { answerTo, pushImage, pushManifest } from '../probes/push';

/** @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html */
export const createOnPush: Check = {
  id: 'create-on-push',
  section: 'Amazon ECR',
  assumption: 'With a creation template for CREATE_ON_PUSH, the first push creates the repository, with the tag mutability of the template.',
  expected: 'push: accepted, other image for the tag: refused',
  otherwise: 'Catalogs cannot mirror images into new repositories.',
  dollars: 0,
  minutes: 0.2,
  local: true,
  async run({ names, pause, registry }) {
    const client = await registry(names.created);
    const push = await answerTo(() => pushImage(client, singleImage({ seed: 'created' }), '1.0.0'));
    if (push.seen !== 'accepted') return { seen: `push: ${push.seen}`, detail: push.detail };
    await pause(5);
    const other = singleImage({ seed: 'created otherwise' });
    await pushImage(client, other);
    const move = await answerTo(() => pushManifest(client, other, '1.0.0'));
    return { seen: `push: ${push.seen}, other image for the tag: ${move.seen}` };
  },
};
