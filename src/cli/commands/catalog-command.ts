import { mirrorAll } from '../../engine/mirror-all';
import { asDryRun } from '../../engine/mirror-plan';
import type { MirrorResult } from '../../engine/result';
import type { TagPreview } from '../../engine/tag-preview';
import { AttestationPolicy, PROJECT_ENVIRONMENT, RUN_ENVIRONMENT, TagMovedPolicy } from '../../image/contract/environment';
import { parseImageReference } from '../../image/image-reference';
import { formatPlatform, Platform } from '../../image/platform';
import { quote } from '../../image/sanitize';
import { planCatalogFile } from '../app/catalog-file';
import { CommandOptions, printResults, withMirrorTools } from '../mirror-tools';
import { UsageError } from '../usage-error';

/** Options of `copy` and `check` with `--catalog`. */
export interface CatalogCommandOptions extends CommandOptions {
  /** The path of the catalog; `-` for standard input. */
  readonly catalog: string;
  readonly onTagMoved: TagMovedPolicy;
  readonly attestations: AttestationPolicy;
  readonly lateReferrers?: boolean;
  readonly referrers: boolean;
  readonly platformIfAvailable?: readonly Platform[];
}

/** The warning about an entry with checks. Only builds of a deployed mirror have a quarantine. */
function checksWarning(dryRun: boolean): string {
  if (dryRun) return 'check does not make the checks of admission; the builds of the mirror make them';
  return 'copy bypasses the checks of admission; to make them, mirror the catalog with "cdk-ecr-mirror start"';
}

/**
 * Mirrors the images of a catalog to a target folder, as a build does. Returns the exit code.
 *
 * @param dryRun whether to only show what the command would do
 * @throws UsageError when the target folder or the catalog is not valid
 */
export async function catalogCommand(args: readonly string[], options: CatalogCommandOptions, dryRun: boolean): Promise<number> {
  const { registry, prefix } = parseTargetFolder(args);
  const images = planCatalogFile({ file: options.catalog, checksWarning: checksWarning(dryRun) }, {
    [PROJECT_ENVIRONMENT.REGISTRY]: registry,
    [PROJECT_ENVIRONMENT.REPOSITORY_PREFIX]: prefix,
    [RUN_ENVIRONMENT.ON_TAG_MOVED]: options.onTagMoved,
    [RUN_ENVIRONMENT.ATTESTATIONS]: options.attestations,
    [RUN_ENVIRONMENT.LATE_REFERRERS]: options.lateReferrers ? 'true' : undefined,
    [RUN_ENVIRONMENT.REFERRERS]: options.referrers ? undefined : 'false',
    [RUN_ENVIRONMENT.PLATFORMS_IF_AVAILABLE]: options.platformIfAvailable?.map(formatPlatform).join(','),
  });
  const plan = dryRun ? images.map(asDryRun) : images;
  const tagFilters: TagPreview[] = [];
  const onTags = dryRun ? (preview: TagPreview) => { tagFilters.push(preview); } : undefined;
  const results = await withMirrorTools(options, false, (tools, callbacks) => mirrorAll(plan, tools, { ...callbacks, onTags }));
  if (!options.quiet) printSkippedChecks(results, dryRun);
  return printResults(results, options, tagFilters);
}

/** One line about the images of which the checks were not made. The result of each of them has a warning. */
function printSkippedChecks(results: readonly MirrorResult[], dryRun: boolean): void {
  const count = results.filter(({ warnings = [] }) => warnings.some((warning) => warning.endsWith(checksWarning(dryRun)))).length;
  if (count === 0) return;
  const images = `${count} ${count === 1 ? 'image has' : 'images have'} checks: ${checksWarning(dryRun)}`;
  process.stderr.write(`${dryRun ? 'note' : 'warning'}: ${images}\n`);
}

function parseTargetFolder(args: readonly string[]): { registry: string; prefix: string } {
  const [folder, ...others] = args;
  if (folder === undefined || others.length > 0 || !folder.endsWith('/')) {
    throw new UsageError('with --catalog, the only argument is a target folder that ends with "/", '
      + 'for example 123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/');
  }
  const [registry, ...prefix] = folder.slice(0, -1).split('/');
  try {
    if (parseImageReference(`${folder}a`).registry === registry) return { registry, prefix: prefix.join('/') };
  } catch {
    // The error below has a better message.
  }
  throw new UsageError(`${quote(folder)} is not a valid target folder; start it with the host of a registry, for example "localhost:5000/mirror/"`);
}
