import { Token } from 'aws-cdk-lib';
import { TagFilter } from './tag-filter';
import { DEFAULT_KEEP_PREVIOUS, keptImagesProblem } from '../image/retention';
import { quote } from '../image/sanitize';
import { MAX_SELECTED_TAGS } from '../image/tag-selection';
import { describeValue } from '../synthesis/shapes';

/** The settings of a mirror for the images that it keeps. */
export interface KeptImages {
  /** The number of previous images that each floating tag keeps; 0 for none. */
  readonly keepPrevious: number;
  /** The number of the newest versions that a tag filter keeps; `undefined` for all. */
  readonly keepVersions?: number;
}

/** The options of a mirror, of an image, or of a catalog for the images that it keeps. */
type KeptImagesOptions = Partial<KeptImages>;

/** @throws Error when a number is not valid */
export function requireKeptImages(options: KeptImagesOptions): KeptImages {
  const keepVersions = options.keepVersions ?? undefined;
  return {
    keepPrevious: requireNumber('keepPrevious', options.keepPrevious ?? DEFAULT_KEEP_PREVIOUS, 0),
    ...keepVersions === undefined ? {} : { keepVersions: requireNumber('keepVersions', keepVersions, 1) },
  };
}

/**
 * Resolves the options of an image against the settings of its mirror. The number of versions of the mirror applies only to tag filters that have an
 * order.
 *
 * @throws Error when a number is not valid, or does not fit the tags of the image
 */
export function keptImagesOf(
  source: string, filter: TagFilter | undefined, options: KeptImagesOptions, defaults: KeptImages,
): KeptImages {
  const { keepPrevious } = requireKeptImages({ keepPrevious: options.keepPrevious ?? defaults.keepPrevious });
  const { keepVersions: chosen } = requireKeptImages({ keepVersions: options.keepVersions });
  const isOrdered = filter?._isOrdered() ?? false;
  if (chosen !== undefined && !isOrdered) {
    const reason = filter === undefined ? 'has no tag filter' : 'has a tag filter without an order';
    throw new Error(`keepVersions is set, but ${quote(source)} ${reason}, so no version is the newest; `
      + 'use for example tags: TagFilter.semver(">=1.25 <2", { latest: 5 }), or remove keepVersions');
  }
  const keepVersions = isOrdered ? chosen ?? defaults.keepVersions : undefined;
  const selected = filter?._maxTags();
  if (keepVersions !== undefined && selected !== undefined && keepVersions < selected) {
    const owner = chosen === undefined ? 'keepVersions of the mirror' : 'keepVersions';
    throw new Error(`${owner} is ${keepVersions}, but the tag filter of ${quote(source)} selects the latest ${selected} versions, `
      + `so each run would copy a version again that expired; set keepVersions to at least ${selected} for this image`);
  }
  return { keepPrevious, ...keepVersions === undefined ? {} : { keepVersions } };
}

/** The number of newest versions that a filter without `latest` selects. A run fails if it selects more tags than the limit. */
export function latestVersions({ keepVersions }: KeptImages): number | undefined {
  return keepVersions === undefined ? undefined : Math.min(keepVersions, MAX_SELECTED_TAGS);
}

/** Whether builds can mark images as expired in the repository of an image. A lifecycle rule must then expire the marked images. */
export function marksImages({ keepPrevious, keepVersions, mutableTags }: KeptImages & { readonly mutableTags: readonly string[] }): boolean {
  return keepVersions !== undefined || (keepPrevious > 0 && mutableTags.length > 0);
}

function requireNumber(name: string, value: number, minimum: number): number {
  const isToken = Token.isUnresolved(value);
  const problem = isToken ? 'it must be known at synthesis' : keptImagesProblem(value, minimum);
  if (problem === undefined) return value;
  throw new Error(`${name} is ${isToken ? 'a token' : describeValue(value)}: ${problem}; `
    + `write for example ${name}: ${name === 'keepPrevious' ? DEFAULT_KEEP_PREVIOUS : 20}${minimum === 0 ? ', or 0 to keep none' : ''}`);
}
