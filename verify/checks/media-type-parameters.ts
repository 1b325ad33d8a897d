import { artifact, singleImage } from '../../test/support/fixture-images';
import type { Check } from '../check';
import { answerTo, pushBlob, pushImage, pushManifest } from '../probes/push';

/** @see https://github.com/aws/containers-roadmap/issues/2306 */
export const mediaTypeParameters: Check = {
  id: 'media-type-parameters',
  section: 'Amazon ECR',
  assumption: 'Amazon ECR refuses an artifact if its media type has parameters, such as `application/vnd.dev.sigstore.bundle+json;version=0.2`.',
  expected: 'refused',
  otherwise: 'Such signatures are mirrored. Today they are left out, with a message in the log.',
  dollars: 0,
  minutes: 0.1,
  local: true,
  async run({ names, registry }) {
    const client = await registry(names.mutable);
    const image = singleImage({ seed: 'parameters' });
    await pushImage(client, image, 'parameters');
    const signature = artifact({ seed: 'parameters', artifactType: 'application/vnd.dev.sigstore.bundle+json;version=0.2', subject: image });
    for (const blob of signature.blobs) await pushBlob(client, blob);
    return answerTo(() => pushManifest(client, signature));
  },
};
