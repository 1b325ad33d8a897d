import { lookUp } from './copy-context';
import { BlobDescriptor, Descriptor, Manifest, readManifest } from './manifest';
import { isIndexType } from '../../image/media-types';
import { jsonAmbiguity, parseJson } from '../../image/parse-json';
import { digestOf } from '../digest';
import { MirrorError } from '../mirror-error';
import { MAX_MANIFEST_BYTES } from '../registry/read-document';
import type { RegistryClient } from '../registry/registry-client';
import type { RetryContext } from '../registry/retry';
import type { Semaphore } from '../semaphore';

/** The configuration of an image. The values come from outside, and can be of any type. */
export interface ImageConfiguration {
  readonly created?: unknown;
  readonly os?: unknown;
  readonly architecture?: unknown;
  readonly variant?: unknown;
  /** The settings of its containers: `{ Labels: { ... } }` and more. */
  readonly config?: unknown;
}

const CONFIGURATION_FIELDS: readonly (keyof ImageConfiguration)[] = ['created', 'os', 'architecture', 'variant', 'config'];

/** Reads manifests and small blobs of one repository. Each is verified against its digest. */
export class ImageReader {
  /** Indexes are read once, because the source counts each read as a pull. There are few of them. */
  private readonly indexes = new Map<string, Manifest>();

  constructor(private readonly client: RegistryClient, readonly retryContext: RetryContext, readonly lookups: Semaphore) {}

  /** The registry in the spelling of image references. */
  get registry(): string {
    return this.client.endpoint.registry;
  }

  get repository(): string {
    return this.client.repository;
  }

  /** Reads a manifest. The size is the one in the index that lists it; undefined for a root. */
  async manifest({ digest, size }: Pick<Descriptor, 'digest' | 'size'>): Promise<Manifest> {
    const manifest = this.indexes.get(digest) ?? await this.fetchManifest(digest, size);
    if (isIndexType(manifest.mediaType)) this.indexes.set(digest, manifest);
    if (size !== undefined && manifest.bytes.length !== size) {
      const problem = `manifest ${digest} has ${manifest.bytes.length} bytes, and its index says ${size}`;
      throw new MirrorError('unsupported-manifest', `${this.registry}: ${problem}`);
    }
    return manifest;
  }

  /** Keeps an index that the copy made itself, because the source does not have it. */
  remember(index: Manifest): void {
    this.indexes.set(index.digest, index);
  }

  /**
   * Reads the configuration of an image; empty when it is missing or not readable.
   *
   * @throws MirrorError when programs would read different values from it
   */
  async configuration({ blobs: [descriptor] }: Manifest): Promise<ImageConfiguration> {
    if (descriptor === undefined || descriptor.size > MAX_MANIFEST_BYTES) return {};
    const text = (await this.smallBlob(descriptor)).toString('utf8');
    const ambiguity = jsonAmbiguity(text, { names: CONFIGURATION_FIELDS });
    if (ambiguity === undefined) return Object(parseJson(text)) as ImageConfiguration;
    throw new MirrorError('unsupported-manifest', `${this.registry}: the configuration ${descriptor.digest} ${ambiguity}; use another image`);
  }

  /** Reads a small blob, such as an image's configuration. */
  async smallBlob({ data, digest, size }: BlobDescriptor): Promise<Buffer> {
    return data ?? lookUp(this, this.client, async () => {
      const bytes = await this.client.smallBlob({ digest, size });
      if (digestOf(bytes) === digest) return bytes;
      throw new MirrorError('digest-mismatch', `${this.registry}: blob ${digest} arrived with other content`, { retryable: true });
    });
  }

  private fetchManifest(digest: string, size: number | undefined): Promise<Manifest> {
    const fetch = async () => readManifest(await this.client.manifest(digest, size), digest, this.registry);
    return lookUp(this, this.client, fetch);
  }
}
