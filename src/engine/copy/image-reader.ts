import type { Semaphore } from './copy-context';
import { BlobDescriptor, Descriptor, Manifest, readManifest } from './manifest';
import { isIndexType } from '../../image/media-types';
import { digestOf } from '../digest';
import { MirrorError } from '../mirror-error';
import { MAX_MANIFEST_BYTES, RegistryClient } from '../registry/registry-client';
import { RetryContext, withRetries } from '../registry/retry';

/** What an image says of itself; from outside, so of any type. */
export interface ImageConfiguration {
  readonly created?: unknown;
  readonly os?: unknown;
  readonly architecture?: unknown;
  readonly variant?: unknown;
  /** What its containers run as: `{ Labels: { ... } }` and more. */
  readonly config?: unknown;
}

/** Reads what images are made of, in one repository, each part verified against its digest. */
export class ImageReader {
  /** Indexes are few, and read once though several ask: upstream counts each read as a pull. */
  private readonly indexes = new Map<string, Manifest>();

  constructor(private readonly client: RegistryClient, private readonly run: RetryContext, private readonly lookups: Semaphore) {}

  /** The registry as references name it. */
  get registry(): string {
    return this.client.endpoint.registry;
  }

  /** A manifest; its size is what the index that lists it says, unknown for a root. */
  async manifest({ digest, size }: Pick<Descriptor, 'digest' | 'size'>): Promise<Manifest> {
    const manifest = this.indexes.get(digest) ?? await this.received(digest);
    if (isIndexType(manifest.mediaType)) this.indexes.set(digest, manifest);
    if (size !== undefined && manifest.bytes.length !== size) {
      throw new MirrorError('unsupported-manifest', `${this.registry}: manifest ${digest} has ${manifest.bytes.length} bytes, and its index says ${size}`);
    }
    return manifest;
  }

  /** The configuration of an image; empty for what has none that can be read. */
  async configuration({ blobs: [descriptor] }: Manifest): Promise<ImageConfiguration> {
    if (descriptor === undefined || descriptor.size > MAX_MANIFEST_BYTES) return {};
    const bytes = descriptor.data ?? await this.blob(descriptor);
    try {
      return Object(JSON.parse(bytes.toString('utf8'))) as ImageConfiguration;
    } catch {
      return {};
    }
  }

  private received(digest: string): Promise<Manifest> {
    return this.lookups.run(() => withRetries(this.run, async () => readManifest(await this.client.manifest(digest), digest, this.registry)));
  }

  private blob({ digest }: BlobDescriptor): Promise<Buffer> {
    return this.lookups.run(() => withRetries(this.run, async () => {
      const bytes = await this.client.smallBlob(digest);
      if (digestOf(bytes) === digest) return bytes;
      throw new MirrorError('digest-mismatch', `${this.registry}: blob ${digest} arrived with other content`, { retryable: true });
    }));
  }
}
