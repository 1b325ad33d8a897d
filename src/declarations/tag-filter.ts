import { Token } from 'aws-cdk-lib';
import { TagKind } from './tag-policy';
import { quote } from '../image/image-reference';
import { tagKind } from '../image/tag-kind';
import { MAX_RANGE_LENGTH, TagSelection, tagSelectionProblem } from '../image/tag-selection';
import { requireLiteral } from '../synthesis/literal';

/**
 * Which versions of an image are mirrored, beside their range.
 */
export interface SemverTagOptions {
  /**
   * How many of the newest versions in the range are mirrored. Versions that leave the selection stay in the mirror.
   *
   * Set it where Docker Hub is asked without credentials: without it, the first copy is not part of the estimate that `cdk synth` warns about.
   *
   * @default - all versions in the range, at most 500
   */
  readonly latest?: number;

  /**
   * What follows the version in a tag, without its dash: `alpine` selects `1.27.0-alpine` and not `1.27.0`.
   *
   * @default - only tags that are a version and nothing else
   */
  readonly variant?: string;

  /**
   * Whether pre-releases such as `2.0.0-rc.1` are mirrored too. One belongs to the range that its release belongs to.
   *
   * @default false
   */
  readonly prereleases?: boolean;

  /**
   * Patterns of tags that are not mirrored; `*` stands for any characters.
   *
   * @default - none
   */
  readonly exclude?: string[];
}

/**
 * Which tags are not mirrored, although they match the pattern.
 */
export interface PatternTagOptions {
  /**
   * Patterns of tags that are not mirrored; `*` stands for any characters.
   *
   * @default - none
   */
  readonly exclude?: string[];
}

/** What a range is written with. Whether it is one is left to the engine, which knows semantic versions. */
const RANGE_CHARACTERS = /^[0-9A-Za-z.*<>=|^~+ -]+$/;

/**
 * Which tags of an upstream repository are mirrored, instead of a single one.
 *
 * Each run asks upstream for its list of tags, so that a new release is in the mirror within a day without a deployment.
 * A run fails when no tag is selected, and when more than 500 are. A tag that leaves the selection stays in the mirror.
 *
 * ```ts
 * declare const mirror: ImageMirror;
 * mirror.addImage('nginx', { tags: TagFilter.semver('>=1.25 <2', { latest: 5 }) });
 * ```
 */
export class TagFilter {
  /**
   * The tags that are full versions in a range: `1.27.0`, `v2.53.0`, with `variant` also `1.27.0-alpine`.
   *
   * They are fixed: Amazon ECR keeps each immutable. Where upstream builds a version again, for example with security fixes of its base image,
   * set `tagKind: TagKind.FLOATING`; whatever looks like a version of the variant is then an exception from the repository's immutability.
   *
   * @param versions a range of semantic versions as npm writes them: `>=1.25 <2`, `^3.1`, `1.x || 2.x`; `*` for all
   * @throws Error when the range holds a character that no range does, and when an option is out of its range or contradicts another
   * @see https://github.com/npm/node-semver#ranges
   */
  public static semver(versions: string, options: SemverTagOptions = {}): TagFilter {
    refuseTokens([versions, options.variant ?? '']);
    refuseTokens(options.exclude ?? []);
    if (Token.isUnresolved(options.latest)) throw new Error('latest must be known at synthesis, but it is a token; write it as a number');
    if (versions.length > MAX_RANGE_LENGTH || !RANGE_CHARACTERS.test(versions) || !/[0-9xX*]/.test(versions)) {
      throw new Error(`${quote(versions)} is no range of semantic versions, of at most ${MAX_RANGE_LENGTH} characters; write for example ">=1.25 <2", or "*" for all versions`);
    }
    const { latest, variant, prereleases, exclude } = options;
    return new TagFilter({ semver: versions.trim().replace(/ +/g, ' '), variant, prereleases: prereleases || undefined, latest, exclude: listOf(exclude) });
  }

  /**
   * The tags that match a pattern: `*` stands for any characters, everything else for itself.
   *
   * Amazon ECR takes the pattern as one of the five exceptions from the repository's immutability, for it may select tags that float.
   * A run still judges each tag by its form, and overwrites none that is fixed. Set `tagKind: TagKind.FIXED` when no tag of the pattern moves:
   * then Amazon ECR guards them all.
   *
   * @param pattern for example `8.*-alpine`
   * @throws Error when the pattern holds a character that no tag does
   */
  public static pattern(pattern: string, options: PatternTagOptions = {}): TagFilter {
    refuseTokens([pattern]);
    refuseTokens(options.exclude ?? []);
    return new TagFilter({ patterns: [pattern], exclude: listOf(options.exclude) });
  }

  /**
   * The tags that match at least one of some patterns: `stable`, `1.2*`.
   *
   * Each pattern counts as `pattern()` says. One without `*` is a tag, and counts only when it floats.
   *
   * @throws Error when there is no pattern, or one holds a character that no tag does
   */
  public static patterns(...patterns: string[]): TagFilter {
    refuseTokens(patterns);
    return new TagFilter({ patterns: [...new Set(patterns)].sort() });
  }

  private readonly selection: TagSelection;

  private constructor(selection: TagSelection) {
    const problem = tagSelectionProblem(selection);
    if (problem) throw new Error(`the tag filter ${JSON.stringify(selection)} is not possible: ${problem}`);
    this.selection = selection;
  }

  /**
   * The selection as the engine reads it, in one spelling: equal filters give equal texts.
   *
   * @internal
   */
  public _render(): string {
    return JSON.stringify(this.selection);
  }

  /**
   * How many tags are selected at most; undefined when nobody knows.
   *
   * @internal
   */
  public _mostTags(): number | undefined {
    return this.selection.latest;
  }

  /**
   * The kind that the engine is told; undefined when it judges each tag by its form.
   *
   * A pre-release such as `2.0.0-dev.1` has the form of a tag that floats, in a repository where it cannot move.
   *
   * @internal
   */
  public _kind(chosen: TagKind | undefined): TagKind | undefined {
    return chosen ?? (this.selection.semver === undefined ? undefined : TagKind.FIXED);
  }

  /**
   * The patterns of the selected tags that may move, as Amazon ECR takes them.
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
}

function refuseTokens(texts: string[]): void {
  if (Token.isUnresolved(texts)) throw new Error('the patterns of a tag filter must be known at synthesis, but they are a list token; write them as strings');
  for (const text of texts) requireLiteral(text, 'a tag filter', 'write its range and patterns as strings');
}

/** An empty list is no list, and the order of patterns means nothing. */
function listOf(patterns: string[] | undefined): string[] | undefined {
  return patterns === undefined || patterns.length === 0 ? undefined : [...new Set(patterns)].sort();
}
