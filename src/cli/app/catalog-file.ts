import { readFileSync } from 'node:fs';
import { planCatalogImages } from '../../engine/catalog/catalog-plan';
import { MAX_CATALOG_BYTES } from '../../engine/catalog/parse-catalog';
import { MirrorError } from '../../engine/mirror-error';
import type { PlannedImages } from '../../engine/run-plan';
import { dayOf } from '../../image/catalog/catalog-location';
import { Shard, SINGLE_SHARD } from '../../image/catalog/catalog-shard';
import { quote } from '../../image/image-reference';
import { UsageError } from '../usage-error';

/** A catalog on this machine. */
export interface CatalogFile {
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
 * What a build would do for the images of a catalog, were it this file.
 *
 * @param environment that of the build
 * @throws UsageError when it cannot be read, or is no catalog
 */
export function readCatalogRuns(catalog: CatalogFile, environment: NodeJS.ProcessEnv): PlannedImages[] {
  const { file, text, name = file === '-' ? 'standard input' : file, shard = SINGLE_SHARD, most } = catalog;
  try {
    return planCatalogImages({ name, text: text ?? readText(file), shard, today: dayOf(Date.now()), maxEntries: most }, environment);
  } catch (error) {
    if (error instanceof MirrorError) throw new UsageError(error.message);
    throw error;
  }
}

function readText(file: string): string {
  try {
    const bytes = readFileSync(file === '-' ? 0 : file);
    // One byte more than the limit is enough to know.
    return bytes.subarray(0, MAX_CATALOG_BYTES + 1).toString('utf8');
  } catch (error) {
    throw new UsageError(`cannot read ${quote(file)}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
