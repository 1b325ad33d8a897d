import { Annotations, Lazy } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { findExclusions, MAX_FILTERS } from './tag-exclusions';
import { quote } from '../image/sanitize';

const { IMMUTABLE, IMMUTABLE_WITH_EXCLUSION, MUTABLE, MUTABLE_WITH_EXCLUSION } = ecr.TagMutability;

/** The tags of an image, and what it says about the mutability of its repository. */
export interface TagsOfImage {
  /** The tags, and patterns of tags, that may move. */
  readonly mutableTags: readonly string[];
  /** The tags, and patterns of tags, that never move. */
  readonly fixedTags: readonly string[];
  /** The chosen mutability of the repository. */
  readonly imageTagMutability?: ecr.TagMutability;
}

/** The mutability of a repository, and the tags that are exceptions from it. */
interface Mutability {
  readonly value: ecr.TagMutability;
  readonly filters: readonly string[];
}

/**
 * The tag mutability of one repository. It follows from the tags of all images in the repository, in any order.
 *
 * Amazon ECR protects as many tags as it can: with five exceptions for the floating tags, otherwise with five exceptions for the fixed tags.
 * Only if neither is possible, the repository is mutable, and only the engine protects fixed tags: it never overwrites them.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
 */
export class RepositoryMutability {
  private readonly floating = new Set<string>();
  private readonly fixed = new Set<string>();
  private chosen?: ecr.TagMutability;
  private known?: { readonly key: string; readonly mutability: Mutability | undefined };

  /** @param byDefault the mutability that the mirror chooses for its repositories; `undefined` if it follows from the tags */
  constructor(private readonly repositoryName: string, private readonly byDefault: ecr.TagMutability | undefined) {}

  /**
   * Adds the tags of an image.
   *
   * @throws Error when the image contradicts the chosen mutability, or another image in the repository
   */
  public add(source: string, { mutableTags, fixedTags, imageTagMutability }: TagsOfImage): void {
    if (this.chosen !== undefined && imageTagMutability !== undefined && this.chosen !== imageTagMutability) {
      throw new Error(`${quote(source)} sets imageTagMutability to ${imageTagMutability}, but another image in the repository `
        + `${quote(this.repositoryName)} sets it to ${this.chosen}; set the same value for both, or another repositoryName for one of them`);
    }
    const chosen = imageTagMutability ?? this.chosen;
    const [floating] = [...mutableTags, ...this.floating];
    if ((chosen ?? this.byDefault) === IMMUTABLE && floating !== undefined) {
      throw new Error(`${quote(source)} is in the repository ${quote(this.repositoryName)}, which imageTagMutability makes IMMUTABLE, `
        + `but ${quote(floating)} is a floating tag there, which could never move; use a fixed tag, set tagKind: TagKind.FIXED, `
        + 'or omit imageTagMutability');
    }
    this.chosen = chosen;
    for (const tag of mutableTags) this.floating.add(tag);
    for (const tag of fixedTags) this.fixed.add(tag);
  }

  /** Sets the properties of the repository. They are read when the template is rendered, so images that are added later count too. */
  public render(resource: ecr.CfnRepository): void {
    resource.imageTagMutability = Lazy.string({ produce: () => this.resolved().value });
    resource.imageTagMutabilityExclusionFilters = Lazy.any({
      produce: () => this.resolved().filters.map((filter) => ({
        imageTagMutabilityExclusionFilterType: 'WILDCARD',
        imageTagMutabilityExclusionFilterValue: filter,
      })),
    }, { omitEmptyArray: true });
  }

  /** Validates the chosen mutability. Returns the problems. */
  public validate(): string[] {
    if (this.mutability() !== undefined) return [];
    const isImmutable = this.choice === IMMUTABLE_WITH_EXCLUSION;
    const [kind, tags] = isImmutable ? ['floating', this.floating] : ['fixed', this.fixed];
    return [`the repository ${quote(this.repositoryName)} cannot be ${this.choice}: no ${MAX_FILTERS} patterns match `
      + `all of its ${tags.size} ${kind} tags (${formatTags(tags)}) and no other tags; omit imageTagMutability, set it to MUTABLE, `
      + 'or set another repositoryName for some of the images'];
  }

  /** Adds an annotation to the repository if Amazon ECR protects fewer tags than in an immutable repository with exact exceptions. */
  public annotate(repository: ecr.IRepository): void {
    const { value, filters } = this.resolved();
    const annotations = Annotations.of(repository);
    const name = `the repository ${quote(this.repositoryName)}`;
    const reason = `${name} has ${this.floating.size} floating tags, but Amazon ECR allows ${MAX_FILTERS} exceptions `
      + 'from immutability, with at most two wildcards each';
    const isChosen = this.choice !== undefined && this.choice !== IMMUTABLE_WITH_EXCLUSION;
    if (isChosen || (value !== MUTABLE && filters.every((filter) => this.floating.has(filter)))) return;
    if (value === IMMUTABLE_WITH_EXCLUSION) {
      annotations.addInfoV2('cdk-ecr-mirror:ImageMirror.tagPatterns', `${reason}, so some are patterns: ${formatTags(filters)}. `
        + 'No fixed tag of this app matches them. Other tags that match them are mutable');
    } else if (value === MUTABLE_WITH_EXCLUSION) {
      annotations.addInfoV2('cdk-ecr-mirror:ImageMirror.protectedTags', `${reason}, and no patterns match only these tags. So ${name} is mutable, `
        + `and the fixed tags of this app are exceptions that Amazon ECR protects: ${formatTags(filters)}. Other tags are mutable`);
    } else {
      annotations.addWarningV2('cdk-ecr-mirror:ImageMirror.mutableTags', `${reason}, and no patterns match only these tags, or only the fixed tags. `
        + `So ${name} is mutable. Builds still never overwrite a fixed tag, but Amazon ECR does not prevent it for other principals that can push. `
        + 'Set another repositoryName for some of the images, mirror fewer floating tags, set tagKind: TagKind.FIXED for tags that never move, '
        + 'pull by digest, or acknowledge this warning');
    }
  }

  private get choice(): ecr.TagMutability | undefined {
    return this.chosen ?? this.byDefault;
  }

  /** A choice that is not possible is a validation error, so the template is never used. */
  private resolved(): Mutability {
    return this.mutability() ?? { value: MUTABLE, filters: [] };
  }

  /** The mutability; `undefined` when the chosen one is not possible. The search for patterns runs once for the same tags. */
  private mutability(): Mutability | undefined {
    const key = [this.choice, ...this.floating, '/', ...this.fixed].join(' ');
    if (this.known?.key !== key) this.known = { key, mutability: this.choose() };
    return this.known.mutability;
  }

  private choose(): Mutability | undefined {
    switch (this.choice) {
      case MUTABLE: return { value: MUTABLE, filters: [] };
      case IMMUTABLE: return { value: IMMUTABLE, filters: [] };
      case IMMUTABLE_WITH_EXCLUSION: return this.immutable();
      case MUTABLE_WITH_EXCLUSION: return this.fixed.size === 0 ? { value: MUTABLE, filters: [] } : this.mutable();
      default: return this.immutable() ?? this.mutable() ?? { value: MUTABLE, filters: [] };
    }
  }

  /** An immutable repository with exceptions for the floating tags. The filters of the app itself may match fixed tags. */
  private immutable(): Mutability | undefined {
    if (this.floating.size === 0) return { value: IMMUTABLE, filters: [] };
    const filters = findExclusions({ matched: [...this.floating], unmatched: [...this.fixed], trustsPatterns: true });
    return filters && { value: IMMUTABLE_WITH_EXCLUSION, filters };
  }

  /** A mutable repository with exceptions for the fixed tags. */
  private mutable(): Mutability | undefined {
    if (this.fixed.size === 0) return undefined;
    const filters = findExclusions({ matched: [...this.fixed], unmatched: [...this.floating], trustsPatterns: false });
    return filters && { value: MUTABLE_WITH_EXCLUSION, filters };
  }
}

/** The maximum number of tags in an error or annotation. */
const MAX_SHOWN = 12;

function formatTags(tags: Iterable<string>): string {
  const sorted = [...tags].sort();
  const more = sorted.length > MAX_SHOWN ? `, and ${sorted.length - MAX_SHOWN} more` : '';
  return `${sorted.slice(0, MAX_SHOWN).map(quote).join(', ')}${more}`;
}
