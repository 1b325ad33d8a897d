import { ImageDescription } from '../../engine/describe-image';
import { megabytes } from '../../engine/report/progress';
import { MirrorResult, summarize } from '../../engine/result';
import { shortDigest } from '../../image/image-reference';
import { escapeControlCharacters } from '../../image/sanitize';

/** The result of a dry run for one image of an app, with facts about the image in the mirror. */
export type CheckedImage = MirrorResult & { readonly stack: string; readonly description?: ImageDescription };

const HEADER = ['IMAGE', 'UPSTREAM', 'MIRROR', 'AGE', 'SIZE', 'PLATFORMS', 'NEXT RUN'];

/** The table of `check --app`: a row for each image, problems, and a line with the counts. */
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
    ageCell(description?.created),
    description ? megabytes(description.bytes) : '-',
    description?.platforms.join(' ') || '-',
    outcomeCell(image),
  ];
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
  return `${textTable([['OUTCOME', 'IMAGE', 'SENT', 'SECONDS', ''], ...results.map(resultRow)])}\n\n${countLine(results)}`;
}

/** The number of images, in total and for each outcome: `3 images: 2 copied, 1 failed`. */
function countLine(results: readonly MirrorResult[]): string {
  const isDryRun = results.some(({ dryRun }) => dryRun);
  const counts = Object.entries(summarize(results).images)
    .filter(([, count]) => count > 0)
    .map(([outcome, count]) => `${count} ${isDryRun && outcome === 'copied' ? 'to copy' : outcome}`);
  return `${results.length} image${results.length === 1 ? '' : 's'}: ${counts.join(', ')}`;
}

function outcomeCell({ outcome, dryRun }: MirrorResult): string {
  return dryRun && outcome === 'copied' ? 'would copy' : outcome;
}

function resultRow(result: MirrorResult): string[] {
  return [outcomeCell(result), result.target || result.source, megabytes(result.bytesCopied), result.seconds.toFixed(1), result.message ?? ''];
}

/** A table of aligned text columns. Control characters in cells are escaped. */
function textTable(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(escapeControlCharacters));
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  return cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd()).join('\n');
}
