import { artifact, singleImage } from '../../test/support/fixture-images';
import type { Check } from '../check';
import { pushImage } from '../probes/push';

/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-referrers */
export const referrersList: Check = {
  id: 'referrers-list',
  section: 'Amazon ECR',
  assumption: 'Amazon ECR lists the signatures of an image with the referrers API.',
  expected: 'the list has the signature',
  otherwise: 'Builds push signatures again that the mirror has, or don\'t see later ones.',
  dollars: 0,
  minutes: 0.2,
  local: true,
  async run({ names, pause, registry }) {
    const client = await registry(names.mutable);
    const image = singleImage({ seed: 'signed' });
    const signature = artifact({ seed: 'signature', artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json', subject: image });
    await pushImage(client, image, 'signed');
    await pushImage(client, signature);
    await pause(5);
    const pages = await client.referrers(image.digest);
    if (pages === undefined) return { seen: 'no referrers API' };
    return { seen: pages.some((page) => page.includes(signature.digest)) ? 'the list has the signature' : 'the list lacks the signature' };
  },
};
