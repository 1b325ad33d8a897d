import { outcomeText } from './admission-cells';
import { ImageDescription } from '../../engine/describe-image';
import { megabytes } from '../../engine/report/progress';
import { MirrorResult, summarize } from '../../engine/result';
import type { TagPreview } from '../../engine/tag-preview';
import { shortDigest } from '../../image/image-reference';
import { escapeControlCharacters } from '../../image/sanitize';

/** The result of a dry run for one image of an app, with facts about the image in the mirror. */
export type CheckedImage = MirrorResult & {
  readonly stack: string;
  readonly description?: ImageDescription;
  /** The checks of new images; empty for an image without checks in a mirror with checks. Absent if the mirror has none. */
  readonly admission?: readonly string[];
};

const HEADER = ['STACK', 'IMAGE', 'UPSTREAM', 'MIRROR', 'AGE', 'SIZE', 'PLATFORMS', 'NEXT RUN'];

/** Only if a mirror of the app has checks of new images. */
const CHECKS_HEADER = 'CHECKS';

/** The table of `check --app`: a row for each image, the problems, and a line with the counts. */
export function appTable(images: readonly CheckedImage[]): string {
  const hasChecks = images.some(({ admission }) => admission !== undefined);
  const checks = (cell: string) => hasChecks ? [cell] : [];
  const rows = images.map((image) => [...checkedImageRow(image), ...checks(checksCell(image))]);
  const table = images.length === 0 ? [] : [textTable([[...HEADER, ...checks(CHECKS_HEADER)], ...rows]), ''];
  return [...table, ...problemLines(images).map(escapeControlCharacters), countLine(images)].join('\n');
}

/** The maximum number of images in the line of a problem. */
const MAX_NAMED_IMAGES = 3;

/** A line for each problem. Images with the same problem share a line, for example all images of a registry that cannot be reached. */
function problemLines(images: readonly CheckedImage[]): string[] {
  const byMessage = new Map<string, CheckedImage[]>();
  for (const image of images) {
    if (image.message !== undefined) byMessage.set(image.message, [...byMessage.get(image.message) ?? [], image]);
  }
  return [...byMessage].map(([message, affected]) => `${affectedImages(affected)}: ${message}`);
}

/** The images of a problem: `nginx:stable`, `nginx:stable in 3 stacks`, or `40 images (nginx:stable, redis:7, vault:1.14 and 37 more)`. */
function affectedImages(affected: readonly CheckedImage[]): string {
  const names = [...new Set(affected.map(({ source }) => source || 'an image'))];
  const stacks = new Set(affected.map(({ stack }) => stack)).size;
  const where = stacks > 1 ? ` in ${stacks} stacks` : '';
  if (names.length === 1) return `${names[0]}${where}`;
  const more = names.length > MAX_NAMED_IMAGES ? ` and ${names.length - MAX_NAMED_IMAGES} more` : '';
  return `${names.length} images${where} (${names.slice(0, MAX_NAMED_IMAGES).join(', ')}${more})`;
}

function checkedImageRow(image: CheckedImage): string[] {
  const { builtFrom, description, source, sourceDigest, stack, targetDigest } = image;
  return [
    stack,
    `${source.replace(/^docker\.io\/(?:library\/)?/, '')}${builtFrom === undefined ? '' : ' customized'}`,
    digestCell(sourceDigest),
    digestCell(targetDigest),
    ageCell(description?.created),
    description ? megabytes(description.bytes) : '-',
    description?.platforms.join(' ') || '-',
    outcomeText(image),
  ];
}

/** The checks of an image. An image that its mirror serves unchecked stands out. */
function checksCell({ admission }: CheckedImage): string {
  if (admission === undefined) return '-';
  return admission.length === 0 ? 'UNCHECKED' : admission.join(', ');
}

/** The days since the build time of an image. */
function ageCell(created: string | undefined): string {
  if (created === undefined) return '-';
  return `${Math.max(0, Math.floor((Date.now() - Date.parse(created)) / 86_400_000))} d`;
}

function digestCell(digest: string | undefined): string {
  return digest === undefined ? '-' : shortDigest(digest);
}

/** The table of several results: a row for each image, and a line with the counts. */
export function resultsTable(results: readonly MirrorResult[]): string {
  if (results.length === 0) return countLine(results);
  return `${textTable([['OUTCOME', 'IMAGE', 'SENT', 'SECONDS', ''], ...results.map(resultRow)])}\n\n${countLine(results)}`;
}

/** The number of images, in total and for each outcome: `3 images: 2 copied, 1 failed`. */
function countLine(results: readonly MirrorResult[]): string {
  if (results.length === 0) return 'no images';
  const isDryRun = results.some(({ dryRun }) => dryRun);
  const counts = Object.entries(summarize(results).images)
    .filter(([, count]) => count > 0)
    .map(([outcome, count]) => `${count} ${isDryRun && outcome === 'copied' ? 'to copy' : outcome}`);
  return `${results.length} image${results.length === 1 ? '' : 's'}: ${counts.join(', ')}`;
}

function resultRow(result: MirrorResult): string[] {
  const { bytesCopied, message = '', seconds, source, target } = result;
  return [outcomeText(result), target || source, bytesCopied === 0 ? '-' : megabytes(bytesCopied), seconds.toFixed(1), message];
}

/** The maximum number of tags of a filter in a line. */
const MAX_NAMED_TAGS = 10;

/** A line for each tag filter, with the tags that it selects and drops. The same filter in several stacks has one line. */
export function tagFilterLines(previews: readonly TagPreview[]): string[] {
  return [...new Set(previews.map(tagFilterLine))].sort().map(escapeControlCharacters);
}

function tagFilterLine({ dropped, droppedTags, filter, nearMisses, order, selected, source, upstreamTags }: TagPreview): string {
  const name = `${source.replace(/^docker\.io\/(?:library\/)?/, '')} ${JSON.stringify(filter)}`;
  if (nearMisses !== undefined) return `${name}: none of ${upstreamTags} tags is selected; near misses: ${nearMisses.join(', ') || 'none'}`;
  const drops = droppedTags === 0 ? '' : `; latest drops ${droppedTags}: ${namedTags(dropped, droppedTags)}`;
  return `${name}: ${selected.length} of ${upstreamTags} tags are selected, order ${order}: ${namedTags(selected, selected.length)}${drops}`;
}

function namedTags(tags: readonly string[], count: number): string {
  const named = tags.slice(0, MAX_NAMED_TAGS);
  return `${named.join(', ')}${count > named.length ? ` and ${count - named.length} more` : ''}`;
}

/** A table of aligned text columns. Control characters in cells are escaped. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(escapeControlCharacters));
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  return cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd()).join('\n');
}
