import { ImageReference, InvalidReferenceError, parseImageReference } from '../image/image-reference';
import { ecrHost } from '../image/registry-hosts';
import { redactCredentials } from '../image/sanitize';

/** An image of a registry that is not a private registry of Amazon ECR. */
export interface PublicImage {
  /** The image in the template; `...` replaces parts that are not known at synthesis. */
  readonly text: string;
  /** The parsed image; undefined with a problem. */
  readonly reference?: ImageReference;
  /** Why the image cannot be parsed, and what to do. */
  readonly problem?: string;
}

/**
 * Parses the image of a resource.
 *
 * @param image the value in the template: a string, or an intrinsic function
 * @returns undefined for an image in a private registry of Amazon ECR, and for a value that is not known at synthesis
 */
export function parsePublicImage(image: unknown): PublicImage | undefined {
  if (typeof image === 'string') return parseLiteral(image);
  const start = knownStart(image);
  if (start === undefined) return undefined;
  // Without a slash, colon or "@", the unknown part may continue the name of a host.
  if (!/[/:@]/.test(start) || isEcrHost(start.split('/')[0])) return undefined;
  return { text: `${start}...`, problem: 'part of it is a token (a value that is known only at deployment); write it as a string' };
}

/** Replaces an image, or each image that `Fn::If` selects from. */
export function mapImages(image: unknown, replace: (image: unknown) => unknown): unknown {
  const branches = (image as { readonly 'Fn::If'?: unknown } | undefined)?.['Fn::If'];
  if (!Array.isArray(branches)) return replace(image);
  const [condition, ...images] = branches;
  return { 'Fn::If': [condition, ...images.map((branch) => mapImages(branch, replace))] };
}

function parseLiteral(text: string): PublicImage | undefined {
  try {
    const reference = parseImageReference(text);
    return isEcrHost(reference.registry) ? undefined : { text, reference };
  } catch (error) {
    if (!(error instanceof InvalidReferenceError)) throw error;
    return { text: redactCredentials(text), problem: error.message };
  }
}

function isEcrHost(host: string): boolean {
  return ecrHost(host) !== undefined;
}

/** The literal text at the start of `Fn::Join` or `Fn::Sub`; undefined if the value starts with a reference. */
function knownStart(image: unknown): string | undefined {
  const { 'Fn::Join': join, 'Fn::Sub': sub } = (image ?? {}) as { readonly 'Fn::Join'?: unknown; readonly 'Fn::Sub'?: unknown };
  const template = Array.isArray(sub) ? sub[0] : sub;
  const start = typeof template === 'string' ? template.split('${')[0] : Array.isArray(join) && Array.isArray(join[1]) ? join[1][0] : undefined;
  return typeof start === 'string' && start !== '' ? start : undefined;
}
