/**
 * Customized images: the construct writes them into a schedule's input, and the engine and the program that builds them read them.
 */

import { MAX_VARIABLE_LENGTH, PROJECT_ENVIRONMENT } from './contract/environment';
import { dockerfileLinesProblem, runsCommands } from './dockerfile-lines';
import { MAX_TAG_LENGTH, shortDigest } from './image-reference';
import { parseJson } from './parse-json';
import { formatPlatform, normalizedPlatform, parsePlatform, platformTag, ProcessorName, processorOfPlatform } from './platform';
import { repositoryNameProblem, suffixedTag } from './repository-name';

/** A customized image, as JSON in the variable `CUSTOM_IMAGE`. */
export interface CustomImage {
  /** The repository of the customized image in the mirror. */
  readonly repository: string;
  /** The Dockerfile lines after `FROM`. */
  readonly lines: readonly string[];
  /** The platforms to build, in their normalized spelling and in alphabetical order. */
  readonly platforms: readonly string[];
}

/** Parses a customized image; undefined when the text is not valid. */
export function parseCustomImage(text: string): CustomImage | undefined {
  const value = parseJson(text);
  if (value === undefined) return undefined;
  const { repository, lines, platforms, ...unknown } = Object(value) as Record<string, unknown>;
  const listOfStrings = (part: unknown): part is string[] => Array.isArray(part) && part.every((item) => typeof item === 'string');
  if (typeof repository !== 'string' || !listOfStrings(lines) || !listOfStrings(platforms) || Object.keys(unknown).length > 0) return undefined;
  return { repository, lines, platforms };
}

/** The problem with a customized image, as text; undefined when it is valid. */
export function customImageProblem({ repository, lines, platforms }: CustomImage): string | undefined {
  const problem = repositoryNameProblem(repository) ?? dockerfileLinesProblem(lines);
  if (problem !== undefined) return problem;
  if (platforms.length === 0) return 'platforms is empty; add at least one, for example "linux/amd64"';
  const ordered = orderedPlatforms(platforms);
  if (ordered === undefined || ordered.join() !== platforms.join()) {
    return 'platforms must be valid, normalized, unique and in alphabetical order, for example ["linux/amd64","linux/arm64"]';
  }
  const unsupported = platforms.filter((platform) => runsCommands(lines) && processorOfPlatform(platform) === undefined);
  if (unsupported.length === 0) return undefined;
  return `no CodeBuild builds run on ${unsupported.join(', ')}, so RUN is not possible; remove RUN or the platform`;
}

/** Platforms in their normalized spelling and in alphabetical order, each once; undefined when one of them is not valid. */
export function orderedPlatforms(texts: readonly string[]): string[] | undefined {
  const platforms = texts.map(parsePlatform);
  if (!platforms.every((platform) => platform !== undefined)) return undefined;
  return [...new Set(platforms.map((platform) => formatPlatform(normalizedPlatform(platform))))].sort();
}

/** The recipe of a customized image as text: its Dockerfile lines and platforms. The text's digest is part of the image's tags. */
export function recipeText({ lines, platforms }: Pick<CustomImage, 'lines' | 'platforms'>): string {
  return JSON.stringify({ lines, platforms });
}

/**
 * The tag of a customized image: `1.14.0-4f1c0e2a9b7d` for the tag `1.14.0`.
 *
 * Other lines give another tag, so services that run the image are deployed again, and a fixed tag stays immutable.
 *
 * @param recipe the digest of the recipe
 */
export function customTag(tag: string, recipe: string): string {
  return suffixedTag(tag, recipe);
}

/**
 * The tag of a customized image for a single platform, which is built before the multi-platform image: `1.14.0-4f1c0e2a9b7d-linux-arm64`.
 *
 * It ends with the platform, and tags of multi-platform images end with the recipe. So it differs from the customized tags of both
 * `1.14.0` and `1.14.0-linux-arm64`.
 */
export function customPlatformTag(tag: string, platform: string, recipe: string): string {
  const ending = `-${shortDigest(recipe)}${platformTag('', parsePlatform(platform)!)}`;
  return `${tag.slice(0, MAX_TAG_LENGTH - ending.length)}${ending}`;
}

/**
 * The processors that build a customized image: those of its platforms when commands run, and the project's own processor otherwise.
 *
 * @param own the processor of the project
 */
export function processorsOf({ lines, platforms }: CustomImage, own: ProcessorName): ProcessorName[] {
  return runsCommands(lines) ? [...new Set(platforms.map((platform) => processorOfPlatform(platform) ?? own))] : [own];
}

/** The platforms of a customized image that are built on a processor. */
export function platformsBuiltOn({ lines, platforms }: CustomImage, processor: ProcessorName): string[] {
  return platforms.filter((platform) => !runsCommands(lines) || processorOfPlatform(platform) === processor);
}

/** A build that an app allows: the upstream image, its repository in the mirror, and the customized image. */
export interface AllowedBuild {
  /** The upstream image in canonical spelling; without a tag when a tag filter selects the tags. */
  readonly image: string;
  /** The repository of the image that is customized; empty when its name is a token. */
  readonly base: string;
  readonly custom: CustomImage;
}

/** An allowed build as text. Its fingerprint is derived from the text's digest. */
export function allowedBuildText({ image, base, custom: { repository, lines, platforms } }: AllowedBuild): string {
  return JSON.stringify({ image, base, repository, lines, platforms });
}

/**
 * The fingerprint of an allowed build: 128 bits of its digest, so it is not feasible to find another build with the same fingerprint.
 *
 * @param digest the digest of `allowedBuildText()`
 * @param base the repository that the text omits because its name is a token; undefined when the text has the name
 */
export function fingerprint(digest: string, base?: string): string {
  const text = digest.slice('sha256:'.length, 'sha256:'.length + 32);
  return base === undefined ? text : `${text}:${base}`;
}

/** The maximum length of a fingerprint with a repository name. CloudFormation replaces a token with the name, so its length is not known. */
const MAX_FINGERPRINT_LENGTH = 300;

/** The environment variables that contain fingerprints: one, or more when the fingerprints do not fit into one. */
export function fingerprintVariables(fingerprints: readonly string[]): [name: string, value: string][] {
  const values: string[][] = [[]];
  let remaining = MAX_VARIABLE_LENGTH;
  for (const text of fingerprints) {
    const length = text.includes(':') ? MAX_FINGERPRINT_LENGTH : text.length + 1;
    if (length > remaining) {
      values.push([]);
      remaining = MAX_VARIABLE_LENGTH;
    }
    values[values.length - 1].push(text);
    remaining -= length;
  }
  return values.map((value, index) => [`${PROJECT_ENVIRONMENT.RECIPES}${index === 0 ? '' : `_${index + 1}`}`, value.join(',')]);
}

/** Reads the fingerprints from the environment variables of a build. */
export function readFingerprints(variables: Readonly<Record<string, string | undefined>>): Set<string> {
  const names = Object.keys(variables).filter((name) => name === PROJECT_ENVIRONMENT.RECIPES || name.startsWith(`${PROJECT_ENVIRONMENT.RECIPES}_`));
  return new Set(names.flatMap((name) => variables[name]?.split(',') ?? []).filter((text) => text !== ''));
}
