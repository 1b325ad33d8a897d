import { countOutcomes, LOCK_OUTCOMES, LockResult, worstOutcome } from './lock-result';
import { shortDigest } from '../../image/image-reference';
import { escapeControlCharacters } from '../../image/sanitize';
import { textTable } from '../output/tables';

/** The table of changed images and of problems, and a line with the counts. */
export function lockTable(results: readonly LockResult[]): string {
  const shown = results.filter(({ outcome }) => outcome !== 'unchanged');
  const rows = [...shown].sort((one, other) => LOCK_OUTCOMES.indexOf(one.outcome) - LOCK_OUTCOMES.indexOf(other.outcome)).map(row);
  return [...rows.length === 0 ? [] : [textTable([['OUTCOME', 'IMAGE', 'LOCKED', 'UPSTREAM', ''], ...rows]), ''], countLine(results)].join('\n');
}

function row({ after, before, image, message = '', outcome }: LockResult): string[] {
  const digests = [before, outcome === 'failed' ? undefined : after].map((locked) => locked === undefined ? '-' : shortDigest(locked.digest));
  return [outcome, image, ...digests, message];
}

function countLine(results: readonly LockResult[]): string {
  if (results.length === 0) return 'no images';
  const counts = Object.entries(countOutcomes(results)).filter(([, count]) => count > 0).map(([outcome, count]) => `${count} ${outcome}`);
  return `${results.length} image${results.length === 1 ? '' : 's'}: ${counts.join(', ')}`;
}

/** The changes that the command made to the lock file. */
export interface LockReport {
  readonly file: string;
  /** Whether the command wrote the file. */
  readonly written: boolean;
  readonly results: readonly LockResult[];
  /** The locations of the catalogs of an app that were not read. */
  readonly unreadCatalogs: readonly string[];
  /** The summary in Markdown. Only with `--update`. */
  readonly summary?: string;
}

/** The JSON object of the command. */
export function lockJson({ file, results, summary, unreadCatalogs, written }: LockReport): object {
  return {
    outcome: worstOutcome(results),
    images: countOutcomes(results),
    file,
    written,
    results: results.map(jsonResult),
    ...unreadCatalogs.length === 0 ? {} : { unreadCatalogs },
    ...field('summary', summary),
  };
}

/** A result with the image of the file before the command, and with the new image if it differs. */
function jsonResult({ after, before, ...result }: LockResult): object {
  return { ...result, ...field('locked', before), ...field('new', after?.digest === before?.digest ? undefined : after) };
}

function field<V>(name: string, value: V | undefined): { readonly [name: string]: V } {
  return value === undefined ? {} : { [name]: value };
}

/** The lines about catalogs that were not read. */
export function catalogNotes({ unreadCatalogs }: LockReport): string[] {
  return unreadCatalogs.map((location) => `the catalog ${escapeControlCharacters(location)} is not part of the app, so its images are not known`);
}
