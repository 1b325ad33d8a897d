import { ImageMirror } from './image-mirror';
import { MirroredImageOptions } from './mirrored-image-options';

/**
 * Properties of a `MirroredImage`.
 */
export interface MirroredImageProps extends MirroredImageOptions {
  /**
   * The mirror that copies the image. It may be in another stack of the same account and Region, which is deployed first.
   */
  readonly mirror: ImageMirror;

  /**
   * The upstream image, as `docker pull` takes it: `nginx:stable`, `quay.io/prometheus/prometheus:v2.53.0`, `nginx@sha256:...`.
   */
  readonly image: string;
}
