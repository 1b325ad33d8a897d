import { CustomDeclaration, declarationMark, declarationText, marksIn } from '../../image/custom-declaration';
import type { CustomImage } from '../../image/custom-image';
import { formatImageReference, ImageReference } from '../../image/image-reference';
import { digestOf } from '../digest';
import type { MirrorRequest } from '../mirror-image';

/**
 * Whether the app has declared a customised image: this image, from this repository to this one, by these lines, for these platforms.
 *
 * @param variables those of the build
 */
export function isDeclared({ source, target }: Pick<MirrorRequest, 'source' | 'target'>, custom: CustomImage, variables: NodeJS.ProcessEnv): boolean {
  const declared = marksIn(variables);
  const base = target.repository;
  return [formatImageReference(source), ofAnyTag(source)].some((image) => {
    return declared.has(markOf({ image, base, custom })) || declared.has(markOf({ image, base: '', custom }, base));
  });
}

/** An image whose tags a filter selects is declared without one. */
function ofAnyTag({ registry, repository }: ImageReference): string {
  return formatImageReference({ registry, repository });
}

function markOf(declaration: CustomDeclaration, base?: string): string {
  return declarationMark(digestOf(Buffer.from(declarationText(declaration), 'utf8')), base);
}
