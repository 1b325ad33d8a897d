import { planCatalogImages } from '../../engine/catalog/catalog-plan';
import { MAX_CATALOG_BYTES } from '../../engine/catalog/catalog-syntax';
import { MirrorError } from '../../engine/mirror-error';
import type { PlannedImages } from '../../engine/mirror-plan';
import { formatDay } from '../../image/catalog/catalog-entry';
import { Shard, SINGLE_SHARD } from '../../image/catalog/catalog-shard';
import { decodeText, inputName, readInputFile, UsageError } from '../usage-error';

/** A catalog in a file. */
export interface CatalogFile {
  /** The path of the file; `-` for standard input. */
  readonly file: string;
  /** The text of the catalog. If set, the file is not read. */
  readonly text?: string;
  /**
   * The name of the catalog in messages.
   *
   * @default - the path of the file
   */
  readonly name?: string;
  /**
   * The shard to mirror.
   *
   * @default - all entries
   */
  readonly shard?: Shard;
  /**
   * The maximum number of entries that a build mirrors.
   *
   * @default - no limit
   */
  readonly maxEntries?: number;
  /**
   * The warning about the checks of an entry, which are not made.
   *
   * @default - the checks are made
   */
  readonly checksWarning?: string;
}

/**
 * Reads a catalog and plans its images, as a build would.
 *
 * @param environment the environment variables of the build
 * @throws UsageError when the file cannot be read, or is not a valid catalog
 */
export function planCatalogFile(catalog: CatalogFile, environment: NodeJS.ProcessEnv): PlannedImages[] {
  const { file, text, name = inputName(file), shard = SINGLE_SHARD, maxEntries, checksWarning } = catalog;
  // UTF-16 needs two bytes for a character. The parser rejects a text with more bytes of UTF-8 than the limit.
  const content = text ?? decodeText(readInputFile(file).subarray(0, 2 * MAX_CATALOG_BYTES + 2));
  try {
    return planCatalogImages({ name, text: content, shard, today: formatDay(Date.now()), maxEntries, checksWarning }, environment);
  } catch (error) {
    if (error instanceof MirrorError) throw new UsageError(error.message);
    throw error;
  }
}
