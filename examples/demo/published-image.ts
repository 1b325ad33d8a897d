import { ImageReference } from '../../src/image/image-reference';
import { FixtureImage, multiPlatformImage } from '../../test/support/fixture-images';

/** A multi-platform image that looks like those of upstream: attestations, shared layers, and Docker's older media types here and there. */
export function publishedImage({ repository, tag }: ImageReference, seed = 'first'): FixtureImage {
  return multiPlatformImage({
    seed: `${repository}:${tag} ${seed}`,
    family: repository === 'library/logstash' ? 'docker' : 'oci',
    platforms: ['linux/amd64', 'linux/arm64', 'linux/arm/v7'],
    layers: 3,
    layerBytes: 200_000,
    attestations: repository === 'library/nginx',
  });
}
