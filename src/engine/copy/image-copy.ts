import { copyBlob } from './copy-blob';
import type { CopyContext } from './copy-context';
import { ImageReader } from './image-reader';
import type { Descriptor, Manifest } from './manifest';
import { DEEPEST_INDEX } from './platforms';
import { MirrorError } from '../mirror-error';
import { withRetries } from '../registry/retry';

/** A copy under way; content that is listed several times is brought once. */
export class ImageCopy {
  /** What upstream has. */
  readonly upstream: ImageReader;
  private readonly underWay = new Map<string, Promise<void>>();

  constructor(private readonly context: CopyContext) {
    const { lookups, run, source } = context;
    this.upstream = new ImageReader(source, run, lookups);
  }

  /** Brings everything that a manifest lists, so that it can be put itself. */
  async bringContents(manifest: Manifest, depth: number = 1): Promise<void> {
    if (manifest.children.length > 0 && depth > DEEPEST_INDEX) {
      throw new MirrorError('unsupported-manifest', `manifest ${manifest.digest} lists indexes more than ${DEEPEST_INDEX} deep`);
    }
    await Promise.all([
      ...manifest.children.map((child) => this.bringManifest(child, depth + 1)),
      ...manifest.blobs.map((blob) => this.once(blob.digest, () => copyBlob(this.context, blob))),
    ]);
  }

  /** Brings a manifest by its digest, with everything that it lists. One that the target has needs no look upstream. */
  bringManifest(descriptor: Descriptor, depth: number = 1): Promise<void> {
    return this.once(descriptor.digest, async () => {
      const { lookups, run, target } = this.context;
      const there = await lookups.run(() => withRetries(run, () => target.manifestDigest(descriptor.digest)));
      if (there !== undefined) return;
      const manifest = await this.upstream.manifest(descriptor);
      await this.bringContents(manifest, depth);
      await this.put(manifest, descriptor.digest);
    });
  }

  /** Puts a manifest whose contents are there, under a tag or its digest. */
  async put(manifest: Manifest, reference: string): Promise<void> {
    const { lookups, progress } = this.context;
    await lookups.run(() => putManifest(this.context, manifest, reference));
    const kind = manifest.children.length > 0 ? 'index' : 'manifest';
    progress.line(`put ${kind} ${manifest.digest}${reference === manifest.digest ? '' : ` as ${reference}`}`);
  }

  private once(digest: string, task: () => Promise<void>): Promise<void> {
    let running = this.underWay.get(digest);
    if (!running) {
      running = task();
      this.underWay.set(digest, running);
    }
    return running;
  }
}

/**
 * How many times the usual tries a rate limit is worth: Amazon ECR takes ten manifests a second from an account, so a fleet has to queue.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
 */
const RATE_LIMITED_TRIES = 5;

/**
 * Puts a manifest whose contents are there, under a tag or its digest.
 *
 * A rate limit is waited out for longer than other failures are.
 */
export async function putManifest({ run, target }: Pick<CopyContext, 'run' | 'target'>, manifest: Manifest, reference: string): Promise<void> {
  const { attempts } = run.retry;
  const patient = { ...run, retry: { ...run.retry, attempts: attempts * RATE_LIMITED_TRIES } };
  let failures = 0;
  let mayBePut = false;
  const put = () => target.putManifest(reference, manifest).catch((error: unknown) => {
    if (!(error instanceof MirrorError) || error.reason === 'rate-limited') throw error;
    mayBePut ||= error.retryable;
    failures++;
    throw failures < attempts ? error : new MirrorError(error.reason, error.message, { cause: error });
  });
  try {
    await withRetries(patient, put);
  } catch (error) {
    // After a connection that broke, or a gateway that gave up, only the registry knows.
    const there = mayBePut ? await target.manifestDigest(reference).catch(() => undefined) : undefined;
    if (there !== manifest.digest) throw error;
  }
}
