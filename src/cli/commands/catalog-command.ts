import { mirrorRuns } from '../../engine/mirror-all';
import type { PlannedImages } from '../../engine/run-plan';
import { PROJECT_ENVIRONMENT, RUN_ENVIRONMENT, TagMovedPolicy } from '../../image/contract/environment';
import { parseImageReference } from '../../image/image-reference';
import { quote } from '../../image/sanitize';
import { planCatalogFile } from '../app/catalog-file';
import { CommandOptions, printResults, withMirrorTools } from '../mirror-tools';
import { UsageError } from '../usage-error';

/** Options of `copy` and `check` with `--catalog`. */
export interface CatalogCommandOptions extends CommandOptions {
  /** The path of the list; `-` for standard input. */
  readonly catalog: string;
  readonly onTagMoved: TagMovedPolicy;
}

/**
 * Mirrors the images of a catalog to a place, as a build of a mirror would; with `dryRun` finds out what that would do. Returns the exit code.
 *
 * @throws UsageError when the place or the list is none
 */
export async function catalogCommand(words: readonly string[], options: CatalogCommandOptions, dryRun: boolean): Promise<number> {
  const { registry, prefix } = readPlace(words);
  const runs = planCatalogFile({ file: options.catalog }, {
    [PROJECT_ENVIRONMENT.REGISTRY]: registry,
    [PROJECT_ENVIRONMENT.REPOSITORY_PREFIX]: prefix,
    [RUN_ENVIRONMENT.ON_TAG_MOVED]: options.onTagMoved,
  });
  return printResults(await withMirrorTools(options, false, (listener) => mirrorRuns(dryRun ? runs.map(dry) : runs, listener)), options);
}

/** The same without doing anything. */
export function dry(run: PlannedImages): PlannedImages {
  if ('result' in run) return run;
  const { configuration } = run;
  return { configuration: { ...configuration, requestFor: (source) => ({ ...configuration.requestFor(source), dryRun: true }) } };
}

function readPlace(words: readonly string[]): { registry: string; prefix: string } {
  const [place, ...others] = words;
  if (place === undefined || others.length > 0 || !place.endsWith('/')) {
    throw new UsageError('with --catalog, the only argument is a place that ends with "/", for example 123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/');
  }
  const [registry, ...prefix] = place.slice(0, -1).split('/');
  try {
    if (parseImageReference(`${place}a`).registry === registry) return { registry, prefix: prefix.join('/') };
  } catch {
    // told below
  }
  throw new UsageError(`${quote(place)} is no place in a registry; write its host in front, for example "localhost:5000/mirror/"`);
}
