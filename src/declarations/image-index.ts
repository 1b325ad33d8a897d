import { Annotations, Token } from 'aws-cdk-lib';
import { DeclaredImage, formatTags } from './declared-image';
import { IMirroredImage } from './mirror-interfaces';
import { differentOptions } from './option-conflicts';
import { parseUpstreamImage } from './upstream-image';
import { sortBySimilarity } from '../image/did-you-mean';
import { familiarImageReference, formatImageReference, ImageReference, isRepositoryOnly } from '../image/image-reference';
import { quote } from '../image/sanitize';
import { hasDummy } from '../synthesis/lookups';

/** An error suggests at most this number of images. */
const MAX_SUGGESTIONS = 10;

/** The images of a mirror, found by any spelling of their upstream reference. */
export class ImageIndex {
  private readonly images: IMirroredImage[] = [];
  private readonly declared = new Map<IMirroredImage, DeclaredImage>();
  private readonly bySource = new Map<string, IMirroredImage[]>();
  private readonly byDigest = new Map<string, IMirroredImage[]>();
  private readonly referencesIn = new Map<string, ImageReference[]>();

  /** @param remedy what to do for an image that is not in the mirror */
  constructor(private readonly remedy: string = 'add it with addImage()') {}

  /** Adds an image that the app declares. */
  public addDeclared(declared: DeclaredImage, image: IMirroredImage): void {
    this.add(declared, image);
    this.declared.set(image, declared);
  }

  public add({ reference, source }: Pick<DeclaredImage, 'reference' | 'source'>, image: IMirroredImage): void {
    this.images.push(image);
    append(this.bySource, source, image);
    if (reference.digest !== undefined) append(this.byDigest, digestOf(reference), image);
    append(this.referencesIn, repositoryOf(reference), reference);
  }

  public all(): IMirroredImage[] {
    return [...this.images];
  }

  /**
   * Finds an image. Text without a tag means `latest`, or else the image of this repository with a tag filter.
   *
   * @param hasCatalogs whether catalogs may list an image that is not found
   * @throws Error when the mirror has no such image, or several
   */
  public find(text: string, hasCatalogs: boolean = false): IMirroredImage {
    const reference = parseUpstreamImage(text);
    const found = this.bySource.get(formatImageReference(reference)) ?? (isRepositoryOnly(text) ? this.filtered(reference) : []);
    if (found.length === 1) return found[0];
    const name = quote(familiarImageReference(reference));
    const catalogs = hasCatalogs ? `use imageUri(${name}) of the catalog that lists it, ` : '';
    if (found.length === 0) {
      throw new Error(`${name} is not in the mirror; ${catalogs}${this.remedy}, `
        + `or use one of the mirrored images: ${this.suggest(reference)}`);
    }
    const repositories = new Set(found.map(({ repository }) => repository)).size;
    if (repositories > 1) throw new Error(`${name} is in ${repositories} repositories of the mirror; use the image that addImage() returned`);
    throw new Error(`${quote(text)} is in the mirror with ${found.length} tag filters; use the image that addImage() returned`);
  }

  /**
   * Finds an image that is declared again, with the same tags in the same repository, and warns about it.
   *
   * @throws Error when its options are different
   */
  public findDuplicate(other: DeclaredImage): IMirroredImage | undefined {
    const image = this.bySource.get(other.source)?.find((one) => targetOf(this.declared.get(one)!) === targetOf(other));
    // Two lookups without a value can be two images.
    if (image === undefined || hasDummy(other.source)) return image;
    const name = `${quote(other.source)}${'filter' in other.tags ? ` with the filter ${formatTags(other.tags)}` : ''}`;
    const differences = differentOptions(this.declared.get(image)!, other);
    if (differences.length > 0) {
      throw new Error(`${name} is in the mirror twice, with different options: ${differences.join('; ')}; `
        + 'remove one of the two, or set another repositoryName for one of them');
    }
    Annotations.of(image).addWarningV2('cdk-ecr-mirror:ImageMirror.duplicateImage',
      `${name} is in the list or added more than once, and is mirrored once; remove the duplicate`);
    return image;
  }

  /**
   * Finds the first image with exactly this reference. A digest identifies the image, whatever the tag.
   *
   * The tags that a filter selects are not known, so an image with a filter is not found.
   */
  public findExactly(reference: ImageReference): IMirroredImage | undefined {
    const written = this.bySource.get(formatImageReference(reference));
    const found = written ?? (reference.digest === undefined ? [] : this.byDigest.get(digestOf(reference)));
    return found?.[0];
  }

  /** The images of a repository that have tag filters. */
  private filtered(reference: ImageReference): readonly IMirroredImage[] {
    return this.bySource.get(repositoryOf(reference)) ?? [];
  }

  /** Suggests other tags of the same repository, or else the most similar images. */
  private suggest(reference: ImageReference): string {
    const near = this.referencesIn.get(repositoryOf(reference)) ?? [...this.referencesIn.values()].flat();
    if (near.length === 0) return 'none yet';
    const names = sortBySimilarity(near.map(familiarImageReference), familiarImageReference(reference));
    const more = names.length > MAX_SUGGESTIONS ? ` and ${names.length - MAX_SUGGESTIONS} more` : '';
    return names.slice(0, MAX_SUGGESTIONS).map(quote).join(', ') + more + this.hint(reference);
  }

  private hint(reference: ImageReference): string {
    if (reference.tag === undefined || this.filtered(reference).length !== 1) return '';
    const repository = familiarImageReference({ registry: reference.registry, repository: reference.repository });
    return `; for a tag that a filter selects, use image(${quote(repository)}).imageUriForTag(${quote(reference.tag)})`;
  }
}

/** The repository and tags of an image as one text. */
function targetOf({ repositoryName, existingRepository, tags }: DeclaredImage): string {
  return `${Token.isUnresolved(repositoryName) ? existingRepository?.node.path : repositoryName}:${formatTags(tags)}`;
}

function repositoryOf(reference: ImageReference): string {
  return `${reference.registry}/${reference.repository}`;
}

function digestOf(reference: ImageReference): string {
  return `${repositoryOf(reference)}@${reference.digest}`;
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
