import { checkCustomImage } from '../../engine/customize/custom-builds';
import { describeImage, ImageDescription } from '../../engine/describe-image';
import { mirrorAll } from '../../engine/mirror-all';
import { MirrorError } from '../../engine/mirror-error';
import { asDryRun, PlannedImages } from '../../engine/mirror-plan';
import type { AdmissionTools, MirrorRequest, MirrorTools } from '../../engine/mirror-request';
import { RepositoryAccess } from '../../engine/registry/repository-access';
import { isSuccess, MirrorResult, summarize } from '../../engine/result';
import type { TagPreview } from '../../engine/tag-preview';
import { PROJECT_ENVIRONMENT } from '../../image/contract/environment';
import type { ImageReference } from '../../image/image-reference';
import { escapeControlCharacters } from '../../image/sanitize';
import { AppCatalogs } from '../app/app-catalogs';
import { readSynthesizedBuilds } from '../app/cloud-assembly';
import { appEnvironment, gateOf, NO_REGISTRY, planRun } from '../app/planned-runs';
import { CommandOptions, withMirrorTools } from '../mirror-tools';
import { checkNames } from '../output/admission-cells';
import { appTable, CheckedImage, tagFilterLines } from '../output/tables';
import { UsageError } from '../usage-error';

/** Options of `check --app`. */
export interface CheckAppOptions extends CommandOptions {
  /** The folder of the synthesized app. */
  readonly app: string;
  /** The registry to check, instead of the one that the app names. */
  readonly registry?: string;
  /** The stacks to check; all by default. */
  readonly stack?: readonly string[];
  /** A file to check in place of the catalog that is not part of the app. */
  readonly catalog?: string;
}

/**
 * Shows for each image of a synthesized app what its next run would do. Returns the exit code.
 *
 * @throws UsageError when the folder has no synthesized app, and when no stack of the app knows its registry
 */
export async function checkApp(options: CheckAppOptions): Promise<number> {
  const runs = readSynthesizedBuilds(options.app, appEnvironment(), options.stack);
  if (options.registry === undefined && !runs.some(({ environment }) => environment[PROJECT_ENVIRONMENT.REGISTRY])) throw new UsageError(NO_REGISTRY);
  const catalogs = new AppCatalogs(options.app, runs, options.catalog);
  const gates = new Gates();
  const plan = runs.flatMap((run) => planRun(run, options.registry, catalogs).map((planned) => {
    return { stack: run.stack, planned: gates.remember(asDryRun(planned), gateOf(run)) };
  }));
  const tagFilters: TagPreview[] = [];
  const checked = await withMirrorTools({ ...options, quiet: true }, false, (tools) => mirrorAll(plan.map(({ planned }) => planned), tools, {
    onTags: (preview) => { tagFilters.push(preview); },
    onStart: (request) => ({ ...tools, admissionTools: gates.of(request) }),
    onResult: async (result, request, index) => {
      const results = request === undefined ? [result] : await checkImage(request, result, tools);
      return results.map((one) => ({ ...one, ...gates.checksOf(request), stack: plan[index].stack }));
    },
  }));
  return printChecked(checked.flat(), catalogs, tagFilters, options);
}

/** The mirrors of requests, as far as checks of new images need them. An app can have several mirrors. */
class Gates {
  private readonly gates = new WeakMap<MirrorRequest, AdmissionTools>();

  remember(planned: PlannedImages, gate: AdmissionTools | undefined): PlannedImages {
    if ('result' in planned || gate === undefined) return planned;
    const { configuration } = planned;
    const requestFor = (source: ImageReference) => {
      const request = configuration.requestFor(source);
      this.gates.set(request, gate);
      return request;
    };
    return { configuration: { ...configuration, requestFor } };
  }

  of(request: MirrorRequest): AdmissionTools | undefined {
    return this.gates.get(request);
  }

  /** The checks of an image of a mirror with checks. */
  checksOf(request: MirrorRequest | undefined): Pick<CheckedImage, 'admission'> {
    return request === undefined || !this.gates.has(request) ? {} : { admission: checkNames(request.admission) };
  }
}

/** The results for an image and for its customized image. */
async function checkImage(request: MirrorRequest, result: MirrorResult, tools: MirrorTools): Promise<Omit<CheckedImage, 'stack'>[]> {
  const [description, custom] = await Promise.all([describe(request, result, tools), checkCustomImage(request, result, tools)]);
  return [{ ...result, description }, ...custom];
}

async function describe({ target }: MirrorRequest, { targetDigest }: MirrorResult, tools: MirrorTools): Promise<ImageDescription | undefined> {
  if (targetDigest === undefined) return undefined;
  const access = new RepositoryAccess(tools);
  try {
    return await describeImage(access.client(target, 'pull'), access.retryContext, targetDigest);
  } catch (error) {
    // The description is optional: the digests are known without it.
    if (error instanceof MirrorError || access.retryContext.signal.aborted) return undefined;
    throw error;
  } finally {
    access.close();
  }
}

function printChecked(
  checked: readonly CheckedImage[], { firstCatalogs, unreadCatalogs }: AppCatalogs, tagFilters: readonly TagPreview[], { json }: CheckAppOptions,
): number {
  const catalogs = {
    ...tagFilters.length === 0 ? {} : { tagFilters },
    ...firstCatalogs.length === 0 ? {} : { firstCatalogs },
    ...unreadCatalogs.length === 0 ? {} : { unreadCatalogs },
  };
  if (json) process.stdout.write(`${JSON.stringify({ ...summarize(checked), results: checked, ...catalogs })}\n`);
  const notes = [...firstCatalogs.map(formatFirstCatalog), ...unreadCatalogs.map(formatUnreadCatalog)];
  process.stderr.write(`${[...tagFilterLines(tagFilters), appTable(checked), ...notes].join('\n')}\n`);
  return checked.every(isSuccess) ? 0 : 1;
}

function formatFirstCatalog(location: string): string {
  const remedy = 'check its current list with --catalog FILE';
  return `the catalog ${escapeControlCharacters(location)} was checked as the app first deploys it, and may have changed since; ${remedy}`;
}

function formatUnreadCatalog(location: string): string {
  return `the catalog ${escapeControlCharacters(location)} is not part of the app; check its images with --catalog FILE`;
}
