import {
  AllowedBuild, CustomImage, customPlatformTag, customTag, fingerprint, allowedBuildText, readFingerprints, recipeText,
} from '../../image/custom-image';
import { formatImageReference, ImageReference } from '../../image/image-reference';
import { annotationsOf } from '../copy/platforms';
import { digestOf } from '../digest';
import type { MirrorRequest } from '../mirror-image';
import type { ReceivedManifest } from '../registry/registry-client';

/**
 * What an image was built from, by its digest in the mirror: OCI's own key.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/annotations.md
 */
const BASE_DIGEST = 'org.opencontainers.image.base.digest';
/** The lines and platforms that it was built by, as the digest of `recipeText()`. */
const RECIPE_DIGEST = 'io.github.cdk-ecr-mirror.recipe-digest';

/** What makes one customized image: the image that it is built from, the lines, and the platforms. */
export class Recipe {
  /** The tag of the image of all platforms. */
  readonly tag: string;
  /** The labels of the image of each platform, and the annotations of the index of all. */
  readonly labels: Readonly<Record<string, string>>;
  private readonly digest: string;

  /**
   * @param baseTag the tag of the image that it is built from
   * @param baseDigest the digest that this tag names
   */
  constructor(private readonly custom: CustomImage, private readonly baseTag: string, baseDigest: string) {
    this.digest = recipeDigest(custom);
    this.tag = customTag(baseTag, this.digest);
    this.labels = { [BASE_DIGEST]: baseDigest, [RECIPE_DIGEST]: this.digest };
  }

  /** The tag of the image of one platform. */
  platformTag(platform: string): string {
    return customPlatformTag(this.baseTag, platform, this.digest);
  }

  /** Whether labels or annotations are those of an image that was made by this recipe. */
  made(labels: unknown): boolean {
    const given = Object(labels) as Readonly<Record<string, unknown>>;
    return Object.entries(this.labels).every(([name, value]) => given[name] === value);
  }

  /** Whether an index was made by this recipe. */
  madeIndex(index: ReceivedManifest): boolean {
    return this.made(annotationsOf(index));
  }

  /** The platforms in the order of the index. */
  get platforms(): readonly string[] {
    return this.custom.platforms;
  }
}

/** The tag of what a recipe makes of a tag, whatever image that names. */
export function recipeTag(custom: CustomImage, baseTag: string): string {
  return customTag(baseTag, recipeDigest(custom));
}

function recipeDigest(custom: CustomImage): string {
  return digestOf(Buffer.from(recipeText(custom), 'utf8'));
}

/**
 * Whether the app has declared a customized image: this image, from this repository to this one, by these lines, for these platforms.
 *
 * @param variables those of the build
 */
export function isDeclared({ source, target }: Pick<MirrorRequest, 'source' | 'target'>, custom: CustomImage, variables: NodeJS.ProcessEnv): boolean {
  const declared = readFingerprints(variables);
  const base = target.repository;
  return [formatImageReference(source), ofAnyTag(source)].some((image) => {
    return declared.has(markOf({ image, base, custom })) || declared.has(markOf({ image, base: '', custom }, base));
  });
}

/** An image whose tags a filter selects is declared without one. */
function ofAnyTag({ registry, repository }: ImageReference): string {
  return formatImageReference({ registry, repository });
}

function markOf(declaration: AllowedBuild, base?: string): string {
  return fingerprint(digestOf(Buffer.from(allowedBuildText(declaration), 'utf8')), base);
}
