import { blobOf } from '../../test/support/fixture-blob';
import type { Check } from '../check';
import { answerTo, pushBlob } from '../probes/push';

/** @see https://github.com/aws/containers-roadmap/issues/1074 */
export const zeroByteLayer: Check = {
  id: 'zero-byte-layer',
  section: 'Amazon ECR',
  assumption: 'Amazon ECR refuses a layer without bytes.',
  expected: 'refused',
  otherwise: 'Images with such a layer can be mirrored, and the error message about them is out of date.',
  dollars: 0,
  minutes: 0.1,
  local: true,
  async run({ names, registry }) {
    const client = await registry(names.mutable);
    return answerTo(() => pushBlob(client, blobOf('')));
  },
};
