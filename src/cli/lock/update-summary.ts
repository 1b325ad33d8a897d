import { imagePage } from './image-page';
import type { LockOutcome, LockResult, SignaturePresence } from './lock-result';
import { megabytes } from '../../engine/report/progress';
import type { LockEntry } from '../../image/admission/lock-file';
import { parseImageReference } from '../../image/image-reference';
import { sanitizeLine } from '../../image/sanitize';

/** The description of a pull request on GitHub has at most 65,536 characters. */
const MAX_SUMMARY_LENGTH = 60_000;

/** The numbers of images with details that are tried until the summary is short enough. */
const DETAILED = [60, 20, 5, 0];

/** The maximum number of platforms in a cell. */
const MAX_NAMED_PLATFORMS = 16;

/** The maximum number of images in a list. */
const MAX_LISTED = 50;

/**
 * A summary of the changes of a lock file in Markdown, for a pull request. Empty when nothing changed and nothing failed.
 *
 * Text of registries cannot add a link, an image, or a mention: it has only characters that are checked, or it is code.
 */
export function updateSummary(results: readonly LockResult[], now: number = Date.now()): string {
  const summaries = DETAILED.map((limit) => () => summaryWith(results, now, limit));
  return (summaries.find((summary) => summary().length <= MAX_SUMMARY_LENGTH) ?? summaries[summaries.length - 1])();
}

function summaryWith(results: readonly LockResult[], now: number, limit: number): string {
  const of = (outcome: LockOutcome) => results.filter((result) => result.outcome === outcome);
  const [updated, added] = [of('updated'), of('added')];
  const sections = [
    detailed('Updated', updated, now, limit),
    detailed('Added', added, now, limit),
    listed('Removed', of('removed').map(({ image, before }) => `- ${code(image)}, ${code(before!.digest)}`)),
    listed('Failed', of('failed').map(({ image, message = '' }) => `- ${code(image)}: ${code(sanitizeLine(message, 500))}`)),
  ].filter((section) => section !== '');
  if (sections.length === 0) return '';
  const notes = updated.length + added.length === 0 ? [] : [NOTE];
  return `${[`${TITLE}\n\n${INTRODUCTION}`, ...sections, ...notes].join('\n\n')}\n`;
}

const TITLE = '## Changes of the image lock file';

const INTRODUCTION = 'The mirror serves a digest only if the lock file has it. Review each image before you merge.';

const NOTE = 'The author of an image can write any build time. The size is compressed, for `linux/amd64` or else for the first platform. '
  + '“Found” means that the registry has a signature. It is not verified here.';

const HEADER = '| Image | Digest | Build time (as the image says) | Platforms | Size | Signature |\n|---|---|---|---|---|---|';

function detailed(title: string, results: readonly LockResult[], now: number, limit: number): string {
  if (results.length === 0) return '';
  const rows = results.slice(0, limit).map((result) => detailedRow(result, now));
  return [`### ${title} (${results.length})\n`, HEADER, ...rows, ...more(results.length, limit, '\n')].join('\n');
}

function listed(title: string, items: readonly string[]): string {
  if (items.length === 0) return '';
  return [`### ${title} (${items.length})\n`, ...items.slice(0, MAX_LISTED), ...more(items.length, MAX_LISTED)].join('\n');
}

function more(count: number, limit: number, before = ''): string[] {
  return count > limit ? [`${before}${count - limit} more are in the changes of the file.`] : [];
}

function detailedRow({ after, before, image, signature = 'unknown' }: LockResult, now: number): string {
  const page = imagePage(parseImageReference(image), after!.digest);
  const cells = [
    page === undefined ? code(image) : `[${code(image)}](${page})`,
    changed(code, before?.digest, after?.digest),
    changed((time) => `${time.slice(0, 10)} (${daysBefore(time, now)})`, before?.created, after?.created),
    platformsCell(before, after!),
    sizeCell(before?.size, after?.size),
    SIGNATURES[signature],
  ];
  return `| ${cells.join(' | ')} |`;
}

const SIGNATURES: Readonly<Record<SignaturePresence, string>> = { found: 'found', none: '**none found**', unknown: 'not known' };

function changed(format: (value: string) => string, before: string | undefined, after: string | undefined): string {
  const formatted = [before, after].map((value) => value === undefined ? '-' : format(value));
  return before === undefined || before === after ? formatted[1] : `${formatted[0]}<br>→ ${formatted[1]}`;
}

function daysBefore(time: string, now: number): string {
  const days = Math.floor((now - Date.parse(time)) / 86_400_000);
  if (days < 0) return '**in the future**';
  return days === 0 ? 'today' : `${days} ${days === 1 ? 'day' : 'days'} ago`;
}

/** The platforms. Those that are gone and those that are new come first. */
function platformsCell(before: LockEntry | undefined, { platforms }: LockEntry): string {
  if (platforms === undefined) return 'not known';
  const old = before?.platforms ?? platforms;
  const gone = old.filter((platform) => !platforms.includes(platform)).map((platform) => `**removed** ${code(platform)}`);
  const added = platforms.filter((platform) => !old.includes(platform)).map((platform) => `**new** ${code(platform)}`);
  const same = platforms.filter((platform) => old.includes(platform)).map(code);
  const all = [...gone, ...added, ...same];
  const rest = all.length > MAX_NAMED_PLATFORMS ? [`and ${all.length - MAX_NAMED_PLATFORMS} more`] : [];
  return [...all.slice(0, MAX_NAMED_PLATFORMS), ...rest].join(', ') || 'none';
}

function sizeCell(before: number | undefined, after: number | undefined): string {
  if (after === undefined) return 'not known';
  if (before === undefined || before === after) return megabytes(after);
  const percent = before === 0 ? '' : ` (${after < before ? '−' : '+'}${Math.abs(Math.round((after / before - 1) * 100))}%)`;
  return `${megabytes(before)}<br>→ ${megabytes(after)}${percent}`;
}

/** A text as code in Markdown. */
function code(text: string): string {
  return `\`${text.replaceAll('`', "'")}\``;
}
