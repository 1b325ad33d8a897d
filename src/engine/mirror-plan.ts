import { Configuration, readConfiguration } from './configuration';
import { MirrorError } from './mirror-error';
import type { MirrorRequest } from './mirror-request';
import { MirrorResult, notAttempted } from './result';
import { shownSource } from './run-variables';
import { formatDay } from '../image/catalog/catalog-entry';
import { MAX_SHARD_IMAGES } from '../image/catalog/catalog-shard';
import { PROJECT_ENVIRONMENT, RUN_ENVIRONMENT } from '../image/contract/environment';
import { formatImageReference } from '../image/image-reference';
import { expiryWarning, isExpired } from '../image/ownership';
import { parseJson } from '../image/parse-json';

/** One entry of a plan: a configuration, which a tag filter may expand to several images, or the result of an image that cannot be attempted. */
export type PlannedImages = { readonly configuration: Configuration } | { readonly result: MirrorResult };

/** The images that a run mirrors. */
export interface MirrorPlan {
  readonly images: readonly PlannedImages[];
  /** Whether the run may have several results, and ends with a summary line. */
  readonly hasSummary: boolean;
}

/** Variables that name several images. */
const LIST_VARIABLES: readonly string[] = [RUN_ENVIRONMENT.IMAGES, RUN_ENVIRONMENT.CATALOG, RUN_ENVIRONMENT.SHARD];

/** Variables that an entry of `IMAGES` may set. */
const ENTRY_VARIABLES: readonly string[] = Object.values(RUN_ENVIRONMENT).filter((name) => !LIST_VARIABLES.includes(name));

/** The names that errors show. Another name can be a secret. */
const KNOWN_VARIABLES: readonly string[] = [...Object.values(RUN_ENVIRONMENT), ...Object.values(PROJECT_ENVIRONMENT)];

/**
 * Reads the images of a run from the environment: that of `IMAGE`, or those of `IMAGES`.
 *
 * An entry of `IMAGES` is read like the variables of a separate run. An invalid entry does not stop the others. `LATE_REFERRERS` applies to all
 * entries that don't set it.
 *
 * @throws MirrorError when `IMAGE` is not valid, and when `IMAGES` is not a list of entries
 */
export function readMirrorPlan(environment: NodeJS.ProcessEnv): MirrorPlan {
  const text = environment[RUN_ENVIRONMENT.IMAGES];
  if (!text) return { images: [planImage(environment)], hasSummary: Boolean(environment[RUN_ENVIRONMENT.TAGS]) };
  requireNoOtherVariables(RUN_ENVIRONMENT.IMAGES, environment, [RUN_ENVIRONMENT.LATE_REFERRERS]);
  const images = parseEntries(text).map((entry, index) => {
    return readEntry({ ...environment, [RUN_ENVIRONMENT.IMAGES]: undefined, ...entry }, `${RUN_ENVIRONMENT.IMAGES}, entry ${index + 1}`);
  });
  return { images, hasSummary: true };
}

/**
 * Plans the image that the environment describes. An image that has expired gets a failed result.
 *
 * @param today the current day: `2027-03-31`
 * @throws MirrorError when a variable is not valid
 */
export function planImage(environment: NodeJS.ProcessEnv, today: string = formatDay(Date.now())): PlannedImages {
  const configuration = readConfiguration(environment);
  const { image, expires, requestFor } = configuration;
  if (isExpired({ expires }, today)) {
    const message = `${formatImageReference(image)} expired on ${expires} and is not mirrored; remove the image, or set a later date`;
    const { owner } = requestFor(image);
    return { result: { ...notAttempted(formatImageReference(image), '', 'expired', message), ...owner === undefined ? {} : { owner } } };
  }
  const warning = expiryWarning({ expires }, today);
  if (warning === undefined) return { configuration };
  return { configuration: { ...configuration, requestFor: (source) => ({ ...requestFor(source), warnings: [warning] }) } };
}

/** The entry of a plan for a single request. */
export function planRequest(request: MirrorRequest): PlannedImages {
  return { configuration: { image: request.source, requestFor: () => request } };
}

/** The same images as a dry run. */
export function asDryRun(planned: PlannedImages): PlannedImages {
  if ('result' in planned) return planned;
  const { configuration } = planned;
  return { configuration: { ...configuration, requestFor: (source) => ({ ...configuration.requestFor(source), dryRun: true }) } };
}

/**
 * Requires that no variable of a single image is set together with a variable that names several images.
 *
 * @param except the variables that may be set together with it
 * @throws MirrorError that names the first other variable
 */
export function requireNoOtherVariables(list: string, environment: NodeJS.ProcessEnv, except: readonly string[] = []): void {
  const other = Object.values(RUN_ENVIRONMENT).find((name) => name !== list && !except.includes(name) && environment[name]);
  if (other === undefined) return;
  const problem = `the variable ${list} is set together with the variable ${other}`;
  throw new MirrorError('invalid-configuration', `${problem}: set ${other} in its entries, or remove ${list}`);
}

/** Whether a run ends with a summary, even when the rest of its environment is not valid. */
export function needsSummary(environment: NodeJS.ProcessEnv): boolean {
  return [RUN_ENVIRONMENT.IMAGES, RUN_ENVIRONMENT.CATALOG, RUN_ENVIRONMENT.TAGS].some((name) => environment[name]);
}

/** @param name the source in the result when the image cannot be shown */
function readEntry(environment: NodeJS.ProcessEnv, name: string): PlannedImages {
  try {
    return planImage(environment);
  } catch (error) {
    if (!(error instanceof MirrorError)) throw error;
    return { result: notAttempted(shownSource(environment) || name, '', error.reason, error.message) };
  }
}

type Entry = Readonly<Record<string, string>>;

function parseEntries(text: string): Entry[] {
  const list = parseJson(text);
  if (!Array.isArray(list) || list.length === 0) {
    throw listError('must be a JSON list of objects, each with the variables of one image, for example [{"IMAGE":"docker.io/library/nginx:stable"}]');
  }
  if (list.length > MAX_SHARD_IMAGES) throw listError(`has ${list.length} entries, and ${MAX_SHARD_IMAGES} is the limit: start several builds`);
  for (const [index, entry] of list.entries()) requireEntry(entry, index + 1);
  return list;
}

function requireEntry(entry: unknown, number: number): asserts entry is Entry {
  const name = `its entry ${number}`;
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    throw listError(`has no object as ${name}: write it as {"IMAGE":"docker.io/library/nginx:stable"}`);
  }
  for (const [variable, value] of Object.entries(entry)) {
    if (!ENTRY_VARIABLES.includes(variable)) {
      const known = KNOWN_VARIABLES.includes(variable) ? variable : 'an unknown variable';
      throw listError(`sets ${known} in ${name}: use only ${ENTRY_VARIABLES.join(', ')}`);
    }
    if (typeof value !== 'string') throw listError(`sets ${variable} in ${name} to a value that is not a string: put it in quotes`);
  }
  if (!(entry as Partial<Entry>)[RUN_ENVIRONMENT.IMAGE]) throw listError(`has no image in ${name}: set ${RUN_ENVIRONMENT.IMAGE} there`);
}

function listError(problem: string): MirrorError {
  return new MirrorError('invalid-configuration', `the variable ${RUN_ENVIRONMENT.IMAGES} ${problem}`);
}
