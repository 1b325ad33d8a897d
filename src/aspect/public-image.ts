import { ImageReference, InvalidReferenceError, parseImageReference } from '../image/image-reference';
import { redactCredentials } from '../image/sanitize';
import { ecrHost } from '../image/registry-hosts';

/** An image of a registry other than Amazon ECR's private ones. */
export interface PublicImage {
  /** As it is written, `...` standing for what is not known at synthesis. */
  readonly text: string;
  /** Which image it is; undefined with a problem. */
  readonly reference?: ImageReference;
  /** Why it is not known which image it is. */
  readonly problem?: string;
}

/**
 * Judges what a resource names as its image.
 *
 * @param image as it is in the template: a string, or an intrinsic function
 * @returns undefined for a private image of Amazon ECR, and for one of which nothing is known at synthesis
 */
export function publicImage(image: unknown): PublicImage | undefined {
  if (typeof image === 'string') return literalImage(image);
  const start = knownStart(image);
  if (start === undefined) return undefined;
  const text = `${start}...`;
  // What comes next may belong to a host's name as long as there was no slash, tag or digest.
  if (!/[/:@]/.test(start) || isPrivate(start.split('/')[0])) return undefined;
  return { text, problem: 'it is not wholly known at synthesis; write it as a string' };
}

/** Calls back for each image that `Fn::If` chooses from, or for the only one, and puts in its place what comes back. */
export function mapImages(image: unknown, replace: (image: unknown) => unknown): unknown {
  const branches = (image as { readonly 'Fn::If'?: unknown } | undefined)?.['Fn::If'];
  if (!Array.isArray(branches)) return replace(image);
  const [condition, ...images] = branches;
  return { 'Fn::If': [condition, ...images.map((one) => mapImages(one, replace))] };
}

function literalImage(text: string): PublicImage | undefined {
  try {
    const reference = parseImageReference(text);
    return isPrivate(reference.registry) ? undefined : { text, reference };
  } catch (error) {
    if (!(error instanceof InvalidReferenceError)) throw error;
    return { text: redactCredentials(text), problem: error.message };
  }
}

function isPrivate(host: string): boolean {
  return ecrHost(host) !== undefined;
}

/** What a joined or substituted text starts with; undefined when it starts with a value that CloudFormation knows only. */
function knownStart(image: unknown): string | undefined {
  const { 'Fn::Join': join, 'Fn::Sub': sub } = (image ?? {}) as { readonly 'Fn::Join'?: unknown; readonly 'Fn::Sub'?: unknown };
  const template = Array.isArray(sub) ? sub[0] : sub;
  const start = typeof template === 'string' ? template.split('${')[0] : Array.isArray(join) && Array.isArray(join[1]) ? join[1][0] : undefined;
  return typeof start === 'string' && start !== '' ? start : undefined;
}
