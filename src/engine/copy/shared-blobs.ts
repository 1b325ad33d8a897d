import { setTimeout as sleep } from 'node:timers/promises';

/** An image that uploads a blob, which other images of the run can mount afterward. */
interface BlobUpload {
  readonly image: ImageBlobs;
  /** Resolves when the blob is in the image's repository, or when its upload has failed. */
  readonly uploaded: Milestone;
  /** Resolves when the blob belongs to a manifest in that repository, or when the image has failed. Amazon ECR mounts only such blobs. */
  readonly committed: Milestone;
}

/** A promise of whether something has succeeded. */
class Milestone {
  isReached = false;
  readonly success: Promise<boolean>;
  private resolve!: (success: boolean) => void;

  constructor() {
    this.success = new Promise((resolve) => { this.resolve = resolve; });
  }

  settle(success: boolean): void {
    this.isReached ||= success;
    this.resolve(success);
  }
}

/** How an image gets a blob: it mounts it from another repository, it finds it in its own, or it uploads it. */
export type BlobOrigin = { readonly mountFrom: string } | 'own-repository' | 'upload';

/** The maximum time that an image waits for another image, in milliseconds. A slow upstream must not delay the images of others. */
const MAX_WAIT = 60_000;
/** Limits the memory for a run with many images. */
const MAX_BLOBS = 50_000;

/**
 * The blobs that the images of a run upload to one registry. The first image that needs a blob uploads it, and the others mount it.
 *
 * Amazon ECR mounts blobs only when the account setting `BLOB_MOUNTING` is on. After the first refusal, images upload their blobs themselves.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/blob-mounting.html
 */
export class SharedBlobs {
  private readonly uploads = new Map<string, BlobUpload>();
  private readonly refusing = new Set<string>();

  /** The blobs of one image. */
  image(registry: string, repository: string): ImageBlobs {
    return new ImageBlobs(this, registry, repository);
  }

  find(registry: string, digest: string): BlobUpload | undefined {
    return this.uploads.get(`${registry} ${digest}`);
  }

  add(digest: string, image: ImageBlobs): BlobUpload | undefined {
    if (this.uploads.size >= MAX_BLOBS) return undefined;
    const upload = { image, uploaded: new Milestone(), committed: new Milestone() };
    this.uploads.set(`${image.registry} ${digest}`, upload);
    return upload;
  }

  remove(digest: string, { image }: BlobUpload): void {
    this.uploads.delete(`${image.registry} ${digest}`);
  }

  /** Whether the registry mounts blobs, as far as this run knows. */
  canMount(registry: string): boolean {
    return !this.refusing.has(registry);
  }

  mountRefused(registry: string): void {
    this.refusing.add(registry);
  }
}

/** The blobs that one image uploads, and those that it waits for. */
export class ImageBlobs {
  private readonly own = new Map<string, BlobUpload>();
  /** The images that this image waits for, once for each blob. */
  private readonly waitsFor: ImageBlobs[] = [];
  /** Whether another image has waited in vain. */
  private isSlow = false;

  constructor(private readonly shared: SharedBlobs, readonly registry: string, readonly repository: string) {}

  /**
   * Decides how the image gets a blob that is not in its repository. It waits while another image uploads the blob.
   *
   * An image doesn't wait for an image that waits for it, directly or through others: both would wait forever.
   */
  async originOf(digest: string, signal: AbortSignal): Promise<BlobOrigin> {
    for (;;) {
      const upload = this.shared.find(this.registry, digest);
      if (upload === undefined) {
        const own = this.shared.add(digest, this);
        if (own !== undefined) this.own.set(digest, own);
        return 'upload';
      }
      const { committed, image, uploaded } = upload;
      const isOwnRepository = image.repository === this.repository;
      if (image === this || (!isOwnRepository && !this.shared.canMount(this.registry)) || image.isSlow || image.isWaitingFor(this)) return 'upload';
      const success = await this.waitFor(image, (isOwnRepository ? uploaded : committed).success, signal);
      if (success === undefined) return 'upload';
      if (success) return isOwnRepository ? 'own-repository' : { mountFrom: image.repository };
      // The other image has failed, so its upload is removed.
    }
  }

  /** Notes that the registry answered a mount with an upload. */
  mountRefused(): void {
    this.shared.mountRefused(this.registry);
  }

  /** Notes that a blob is in the repository. */
  uploaded(digest: string): void {
    this.own.get(digest)?.uploaded.settle(true);
  }

  /** Notes that a manifest that lists the blob is in the repository. */
  committed(digest: string): void {
    this.own.get(digest)?.committed.settle(true);
  }

  /** Ends the image. The images that wait for a blob that was not uploaded get it themselves. */
  close(): void {
    for (const [digest, upload] of this.own) {
      if (!upload.committed.isReached) this.shared.remove(digest, upload);
      upload.committed.settle(false);
      upload.uploaded.settle(false);
    }
  }

  private isWaitingFor(other: ImageBlobs): boolean {
    return this.waitsFor.some((image) => image === other || image.isWaitingFor(other));
  }

  /** Undefined when the other image is too slow. */
  private async waitFor(image: ImageBlobs, milestone: Promise<boolean>, signal: AbortSignal): Promise<boolean | undefined> {
    const timer = new AbortController();
    const stop = () => timer.abort();
    signal.addEventListener('abort', stop, { once: true });
    this.waitsFor.push(image);
    try {
      const timeout = sleep(MAX_WAIT, undefined, { signal: timer.signal }).then(() => { image.isSlow = true; }, () => undefined);
      return await Promise.race([milestone, timeout]) ?? undefined;
    } finally {
      this.waitsFor.splice(this.waitsFor.indexOf(image), 1);
      signal.removeEventListener('abort', stop);
      timer.abort();
    }
  }
}
