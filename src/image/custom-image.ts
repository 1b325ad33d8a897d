/**
 * Customised images, as the construct writes them into a schedule's input, and as the engine and the program that builds them read them.
 */
import { dockerfileLinesProblem, runsCommands } from './dockerfile-lines';
import { shortDigest } from './image-reference';
import { formatPlatform, normalizedPlatform, parsePlatform } from './platform';
import { platformTag } from './platform-tag';
import { ProcessorName, processorOfPlatform } from './processor';
import { repositoryNameProblem, suffixedTag } from './repository-name';

const LONGEST_TAG = 128;

/** How an image is customised. Written as JSON in the variable `CUSTOM_IMAGE`. */
export interface CustomImage {
  /** The repository in the mirror that the customised image is in. */
  readonly repository: string;
  /** What follows `FROM` in its Dockerfile. */
  readonly lines: readonly string[];
  /** The platforms that it is built for, each in its one spelling, in alphabetical order. */
  readonly platforms: readonly string[];
}

/** A customised image as it was written into a variable; undefined when it is none. */
export function parseCustomImage(text: string): CustomImage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { repository, lines, platforms, ...unknown } = Object(value) as Record<string, unknown>;
  const listOfStrings = (part: unknown): part is string[] => Array.isArray(part) && part.every((one) => typeof one === 'string');
  if (typeof repository !== 'string' || !listOfStrings(lines) || !listOfStrings(platforms) || Object.keys(unknown).length > 0) return undefined;
  return { repository, lines, platforms };
}

/** What is wrong with a customised image, in words; undefined when nothing is. */
export function customImageProblem({ repository, lines, platforms }: CustomImage): string | undefined {
  const problem = repositoryNameProblem(repository) ?? dockerfileLinesProblem(lines);
  if (problem !== undefined) return problem;
  if (platforms.length === 0) return 'it has no platforms; name at least one, for example "linux/amd64"';
  const ordered = orderedPlatforms(platforms);
  if (ordered === undefined || ordered.join() !== platforms.join()) return 'its platforms are each in their one spelling, in alphabetical order, for example ["linux/amd64","linux/arm64"]';
  const foreign = platforms.filter((platform) => runsCommands(lines) && processorOfPlatform(platform) === undefined);
  return foreign.length === 0 ? undefined : `no builds run on ${foreign.join(', ')}, so RUN cannot be carried out for it`;
}

/** Platforms in their one spelling and order, each once; undefined when one of them is none. */
export function orderedPlatforms(texts: readonly string[]): string[] | undefined {
  const platforms = texts.map(parsePlatform);
  if (!platforms.every((platform) => platform !== undefined)) return undefined;
  return [...new Set(platforms.map((platform) => formatPlatform(normalizedPlatform(platform))))].sort();
}

/** All that decides what is made of an image, as the text whose digest stands for it. */
export function recipeText({ lines, platforms }: Pick<CustomImage, 'lines' | 'platforms'>): string {
  return JSON.stringify({ lines, platforms });
}

/**
 * The tag of a customised image: `1.14.0-4f1c0e2a9b7d` for the tag `1.14.0`.
 *
 * Other lines make another tag, so that whoever runs the image is deployed anew, and a tag that is fixed stays immutable.
 *
 * @param recipe the digest of the recipe
 */
export function customTag(tag: string, recipe: string): string {
  return suffixedTag(tag, recipe);
}

/**
 * The tag of the customised image of a single platform, which is built before that of all: `1.14.0-4f1c0e2a9b7d-linux-arm64`.
 *
 * It does not end in a recipe, as the tags of all platforms do, so that none of those can be the same: neither that of `1.14.0` nor that of
 * `1.14.0-linux-arm64`.
 */
export function customPlatformTag(tag: string, platform: string, recipe: string): string {
  const ending = `-${shortDigest(recipe)}${platformTag('', parsePlatform(platform)!)}`;
  return `${tag.slice(0, LONGEST_TAG - ending.length)}${ending}`;
}

/** The processors that a customised image is built on: those of its platforms where commands are run, and otherwise any one. */
export function processorsOf({ lines, platforms }: CustomImage, own: ProcessorName): ProcessorName[] {
  return runsCommands(lines) ? [...new Set(platforms.map((platform) => processorOfPlatform(platform) ?? own))] : [own];
}

/** The platforms of a customised image that are built on a processor. */
export function platformsBuiltOn({ lines, platforms }: CustomImage, processor: ProcessorName): string[] {
  return platforms.filter((platform) => !runsCommands(lines) || processorOfPlatform(platform) === processor);
}
