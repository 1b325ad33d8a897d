import { ImageDescription } from '../../engine/describe-image';
import { megabytes } from '../../engine/report/progress';
import { MirrorResult, summarize } from '../../engine/result';
import { shortDigest } from '../../image/image-reference';
import { escapeControlCharacters } from '../../image/sanitize';

/** What would happen to one image of an app, and what the mirror holds of it. */
export type CheckedImage = MirrorResult & { readonly stack: string; readonly description?: ImageDescription };

const HEADER = ['IMAGE', 'UPSTREAM', 'MIRROR', 'AGE', 'SIZE', 'PLATFORMS', 'NEXT RUN'];

/** What an app mirrors and what its next runs would do, a line for each image. */
export function appTable(images: readonly CheckedImage[]): string {
  const problems = images.filter(({ message }) => message !== undefined).map(({ source, message }) => `${source}: ${message}`);
  return [textTable([HEADER, ...images.map(checkedImageRow)]), '', ...problems, countLine(images)].join('\n');
}

function checkedImageRow(image: CheckedImage): string[] {
  const { builtFrom, description, source, sourceDigest, targetDigest } = image;
  return [
    `${source.replace(/^docker\.io\/(?:library\/)?/, '')}${builtFrom === undefined ? '' : ' customized'}`,
    digestCell(sourceDigest),
    digestCell(targetDigest),
    age(description?.created),
    description ? megabytes(description.bytes) : '-',
    description?.platforms.join(' ') || '-',
    actionOf(image),
  ];
}

/** Days since an image was built, as it says itself. */
function age(created: string | undefined): string {
  if (created === undefined) return '-';
  return `${Math.max(0, Math.floor((Date.now() - Date.parse(created)) / 86_400_000))} d`;
}

function digestCell(text: string | undefined): string {
  return text === undefined ? '-' : shortDigest(text);
}

/** The results of several images, a line each, with a last line that counts them. */
export function resultsTable(results: readonly MirrorResult[]): string {
  return `${textTable([['OUTCOME', 'IMAGE', 'SENT', 'SECONDS', ''], ...results.map(resultRow)])}\n\n${countLine(results)}`;
}

/** How many images there are, and how many of each outcome. */
export function countLine(results: readonly MirrorResult[]): string {
  const counts = Object.entries(summarize(results).images).filter(([, count]) => count > 0);
  const dry = results.some(({ dryRun }) => dryRun);
  return `${results.length} image${results.length === 1 ? '' : 's'}: ${counts.map(([outcome, count]) => `${count} ${dry && outcome === 'copied' ? 'to copy' : outcome}`).join(', ')}`;
}

/** What was done, or would be. */
export function actionOf({ outcome, dryRun }: MirrorResult): string {
  return dryRun && outcome === 'copied' ? 'would copy' : outcome;
}

function resultRow(result: MirrorResult): string[] {
  return [actionOf(result), result.target || result.source, megabytes(result.bytesCopied), result.seconds.toFixed(1), result.message ?? ''];
}

/** Columns of text, aligned, two spaces apart; nothing in them can drive a terminal. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(escapeControlCharacters));
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  return cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd()).join('\n');
}
