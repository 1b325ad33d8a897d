import { familiarImageReference, formatImageReference, ImageReference, quote } from '../image/image-reference';
import { MirroredImage } from '../mirrored-image';

/** An error names so many images at most. */
const MOST_SUGGESTIONS = 10;

/** The images of a mirror, found by any spelling of their upstream reference. */
export class ImageIndex {
  private readonly images: MirroredImage[] = [];
  private readonly bySource = new Map<string, MirroredImage[]>();
  private readonly referencesIn = new Map<string, ImageReference[]>();
  private readonly countByRegistry = new Map<string, number>();

  public add(reference: ImageReference, image: MirroredImage): void {
    const source = formatImageReference(reference);
    this.images.push(image);
    this.bySource.set(source, [...this.bySource.get(source) ?? [], image]);
    append(this.referencesIn, repositoryOf(reference), reference);
    this.countByRegistry.set(reference.registry, this.countFrom(reference.registry) + 1);
  }

  public all(): MirroredImage[] {
    return [...this.images];
  }

  public countFrom(registry: string): number {
    return this.countByRegistry.get(registry) ?? 0;
  }

  /** @throws Error when there is no such image, or when it is in several repositories */
  public find(reference: ImageReference): MirroredImage {
    const found = this.bySource.get(formatImageReference(reference)) ?? [];
    if (found.length === 1) return found[0];
    const name = quote(familiarImageReference(reference));
    if (found.length > 1) throw new Error(`${name} is in ${found.length} repositories of the mirror; keep what addImage() returned and use that`);
    throw new Error(`${name} is not in the mirror; add it with addImage(), or use one of those that are: ${this.suggest(reference)}`);
  }

  /** The other tags of the same repository, or everything that there is. */
  private suggest(reference: ImageReference): string {
    const near = this.referencesIn.get(repositoryOf(reference)) ?? [...this.referencesIn.values()].flat();
    if (near.length === 0) return 'none so far';
    const names = near.map((one) => quote(familiarImageReference(one))).sort();
    const more = names.length > MOST_SUGGESTIONS ? ` and ${names.length - MOST_SUGGESTIONS} more` : '';
    return names.slice(0, MOST_SUGGESTIONS).join(', ') + more;
  }
}

function repositoryOf(reference: ImageReference): string {
  return `${reference.registry}/${reference.repository}`;
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
