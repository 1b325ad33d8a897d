import { Token } from 'aws-cdk-lib';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import { ImageReference, isDigest, isRepositoryOnly, isTag, parseImageReference, repositoryIn } from '../image/image-reference';
import { parsePlatform } from '../image/platform';
import { quote } from '../image/sanitize';
import { requireLiteral } from '../synthesis/literal';

/**
 * Parses an upstream image, as `docker pull` accepts it.
 *
 * @throws Error when the image is a token or not a valid reference
 */
export function parseUpstreamImage(image: string): ImageReference {
  return parseImageReference(requireLiteral(image, 'the image', 'write the image as a string, for example "nginx:stable"'));
}

/**
 * Parses an upstream repository. A tag filter selects its tags.
 *
 * @throws Error when the repository is a token, is not valid, or has a tag or digest
 */
export function parseUpstreamRepository(image: string): ImageReference {
  const { registry, repository } = parseUpstreamImage(image);
  if (isRepositoryOnly(image)) return { registry, repository };
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
  throw new Error(`${quote(digest)} is not a valid digest; write "sha256:" and 64 lowercase hexadecimal digits`);
}

/**
 * Returns the platforms without duplicates and in alphabetical order. `undefined` means all platforms.
 *
 * @throws Error when the list is empty, or when a platform is a token or not valid
 */
export function parsePlatforms(platforms: ecr_assets.Platform[] | undefined): string[] | undefined {
  if (platforms === undefined) return undefined;
  if (platforms.length === 0) throw new Error('platforms is empty; omit it to mirror all platforms');
  for (const { platform } of platforms) {
    requireLiteral(platform, 'a platform', 'write it as a string');
    if (parsePlatform(platform) === undefined) {
      throw new Error(`${quote(platform)} is not a valid platform; `
        + 'write for example ecr_assets.Platform.LINUX_ARM64 or ecr_assets.Platform.custom("linux/arm/v7")');
    }
  }
  return [...new Set(platforms.map(({ platform }) => platform))].sort();
}
