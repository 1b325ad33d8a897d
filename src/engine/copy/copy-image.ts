import { copyBlob } from './copy-blob';
import type { CopyContext } from './copy-context';
import { Descriptor, Manifest, readManifest } from './manifest';
import { MirrorError } from '../mirror-error';
import { withRetries } from '../registry/retry';

/** How deep an index may list other indexes. */
const DEEPEST_INDEX = 4;

/**
 * Copies the image that a digest names, with everything that it lists, and last of all puts the tag.
 *
 * A run that dies half-way leaves the tag as it was, and the next one finds the blobs that are there already.
 */
export async function copyImage(context: CopyContext, digest: string, tag: string): Promise<void> {
  const root = await fetchRoot(context, digest);
  await new ImageCopy(context).bring(root, 1);
  await put(context, root, tag);
}

/** One copy under way; content that is listed several times is brought once. */
class ImageCopy {
  private readonly underWay = new Map<string, Promise<void>>();

  constructor(private readonly context: CopyContext) {}

  /** Brings everything that a manifest needs, so that it can be put itself. */
  async bring(manifest: Manifest, depth: number): Promise<void> {
    if (manifest.children.length > 0 && depth > DEEPEST_INDEX) {
      throw new MirrorError('unsupported-manifest', `manifest ${manifest.digest} lists indexes more than ${DEEPEST_INDEX} deep`);
    }
    await Promise.all([
      ...manifest.children.map((child) => this.once(child.digest, () => this.child(child, depth + 1))),
      ...manifest.blobs.map((blob) => this.once(blob.digest, () => this.context.transfers.run(() => copyBlob(this.context, blob)))),
    ]);
  }

  /** A child that the target has needs no look upstream: what it lists is there as well. */
  private async child(child: Descriptor, depth: number): Promise<void> {
    const { lookups, run, target } = this.context;
    const there = await lookups.run(() => withRetries(run, () => target.manifestDigest(child.digest)));
    if (there !== undefined) return;
    const manifest = await fetchManifest(this.context, child.digest, child.size);
    await this.bring(manifest, depth);
    await put(this.context, manifest, child.digest);
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

/** The manifest that the registry has just named; when it is not there, the registry contradicts itself. */
async function fetchRoot(context: CopyContext, digest: string): Promise<Manifest> {
  try {
    return await fetchManifest(context, digest);
  } catch (error) {
    if (!(error instanceof MirrorError) || error.reason !== 'not-found') throw error;
    const { endpoint, repository } = context.source;
    throw new MirrorError('digest-mismatch', `${endpoint.registry}: it names ${digest} in ${repository} and has no such manifest`, { cause: error });
  }
}

async function fetchManifest({ lookups, run, source }: CopyContext, digest: string, size?: number): Promise<Manifest> {
  const { registry } = source.endpoint;
  const manifest = await lookups.run(() => withRetries(run, async () => readManifest(await source.manifest(digest), digest, registry)));
  if (size !== undefined && manifest.bytes.length !== size) {
    throw new MirrorError('unsupported-manifest', `${registry}: manifest ${digest} has ${manifest.bytes.length} bytes, and its index says ${size}`);
  }
  return manifest;
}

function put({ lookups, progress, run, target }: CopyContext, manifest: Manifest, reference: string): Promise<void> {
  return lookups.run(async () => {
    await withRetries(run, () => target.putManifest(reference, manifest));
    progress.line(`put ${manifest.children.length > 0 ? 'index' : 'manifest'} ${manifest.digest}${reference === manifest.digest ? '' : ` as ${reference}`}`);
  });
}
