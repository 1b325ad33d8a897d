import { Arn, ArnFormat, Stack, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import { Construct } from 'constructs';
import { MirroredImageOptions, MirroredImageProps } from './mirrored-image-props';
import { TagFilter } from './tag-filter';
import { TagKind } from './tag-policy';
import { formatImageReference, ImageReference, isDigest, isTag, isRepositoryOnly, parseImageReference, repositoryIn } from '../image/image-reference';
import { quote } from '../image/sanitize';
import { parsePlatform } from '../image/platform';
import { CUSTOM_REPOSITORIES, mirrorRepositoryName, mirrorTag, repositoryNameProblem } from '../image/repository-name';
import { tagKind } from '../image/tag-kind';
import { requireLiteral } from '../synthesis/literal';

/** Whether an image's owner chose another repository than the engine would derive from the image. */
export function hasOwnRepository(options: MirroredImageOptions): boolean {
  return options.repositoryName !== undefined || options.repository !== undefined;
}

/**
 * The name of the repository that an image goes to; a token only with a repository that exists.
 *
 * @throws Error when no repository can have the name, or when the repository is not where the mirror is
 */
export function repositoryNameFor(reference: ImageReference, prefix: string, props: MirroredImageProps): string {
  if (props.repository !== undefined) {
    if (props.repositoryName !== undefined) throw new Error('repository and repositoryName contradict each other; set one of them');
    requireRepositoryInEnvironment(props.repository, props.mirror);
    return notCustom(props.repository.repositoryName, reference, prefix);
  }
  const name = props.repositoryName ?? mirrorRepositoryName(reference, prefix);
  requireLiteral(name, 'repositoryName', 'write it as a string, or pass the repository itself as repository');
  const problem = repositoryNameProblem(name);
  if (problem) throw new Error(`repositoryName ${quote(name)} is not possible: ${problem}`);
  return notCustom(name, reference, prefix);
}

/** Where customized images are, builds that mirror may not push: nothing is to be passed off as one of those. */
function notCustom(name: string, reference: ImageReference, prefix: string): string {
  const customs = `${prefix}/${CUSTOM_REPOSITORIES}/`;
  if (Token.isUnresolved(name) || !name.startsWith(customs)) return name;
  throw new Error(`${quote(formatImageReference(reference))} would be mirrored as ${quote(name)}, and ${quote(customs)} is for customized images; set another repositoryName for this image`);
}

/**
 * Refuses a repository that builds of the mirror could not push to, or that its stack could not name.
 *
 * @throws Error when the repository is in another account or Region, or is defined in another stack
 */
export function requireRepositoryInEnvironment(repository: ecr.IRepository, mirror: Construct): void {
  refuseOtherStack(repository, Stack.of(mirror));
  if (Token.isUnresolved(repository.repositoryArn)) return;
  const { account, region } = Arn.split(repository.repositoryArn, ArnFormat.SLASH_RESOURCE_NAME);
  refuseOther('account', account, Stack.of(mirror).account);
  refuseOther('Region', region, Stack.of(mirror).region);
}

/** A name that CloudFormation chooses would make the mirror's stack depend on that of the repository, which may depend on the mirror's. */
function refuseOtherStack(repository: ecr.IRepository, stack: Stack): void {
  if (!Token.isUnresolved(repository.repositoryName) || repository.stack === stack) return;
  throw new Error(
    `the repository ${quote(repository.node.path)} has a name that is not known at synthesis and is in another stack than the mirror; `
    + 'give it a name and pass ecr.Repository.fromRepositoryName(this, id, name), or define it in the stack of the mirror',
  );
}

function refuseOther(part: string, actual: string | undefined, expected: string): void {
  if (actual === undefined || Token.isUnresolved(actual) || Token.isUnresolved(expected) || actual === expected) return;
  throw new Error(`the repository is in the ${part} ${quote(actual)} and its mirror is in ${quote(expected)}; builds push to their own account and Region only`);
}

/**
 * Refuses what is no tag; a token is taken for one.
 *
 * @throws Error that names the value
 */
export function requireTag(tag: string): string {
  if (Token.isUnresolved(tag) || isTag(tag)) return tag;
  throw new Error(`${quote(tag)} is no tag, which is 1 to 128 letters, digits, "_", "." and "-", and starts with none of the last two; write for example "1.27.0"`);
}

/**
 * Refuses what is no digest; a token is taken for one.
 *
 * @throws Error that names the value
 */
export function requireDigest(digest: string): string {
  if (Token.isUnresolved(digest) || isDigest(digest)) return digest;
  throw new Error(`${quote(digest)} is no digest, which is "sha256:" and 64 lower-case hexadecimal digits`);
}

/**
 * The platforms to mirror in one spelling, whatever the order in which they were given; undefined for all.
 *
 * @throws Error when the list is empty, or holds what is no platform
 */
export function platformList(platforms: ecr_assets.Platform[] | undefined): string[] | undefined {
  if (platforms === undefined) return undefined;
  if (platforms.length === 0) throw new Error('platforms is an empty list, and an image without platforms is none; leave it out to mirror all of them');
  for (const { platform } of platforms) {
    requireLiteral(platform, 'a platform', 'write it as a string');
    if (parsePlatform(platform) === undefined) {
      throw new Error(`${quote(platform)} is no platform; write for example ecr_assets.Platform.LINUX_ARM64 or ecr_assets.Platform.custom("linux/arm/v7")`);
    }
  }
  return [...new Set(platforms.map(({ platform }) => platform))].sort();
}

/** The tags that one schedule mirrors: a single one, or those that a filter selects. */
export interface SelectedTags {
  /** The tag in the mirror; undefined with a filter. */
  readonly tag?: string;
  /** The filter as the engine reads it; undefined for a single tag. */
  readonly filter?: string;
  /** The kind as the engine must be told it; undefined when it comes to it by itself. */
  readonly toldKind?: TagKind;
  /** The tags, and patterns of tags, that may move. */
  readonly mutableTags: readonly string[];
}

/** The tags that an image's owner asked for. */
export function selectedTags(reference: ImageReference, filter: TagFilter | undefined, chosenKind: TagKind | undefined): SelectedTags {
  if (filter !== undefined) {
    return { filter: filter._render(), toldKind: filter._kind(chosenKind), mutableTags: filter._mutablePatterns(chosenKind) };
  }
  const tag = mirrorTag(reference);
  const judgedKind = tagKind(tag);
  const kind = chosenKind ?? judgedKind;
  return { tag, toldKind: kind === judgedKind ? undefined : chosenKind, mutableTags: kind === TagKind.FLOATING ? [tag] : [] };
}

/**
 * Parses an upstream image as a user wrote it.
 *
 * @throws Error when it is a token, or cannot be parsed
 */
export function parseUpstreamImage(image: string): ImageReference {
  return parseImageReference(requireLiteral(image, 'the image', 'write the image as a string, for example "nginx:stable"'));
}

/**
 * Parses an upstream image, or with a filter the repository whose tags it selects.
 *
 * @throws Error when it is a token, or cannot be parsed
 */
export function parseUpstream(image: string, tags: TagFilter | undefined): ImageReference {
  return tags === undefined ? parseUpstreamImage(image) : parseUpstreamRepository(image);
}

/**
 * Parses an upstream repository, whose tags a filter selects.
 *
 * @throws Error when it is a token, cannot be parsed, or has a tag or digest of its own
 */
export function parseUpstreamRepository(image: string): ImageReference {
  const { registry, repository } = parseUpstreamImage(image);
  if (isRepositoryOnly(image)) return { registry, repository };
  throw new Error(`${quote(image)} names one image, and its tags are selected by a filter; write ${quote(repositoryIn(image))}, or leave tags out`);
}
