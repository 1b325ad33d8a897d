import { RUN_ENVIRONMENT, RunVariables } from '../image/environment';

/** One build to start. */
export interface PlannedBuild {
  /** The value of the variable `IMAGES`. */
  readonly value: string;
  /** The variables of a build in place of that list: those of a catalogue, whose images are known when it runs. */
  readonly variables?: RunVariables;
  /** The upstream images that it names. */
  readonly images: readonly string[];
  /** Whether some of them are customised; undefined when none is. */
  readonly customises?: boolean;
}

/**
 * The longest value that is given to a variable.
 *
 * CodeBuild documents no limit of its own. This one is cautious: it leaves room for the project's other variables, whatever the limit of all is.
 */
const LONGEST_VALUE = 4_000;

/** An image may take a minute, most take less, and several are under way at a time: a build that is given no more ends in time. */
const IMAGES_PER_MINUTE = 1;

/**
 * Divides images among as few builds as can take them, in their order.
 *
 * @param longestBuildMinutes how long a build may take
 */
export function planBuilds(images: readonly RunVariables[], longestBuildMinutes: number): PlannedBuild[] {
  const catalogues = images.filter(isCatalogue).map((variables) => ({ value: '', variables, images: [variables[RUN_ENVIRONMENT.CATALOGUE]!] }));
  return [...planLists(images.filter((image) => !isCatalogue(image)), longestBuildMinutes), ...catalogues];
}

/** Each is a build by itself. */
function isCatalogue(image: RunVariables): boolean {
  return image[RUN_ENVIRONMENT.CATALOGUE] !== undefined;
}

function planLists(images: readonly RunVariables[], longestBuildMinutes: number): PlannedBuild[] {
  const mostImages = Math.max(1, Math.floor(longestBuildMinutes * IMAGES_PER_MINUTE));
  const builds: { entries: string[]; images: string[]; customises?: boolean }[] = [];
  for (const image of images) {
    const entry = JSON.stringify(image);
    let last = builds.at(-1);
    if (last === undefined || last.entries.length >= mostImages || valueOf([...last.entries, entry]).length > LONGEST_VALUE) {
      last = { entries: [], images: [] };
      builds.push(last);
    }
    last.entries.push(entry);
    last.images.push(image.IMAGE ?? '');
    if (image[RUN_ENVIRONMENT.CUSTOM_IMAGE] !== undefined) last.customises = true;
  }
  return builds.map(({ entries, images: names, customises }) => ({ value: valueOf(entries), images: names, customises }));
}

function valueOf(entries: readonly string[]): string {
  return `[${entries.join(',')}]`;
}
