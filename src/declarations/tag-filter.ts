import { Token } from 'aws-cdk-lib';
import { TagKind, TagOrder } from './tag-policy';
import { quote } from '../image/sanitize';
import { tagKind } from '../image/tag-kind';
import { versionPatterns } from '../image/tag-patterns';
import { isOrderedSelection, MAX_RANGE_LENGTH, TagSelection, tagSelectionProblem } from '../image/tag-selection';
import { requireLiteral } from '../synthesis/literal';
import { hasDummy } from '../synthesis/lookups';
import { FLAG, listOf, requireShapes, text, valueOf } from '../synthesis/shapes';

/**
 * Options of `TagFilter.semver()`.
 */
export interface SemverTagOptions {
  /**
   * The number of the newest versions in the range to mirror. Versions that are no longer selected stay in the mirror,
   * unless `keepVersions` is set.
   *
   * Set this property if you mirror from Docker Hub without credentials. Otherwise, the warning about Docker Hub's pull limit does not count the
   * image.
   *
   * @default - all versions in the range, at most 500
   */
  readonly latest?: number;

  /**
   * The suffix after the version, without its dash: `alpine` selects `1.27.0-alpine` and not `1.27.0`.
   *
   * @default - no suffix
   */
  readonly variant?: string;

  /**
   * Whether to also mirror pre-releases such as `2.0.0-rc.1`. A pre-release is in the range if its release is in the range.
   *
   * @default false
   */
  readonly prereleases?: boolean;

  /**
   * Patterns of tags that are not mirrored. `*` matches any characters.
   *
   * @default - none
   */
  readonly exclude?: string[];
}

/**
 * Options of `TagFilter.pattern()`.
 */
export interface PatternTagOptions {
  /**
   * The number of the newest tags to mirror. Tags that are no longer selected stay in the mirror.
   *
   * A tag and its variants count separately. Exclude variants, or use a pattern that they don't match: `RELEASE.*Z` instead of `RELEASE.*`.
   * The command `cdk-ecr-mirror check --app cdk.out` shows the selected tags.
   *
   * Set this property if you mirror from Docker Hub without credentials. Otherwise, the warning about Docker Hub's pull limit does not count the
   * image.
   *
   * @default - all tags that match the pattern, at most 500
   */
  readonly latest?: number;

  /**
   * The order that decides which tags are the newest. Without `latest`, it is only the order in which a run mirrors the tags.
   *
   * @default TagOrder.VERSION
   */
  readonly order?: TagOrder;

  /**
   * Patterns of tags that are not mirrored. `*` matches any characters.
   *
   * @default - none
   */
  readonly exclude?: string[];
}

/** The characters of a range. The engine parses the range. */
const RANGE_CHARACTERS = /^[0-9A-Za-z.*<>=|^~+ -]+$/;

const PATTERNS = listOf(text('*-rc'), '"*-rc"');

/**
 * A filter that selects tags of an upstream repository.
 *
 * Each run lists the upstream tags, so new releases are mirrored without a deployment: with the default schedule, within a day.
 * A run fails when the filter selects no tag or more than 500 tags. Tags that are no longer selected stay in the mirror, unless
 * `keepVersions` is set.
 *
 * ```ts
 * declare const mirror: ImageMirror;
 * mirror.addImage('nginx', { tags: TagFilter.semver('>=1.25 <2', { latest: 5 }) });
 * ```
 */
export class TagFilter {
  /**
   * Selects full versions in a range: `1.27.0` and `v2.53.0`, or with the variant `alpine`: `1.27.0-alpine`.
   *
   * The selected tags are fixed, so they are immutable in Amazon ECR. If upstream rebuilds versions, for example with security fixes of a base image,
   * set `tagKind: TagKind.FLOATING`. Then all tags with the form of a version and the variant are exceptions from the repository's immutability.
   *
   * @param versions the range of semantic versions in npm's syntax: `>=1.25 <2`, `^3.1`, `1.x || 2.x`, or `*` for all versions
   * @throws Error when the range or an option is not valid, or is a token
   * @see https://github.com/npm/node-semver#ranges
   */
  public static semver(versions: string, options: SemverTagOptions = {}): TagFilter {
    requireShapes('the options of TagFilter.semver()', options, { variant: text('alpine'), prereleases: FLAG, exclude: PATTERNS });
    const [range, variant] = [requireLiteralText(versions), options.variant && requireLiteralText(options.variant)];
    const exclude = requireLiteralTexts(options.exclude ?? []);
    requireLiteralNumber(options.latest);
    if (!hasDummy(range) && (range.length > MAX_RANGE_LENGTH || !RANGE_CHARACTERS.test(range) || !/[0-9xX*]/.test(range))) {
      throw new Error(`${quote(versions)} is not a valid range of semantic versions with at most ${MAX_RANGE_LENGTH} characters; `
        + 'use for example ">=1.25 <2", or "*" for all versions');
    }
    const { latest, prereleases } = options;
    const semver = hasDummy(range) ? '*' : range.trim().replace(/ +/g, ' ');
    return new TagFilter({ semver, variant, prereleases: prereleases || undefined, latest, exclude: uniquePatterns(exclude) });
  }

  /**
   * Selects tags that match a pattern. `*` matches any characters.
   *
   * The pattern may select floating tags, so it is an exception from the repository's immutability. A run still derives the kind of
   * each tag from its form, and never overwrites a fixed tag. If no tag of the pattern moves, set `tagKind: TagKind.FIXED` to make tags immutable.
   *
   * ```ts
   * declare const mirror: ImageMirror;
   * mirror.addImage('quay.io/minio/minio', { tags: TagFilter.pattern('RELEASE.*Z', { latest: 5 }), tagKind: TagKind.FIXED });
   * ```
   *
   * @param pattern the pattern, for example `8.*-alpine`
   * @throws Error when the pattern has a character that is not valid in a tag, when `latest` is not valid, and when a value is a token
   */
  public static pattern(pattern: string, options: PatternTagOptions = {}): TagFilter {
    requireShapes('the options of TagFilter.pattern()', options, { order: valueOf('TagOrder', TagOrder), exclude: PATTERNS });
    requireLiteralNumber(options.latest);
    const { latest, order } = options;
    const exclude = uniquePatterns(requireLiteralTexts(options.exclude ?? []));
    return new TagFilter({ patterns: [requireLiteralText(pattern)], latest, order: order === TagOrder.VERSION ? undefined : order, exclude });
  }

  /**
   * Selects tags that match at least one of the patterns: `stable`, `1.2*`.
   *
   * To limit the number of tags of a pattern, use `pattern()` and add the image once for each pattern.
   *
   * Each pattern is an exception from the repository's immutability; see `pattern()`. A pattern without `*` is a tag, which is an exception only if
   * it is a floating tag.
   *
   * @param patterns the patterns, at least one
   * @throws Error when there is no pattern, or a pattern has a character that is not valid in a tag, or is a token
   */
  public static patterns(...patterns: string[]): TagFilter {
    return new TagFilter({ patterns: [...new Set(requireLiteralTexts(patterns))].sort() });
  }

  private readonly selection: TagSelection;

  private constructor(selection: TagSelection) {
    const problem = tagSelectionProblem(selection);
    if (problem) throw new Error(`the tag filter ${JSON.stringify(selection)} is not valid: ${problem}`);
    this.selection = selection;
  }

  /**
   * The selection as JSON for the engine. Equal filters have the same text.
   *
   * @param latest the number of newest versions to select if the filter does not have one
   * @internal
   */
  public _render(latest?: number): string {
    return JSON.stringify(this.selection.latest ?? latest === undefined ? this.selection : { ...this.selection, latest });
  }

  /**
   * The tags that stay in the mirror for this filter.
   *
   * @param keepVersions the number of newest versions; all by default
   * @internal
   */
  public _kept(keepVersions?: number): TagSelection {
    return { ...this.selection, latest: keepVersions };
  }

  /**
   * Whether some of the selected tags are newer than others.
   *
   * @internal
   */
  public _isOrdered(): boolean {
    return isOrderedSelection(this.selection);
  }

  /**
   * The maximum number of selected tags; `undefined` when it is not known.
   *
   * @internal
   */
  public _maxTags(): number | undefined {
    return this.selection.latest;
  }

  /**
   * Whether the filter selects no other tags than these.
   *
   * @internal
   */
  public _selectsOnly(tags: readonly string[]): boolean {
    return this.selection.patterns?.every((pattern) => !pattern.includes('*') && tags.includes(pattern)) ?? false;
  }

  /**
   * The kind of all selected tags; `undefined` when the engine judges each tag by its form.
   *
   * A version such as `2.0.0-dev` has the form of a floating tag, but it is in a repository where it cannot move.
   *
   * @internal
   */
  public _kind(chosen: TagKind | undefined): TagKind | undefined {
    return chosen ?? (this.selection.semver === undefined ? undefined : TagKind.FIXED);
  }

  /**
   * The patterns of the selected tags that may move, as exceptions from immutability in Amazon ECR.
   *
   * @internal
   */
  public _mutablePatterns(chosen: TagKind | undefined): string[] {
    const kind = this._kind(chosen);
    if (kind === TagKind.FIXED) return [];
    const { patterns, variant } = this.selection;
    if (patterns === undefined) return [variant === undefined ? '*.*' : `*.*-${variant}`];
    return patterns.filter((pattern) => kind === TagKind.FLOATING || pattern.includes('*') || tagKind(pattern) === TagKind.FLOATING);
  }

  /**
   * Patterns of the selected tags that never move. A tag that is in neither list is not selected.
   *
   * @internal
   */
  public _fixedPatterns(chosen: TagKind | undefined): string[] {
    const { patterns, prereleases, variant } = this.selection;
    if (patterns !== undefined) {
      const mutable = this._mutablePatterns(chosen);
      return patterns.filter((pattern) => !mutable.includes(pattern));
    }
    if (this._kind(chosen) !== TagKind.FIXED) return [];
    return [...versionPatterns(variant === undefined ? '' : `-${variant}`), ...prereleases ? versionPatterns('-*') : []];
  }
}

function requireLiteralTexts(texts: string[]): string[] {
  if (Token.isUnresolved(texts)) {
    throw new Error('the patterns of a tag filter must be known at synthesis, but they are a list token; write them as strings');
  }
  return texts.map(requireLiteralText);
}

function requireLiteralNumber(latest: number | undefined): void {
  if (Token.isUnresolved(latest)) throw new Error('latest must be known at synthesis, but it is a token; write it as a number');
}

function requireLiteralText(value: string): string {
  return requireLiteral(value, 'a tag filter', 'write its range and patterns as strings');
}

/** An empty list is the same as no list, and the order of patterns has no meaning. */
function uniquePatterns(patterns: string[]): string[] | undefined {
  return patterns.length === 0 ? undefined : [...new Set(patterns)].sort();
}
