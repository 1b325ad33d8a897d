import { ImageCatalogue } from './image-catalogue';
import { ImageMirror } from './image-mirror';
import { MirroredCatalogueOptions } from './mirrored-catalogue-options';

/**
 * Properties of a `MirroredCatalogue`.
 */
export interface MirroredCatalogueProps extends MirroredCatalogueOptions {
  /**
   * The mirror that copies the images, in the same stack.
   */
  readonly mirror: ImageMirror;

  /**
   * Where the list of images lies.
   */
  readonly catalogue: ImageCatalogue;
}
