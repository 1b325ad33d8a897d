import { copyBlob } from './copy-blob';
import type { CopyContext } from './copy-context';
import { Descriptor, Manifest, readManifest } from './manifest';
import { putManifest } from './put-manifest';
import { MirrorError } from '../mirror-error';
import { withRetries } from '../registry/retry';

/** How deep an index may list other indexes. */
const DEEPEST_INDEX = 4;

/** A copy under way; content that is listed several times is brought once. */
export class ImageCopy {
  private readonly underWay = new Map<string, Promise<void>>();

  constructor(private readonly context: CopyContext) {}

  /**
   * Fetches a manifest from upstream and verifies it.
   *
   * @param size what the index that lists it says; unknown for a root
   */
  async fetch(digest: string, size?: number): Promise<Manifest> {
    const { lookups, run, source } = this.context;
    const { registry } = source.endpoint;
    const manifest = await lookups.run(() => withRetries(run, async () => readManifest(await source.manifest(digest), digest, registry)));
    if (size !== undefined && manifest.bytes.length !== size) {
      throw new MirrorError('unsupported-manifest', `${registry}: manifest ${digest} has ${manifest.bytes.length} bytes, and its index says ${size}`);
    }
    return manifest;
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
      const manifest = await this.fetch(descriptor.digest, descriptor.size);
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
