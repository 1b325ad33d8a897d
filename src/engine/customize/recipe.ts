import { CustomImage, customPlatformTag, customTag, recipeText } from '../../image/custom-image';
import { isIndexType } from '../../image/media-types';
import { parsePlatform, Platform } from '../../image/platform';
import { lookupLimit } from '../copy/copy-context';
import { ImageReader } from '../copy/image-reader';
import { Manifest, readManifest } from '../copy/manifest';
import { annotationsOf } from '../copy/platforms';
import { digestOf } from '../digest';
import { MirrorError } from '../mirror-error';
import type { ReceivedManifest, RegistryClient } from '../registry/registry-client';
import { RetryContext, withRetries } from '../registry/retry';

/**
 * The label with the digest of the base image in the mirror, as the OCI image specification defines it.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/annotations.md
 */
const BASE_DIGEST = 'org.opencontainers.image.base.digest';
/** The label with the digest of the Dockerfile lines and platforms: the digest of `recipeText()`. */
const RECIPE_DIGEST = 'io.github.cdk-ecr-mirror.recipe-digest';

/** The recipe of a customized image: the base image, the Dockerfile lines, and the platforms. */
export class Recipe {
  /** The tag of the multi-platform image. */
  readonly tag: string;
  /** The labels of each platform's image, and the annotations of the multi-platform image. */
  readonly labels: Readonly<Record<string, string>>;
  private readonly digest: string;

  /**
   * @param baseTag the tag of the base image
   * @param baseDigest the digest of this tag
   */
  constructor(private readonly custom: CustomImage, private readonly baseTag: string, baseDigest: string) {
    this.digest = recipeDigest(custom);
    this.tag = customTag(baseTag, this.digest);
    this.labels = { [BASE_DIGEST]: baseDigest, [RECIPE_DIGEST]: this.digest };
  }

  /** The tag of a platform's image. */
  platformTag(platform: string): string {
    return customPlatformTag(this.baseTag, platform, this.digest);
  }

  /** Whether an image with these labels or annotations was built from this recipe. */
  matchesLabels(labels: unknown): boolean {
    const actual = Object(labels) as Readonly<Record<string, unknown>>;
    return Object.entries(this.labels).every(([name, value]) => actual[name] === value);
  }

  /** The platforms, in the order of the index. */
  get platforms(): readonly string[] {
    return this.custom.platforms;
  }
}

/** The tag of the customized image for a base tag. It is the same for all digests of the base image. */
export function recipeTag(custom: CustomImage, baseTag: string): string {
  return customTag(baseTag, recipeDigest(custom));
}

function recipeDigest(custom: CustomImage): string {
  return digestOf(Buffer.from(recipeText(custom), 'utf8'));
}

/** A customized image for a single platform. */
export interface CustomPlatformImage {
  readonly platform: Platform;
  readonly manifest: Manifest;
}

/** Reads the digest of the customized image in the mirror, with one request. Undefined when the mirror has none that was built from the recipe. */
export async function readCustomIndex(recipe: Recipe, client: RegistryClient, run: RetryContext): Promise<string | undefined> {
  const index = await readTag(recipe.tag, client, run);
  return index !== undefined && recipe.matchesLabels(annotationsOf(index)) ? digestOf(index.bytes) : undefined;
}

/** Reads a platform's customized image in the mirror. Undefined when the mirror has none that was built from the recipe. */
export async function readCustomPlatformImage(
  platform: string, recipe: Recipe, client: RegistryClient, run: RetryContext,
): Promise<CustomPlatformImage | undefined> {
  const received = await readTag(recipe.platformTag(platform), client, run);
  if (received === undefined) return undefined;
  const manifest = readManifest(received, digestOf(received.bytes), client.endpoint.registry);
  if (isIndexType(manifest.mediaType)) return undefined;
  const { config } = await new ImageReader(client, run, lookupLimit()).configuration(manifest);
  const { Labels: labels } = Object(config) as { readonly Labels?: unknown };
  return recipe.matchesLabels(labels) ? { platform: parsePlatform(platform)!, manifest } : undefined;
}

async function readTag(tag: string, client: RegistryClient, run: RetryContext): Promise<ReceivedManifest | undefined> {
  try {
    return await withRetries(run, () => client.manifest(tag));
  } catch (error) {
    if (error instanceof MirrorError && error.reason === 'not-found') return undefined;
    throw error;
  }
}
