import { copyBlob } from './copy-blob';
import { CopyContext, lookUp } from './copy-context';
import { ImageReader } from './image-reader';
import type { BlobDescriptor, Descriptor, Manifest } from './manifest';
import { MAX_INDEX_DEPTH } from './platforms';
import { MirrorError } from '../mirror-error';
import { limitError } from '../registry/read-budget';
import { withRetries } from '../registry/retry';
import type { FailureReason } from '../result';

/** The statuses of a response that refuses a manifest for what it is. Other registries than Amazon ECR also use 415 and 501. */
const REFUSALS: readonly (number | undefined)[] = [400, 404, 405, 415, 501];

/** The target refused a manifest that another one lists. */
export class RefusedManifestError extends MirrorError {
  constructor(readonly digest: string, refusal: MirrorError) {
    super(refusal.reason, refusal.message, { cause: refusal, status: refusal.status });
  }
}

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
    requireNoBuildCache(manifest, this.sourceReader);
    await Promise.all([
      ...manifest.children.map((child) => this.copyManifest(child, depth + 1)),
      ...manifest.blobs.map((blob) => this.once(blob.digest, () => this.copyListedBlob(blob))),
    ]);
  }

  /** Copies a manifest by its digest, with everything that it lists. A manifest that the target has needs no request to the source. */
  copyManifest(descriptor: Descriptor, depth: number = 1): Promise<void> {
    return this.once(descriptor.digest, async () => {
      const { target } = this.context;
      const targetDigest = await lookUp(this.context, target, () => target.manifestDigest(descriptor.digest));
      if (targetDigest !== undefined) return;
      const manifest = await this.readListed(descriptor);
      await this.copyContents(manifest, depth);
      await this.putListed(manifest);
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

  private async copyListedBlob(blob: BlobDescriptor): Promise<void> {
    try {
      await copyBlob(this.context, blob);
    } catch (error) {
      throw blob.size === 0 ? emptyBlobError(error, blob.digest) : error;
    }
  }

  private async readListed(descriptor: Descriptor): Promise<Manifest> {
    try {
      return await this.sourceReader.manifest(descriptor);
    } catch (error) {
      if (!(error instanceof MirrorError) || error.reason !== 'not-found') throw error;
      const { registry, repository } = this.sourceReader;
      const problem = `the image lists the manifest ${descriptor.digest}, and ${repository} does not have it; the image is incomplete upstream`;
      throw new MirrorError('not-found', `${registry}: ${problem}, so it has to be published again`, { cause: error });
    }
  }

  private async putListed(manifest: Manifest): Promise<void> {
    try {
      await this.put(manifest, manifest.digest);
    } catch (error) {
      throw error instanceof MirrorError && REFUSALS.includes(error.status) ? new RefusedManifestError(manifest.digest, error) : error;
    }
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

/** The type of the configuration of a build cache. BuildKit lists it in an index, beside layers that are not manifests. */
const BUILD_CACHE = 'application/vnd.buildkit.cacheconfig.v0';

/** @see https://docs.docker.com/build/cache/backends/registry/ */
function requireNoBuildCache({ children, digest }: Manifest, { registry }: ImageReader): void {
  if (!children.some(({ mediaType }) => mediaType === BUILD_CACHE)) return;
  throw new MirrorError('unsupported-manifest', `${registry}: ${digest} is a build cache of BuildKit and not an image: it lists layers as manifests; `
    + 'export the cache with image-manifest=true, or remove its tag from the images to mirror');
}

/** The reasons of a response that refuses an upload for its content. */
const CONTENT_REASONS: readonly FailureReason[] = ['registry-error', 'unsupported-manifest', 'digest-mismatch'];

/** @see https://github.com/aws/containers-roadmap/issues/1074 */
function emptyBlobError(error: unknown, digest: string): unknown {
  if (!(error instanceof MirrorError) || error.status === undefined || error.retryable || !CONTENT_REASONS.includes(error.reason)) return error;
  const cause = `the layer ${digest} has 0 bytes, and registries such as Amazon ECR do not store empty blobs`;
  return new MirrorError('unsupported-manifest', `${error.message}; ${cause}: build the image without an empty layer`, { cause: error });
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
  { lookups, pace, retryContext, target }: Pick<CopyContext, 'lookups' | 'pace' | 'retryContext' | 'target'>,
  manifest: Pick<Manifest, 'bytes' | 'digest' | 'mediaType'>,
  reference: string,
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
    throw failures < attempts ? error : new MirrorError(error.reason, error.message, { cause: error, status: error.status });
  });
  try {
    await withRetries(patient, put);
  } catch (error) {
    // After a broken connection or a gateway error, only the registry knows whether the manifest was put.
    const digest = mayBePut ? await target.manifestDigest(reference).catch(() => undefined) : undefined;
    if (digest !== manifest.digest) throw error;
  }
}
