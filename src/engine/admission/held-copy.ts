/** Copies an image into quarantine for a scan, and from there to its tag, so that the tag serves exactly the image that was scanned. */
import { scannedImages } from './scan/scanned-images';
import { heldTag } from '../../image/admission/quarantine';
import { formatPlatform } from '../../image/platform';
import type { AttestationOptions } from '../copy/attestations';
import type { CopyContext } from '../copy/copy-context';
import { copyImage, CopyImageOptions } from '../copy/copy-image';
import { putManifest } from '../copy/image-copy';
import { ImageReader } from '../copy/image-reader';
import type { SharedBlobs } from '../copy/shared-blobs';
import { digestOf } from '../digest';
import { MirrorError } from '../mirror-error';
import type { MirrorRequest } from '../mirror-request';
import type { RegistryClient } from '../registry/registry-client';
import { withRetries } from '../registry/retry';

/** An image of upstream that goes through the quarantine. */
export interface HeldCopyOptions {
  /** The context of the copy from upstream to the mirror. */
  readonly context: CopyContext;
  readonly quarantine: RegistryClient;
  readonly blobs: SharedBlobs;
  readonly request: MirrorRequest;
  readonly attestations: Omit<AttestationOptions, 'sourceDigest'>;
  /** The key of the image with its tag. */
  readonly key: string;
  /** The digest upstream. */
  readonly digest: string;
}

/** A copy of an image in quarantine. */
export class HeldCopy {
  constructor(private readonly options: HeldCopyOptions) {}

  /** The tag in quarantine. Another selection of platforms, or another policy for attestations, is another image with another tag. */
  get tag(): string {
    return this.tagOf('');
  }

  private tagOf(platformDigest: string): string {
    const { attestations, digest, key, request: { platforms, platformsIfAvailable, platformTags } } = this.options;
    const list = (selected: MirrorRequest['platforms']) => (selected ?? []).map(formatPlatform).join(',');
    const choices = [list(platforms), platformsIfAvailable === true, list(platformTags), attestations.policy, attestations.isPinned];
    const selection = [...choices, platformDigest].join(' ');
    return heldTag(key, digest, selection, (text) => digestOf(Buffer.from(text, 'utf8')));
  }

  /** The digest of the copy in quarantine; undefined when there is none. */
  async find(): Promise<string | undefined> {
    const { context: { retryContext }, quarantine } = this.options;
    return withRetries(retryContext, () => quarantine.manifestDigest(this.tag));
  }

  /** Copies the image into quarantine, unless it is there, and returns its digest there. */
  async hold(): Promise<string> {
    const existing = await this.find();
    if (existing !== undefined) return existing;
    const { attestations, blobs: shared, context, digest, quarantine, request } = this.options;
    const { platforms, platformsIfAvailable, referrers } = request;
    const blobs = shared.image(quarantine.endpoint.registry, quarantine.repository);
    try {
      const options: CopyImageOptions = { digest, tag: this.tag, platforms, platformsIfAvailable, referrers, attestations };
      const held = await copyImage({ ...context, target: quarantine, blobs }, options);
      await this.tagPlatforms(held);
      return held;
    } catch (error) {
      // Another run put the same image into quarantine.
      const other = error instanceof MirrorError && error.reason === 'immutable-tag' ? await this.find() : undefined;
      if (other === undefined) throw error;
      return other;
    } finally {
      blobs.close();
    }
  }

  /**
   * Puts a tag on the image of each platform. Amazon ECR scans these images and not their index, and the event of a scan has the tags of its image.
   */
  private async tagPlatforms(held: string): Promise<void> {
    const { context, quarantine } = this.options;
    const reader = new ImageReader(quarantine, context.retryContext, context.lookups);
    for (const { digest } of await scannedImages(held, reader)) {
      if (digest === held) continue;
      const manifest = await reader.manifest({ digest });
      try {
        await putManifest({ ...context, target: quarantine }, manifest, this.tagOf(digest));
      } catch (error) {
        // Another run put it.
        if (!(error instanceof MirrorError) || error.reason !== 'immutable-tag') throw error;
      }
    }
  }

  /** Copies the image from quarantine to its tag, byte for byte. */
  async promote(heldDigest: string, options: Pick<CopyImageOptions, 'tag' | 'platformTags' | 'beforeTag'>): Promise<string> {
    const { context, quarantine, request: { referrers } } = this.options;
    // A pinned image is never copied as another index.
    const attestations = { policy: 'KEEP_IF_ACCEPTED', isPinned: true } as const;
    return copyImage({ ...context, source: quarantine }, { ...options, digest: heldDigest, referrers, attestations });
  }
}
