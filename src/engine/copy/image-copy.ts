import { copyBlob } from './copy-blob';
import { CopyContext, lookUp } from './copy-context';
import { ImageReader } from './image-reader';
import type { Descriptor, Manifest } from './manifest';
import { MAX_INDEX_DEPTH } from './platforms';
import { MirrorError } from '../mirror-error';
import { limitError } from '../registry/read-budget';
import { withRetries } from '../registry/retry';

/** The maximum number of blobs and manifests of one image. */
const MAX_CONTENTS = 10_000;

/** The copy of one image. Content that is listed several times is copied once. */
export class ImageCopy {
  /** Reads the source. */
  readonly sourceReader: ImageReader;
  private readonly tasks = new Map<string, Promise<void>>();

  constructor(private readonly context: CopyContext) {
    const { lookups, retryContext, source } = context;
    this.sourceReader = new ImageReader(source, retryContext, lookups);
  }

  /** Copies everything that a manifest lists. The manifest itself can be put afterward. */
  async copyContents(manifest: Manifest, depth: number = 1): Promise<void> {
    if (manifest.children.length > 0 && depth > MAX_INDEX_DEPTH) {
      throw new MirrorError('unsupported-manifest', `manifest ${manifest.digest} nests indexes more than ${MAX_INDEX_DEPTH} levels deep`);
    }
    if (this.tasks.size + manifest.children.length + manifest.blobs.length > MAX_CONTENTS) {
      throw limitError(`${this.context.source.endpoint.registry}: the image exceeds the limit of ${MAX_CONTENTS} blobs and manifests`);
    }
    await Promise.all([
      ...manifest.children.map((child) => this.copyManifest(child, depth + 1)),
      ...manifest.blobs.map((blob) => this.once(blob.digest, () => copyBlob(this.context, blob))),
    ]);
  }

  /** Copies a manifest by its digest, with everything that it lists. A manifest that the target has needs no request to the source. */
  copyManifest(descriptor: Descriptor, depth: number = 1): Promise<void> {
    return this.once(descriptor.digest, async () => {
      const { target } = this.context;
      const targetDigest = await lookUp(this.context, target, () => target.manifestDigest(descriptor.digest));
      if (targetDigest !== undefined) return;
      const manifest = await this.sourceReader.manifest(descriptor);
      await this.copyContents(manifest, depth);
      await this.put(manifest, descriptor.digest);
    });
  }

  /** Puts a manifest under a tag or its digest. The target must have its contents already. */
  async put(manifest: Manifest, reference: string): Promise<void> {
    const { blobs, progress } = this.context;
    await putManifest(this.context, manifest, reference);
    for (const { digest } of manifest.blobs) blobs.committed(digest);
    const kind = manifest.children.length > 0 ? 'index' : 'manifest';
    progress.line(`put ${kind} ${manifest.digest}${reference === manifest.digest ? '' : ` as ${reference}`}`);
  }

  private once(digest: string, task: () => Promise<void>): Promise<void> {
    let running = this.tasks.get(digest);
    if (!running) {
      running = task();
      this.tasks.set(digest, running);
    }
    return running;
  }
}

/**
 * The factor for the attempts after a rate limit. Amazon ECR accepts ten manifests a second from an account, so a fleet has to wait.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
 */
const RATE_LIMITED_TRIES = 5;

/**
 * Puts a manifest under a tag or its digest. The target must have its contents already.
 *
 * A rate limit gets more retries than other errors.
 */
export async function putManifest(
  { lookups, pace, retryContext, target }: Pick<CopyContext, 'lookups' | 'pace' | 'retryContext' | 'target'>, manifest: Manifest, reference: string,
): Promise<void> {
  const { attempts } = retryContext.retry;
  const patient = { ...retryContext, retry: { ...retryContext.retry, attempts: attempts * RATE_LIMITED_TRIES } };
  let failures = 0;
  let mayBePut = false;
  const send = () => lookups.run(() => target.putManifest(reference, manifest), target.endpoint.registry);
  const put = () => pace.run('manifest', retryContext.signal, send).catch((error: unknown) => {
    if (!(error instanceof MirrorError) || error.reason === 'rate-limited') throw error;
    mayBePut ||= error.retryable;
    failures++;
    throw failures < attempts ? error : new MirrorError(error.reason, error.message, { cause: error });
  });
  try {
    await withRetries(patient, put);
  } catch (error) {
    // After a broken connection or a gateway error, only the registry knows whether the manifest was put.
    const digest = mayBePut ? await target.manifestDigest(reference).catch(() => undefined) : undefined;
    if (digest !== manifest.digest) throw error;
  }
}
