import { CatalogueEntry } from '../../image/catalogue';
import { daysUntil } from '../../image/catalogue-day';
import { BadEntry, GoodEntry, isGood, namedTags, readEntries, ReadEntry, upstreamOf } from '../../image/catalogue-list';
import { catalogueRepositoryName } from '../../image/catalogue-repositories';
import { isInShard, Shard, shardAdvice } from '../../image/catalogue-shard';
import { PROJECT_ENVIRONMENT, RUN_ENVIRONMENT, RunVariables } from '../../image/environment';
import { formatImageReference, redacted } from '../../image/image-reference';
import { TagSelection } from '../../image/tag-selection';
import { Configuration, readConfiguration } from '../configuration';
import { MirrorError } from '../mirror-error';
import { MirrorRequest } from '../mirror-image';
import { printable } from '../report/printable';
import { FailureReason, MirrorResult, untried } from '../result';
import type { PlannedRun } from '../run-plan';
import { rangeProblem, selectTags } from '../tag-selection';
import { parseCatalogue } from './parse-catalogue';
import { ListSyntaxError } from './yaml-value';

/** A catalogue that is to be mirrored. */
export interface Catalogue {
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
  readonly catalogue: Catalogue;
  /** The environment of the build. */
  readonly environment: NodeJS.ProcessEnv;
  /** The upstream tags that entries name one by one, by their repositories. */
  readonly named: ReadonlyMap<string, ReadonlySet<string>>;
}

/** An image that expires within so many days is told of, so that there is time to do something about it. */
const DAYS_OF_WARNING = 14;

/**
 * What is to be done for the images of a catalogue. An entry that cannot be meant, has expired or is one too many has its result already and does
 * not stop the others.
 *
 * @param environment that of the build, for what all images have in common
 * @throws MirrorError when it is no catalogue at all
 */
export function catalogueRuns(catalogue: Catalogue, environment: NodeJS.ProcessEnv): PlannedRun[] {
  const { most = Infinity, shard } = catalogue;
  const entries = readList(catalogue, environment);
  const surroundings = { catalogue, environment, named: namedTags(entries) };
  const own = entries.filter((read) => isInShard(upstreamOf(read), shard));
  const remedy = own.length > most ? shardAdvice(entries.map(upstreamOf)) : '';
  return own.map((read, index) => {
    if (!isGood(read)) return { result: badEntry(read, catalogue) };
    if (index < most) return goodEntry(read, surroundings);
    return { result: unplanned(read, catalogue, `it is number ${index + 1} of the entries for one build, and ${most} is the limit; ${remedy}`) };
  });
}

function readList({ name, text }: Catalogue, environment: NodeJS.ProcessEnv): ReadEntry[] {
  try {
    const repositoryPrefix = environment[PROJECT_ENVIRONMENT.REPOSITORY_PREFIX];
    return readEntries(parseCatalogue(text), { repositoryPrefix, selectionProblem: rangeProblem });
  } catch (error) {
    if (!(error instanceof ListSyntaxError)) throw error;
    throw new MirrorError('invalid-configuration', `${name}: ${error.message}`, { cause: error });
  }
}

function badEntry({ place, image, owner, problem }: BadEntry, { name }: Catalogue): MirrorResult {
  const source = image === undefined ? `${name}, ${place}` : printable(redacted(image));
  return ownedBy(owner, untried(source, '', 'invalid-configuration', `${name}, ${place}: ${printable(problem)}`));
}

/** The result of a good entry that is not tried. */
function unplanned({ place, entry, reference }: GoodEntry, { name }: Catalogue, problem: string, reason: FailureReason = 'invalid-configuration'): MirrorResult {
  return ownedBy(entry.owner, untried(formatImageReference(reference), '', reason, `${name}, ${place}: ${problem}`));
}

function ownedBy(owner: string | undefined, result: MirrorResult): MirrorResult {
  return owner === undefined ? result : { ...result, owner };
}

function goodEntry(read: GoodEntry, { catalogue, environment, named }: Surroundings): PlannedRun {
  const { place, entry, reference } = read;
  const { name, today } = catalogue;
  const days = entry.expires === undefined ? Infinity : daysUntil(entry.expires, today);
  if (days < 0) {
    const problem = `${formatImageReference(reference)} expired on ${entry.expires} and is not mirrored any more; remove it, or set a later day`;
    return { result: unplanned(read, catalogue, problem, 'expired') };
  }
  try {
    const tags = entry.tags && withoutNamed(entry.tags, named.get(upstreamOf(read)));
    const configuration = readConfiguration({ ...environment, ...variablesOf({ ...entry, tags }, environment) });
    const warnings = days <= DAYS_OF_WARNING ? [`${name}, ${place}: it expires on ${entry.expires}, ${days === 0 ? 'today' : `in ${days} days`}`] : [];
    return { configuration: { ...configuration, requestFor: (image) => requestFor(configuration, image, entry, { environment, warnings }) } };
  } catch (error) {
    if (!(error instanceof MirrorError)) throw error;
    return { result: unplanned(read, catalogue, error.message, error.reason) };
  }
}

/** A selection without the tags that have entries of their own: what these say, such as the only digest that is taken, holds. */
function withoutNamed(selection: TagSelection, named: ReadonlySet<string> = new Set()): TagSelection {
  const exclude = selectTags([...named], { ...selection, latest: undefined });
  return exclude.length === 0 ? selection : { ...selection, exclude: [...selection.exclude ?? [], ...exclude] };
}

/** The entry as the variables of a run by itself, so that it is held to the same rules. */
function variablesOf({ image, tags, platforms, tagKind, onTagMoved, referrers }: CatalogueEntry, environment: NodeJS.ProcessEnv): RunVariables {
  return {
    [RUN_ENVIRONMENT.CATALOGUE]: undefined,
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

/** What an entry asks for beside what a run by itself would do: the repository for its kind of tag, and what only a catalogue says. */
function requestFor(
  configuration: Configuration, image: MirrorRequest['source'], { digest, owner }: CatalogueEntry,
  { environment, warnings }: { environment: NodeJS.ProcessEnv; warnings: readonly string[] },
): MirrorRequest {
  const request = configuration.requestFor(image);
  const repository = catalogueRepositoryName(image, request.kind, environment[PROJECT_ENVIRONMENT.REPOSITORY_PREFIX]);
  return { ...request, target: { ...request.target, repository }, expectedDigest: digest, owner, warnings };
}
