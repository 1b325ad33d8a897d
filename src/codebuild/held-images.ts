import type { HeldImage, ImageResult } from './build-results';

/** A result with the checks that hold its image. */
interface HeldResult extends ImageResult {
  readonly held: HeldImage;
}

/** The maximum number of images that an entry names. */
const MAX_NAMED_IMAGES = 3;

/** An entry of a report for each group of images that the same checks hold. */
export function heldEntries(results: readonly ImageResult[]): string[] {
  const groups = new Map<string, HeldResult[]>();
  for (const result of results.filter(isHeld)) {
    const checks = result.held.by.join(', ') || 'a check';
    groups.set(checks, [...groups.get(checks) ?? [], result]);
  }
  return [...groups].map(([checks, images]) => images.length === 1 ? imageEntry(checks, images[0]) : groupEntry(checks, images));
}

/** A line with the ways to deploy while images are held; none when no image is held. */
export function heldRemedy(results: readonly ImageResult[]): string[] {
  const held = results.filter(isHeld);
  if (held.length === 0) return [];
  const [{ source, held: { digest } }] = held;
  const isKnown = held.length === 1 && digest !== undefined && !source.includes('@');
  const image = isKnown ? `${source}@${digest}` : 'IMAGE@sha256:…';
  return [`The mirror serves no version of ${held.length === 1 ? 'this image' : 'these images'} yet. Deploy again when the checks pass. `
    + `Or review the image and run: npx cdk-ecr-mirror release ${image} --reason "…". Or change its admission, or set onDeploy: OnDeploy.START.`];
}

function isHeld(result: ImageResult): result is HeldResult {
  return result.held !== undefined;
}

function imageEntry(checks: string, { source, message, held: { eligibleAt, since } }: HeldResult): string {
  const times = `${since === undefined ? '' : ` since ${since}`}${eligibleAt === undefined ? '' : `, old enough at ${eligibleAt}`}`;
  return `- ${source} (held by ${checks}${times})${message === undefined ? '' : `: ${message}`}`;
}

function groupEntry(checks: string, images: readonly HeldResult[]): string {
  const names = images.slice(0, MAX_NAMED_IMAGES).map(({ source }) => source).join(', ');
  const more = images.length > MAX_NAMED_IMAGES ? ` and ${images.length - MAX_NAMED_IMAGES} more` : '';
  const last = images.flatMap(({ held: { eligibleAt } }) => eligibleAt ?? []).sort().at(-1);
  return `- ${images.length} images (held by ${checks}${last === undefined ? '' : `, old enough at ${last} at the latest`}): ${names}${more}`;
}
