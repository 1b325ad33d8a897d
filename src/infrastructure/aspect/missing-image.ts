import { CfnResource } from 'aws-cdk-lib';
import { distance, ImageSource } from './image-source';
import { PublicImage } from './public-image';
import { familiarImageReference, quote } from '../../image/image-reference';
import { ImageMirror } from '../../image-mirror';

const EXCLUDE = 'MirroredImagesAspect.exclude() if it is to stay';

/** What is wrong with a public image that nothing replaces, and what to write. */
export function missingImage(user: string, image: PublicImage, sources: readonly ImageSource[], resource: CfnResource): string {
  const beginning = `${user} runs the public image ${quote(image.text)}`;
  const { reference, problem } = image;
  if (reference === undefined) return `${beginning}, and whether a mirror has it is not known, for ${problem}; or use ${EXCLUDE}`;
  const [far] = sources.flatMap((source) => source.find(reference) ? distance(source, resource) ?? [] : []);
  if (far !== undefined) return `${beginning}, and ${far}; or use ${EXCLUDE}`;
  const mirror = sources.find((source) => source.construct instanceof ImageMirror && distance(source, resource) === undefined)?.construct;
  const place = mirror === undefined ? 'on an ImageMirror in its stage, account and Region' : `on ${quote(mirror.node.path)}`;
  const name = quote(familiarImageReference(reference));
  // What is in a list is not known, or not for long.
  const listed = sources.some(({ construct }) => construct instanceof ImageMirror && construct._context().catalogues.count > 0);
  const catalogues = listed ? ` if no catalogue lists it (otherwise write imageUri(${name}) of that)` : '';
  return `${beginning}, which no mirror has; call addImage(${name}) ${place}${catalogues}, or use ${EXCLUDE}`;
}
