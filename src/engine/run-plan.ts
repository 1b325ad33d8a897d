import { Configuration, readConfiguration } from './configuration';
import { MirrorError } from './mirror-error';
import { MirrorResult, notAttempted } from './result';
import { RUN_ENVIRONMENT } from '../image/contract/environment';
import { quote, redactCredentials, sanitizeForLog } from '../image/sanitize';

/** One entry of a plan: what to mirror, or why it cannot even be tried. */
export type PlannedImages = { readonly configuration: Configuration } | { readonly result: MirrorResult };

/** What a build is to mirror. */
export interface MirrorPlan {
  readonly runs: readonly PlannedImages[];
  /** Whether a last line sums up the others: whenever there may be several. */
  readonly isSummedUp: boolean;
}

/** What names several images at once. */
const LIST_VARIABLES: readonly string[] = [RUN_ENVIRONMENT.IMAGES, RUN_ENVIRONMENT.CATALOG, RUN_ENVIRONMENT.SHARD];

/** What one entry of `IMAGES` may set. */
const ENTRY_VARIABLES: readonly string[] = Object.values(RUN_ENVIRONMENT).filter((name) => !LIST_VARIABLES.includes(name));

/** So many at once are better told to several builds, each with a time of its own. */
const MOST_ENTRIES = 500;

/**
 * Reads what a build is to mirror: the image of `IMAGE`, or those of `IMAGES`.
 *
 * An entry of `IMAGES` is read as a build with its variables would be. One that cannot be meant does not stop the others.
 *
 * @throws MirrorError when `IMAGE` cannot be read, and when `IMAGES` is no list of entries
 */
export function readMirrorPlan(environment: NodeJS.ProcessEnv): MirrorPlan {
  const text = environment[RUN_ENVIRONMENT.IMAGES];
  if (!text) return { runs: [{ configuration: readConfiguration(environment) }], isSummedUp: Boolean(environment[RUN_ENVIRONMENT.TAGS]) };
  requireNoOtherVariables(RUN_ENVIRONMENT.IMAGES, environment);
  return { runs: readEntries(text).map((entry) => readEntry({ ...environment, [RUN_ENVIRONMENT.IMAGES]: undefined, ...entry })), isSummedUp: true };
}

/**
 * Refuses variables beside one that names several images: each of those says itself what is meant.
 *
 * @param except the variables that go with it
 * @throws MirrorError naming the first of the others
 */
export function requireNoOtherVariables(list: string, environment: NodeJS.ProcessEnv, except: readonly string[] = []): void {
  const surplus = Object.values(RUN_ENVIRONMENT).find((name) => name !== list && !except.includes(name) && environment[name]);
  if (surplus === undefined) return;
  throw new MirrorError('invalid-configuration', `the variable ${list} is set beside the variable ${surplus}: set ${surplus} in its entries, or leave ${list} out`);
}

/** Whether an environment asks for a last line that sums up the others, as far as that can be told of one that cannot be read. */
export function asksForSummary(environment: NodeJS.ProcessEnv): boolean {
  return [RUN_ENVIRONMENT.IMAGES, RUN_ENVIRONMENT.CATALOG, RUN_ENVIRONMENT.TAGS].some((name) => environment[name]);
}

function readEntry(environment: NodeJS.ProcessEnv): PlannedImages {
  try {
    return { configuration: readConfiguration(environment) };
  } catch (error) {
    if (!(error instanceof MirrorError)) throw error;
    return { result: notAttempted(sanitizeForLog(redactCredentials(environment[RUN_ENVIRONMENT.IMAGE]!)), '', error.reason, error.message) };
  }
}

type Entry = Readonly<Record<string, string>>;

function readEntries(text: string): Entry[] {
  const list = parsed(text);
  if (!Array.isArray(list) || list.length === 0) {
    throw wrong('must be a JSON list of objects, each with the variables of one image, for example [{"IMAGE":"docker.io/library/nginx:stable"}]');
  }
  if (list.length > MOST_ENTRIES) throw wrong(`has ${list.length} entries, and ${MOST_ENTRIES} is the limit: start several builds`);
  for (const [index, entry] of list.entries()) refuseEntry(entry, index + 1);
  return list;
}

function refuseEntry(entry: unknown, number: number): asserts entry is Entry {
  const where = `its entry ${number}`;
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) throw wrong(`has no object as ${where}: write it as {"IMAGE":"docker.io/library/nginx:stable"}`);
  for (const [name, value] of Object.entries(entry)) {
    if (!ENTRY_VARIABLES.includes(name)) throw wrong(`sets ${sanitizeForLog(quote(name))} in ${where}: it may set ${ENTRY_VARIABLES.join(', ')}`);
    if (typeof value !== 'string') throw wrong(`sets ${name} in ${where} to what is no text: put it in quotes`);
  }
  if (!(entry as Partial<Entry>)[RUN_ENVIRONMENT.IMAGE]) throw wrong(`names no image in ${where}: set ${RUN_ENVIRONMENT.IMAGE} there`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function wrong(problem: string): MirrorError {
  return new MirrorError('invalid-configuration', `the variable ${RUN_ENVIRONMENT.IMAGES} ${problem}`);
}
