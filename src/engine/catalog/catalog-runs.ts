import { parseCatalog, ListSyntaxError } from './parse-catalog';
import { CatalogEntry, daysUntil } from '../../image/catalog/catalog';
import { InvalidEntry, ValidEntry, isValidEntry, tagsByRepository, readEntries, ReadEntry, upstreamRepository } from '../../image/catalog/catalog-list';
import { catalogRepositoryName } from '../../image/catalog/catalog-repositories';
import { isInShard, Shard, shardAdvice } from '../../image/catalog/catalog-shard';
import { PROJECT_ENVIRONMENT, RUN_ENVIRONMENT, RunVariables } from '../../image/contract/environment';
import { formatImageReference } from '../../image/image-reference';
import { sanitizeForLog, redactCredentials } from '../../image/sanitize';
import { TagSelection } from '../../image/tag-selection';
import { Configuration, readConfiguration } from '../configuration';
import { MirrorError } from '../mirror-error';
import { MirrorRequest } from '../mirror-image';
import type { PlannedImages } from '../mirror-plan';
import { FailureReason, MirrorResult, notAttempted } from '../result';
import { rangeProblem, selectTags } from '../tags';

/** A catalog that is to be mirrored. */
export interface Catalog {
  /** Its name for people: where it lies. */
  readonly name: string;
  readonly text: string;
  /** The part of it that is meant. */
  readonly shard: Shard;
  /** The day, as `2027-03-31`. */
  readonly today: string;
  /** So many entries are mirrored, and each of the others fails; all by default. */
  readonly most?: number;
}

/** What an entry is planned with besides. */
interface Surroundings {
  readonly catalog: Catalog;
  /** The environment of the build. */
  readonly environment: NodeJS.ProcessEnv;
  /** The upstream tags that entries name one by one, by their repositories. */
  readonly named: ReadonlyMap<string, ReadonlySet<string>>;
}

/** An image that expires within so many days is told of, so that there is time to do something about it. */
const DAYS_OF_WARNING = 14;

/**
 * What is to be done for the images of a catalog. An entry that cannot be meant, has expired or is one too many has its result already and does
 * not stop the others.
 *
 * @param environment that of the build, for what all images have in common
 * @throws MirrorError when it is no catalog at all
 */
export function catalogRuns(catalog: Catalog, environment: NodeJS.ProcessEnv): PlannedImages[] {
  const { most = Infinity, shard } = catalog;
  const entries = readList(catalog, environment);
  const surroundings = { catalog, environment, named: tagsByRepository(entries) };
  const own = entries.filter((read) => isInShard(upstreamRepository(read), shard));
  const remedy = own.length > most ? shardAdvice(entries.map(upstreamRepository)) : '';
  return own.map((read, index) => {
    if (!isValidEntry(read)) return { result: badEntry(read, catalog) };
    if (index < most) return goodEntry(read, surroundings);
    return { result: unplanned(read, catalog, `it is number ${index + 1} of the entries for one build, and ${most} is the limit; ${remedy}`) };
  });
}

function readList({ name, text }: Catalog, environment: NodeJS.ProcessEnv): ReadEntry[] {
  try {
    const repositoryPrefix = environment[PROJECT_ENVIRONMENT.REPOSITORY_PREFIX];
    return readEntries(parseCatalog(text), { repositoryPrefix, selectionProblem: rangeProblem });
  } catch (error) {
    if (!(error instanceof ListSyntaxError)) throw error;
    throw new MirrorError('invalid-configuration', `${name}: ${error.message}`, { cause: error });
  }
}

function badEntry({ position, image, owner, problem }: InvalidEntry, { name }: Catalog): MirrorResult {
  const source = image === undefined ? `${name}, ${position}` : sanitizeForLog(redactCredentials(image));
  return ownedBy(owner, notAttempted(source, '', 'invalid-configuration', `${name}, ${position}: ${sanitizeForLog(problem)}`));
}

/** The result of a good entry that is not tried. */
function unplanned({ position, entry, reference }: ValidEntry, { name }: Catalog, problem: string, reason: FailureReason = 'invalid-configuration'): MirrorResult {
  return ownedBy(entry.owner, notAttempted(formatImageReference(reference), '', reason, `${name}, ${position}: ${problem}`));
}

function ownedBy(owner: string | undefined, result: MirrorResult): MirrorResult {
  return owner === undefined ? result : { ...result, owner };
}

function goodEntry(read: ValidEntry, { catalog, environment, named }: Surroundings): PlannedImages {
  const { position, entry, reference } = read;
  const { name, today } = catalog;
  const days = entry.expires === undefined ? Infinity : daysUntil(entry.expires, today);
  if (days < 0) {
    const problem = `${formatImageReference(reference)} expired on ${entry.expires} and is not mirrored any more; remove it, or set a later day`;
    return { result: unplanned(read, catalog, problem, 'expired') };
  }
  try {
    const tags = entry.tags && withoutNamed(entry.tags, named.get(upstreamRepository(read)));
    const configuration = readConfiguration({ ...environment, ...variablesOf({ ...entry, tags }, environment) });
    const warnings = days <= DAYS_OF_WARNING ? [`${name}, ${position}: it expires on ${entry.expires}, ${days === 0 ? 'today' : `in ${days} days`}`] : [];
    return { configuration: { ...configuration, requestFor: (image) => requestFor(configuration, image, entry, { environment, warnings }) } };
  } catch (error) {
    if (!(error instanceof MirrorError)) throw error;
    return { result: unplanned(read, catalog, error.message, error.reason) };
  }
}

/** A selection without the tags that have entries of their own: what these say, such as the only digest that is taken, holds. */
function withoutNamed(selection: TagSelection, named: ReadonlySet<string> = new Set()): TagSelection {
  const exclude = selectTags([...named], { ...selection, latest: undefined });
  return exclude.length === 0 ? selection : { ...selection, exclude: [...selection.exclude ?? [], ...exclude] };
}

/** The entry as the variables of a run by itself, so that it is held to the same rules. */
function variablesOf({ image, tags, platforms, tagKind, onTagMoved, referrers }: CatalogEntry, environment: NodeJS.ProcessEnv): RunVariables {
  return {
    [RUN_ENVIRONMENT.CATALOG]: undefined,
    [RUN_ENVIRONMENT.SHARD]: undefined,
    [RUN_ENVIRONMENT.IMAGE]: image,
    [RUN_ENVIRONMENT.TAGS]: tags && JSON.stringify(tags),
    [RUN_ENVIRONMENT.PLATFORMS]: platforms?.join(','),
    // Else judged by its form, also one that a range selects: the repository of a tag must follow from its name.
    [RUN_ENVIRONMENT.TAG_KIND]: tagKind,
    [RUN_ENVIRONMENT.ON_TAG_MOVED]: onTagMoved ?? environment[RUN_ENVIRONMENT.ON_TAG_MOVED],
    [RUN_ENVIRONMENT.REFERRERS]: referrers === false ? 'false' : undefined,
  };
}

/** What an entry asks for beside what a run by itself would do: the repository for its kind of tag, and what only a catalog says. */
function requestFor(
  configuration: Configuration, image: MirrorRequest['source'], { digest, owner }: CatalogEntry,
  { environment, warnings }: { environment: NodeJS.ProcessEnv; warnings: readonly string[] },
): MirrorRequest {
  const request = configuration.requestFor(image);
  const repository = catalogRepositoryName(image, request.kind, environment[PROJECT_ENVIRONMENT.REPOSITORY_PREFIX]);
  return { ...request, target: { ...request.target, repository }, expectedDigest: digest, owner, warnings };
}
