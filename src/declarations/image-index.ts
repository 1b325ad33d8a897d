import { parseUpstreamImage } from './image-settings';
import { FirstCopy } from './limits';
import { sortBySimilarity } from '../image/did-you-mean';
import { familiarImageReference, formatImageReference, ImageReference, isRepositoryOnly } from '../image/image-reference';
import { quote } from '../image/sanitize';
import { MirroredImage } from '../mirror/mirrored-image';

/** An error names so many images at most. */
const MOST_SUGGESTIONS = 10;

/** The images of a mirror, found by any spelling of their upstream reference. */
export class ImageIndex {
  private readonly images: MirroredImage[] = [];
  private readonly bySource = new Map<string, MirroredImage[]>();
  private readonly byDigest = new Map<string, MirroredImage[]>();
  private readonly referencesIn = new Map<string, ImageReference[]>();
  private readonly firstCopies = new Map<string, FirstCopy[]>();

  public add(reference: ImageReference, image: MirroredImage, firstCopy: FirstCopy): void {
    this.images.push(image);
    append(this.bySource, formatImageReference(reference), image);
    if (reference.digest !== undefined) append(this.byDigest, digestOf(reference), image);
    append(this.referencesIn, repositoryOf(reference), reference);
    append(this.firstCopies, reference.registry, firstCopy);
  }

  public all(): MirroredImage[] {
    return [...this.images];
  }

  public firstCopiesFrom(registry: string): readonly FirstCopy[] {
    return this.firstCopies.get(registry) ?? [];
  }

  public allFirstCopies(): FirstCopy[] {
    return [...this.firstCopies.values()].flat();
  }

  /**
   * A text without a tag means `latest`, and where that is not in the mirror, the image whose tags a filter selects.
   *
   * @param hasCatalogs whether catalogs may list what is not found
   * @throws Error when there is no such image, or when there are several
   */
  public find(text: string, hasCatalogs: boolean = false): MirroredImage {
    const reference = parseUpstreamImage(text);
    const found = this.bySource.get(formatImageReference(reference)) ?? (isRepositoryOnly(text) ? this.filtered(reference) : []);
    if (found.length === 1) return found[0];
    const name = quote(familiarImageReference(reference));
    const catalogs = hasCatalogs ? `use imageUri(${name}) of the catalog that lists it, ` : '';
    if (found.length === 0) throw new Error(`${name} is not in the mirror; ${catalogs}add it with addImage(), or use one of those that are: ${this.suggest(reference)}`);
    const repositories = new Set(found.map(({ repository }) => repository)).size;
    if (repositories > 1) throw new Error(`${name} is in ${repositories} repositories of the mirror; keep what addImage() returned and use that`);
    throw new Error(`${quote(text)} is in the mirror with ${found.length} filters; keep what addImage() returned and use that`);
  }

  /**
   * The first image of exactly this reference; undefined when there is none. What a filter selects is not known.
   *
   * A digest says which image it is, whatever tag is written beside it.
   */
  public findExactly(reference: ImageReference): MirroredImage | undefined {
    const written = this.bySource.get(formatImageReference(reference));
    const found = written ?? (reference.digest === undefined ? [] : this.byDigest.get(digestOf(reference)));
    return found?.[0];
  }

  /** The images of a repository whose tags filters select. */
  private filtered(reference: ImageReference): readonly MirroredImage[] {
    return this.bySource.get(repositoryOf(reference)) ?? [];
  }

  /** The other tags of the same repository, or what is nearest of everything that there is. */
  private suggest(reference: ImageReference): string {
    const near = this.referencesIn.get(repositoryOf(reference)) ?? [...this.referencesIn.values()].flat();
    if (near.length === 0) return 'none so far';
    const names = sortBySimilarity(near.map(familiarImageReference), familiarImageReference(reference));
    const more = names.length > MOST_SUGGESTIONS ? ` and ${names.length - MOST_SUGGESTIONS} more` : '';
    return names.slice(0, MOST_SUGGESTIONS).map(quote).join(', ') + more + this.hint(reference);
  }

  private hint(reference: ImageReference): string {
    if (reference.tag === undefined || this.filtered(reference).length !== 1) return '';
    const repository = familiarImageReference({ registry: reference.registry, repository: reference.repository });
    return `; for a tag that its filter selects, image(${quote(repository)}).imageUriForTag(${quote(reference.tag)})`;
  }
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
