import { generatedBlob } from '../../test/support/fixture-blob';
import type { Check } from '../check';
import { answerTo, pushBlob } from '../probes/push';

const GIGABYTE = 1024 ** 3;

/**
 * The layer exists only while it is sent: a file of this size is not needed.
 *
 * @param bytes is smaller in tests
 * @see https://github.com/aws/containers-roadmap/issues/2831
 */
export function largeLayerOf(bytes: number): Check {
  return {
    id: 'large-layer',
    section: 'Amazon ECR',
    assumption: 'Amazon ECR accepts a layer of 6 GB in one PUT request, and has all its bytes afterward.',
    expected: 'accepted',
    otherwise: 'Images with such layers cannot be mirrored.',
    dollars: 0.01,
    minutes: 15,
    local: false,
    async run({ names, registry }) {
      const client = await registry(names.mutable);
      const blob = generatedBlob(names.prefix, bytes);
      const answer = await answerTo(() => pushBlob(client, blob));
      if (answer.seen !== 'accepted') return answer;
      return { seen: await client.hasBlob(blob.digest) ? 'accepted' : 'accepted, and missing afterward' };
    },
  };
}

export const largeLayer = largeLayerOf(6 * GIGABYTE);
