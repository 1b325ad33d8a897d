import { IConstruct } from 'constructs';
import { IMirroredImage } from '../declarations/mirror-interfaces';

/**
 * Makes the resource of a consumer wait for the first copy of an image.
 *
 * Only that resource waits, not the roles of its construct: resources that the image needs may depend on these roles.
 */
export function waitForFirstCopy(consumer: IConstruct, image: IMirroredImage): void {
  (consumer.node.defaultChild ?? consumer).node.addDependency(image);
}
