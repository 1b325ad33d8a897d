/**
 * Customized images, as the construct writes them into a schedule's input, and as the engine and the program that builds them read them.
 */

import { PROJECT_ENVIRONMENT } from './contract/environment';
import { dockerfileLinesProblem, runsCommands } from './dockerfile-lines';
import { MAX_TAG_LENGTH, shortDigest } from './image-reference';
import { formatPlatform, normalizedPlatform, parsePlatform, platformTag, ProcessorName, processorOfPlatform } from './platform';
import { repositoryNameProblem, suffixedTag } from './repository-name';

/** How an image is customized. Written as JSON in the variable `CUSTOM_IMAGE`. */
export interface CustomImage {
  /** The repository in the mirror that the customized image is in. */
  readonly repository: string;
  /** What follows `FROM` in its Dockerfile. */
  readonly lines: readonly string[];
  /** The platforms that it is built for, each in its one spelling, in alphabetical order. */
  readonly platforms: readonly string[];
}

/** A customized image as it was written into a variable; undefined when it is none. */
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

/** What is wrong with a customized image, in words; undefined when nothing is. */
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
 * The tag of a customized image: `1.14.0-4f1c0e2a9b7d` for the tag `1.14.0`.
 *
 * Other lines make another tag, so that whoever runs the image is deployed anew, and a tag that is fixed stays immutable.
 *
 * @param recipe the digest of the recipe
 */
export function customTag(tag: string, recipe: string): string {
  return suffixedTag(tag, recipe);
}

/**
 * The tag of the customized image of a single platform, which is built before that of all: `1.14.0-4f1c0e2a9b7d-linux-arm64`.
 *
 * It does not end in a recipe, as the tags of all platforms do, so that none of those can be the same: neither that of `1.14.0` nor that of
 * `1.14.0-linux-arm64`.
 */
export function customPlatformTag(tag: string, platform: string, recipe: string): string {
  const ending = `-${shortDigest(recipe)}${platformTag('', parsePlatform(platform)!)}`;
  return `${tag.slice(0, MAX_TAG_LENGTH - ending.length)}${ending}`;
}

/** The processors that a customized image is built on: those of its platforms where commands are run, and otherwise any one. */
export function processorsOf({ lines, platforms }: CustomImage, own: ProcessorName): ProcessorName[] {
  return runsCommands(lines) ? [...new Set(platforms.map((platform) => processorOfPlatform(platform) ?? own))] : [own];
}

/** The platforms of a customized image that are built on a processor. */
export function platformsBuiltOn({ lines, platforms }: CustomImage, processor: ProcessorName): string[] {
  return platforms.filter((platform) => !runsCommands(lines) || processorOfPlatform(platform) === processor);
}

/**
 * What an app has declared to customize, as the construct tells the project that builds customized images, and as the program there knows it again.
 */

/** A customized image as an app declares it: which image, from where, to where, and how. */
export interface AllowedBuild {
  /** The upstream image in canonical spelling; without a tag where a filter selects tags. */
  readonly image: string;
  /** The repository in the mirror that the image itself is in; empty where nobody knew its name when the app was synthesized. */
  readonly base: string;
  readonly custom: CustomImage;
}

/** All of a declaration, as the text whose digest stands for it. */
export function allowedBuildText({ image, base, custom: { repository, lines, platforms } }: AllowedBuild): string {
  return JSON.stringify({ image, base, repository, lines, platforms });
}

/**
 * What a project names a declaration by: enough of its digest that nobody finds another one for it.
 *
 * @param digest that of the declaration's text
 * @param base the repository that the text leaves out, which CloudFormation knows; undefined where the text has it
 */
export function fingerprint(digest: string, base?: string): string {
  const mark = digest.slice('sha256:'.length, 'sha256:'.length + 32);
  return base === undefined ? mark : `${mark}:${base}`;
}

/**
 * CodeBuild documents no limit, and has been seen to refuse a value of more than 4,096 characters.
 *
 * @see https://github.com/wolfeidau/buildkite-serverless-agent/issues/35
 */
const LONGEST_VALUE = 4_000;

/** The longest mark with the name of a repository, in whose place the template has what CloudFormation replaces. */
const LONGEST_MARK = 300;

/** The names and values of the variables that hold marks: one, and more where they do not fit into one. */
export function fingerprintVariables(marks: readonly string[]): [name: string, value: string][] {
  const values: string[][] = [[]];
  let room = LONGEST_VALUE;
  for (const mark of marks) {
    const length = mark.includes(':') ? LONGEST_MARK : mark.length + 1;
    if (length > room) {
      values.push([]);
      room = LONGEST_VALUE;
    }
    values[values.length - 1].push(mark);
    room -= length;
  }
  return values.map((value, index) => [`${PROJECT_ENVIRONMENT.RECIPES}${index === 0 ? '' : `_${index + 1}`}`, value.join(',')]);
}

/** The marks in the variables of a build. */
export function readFingerprints(variables: Readonly<Record<string, string | undefined>>): Set<string> {
  const names = Object.keys(variables).filter((name) => name === PROJECT_ENVIRONMENT.RECIPES || name.startsWith(`${PROJECT_ENVIRONMENT.RECIPES}_`));
  return new Set(names.flatMap((name) => variables[name]?.split(',') ?? []).filter((mark) => mark !== ''));
}
