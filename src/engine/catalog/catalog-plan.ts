import { readCatalogText } from './catalog-source';
import { CatalogSyntaxError, parseCatalog } from './catalog-syntax';
import { entryChecks } from './entry-checks';
import { CatalogEntry, formatDay } from '../../image/catalog/catalog-entry';
import {
  InvalidEntry, isValidEntry, readEntries, ReadEntry, tagsByRepository, upstreamRepository, ValidEntry,
} from '../../image/catalog/catalog-list';
import { parseCatalogLocation } from '../../image/catalog/catalog-location';
import { catalogRepositoryName } from '../../image/catalog/catalog-repositories';
import { isInShard, MAX_SHARD_IMAGES, parseShard, Shard, shardAdvice, SINGLE_SHARD } from '../../image/catalog/catalog-shard';
import { PROJECT_ENVIRONMENT, RUN_ENVIRONMENT, RunVariables } from '../../image/contract/environment';
import { formatImageReference } from '../../image/image-reference';
import { expiryWarning, isExpired } from '../../image/ownership';
import { ecrHost } from '../../image/registry-hosts';
import { keptImagesProblem } from '../../image/retention';
import { redactCredentials, sanitizeForLog } from '../../image/sanitize';
import { isOrderedSelection, MAX_SELECTED_TAGS, TagSelection } from '../../image/tag-selection';
import { Configuration, readConfiguration, readOwner } from '../configuration';
import { describeFailure } from '../failure';
import { MirrorError } from '../mirror-error';
import { MirrorPlan, PlannedImages, requireNoOtherVariables } from '../mirror-plan';
import type { MirrorRequest, MirrorTools } from '../mirror-request';
import { retryContext } from '../registry/repository-access';
import { FailureReason, MirrorResult, notAttempted } from '../result';
import { withRunSignal } from '../run-signal';
import { requireNoCredentials, variableError } from '../run-variables';
import { rangeProblem, selectTags } from '../tags';

/** The variables that apply to all entries of a catalog, unless an entry overrides them. */
const CATALOG_SETTINGS = [
  RUN_ENVIRONMENT.SHARD, RUN_ENVIRONMENT.OWNER, RUN_ENVIRONMENT.ON_TAG_MOVED, RUN_ENVIRONMENT.PLATFORMS_IF_AVAILABLE, RUN_ENVIRONMENT.REFERRERS,
  RUN_ENVIRONMENT.ATTESTATIONS, RUN_ENVIRONMENT.LATE_REFERRERS, RUN_ENVIRONMENT.KEEP_PREVIOUS, RUN_ENVIRONMENT.KEEP_VERSIONS,
  RUN_ENVIRONMENT.ADMISSION, RUN_ENVIRONMENT.ON_UPSTREAM_GONE,
];

/**
 * Reads the plan of a build from the catalog that the variable `CATALOG` names.
 *
 * When the catalog cannot be read, the plan contains a failed result, so that an event reports it.
 *
 * @throws MirrorError when a variable is not valid
 */
export async function readCatalogPlan(environment: NodeJS.ProcessEnv, tools: MirrorTools): Promise<MirrorPlan> {
  requireNoCredentials(environment);
  requireNoOtherVariables(RUN_ENVIRONMENT.CATALOG, environment, CATALOG_SETTINGS);
  const { [RUN_ENVIRONMENT.CATALOG]: name = '', [RUN_ENVIRONMENT.SHARD]: shardText } = environment;
  const location = parseCatalogLocation(name);
  if (location === undefined) {
    throw variableError(RUN_ENVIRONMENT.CATALOG, name,
      'it must be a parameter or an object in Amazon S3, for example "ssm:/platform/images" or "s3://bucket/images.yaml"');
  }
  const shard = shardText ? parseShard(shardText) : SINGLE_SHARD;
  if (shard === undefined) {
    throw variableError(RUN_ENVIRONMENT.SHARD, shardText!, 'it must be a shard number and the number of shards, for example "1/4"');
  }
  const ownerOfCatalog = readOwner(environment);
  try {
    const owner = ecrHost(environment[PROJECT_ENVIRONMENT.REGISTRY] ?? '')?.account;
    const account = { region: environment.AWS_REGION ?? '', owner };
    const text = await withRunSignal(tools, (signal) => readCatalogText(location, account, retryContext(tools, signal)));
    const images = planCatalogImages({ name, text, shard, today: formatDay(Date.now()), maxEntries: MAX_SHARD_IMAGES }, environment);
    tools.progress.line(`${name} has ${images.length === 0 ? 'no' : images.length} ${images.length === 1 ? 'entry' : 'entries'} for this build`);
    return { images, hasSummary: true };
  } catch (error) {
    const { reason, message } = describeFailure(error, tools);
    return { images: [{ result: withOwner(ownerOfCatalog, notAttempted(name, '', reason, message)) }], hasSummary: true };
  }
}

/** A catalog to mirror. */
export interface Catalog {
  /** The name in messages: its location. */
  readonly name: string;
  readonly text: string;
  /** The shard of the catalog that is mirrored. */
  readonly shard: Shard;
  /** The current day: `2027-03-31`. */
  readonly today: string;
  /** The maximum number of entries in the shard. Each further entry fails. @default - no limit */
  readonly maxEntries?: number;
  /** The warning about the checks of an entry, which are not made: a command has no quarantine. @default - the checks are made */
  readonly checksWarning?: string;
}

/** The inputs of the plan of an entry, apart from the entry. */
interface PlanContext {
  readonly catalog: Catalog;
  /** The environment of the build. */
  readonly environment: NodeJS.ProcessEnv;
  /** The upstream tags with entries of their own, by upstream repository. */
  readonly tagsWithEntries: ReadonlyMap<string, ReadonlySet<string>>;
  /** All entries of the catalog. */
  readonly entries: readonly ReadEntry[];
}

/**
 * Plans the images of a catalog. Entries that are not valid, have expired, or exceed the limit get a failed result. They don't stop the others.
 *
 * @param environment the environment of the build, with the settings that all images share
 * @throws MirrorError when the text is not a valid catalog
 */
export function planCatalogImages(catalog: Catalog, environment: NodeJS.ProcessEnv): PlannedImages[] {
  const { maxEntries = Infinity, shard } = catalog;
  const entries = readCatalogEntries(catalog, environment);
  const context = { catalog, environment, tagsWithEntries: tagsByRepository(entries), entries };
  const shardEntries = entries.filter((read) => isInShard(upstreamRepository(read), shard));
  const remedy = shardEntries.length > maxEntries ? shardAdvice(entries.map(upstreamRepository)) : '';
  return shardEntries.map((read, index) => {
    if (!isValidEntry(read)) return { result: invalidEntryResult(read, catalog) };
    if (index < maxEntries) return planEntry(read, context);
    return { result: failedResult(read, catalog, `a build mirrors at most ${maxEntries} entries, and this is number ${index + 1}; ${remedy}`) };
  });
}

function readCatalogEntries({ name, text }: Catalog, environment: NodeJS.ProcessEnv): ReadEntry[] {
  try {
    const repositoryPrefix = environment[PROJECT_ENVIRONMENT.REPOSITORY_PREFIX];
    const owner = readOwner(environment);
    const entries = readEntries(parseCatalog(text), { repositoryPrefix, selectionProblem: rangeProblem });
    return owner === undefined ? entries : entries.map((read) => withDefaultOwner(read, owner));
  } catch (error) {
    if (!(error instanceof CatalogSyntaxError)) throw error;
    throw new MirrorError('invalid-configuration', `${name}: ${error.message}`, { cause: error });
  }
}

function withDefaultOwner(read: ReadEntry, owner: string): ReadEntry {
  return isValidEntry(read) ? { ...read, entry: { owner, ...read.entry } } : { ...read, owner: read.owner ?? owner };
}

function invalidEntryResult({ position, image, owner, problem }: InvalidEntry, { name }: Catalog): MirrorResult {
  const source = image === undefined ? `${name}, ${position}` : sanitizeForLog(redactCredentials(image));
  return withOwner(owner, notAttempted(source, '', 'invalid-configuration', `${name}, ${position}: ${sanitizeForLog(problem)}`));
}

/** The result of a valid entry that is not mirrored. */
function failedResult(
  { position, entry, reference }: ValidEntry, { name }: Catalog, problem: string, reason: FailureReason = 'invalid-configuration',
): MirrorResult {
  return withOwner(entry.owner, notAttempted(formatImageReference(reference), '', reason, `${name}, ${position}: ${problem}`));
}

function withOwner(owner: string | undefined, result: MirrorResult): MirrorResult {
  return owner === undefined ? result : { ...result, owner };
}

function planEntry(read: ValidEntry, context: PlanContext): PlannedImages {
  const { catalog, environment, tagsWithEntries } = context;
  const { position, entry, reference } = read;
  const { name, today } = catalog;
  if (isExpired(entry, today)) {
    const problem = `${formatImageReference(reference)} expired on ${entry.expires} and is not mirrored; remove the entry, or set a later date`;
    return { result: failedResult(read, catalog, problem, 'expired') };
  }
  try {
    const tags = entry.tags && excludeTags(entry.tags, tagsWithEntries.get(upstreamRepository(read)));
    const admission = catalog.checksWarning === undefined ? entry.admission : undefined;
    const variables = { ...variablesOf({ ...entry, admission, tags }, environment), [RUN_ENVIRONMENT.OTHER_TAGS]: otherFilters(read, context) };
    const configuration = readConfiguration({ ...environment, ...variables });
    const checksWarning = entry.admission && catalog.checksWarning;
    const problems = [read.warning, checksWarning, expiryWarning(entry, today)].filter((warning) => warning !== undefined);
    const warnings = problems.map((problem) => `${name}, ${position}: ${problem}`);
    return { configuration: { ...configuration, requestFor: (image) => requestFor(configuration, image, entry, { environment, warnings }) } };
  } catch (error) {
    if (!(error instanceof MirrorError)) throw error;
    return { result: failedResult(read, catalog, error.message, error.reason) };
  }
}

/** Excludes tags with entries of their own from a tag filter. An entry for a specific tag overrides any tag filter that also matches it. */
function excludeTags(selection: TagSelection, tags: ReadonlySet<string> = new Set()): TagSelection {
  const exclude = selectTags([...tags], { ...selection, latest: undefined });
  return exclude.length === 0 ? selection : { ...selection, exclude: [...selection.exclude ?? [], ...exclude] };
}

/** The entry as the variables of a build with a single image, so that the same rules apply. */
function variablesOf(entry: CatalogEntry, environment: NodeJS.ProcessEnv): RunVariables {
  const { admission, allPlatforms, attestations, image, keepPrevious, lateReferrers, onTagMoved, onUpstreamGone, platforms, referrers } = entry;
  const { tagKind, tags } = entry;
  const hasOwnPlatforms = platforms !== undefined || allPlatforms;
  const keepVersions = keptVersions(entry, environment);
  return {
    [RUN_ENVIRONMENT.CATALOG]: undefined,
    [RUN_ENVIRONMENT.SHARD]: undefined,
    // The owner and the last day of an entry are in its results already.
    [RUN_ENVIRONMENT.OWNER]: undefined,
    [RUN_ENVIRONMENT.IMAGE]: image,
    [RUN_ENVIRONMENT.TAGS]: tags && JSON.stringify(keepVersions === undefined ? tags : latestTags(tags, keepVersions)),
    [RUN_ENVIRONMENT.PLATFORMS]: platforms?.join(','),
    [RUN_ENVIRONMENT.PLATFORMS_IF_AVAILABLE]: hasOwnPlatforms ? undefined : environment[RUN_ENVIRONMENT.PLATFORMS_IF_AVAILABLE],
    // When undefined, the form of the tag decides, also for a tag of a version range: the repository must follow from the name of the tag.
    [RUN_ENVIRONMENT.TAG_KIND]: tagKind,
    [RUN_ENVIRONMENT.ON_TAG_MOVED]: onTagMoved ?? environment[RUN_ENVIRONMENT.ON_TAG_MOVED],
    [RUN_ENVIRONMENT.ON_UPSTREAM_GONE]: onUpstreamGone ?? environment[RUN_ENVIRONMENT.ON_UPSTREAM_GONE],
    [RUN_ENVIRONMENT.ADMISSION]: entryChecks(admission, environment),
    [RUN_ENVIRONMENT.REFERRERS]: referrers === undefined ? environment[RUN_ENVIRONMENT.REFERRERS] : String(referrers),
    [RUN_ENVIRONMENT.ATTESTATIONS]: attestations ?? environment[RUN_ENVIRONMENT.ATTESTATIONS],
    [RUN_ENVIRONMENT.LATE_REFERRERS]: lateReferrers === false ? 'false' : environment[RUN_ENVIRONMENT.LATE_REFERRERS],
    [RUN_ENVIRONMENT.KEEP_PREVIOUS]: keepPrevious?.toString() ?? environment[RUN_ENVIRONMENT.KEEP_PREVIOUS],
    [RUN_ENVIRONMENT.KEEP_VERSIONS]: keepVersions?.toString(),
  };
}

/** The versions that other tag filters for the same upstream repository keep, as the engine reads them; undefined when they don't matter. */
function otherFilters(read: ValidEntry, { entries, environment }: PlanContext): string | undefined {
  if (keptVersions(read.entry, environment) === undefined) return undefined;
  const upstream = upstreamRepository(read);
  const filters = entries.filter(isValidEntry).filter(({ entry }) => entry.tags !== undefined);
  const others = filters.filter((other) => other !== read && upstreamRepository(other) === upstream);
  return others.length === 0 ? undefined : JSON.stringify(others.map(({ entry }) => ({ ...entry.tags, latest: keptVersions(entry, environment) })));
}

/** The number of versions that an entry keeps. The number of the catalog applies only to entries with an order, and is not less than `latest`. */
function keptVersions({ keepVersions, tags }: CatalogEntry, environment: NodeJS.ProcessEnv): number | undefined {
  const ofCatalog = environment[RUN_ENVIRONMENT.KEEP_VERSIONS];
  if (keepVersions !== undefined || !ofCatalog || tags === undefined || !isOrderedSelection(tags)) return keepVersions;
  const problem = keptImagesProblem(Number(ofCatalog), 1);
  if (problem !== undefined) throw variableError(RUN_ENVIRONMENT.KEEP_VERSIONS, ofCatalog, problem);
  return Math.max(Number(ofCatalog), tags.latest ?? 0);
}

/** Without `latest`, a selection has only the versions that stay. Otherwise, each run would copy a version again that has expired. */
function latestTags(tags: TagSelection, keepVersions: number): TagSelection {
  return { ...tags, latest: tags.latest ?? Math.min(keepVersions, MAX_SELECTED_TAGS) };
}

/**
 * Adds to a request what only a catalog has: the repository for the tag kind, the expected digest, the owner, and warnings.
 *
 * Everyone who can edit the list can name an image, so also the first copy of an image waits for its minimum age.
 */
function requestFor(
  configuration: Configuration, image: MirrorRequest['source'], { digest, owner }: CatalogEntry,
  { environment, warnings }: { environment: NodeJS.ProcessEnv; warnings: readonly string[] },
): MirrorRequest {
  const request = configuration.requestFor(image);
  const repository = catalogRepositoryName(image, request.kind, environment[PROJECT_ENVIRONMENT.REPOSITORY_PREFIX]);
  // The list can change without a review of the app, so its first copies are not exempt from a minimum age.
  return { ...request, isNamed: false, target: { ...request.target, repository }, expectedDigest: digest, owner, warnings };
}
