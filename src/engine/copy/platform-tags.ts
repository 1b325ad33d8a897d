/**
 * Tags that name the image of a single platform, beside the tag of the image of all, for those who take no index.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#images-reqs
 */
import type { CopyContext } from './copy-context';
import { ImageCopy } from './image-copy';
import { ImageReader } from './image-reader';
import { Manifest, readManifest } from './manifest';
import { PlatformImage, platformImages } from './platforms';
import { shortDigest } from '../../image/image-reference';
import { isIndexType } from '../../image/media-types';
import { formatPlatform, Platform, platformTag } from '../../image/platform';
import { digestOf } from '../digest';
import { MirrorError } from '../mirror-error';
import type { ReceivedManifest } from '../registry/registry-client';
import { withRetries } from '../registry/retry';

/** Which tags are kept beside an image's own. */
export interface PlatformTagsOrder {
  /** The image's own tag, which they follow. */
  readonly tag: string;
  readonly platforms: readonly Platform[];
  /** Whether the tags name one image for ever. */
  readonly fixed: boolean;
}

/** A tag, and the image that it has to name. */
export type PlatformTag = PlatformImage & { readonly tag: string };

/** The tags of single platforms beside one tag of the mirror. */
export class PlatformTags {
  constructor(private readonly context: CopyContext, private readonly order: PlatformTagsOrder) {}

  /** The tags, each once. */
  get names(): string[] {
    const { platforms, tag } = this.order;
    return [...new Set(platforms.map((platform) => platformTag(tag, platform)))];
  }

  /**
   * Lets the tags follow what the image's own tag holds already, from the mirror itself: upstream is not asked.
   *
   * @returns whether there was anything to do
   */
  async follow(held: ReceivedManifest, dryRun: boolean = false): Promise<boolean> {
    const reader = this.mirrorReader();
    const root = readManifest(held, digestOf(held.bytes), reader.registry);
    const due = await this.due(root, reader);
    for (const { digest, tag } of due) this.context.progress.line(`${tag} does not name ${digest} yet`);
    if (!dryRun) await this.put(due, root);
    return due.length > 0;
  }

  /**
   * Finds the tags that do not name yet what they have to, and changes nothing.
   *
   * @throws MirrorError when the image lacks a platform, or a fixed tag names something else
   */
  async due(root: Manifest, reader: ImageReader): Promise<PlatformTag[]> {
    const { fixed, platforms, tag } = this.order;
    const images = await platformImages(root, platforms, reader);
    const tags = new Map(images.map((image) => [platformTag(tag, image.platform), image]));
    const due = await Promise.all([...tags].map(async ([name, image]) => {
      const named = await this.lookUp(name);
      if (named === image.digest) return [];
      if (named !== undefined && fixed) throw this.taken(name, named, image.digest);
      return [{ ...image, tag: name }];
    }));
    return due.flat();
  }

  /**
   * Puts tags on images that are in the mirror.
   *
   * @throws MirrorError when one of them cannot be put; the image's own tag must then stay as it is
   */
  async put(due: readonly PlatformTag[], root: Manifest): Promise<void> {
    if (due.length === 0) return;
    const copy = new ImageCopy(this.context);
    const manifests = await Promise.all(due.map((one) => one.digest === root.digest ? root : this.singleImage(one)));
    if (this.order.fixed) await this.refuseOtherImage(root);
    await Promise.all(due.map(async ({ digest, tag }, index) => {
      try {
        await copy.put(manifests[index], tag);
      } catch (error) {
        // It may have been taken meanwhile by this very image: in a try whose answer was lost, or by another run.
        const taken = error instanceof MirrorError && error.reason === 'immutable-tag';
        if (!taken || await this.lookUp(tag) !== digest) throw error;
      }
    }));
  }

  private async singleImage({ digest, platform, size }: PlatformTag): Promise<Manifest> {
    const reader = this.mirrorReader();
    const manifest = await reader.manifest({ digest, size });
    if (!isIndexType(manifest.mediaType)) return manifest;
    throw new MirrorError('unsupported-manifest', `${reader.registry}: ${digest} is listed as the image of ${formatPlatform(platform)}, and is an index itself`);
  }

  /** Blobs take their time: a fixed tag may be another image's by now, and the tags beside it must not be this one's. */
  private async refuseOtherImage({ digest }: Manifest): Promise<void> {
    const named = await this.lookUp(this.order.tag);
    if (named !== undefined && named !== digest) throw this.taken(this.order.tag, named, digest);
  }

  private taken(tag: string, named: string, wanted: string): MirrorError {
    const tagged = `${this.context.target.repository}:${tag} is a fixed tag and names ${shortDigest(named)} instead of ${shortDigest(wanted)}`;
    return new MirrorError('immutable-tag', `${tagged}; delete it in the mirror if it is wrong, or take a new tag`);
  }

  private lookUp(tag: string): Promise<string | undefined> {
    const { lookups, run, target } = this.context;
    return lookups.run(() => withRetries(run, () => target.manifestDigest(tag)));
  }

  private mirrorReader(): ImageReader {
    const { lookups, run, target } = this.context;
    return new ImageReader(target, run, lookups);
  }
}
