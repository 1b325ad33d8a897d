import { ImageLister, imageLister } from './repository-images';
import { newestPlace, planPrevious, TaggedImage } from './retention-plan';
import { carryOutPlan, formatDigests, isRefusal, protectNamedImage, putRetentionTag, RetentionContext } from './retention-tags';
import { shortDigest } from '../../image/image-reference';
import { keptTag, parsePreviousTag, previousList, previousTag } from '../../image/retention';
import { lookUp, warn } from '../copy/copy-context';
import { digestOf } from '../digest';
import { readTags } from '../list-tags';
import { MirrorError } from '../mirror-error';
import type { MirrorResult } from '../result';

/** Options of `PreviousImages`. */
export interface PreviousImagesOptions {
  /** The tag in the target. */
  readonly tag: string;
  /** The number of previous images that the tag keeps; 0 for none. */
  readonly keepPrevious: number;
  /** Lists the images of the target. @default - Amazon ECR's API for its registries, and the list of tags for other registries */
  readonly listImages?: ImageLister;
}

/** Amazon ECR allows 1,000 tags on an image. A tag that flips between two images gives both of them more and more. */
const MAX_IMAGE_TAGS = 900;

/** Attempts to put the next number of a list. Another run may put it first. */
const MAX_NUMBER_TRIES = 3;

/** The previous images of a tag: keeps the image that the tag leaves, and lets those expire that the list no longer needs. */
export class PreviousImages {
  private keptAs?: string;
  private expired: readonly string[] = [];
  private readonly list: string;
  private readonly lister?: ImageLister;
  /** The images as they were before the tag moved, with the tag that keeps the previous image. */
  private images?: readonly TaggedImage[];

  constructor(private readonly context: RetentionContext, private readonly options: PreviousImagesOptions) {
    this.list = previousList(options.tag, (text) => digestOf(Buffer.from(text, 'utf8')));
    this.lister = options.listImages ?? imageLister(context.target.endpoint.registry);
  }

  /** The text about retention in the result of the image. */
  get result(): Pick<MirrorResult, 'keptAs' | 'expired'> {
    const { expired, keptAs } = this;
    return { ...keptAs === undefined ? {} : { keptAs }, ...expired.length === 0 ? {} : { expired } };
  }

  /**
   * Keeps the image that the tag names now. Runs immediately before the tag is put.
   *
   * @param next the digest that the tag will name
   * @throws MirrorError when a request fails that may succeed later: the tag must not leave an image that is not kept
   */
  async keep(next: string): Promise<void> {
    if (this.options.keepPrevious === 0) return;
    const { context, options: { tag } } = this;
    const current = await lookUp(context, context.target, () => context.target.manifestDigest(tag));
    if (current === undefined || current === next) return;
    try {
      await this.keepImage(current);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      warn(context, `the previous image ${shortDigest(current)} is not kept, so it can expire while services run it: ${error.message}`);
    }
  }

  private async keepImage(current: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const images = await this.listImages();
      const newest = newestPlace(images, this.list);
      const number = newest?.digest === current ? newest.number : (newest?.number ?? 0) + 1;
      const name = this.nameFor(current, number, images);
      try {
        if (newest?.digest !== current) await putRetentionTag(this.context, { digest: current, tag: name });
        this.keptAs = name;
        this.images = withTag(images, current, name);
        return;
      } catch (error) {
        const isTaken = error instanceof MirrorError && error.reason === 'immutable-tag';
        if (!isTaken || attempt === MAX_NUMBER_TRIES) throw error;
      }
    }
  }

  /** An image with very many tags gets the tag that protects it permanently, instead of one more number. */
  private nameFor(digest: string, number: number, images: readonly TaggedImage[]): string {
    const { tags = [] } = images.find((image) => image.digest === digest) ?? {};
    return tags.length < MAX_IMAGE_TAGS ? previousTag({ list: this.list, number }) : keptTag(digest);
  }

  /**
   * Runs after the tag was put: protects its image if it was marked to expire, and marks the images that nothing needs now.
   *
   * @throws MirrorError when it is not known whether the image of the tag is marked
   */
  async release(named: string): Promise<void> {
    const { context, images, lister, list, options: { keepPrevious, tag } } = this;
    if (lister === undefined) return;
    await protectNamedImage(context, named);
    if (images === undefined) return;
    const moved = withTag(images.map((image) => ({ ...image, tags: image.tags.filter((name) => name !== tag) })), named, tag);
    this.expired = await carryOutPlan(context, lister, moved, planPrevious(moved, { tag, list, keepPrevious }));
    if (this.expired.length > 0) context.progress.line(`nothing needs ${formatDigests(this.expired)} now: lifecycle rules can expire them`);
  }

  /** The tagged images; for a registry other than Amazon ECR, only the newest image of the list. */
  private async listImages(): Promise<readonly TaggedImage[]> {
    const { context, lister, list } = this;
    const { retryContext, target } = context;
    if (lister !== undefined) return lister(target.repository, retryContext);
    const tags = await readTags(target, retryContext);
    const places = tags.flatMap((tag) => parsePreviousTag(tag) ?? []).filter((place) => place.list === list);
    if (places.length === 0) return [];
    const newest = previousTag({ list, number: Math.max(...places.map(({ number }) => number)) });
    const digest = await lookUp(context, target, () => target.manifestDigest(newest));
    return digest === undefined ? [] : [{ digest, tags: [newest] }];
  }
}

function withTag(images: readonly TaggedImage[], digest: string, tag: string): TaggedImage[] {
  const tags = images.find((image) => image.digest === digest)?.tags ?? [];
  return [...images.filter((image) => image.digest !== digest), { digest, tags: [...new Set([...tags, tag])] }];
}
