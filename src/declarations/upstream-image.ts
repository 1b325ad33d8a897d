import { Token } from 'aws-cdk-lib';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import {
  ImageReference, InvalidReferenceError, isDigest, isRepositoryOnly, isTag, parseImageReference, repositoryIn,
} from '../image/image-reference';
import { parsePlatform } from '../image/platform';
import { quote } from '../image/sanitize';
import { requireLiteral } from '../synthesis/literal';
import { hasDummy, placeholder, replaceDummy } from '../synthesis/lookups';
import { listOf, mapAll, objectWith, requireShape } from '../synthesis/shapes';

/**
 * Parses an upstream image, as `docker pull` accepts it. The dummy value of a lookup becomes a placeholder.
 *
 * @throws Error when the image is a token or not a valid reference
 */
export function parseUpstreamImage(image: string): ImageReference {
  const text = requireLiteral(image, 'the image', 'write the image as a string, for example "nginx:stable"');
  return hasDummy(image) ? parsePlaceholder(text) : parseImageReference(text);
}

/** Each dummy value has its own tag, so that two of them in one repository do not conflict. */
function parsePlaceholder(text: string): ImageReference {
  try {
    return parseImageReference(isRepositoryOnly(text) ? `${text}:${placeholder(text)}` : text);
  } catch (error) {
    if (!(error instanceof InvalidReferenceError)) throw error;
    return parseImageReference(`${placeholder(text)}:${placeholder(text)}`);
  }
}

/**
 * Parses an upstream repository. A tag filter selects its tags.
 *
 * @throws Error when the repository is a token, is not valid, or has a tag or digest
 */
export function parseUpstreamRepository(image: string): ImageReference {
  const { registry, repository } = parseUpstreamImage(image);
  if (isRepositoryOnly(image) || hasDummy(image)) return { registry, repository };
  throw new Error(`${quote(image)} has a tag or digest, but a tag filter selects the tags; write ${quote(repositoryIn(image))}, or omit tags`);
}

/**
 * Returns the tag. A token passes.
 *
 * @throws Error when the tag is not valid
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests
 */
export function requireTag(tag: string): string {
  if (Token.isUnresolved(tag) || isTag(tag)) return tag;
  if (hasDummy(tag)) return replaceDummy(tag);
  throw new Error(`${quote(tag)} is not a valid tag: use 1 to 128 letters, digits, "_", ".", and "-", and start with a letter, a digit, or "_"; `
    + 'for example "1.27.0"');
}

/**
 * Returns the digest. A token passes.
 *
 * @throws Error when the digest is not valid
 */
export function requireDigest(digest: string): string {
  if (Token.isUnresolved(digest) || isDigest(digest)) return digest;
  // The first pass does not need a digest that exists.
  if (hasDummy(digest)) return `sha256:${'0'.repeat(64)}`;
  throw new Error(`${quote(digest)} is not a valid digest; write "sha256:" and 64 lowercase hexadecimal digits`);
}

/**
 * Returns the platforms without duplicates and in alphabetical order. `undefined` means all platforms.
 *
 * @throws Error when the list is empty, or when a platform is a token or not valid; the error has all mistakes of the list
 */
export function parsePlatforms(platforms: ecr_assets.Platform[] | undefined): string[] | undefined {
  if (platforms === undefined) return undefined;
  requireShape('platforms', platforms, PLATFORMS);
  if (platforms.length === 0) throw new Error('platforms is empty; omit it to mirror all platforms');
  return [...new Set(mapAll('platforms', platforms, ({ platform }) => requirePlatform(platform)))].sort();
}

function requirePlatform(platform: string): string {
  if (parsePlatform(requireLiteral(platform, 'a platform', 'write it as a string')) !== undefined) return platform;
  if (hasDummy(platform)) return ecr_assets.Platform.LINUX_AMD64.platform;
  throw new Error(`${quote(platform)} is not a valid platform; `
    + 'write for example ecr_assets.Platform.LINUX_ARM64 or ecr_assets.Platform.custom("linux/arm/v7")');
}

/** The list of platforms. In plain JavaScript, people write a text for a platform. */
const PLATFORMS = listOf(objectWith('platform', (value) => {
  const isPlatform = typeof value === 'string' && parsePlatform(value) !== undefined;
  return isPlatform ? `ecr_assets.Platform.custom(${quote(value)})` : 'ecr_assets.Platform.LINUX_ARM64';
}), 'ecr_assets.Platform.LINUX_ARM64');
