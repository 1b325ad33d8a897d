import type { SharedLimits } from '../copy/copy-context';
import type { ImageLister } from '../retention/repository-images';
import type { TaggedImage } from '../retention/retention-plan';

/** The lists that the images of a run share, by repository. */
const SHARED = new WeakMap<SharedLimits, Map<string, Promise<TaggedImage[]>>>();

/**
 * The lists of the quarantine and of the repository of decisions. The images of a run share one list of each, because a repository can have very many
 * markers. Immediately before its tag moves, an image reads its own.
 */
export class QuarantineLists {
  private isShared: boolean;

  /**
   * @param limits what the images of the run share; undefined for a single image
   * @param list lists the images of a repository; undefined for a registry without such a list
   */
  constructor(private readonly limits: SharedLimits | undefined, private readonly list: ImageLister | undefined) {
    this.isShared = limits !== undefined;
  }

  /** Lists the images of a repository; undefined for a registry without such a list. */
  get lister(): ImageLister | undefined {
    const { list } = this;
    return list && ((repository, retryContext) => {
      const read = () => list(repository, retryContext);
      return this.isShared ? this.shared(repository, read) : read();
    });
  }

  /** Reads new lists from now on. */
  forget(): void {
    this.isShared = false;
  }

  private shared(repository: string, read: () => Promise<TaggedImage[]>): Promise<TaggedImage[]> {
    const lists = SHARED.get(this.limits!) ?? new Map<string, Promise<TaggedImage[]>>();
    SHARED.set(this.limits!, lists);
    const known = lists.get(repository);
    if (known !== undefined) return known;
    const images = read();
    lists.set(repository, images);
    // The next image tries again.
    images.catch(() => lists.delete(repository));
    return images;
  }
}
