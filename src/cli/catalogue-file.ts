import { readFileSync } from 'node:fs';
import { UsageError } from './image-pairs';
import { catalogueRuns } from '../engine/catalogue/catalogue-runs';
import { LARGEST_CATALOGUE } from '../engine/catalogue/parse-catalogue';
import { MirrorError } from '../engine/mirror-error';
import type { PlannedRun } from '../engine/run-plan';
import { dayOf } from '../image/catalogue-day';
import { Shard, WHOLE } from '../image/catalogue-shard';
import { quote } from '../image/image-reference';

/** A catalogue on this machine. */
export interface CatalogueFile {
  /** Its path; `-` for standard input. */
  readonly file: string;
  /** What it holds, where that is known without a file. */
  readonly text?: string;
  /** What it is called where that is another name. */
  readonly name?: string;
  /** The part that is meant; all by default. */
  readonly shard?: Shard;
  /** So many entries are mirrored by a build; all by default. */
  readonly most?: number;
}

/**
 * What a build would do for the images of a catalogue, were it this file.
 *
 * @param environment that of the build
 * @throws UsageError when it cannot be read, or is no catalogue
 */
export function readCatalogueRuns(catalogue: CatalogueFile, environment: NodeJS.ProcessEnv): PlannedRun[] {
  const { file, text, name = file === '-' ? 'standard input' : file, shard = WHOLE, most } = catalogue;
  try {
    return catalogueRuns({ name, text: text ?? readText(file), shard, today: dayOf(Date.now()), most }, environment);
  } catch (error) {
    if (error instanceof MirrorError) throw new UsageError(error.message);
    throw error;
  }
}

function readText(file: string): string {
  try {
    const bytes = readFileSync(file === '-' ? 0 : file);
    // One byte more than the limit is enough to know.
    return bytes.subarray(0, LARGEST_CATALOGUE + 1).toString('utf8');
  } catch (error) {
    throw new UsageError(`cannot read ${quote(file)}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
