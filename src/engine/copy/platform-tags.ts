/**
 * Platform tags: tags that name the image of a single platform, for services that don't support multi-platform images.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#images-reqs
 */
import { CopyContext, lookUp } from './copy-context';
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

/** Options of `PlatformTags`. */
export interface PlatformTagsOptions {
  /** The tag of the image, which the platform tags follow. */
  readonly tag: string;
  readonly platforms: readonly Platform[];
  /** Whether the tags are fixed. */
  readonly fixed: boolean;
}

/** A platform tag, and the image that it has to name. */
export type PlatformTag = PlatformImage & { readonly tag: string };

/** The platform tags of one tag in the target. */
export class PlatformTags {
  constructor(private readonly context: CopyContext, private readonly options: PlatformTagsOptions) {}

  /** The tags, without duplicates. */
  get names(): string[] {
    const { platforms, tag } = this.options;
    return [...new Set(platforms.map((platform) => platformTag(tag, platform)))];
  }

  /**
   * Updates the platform tags to the image that the target's tag names. It sends no request to the source.
   *
   * @returns whether a tag was outdated
   */
  async follow(received: ReceivedManifest, dryRun: boolean = false): Promise<boolean> {
    const reader = this.targetReader();
    const root = readManifest(received, digestOf(received.bytes), reader.registry);
    const outdated = await this.findOutdated(root, reader);
    for (const { digest, tag } of outdated) this.context.progress.line(`${tag} does not name ${digest} yet`);
    if (!dryRun) await this.put(outdated, root);
    return outdated.length > 0;
  }

  /**
   * Finds the platform tags that don't name their image yet. It changes nothing.
   *
   * @throws MirrorError when the image lacks a platform, and when a fixed tag names another image
   */
  async findOutdated(root: Manifest, reader: ImageReader): Promise<PlatformTag[]> {
    const { fixed, platforms, tag } = this.options;
    const images = await platformImages(root, platforms, reader);
    const tags = new Map(images.map((image) => [platformTag(tag, image.platform), image]));
    const outdated = await Promise.all([...tags].map(async ([name, image]) => {
      const targetDigest = await this.targetDigest(name);
      if (targetDigest === image.digest) return [];
      if (targetDigest !== undefined && fixed) throw this.takenError(name, targetDigest, image.digest);
      return [{ ...image, tag: name }];
    }));
    return outdated.flat();
  }

  /**
   * Puts platform tags on images that are in the target.
   *
   * @throws MirrorError when a tag cannot be put; the image's own tag must then stay unchanged
   */
  async put(tags: readonly PlatformTag[], root: Manifest): Promise<void> {
    if (tags.length === 0) return;
    const copy = new ImageCopy(this.context);
    const manifests = await Promise.all(tags.map((tag) => tag.digest === root.digest ? root : this.readImage(tag)));
    if (this.options.fixed) await this.requireTagNotTaken(root);
    await Promise.all(tags.map(async ({ digest, tag }, index) => {
      try {
        await copy.put(manifests[index], tag);
      } catch (error) {
        // The tag may name this image by now: after an attempt that got no response, or after another run.
        const isTaken = error instanceof MirrorError && error.reason === 'immutable-tag';
        if (!isTaken || await this.targetDigest(tag) !== digest) throw error;
      }
    }));
  }

  private async readImage({ digest, platform, size }: PlatformTag): Promise<Manifest> {
    const reader = this.targetReader();
    const manifest = await reader.manifest({ digest, size });
    if (!isIndexType(manifest.mediaType)) return manifest;
    const problem = `${digest} is listed as the image for ${formatPlatform(platform)}, and is an index itself`;
    throw new MirrorError('unsupported-manifest', `${reader.registry}: ${problem}`);
  }

  /** Copying blobs takes time. If a fixed tag names another image by now, it must not get the platform tags of this one. */
  private async requireTagNotTaken({ digest }: Manifest): Promise<void> {
    const targetDigest = await this.targetDigest(this.options.tag);
    if (targetDigest !== undefined && targetDigest !== digest) throw this.takenError(this.options.tag, targetDigest, digest);
  }

  private takenError(tag: string, actual: string, expected: string): MirrorError {
    const problem = `${this.context.target.repository}:${tag} is a fixed tag and names ${shortDigest(actual)} instead of ${shortDigest(expected)}`;
    return new MirrorError('immutable-tag', `${problem}; delete it in the mirror if it is wrong, or use a new tag`);
  }

  private targetDigest(tag: string): Promise<string | undefined> {
    const { target } = this.context;
    return lookUp(this.context, target, () => target.manifestDigest(tag));
  }

  private targetReader(): ImageReader {
    const { lookups, retryContext, target } = this.context;
    return new ImageReader(target, retryContext, lookups);
  }
}
