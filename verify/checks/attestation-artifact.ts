import { artifact, singleImage } from '../../test/support/fixture-images';
import type { Check } from '../check';
import { answerTo, pushBlob, pushImage, pushManifest } from '../probes/push';

/** @see https://github.com/moby/buildkit/issues/5747 */
export const attestationArtifact: Check = {
  id: 'attestation-artifact',
  section: 'Amazon ECR',
  assumption: 'Amazon ECR accepts an attestation as BuildKit 0.32 writes it: a manifest with artifactType, subject, and the empty config.',
  expected: 'accepted',
  otherwise: 'The image is mirrored without its attestations, with a message in the log.',
  dollars: 0,
  minutes: 0.2,
  local: true,
  async run({ names, registry }) {
    const client = await registry(names.mutable);
    const image = singleImage({ seed: 'attested' });
    await pushImage(client, image, 'attested');
    const attestation = artifact({ seed: 'attestation', artifactType: 'application/vnd.docker.attestation.manifest.v1+json', subject: image });
    for (const blob of attestation.blobs) await pushBlob(client, blob);
    return answerTo(() => pushManifest(client, attestation));
  },
};
