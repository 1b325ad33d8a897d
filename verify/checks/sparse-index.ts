import { multiPlatformImage } from '../../test/support/fixture-images';
import type { Check } from '../check';
import { answerTo, pushManifest } from '../probes/push';

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html */
export const sparseIndex: Check = {
  id: 'sparse-index',
  section: 'Amazon ECR',
  assumption: 'Amazon ECR refuses an index if a listed image is not in the repository.',
  expected: 'refused',
  otherwise: 'A platform filter could keep the digest of the index. Today it makes a smaller index.',
  dollars: 0,
  minutes: 0.1,
  local: true,
  async run({ names, registry }) {
    const client = await registry(names.mutable);
    return answerTo(() => pushManifest(client, multiPlatformImage({ seed: 'sparse' }), 'sparse'));
  },
};
