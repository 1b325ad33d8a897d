import { requireMethod } from './allowed-methods';
import { BlobStorageHost, replyWithBlob } from './blob-storage-host';
import { BlobUpload } from './blob-upload';
import { Exchange } from './exchange';
import { digestOf, FixtureBlob } from './fixture-blob';
import { FixtureImage, FixtureManifest } from './fixture-images';
import { LocalServer, LocalServerOptions } from './local-server';
import { RegistryError } from './registry-error';
import { Descriptor, RepositoryStorage, subjectOf } from './repository-storage';
import { UploadSessions } from './upload-sessions';
import { ACCEPTED_MANIFESTS } from '../../src/image/media-types';

export interface LocalRegistryOptions extends LocalServerOptions {
  /** Whether the referrers API of OCI 1.1 exists; otherwise it answers 404. @default true */
  readonly referrers?: boolean;
  /** Whether `Location` is a full address rather than a path. @default false */
  readonly absoluteLocations?: boolean;
  /** Keep only digest and size of uploads larger than a few MB. @default false */
  readonly discardUploads?: boolean;
  /** Whether a blob can be mounted from another repository. @default true */
  readonly mounting?: boolean;
  /** Whether one POST may carry a whole blob; otherwise it only begins an upload, which the specification allows. @default true */
  readonly singlePostUploads?: boolean;
  /** The largest manifest, in bytes. @default 4194304 */
  readonly manifestLimit?: number;
  /** The other host that blobs are redirected to. @default - blobs are served here */
  readonly blobStorage?: BlobStorageHost;
}

/** What a request to a repository wants to do. */
export type RegistryAction = 'pull' | 'push';

/** A registry in memory that follows the OCI distribution specification 1.1 and lets anyone do anything. */
export class LocalRegistry extends LocalServer {
  private readonly repositories = new Map<string, RepositoryStorage>();
  private readonly uploads: UploadSessions;

  constructor(protected readonly registryOptions: LocalRegistryOptions = {}) {
    super(registryOptions);
    const { discardUploads = false, singlePostUploads = true } = registryOptions;
    this.uploads = new UploadSessions({
      discardUploads,
      singlePostUploads,
      mountable: (digest, from) => this.mountable(digest, from),
      checkUpload: (upload) => this.checkUpload(upload),
      uploadUnknown: (id, repository) => this.uploadUnknown(id, repository),
      location: (exchange, path) => this.location(exchange, path),
    });
  }

  /** What a repository holds, to read or to change; an unknown one is defined. */
  repository(name: string): RepositoryStorage {
    const storage = this.repositories.get(name) ?? new RepositoryStorage();
    this.repositories.set(name, storage);
    return storage;
  }

  /** Puts an image there without any request; the tag, when given, names it from now on. */
  push(repository: string, tag: string | undefined, image: FixtureImage): void {
    this.repository(repository).put(image, tag);
  }

  /** The digest that a tag names. */
  tagDigest(repository: string, tag: string): string | undefined {
    return this.repositories.get(repository)?.tags.get(tag);
  }

  /** Whether everything that an image needs is there, with the same bytes. */
  holds(repository: string, image: FixtureImage): boolean {
    const storage = this.repositories.get(repository);
    return storage !== undefined
      && image.blobs.every(({ digest }) => storage.blobs.has(digest))
      && image.manifests.every(({ digest, bytes, mediaType }) => {
        const held = storage.manifests.get(digest);
        return held?.mediaType === mediaType && held.bytes.equals(bytes);
      });
  }

  /** Whether a repository exists. */
  exists(name: string): boolean {
    return this.repositories.has(name);
  }

  /** Upload sessions that were begun and neither finished nor canceled. */
  get openUploads(): number {
    return this.uploads.open;
  }

  /** Makes the registry forget all upload sessions begun so far. */
  expireUploads(): void {
    this.uploads.expire();
  }

  clear(): void {
    super.clear();
    this.repositories.clear();
    this.expireUploads();
  }

  /** Lets a request in or throws a `RegistryError`. Anyone may do anything here. */
  protected async authorize(_exchange: Exchange, _repository: string | undefined, _action: RegistryAction): Promise<void> {
    return undefined;
  }

  /** The repository that a request names; throws where there is none. Here the first push defines it. */
  protected open(name: string, action: RegistryAction): RepositoryStorage {
    if (action === 'push') return this.repository(name);
    const storage = this.repositories.get(name);
    if (!storage) throw new RegistryError(404, 'NAME_UNKNOWN', 'repository name not known to registry', {}, { name });
    return storage;
  }

  /** Throws where a manifest may not be put. */
  protected checkManifest(storage: RepositoryStorage, _name: string, _reference: string, manifest: FixtureManifest): void {
    const missing = storage.missing(manifest);
    for (const digest of [...missing.blobs, ...missing.manifests]) {
      throw new RegistryError(404, 'MANIFEST_BLOB_UNKNOWN', 'manifest references a manifest or blob unknown to registry', {}, { digest });
    }
  }

  /** Headers for answers about manifests; throws where one may not be read now. */
  protected manifestHeaders(_exchange: Exchange): Record<string, string> {
    return {};
  }

  /** The refusal of a manifest that is not there. */
  protected manifestUnknown(reference: string): RegistryError {
    return new RegistryError(404, 'MANIFEST_UNKNOWN', 'manifest unknown', {}, { reference });
  }

  /** The blob that a mount finds; undefined where an upload begins instead. */
  protected mountable(digest: string, from: string | undefined): FixtureBlob | undefined {
    if (!(this.registryOptions.mounting ?? true)) return undefined;
    return this.repositories.get(from ?? '')?.blobs.get(digest);
  }

  /** Throws where an upload may not be finished. */
  protected checkUpload(_upload: BlobUpload): void {
    return undefined;
  }

  /** The refusal of an upload session that is not there. */
  protected uploadUnknown(_id: string, _repository: string): RegistryError {
    return new RegistryError(404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
  }

  protected async handle(exchange: Exchange): Promise<void> {
    try {
      await this.route(exchange);
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      await exchange.json(error.status, error.body, error.headers);
    }
  }

  private async route(exchange: Exchange): Promise<void> {
    const { method, path } = exchange;
    const match = /^\/v2\/(.+?)\/(?:(blobs\/uploads)\/([^/]*)|(blobs|manifests|referrers)\/([^/]+)|(tags)\/list)$/.exec(path);
    const action = ['GET', 'HEAD'].includes(method) && !match?.[2] ? 'pull' : 'push';
    await this.authorize(exchange, match?.[1], action);
    if (/^\/v2\/?$/.test(path)) return exchange.json(200, {});
    if (!match) throw new RegistryError(404, 'NOT_FOUND', 'no such path');
    const storage = this.open(match[1], action);
    switch (match[2] ?? match[4] ?? match[6]) {
      case 'blobs/uploads': return this.uploads.handle(exchange, storage, match[1], match[3]);
      case 'blobs': return this.handleBlob(exchange, storage, match[5]);
      case 'manifests': return this.handleManifest(exchange, storage, match[1], match[5]);
      case 'referrers': return this.listReferrers(exchange, storage, match[5]);
      default: return this.listTags(exchange, storage, match[1]);
    }
  }

  /* ---- blobs ---- */

  private async handleBlob(exchange: Exchange, storage: RepositoryStorage, digest: string): Promise<void> {
    const blob = storage.blobs.get(digest);
    if (!blob) throw new RegistryError(404, 'BLOB_UNKNOWN', 'blob unknown to registry', {}, { digest });
    if (exchange.method === 'DELETE') {
      storage.blobs.delete(digest);
      return exchange.reply(202);
    }
    requireMethod(exchange, ['GET', 'HEAD']);
    const { blobStorage } = this.registryOptions;
    if (blobStorage && exchange.method === 'GET') return exchange.reply(307, { location: blobStorage.addressOf(blob) });
    return replyWithBlob(exchange, blob, { 'docker-content-digest': digest });
  }

  /* ---- manifests ---- */

  private async handleManifest(exchange: Exchange, storage: RepositoryStorage, name: string, reference: string): Promise<void> {
    if (exchange.method === 'PUT') return this.putManifest(exchange, storage, name, reference);
    const headers = this.manifestHeaders(exchange);
    const manifest = storage.find(reference);
    if (!manifest) throw this.manifestUnknown(reference);
    if (exchange.method === 'DELETE') {
      if (reference.includes(':')) storage.manifests.delete(reference);
      else storage.tags.delete(reference);
      return exchange.reply(202);
    }
    requireMethod(exchange, ['GET', 'HEAD']);
    if (!accepts(exchange, manifest.mediaType)) {
      throw new RegistryError(404, 'MANIFEST_UNKNOWN', `${manifest.mediaType} found, but the accept header does not support it`, headers);
    }
    const { mediaType, digest, bytes } = manifest;
    return exchange.reply(200, { ...headers, 'content-type': mediaType, 'docker-content-digest': digest }, bytes);
  }

  private async putManifest(exchange: Exchange, storage: RepositoryStorage, name: string, reference: string): Promise<void> {
    const bytes = await exchange.bytes();
    const limit = this.registryOptions.manifestLimit ?? 4 * 1024 * 1024;
    if (bytes.length > limit) throw new RegistryError(413, 'MANIFEST_INVALID', `a manifest has at most ${limit} bytes`);
    const manifest = { digest: digestOf(bytes), mediaType: exchange.header('content-type') ?? '', bytes };
    refuseInvalidManifest(manifest, reference);
    this.checkManifest(storage, name, reference, manifest);
    storage.manifests.set(manifest.digest, manifest);
    if (!reference.includes(':')) storage.tags.set(reference, manifest.digest);
    const subject = this.registryOptions.referrers ?? true ? subjectOf(manifest) : undefined;
    return exchange.reply(201, {
      'location': this.location(exchange, `/v2/${name}/manifests/${manifest.digest}`),
      'docker-content-digest': manifest.digest,
      ...subject === undefined ? {} : { 'oci-subject': subject },
    });
  }

  private async listReferrers(exchange: Exchange, storage: RepositoryStorage, digest: string): Promise<void> {
    if (!(this.registryOptions.referrers ?? true)) throw new RegistryError(404, 'NOT_FOUND', 'no such path');
    const wanted = exchange.url.searchParams.get('artifactType');
    const all: Descriptor[] = storage.referrers(digest);
    const manifests = wanted === null ? all : all.filter(({ artifactType }) => artifactType === wanted);
    const headers = { 'content-type': 'application/vnd.oci.image.index.v1+json', ...wanted === null ? {} : { 'oci-filters-applied': 'artifactType' } };
    return exchange.json(200, { schemaVersion: 2, mediaType: headers['content-type'], manifests }, headers);
  }

  private async listTags(exchange: Exchange, storage: RepositoryStorage, name: string): Promise<void> {
    const { n, last } = Object.fromEntries(exchange.url.searchParams);
    const rest = [...storage.tags.keys()].sort().filter((tag) => last === undefined || tag > last);
    const tags = rest.slice(0, n === undefined ? rest.length : Number(n));
    const next = `/v2/${name}/tags/list?n=${n}&last=${encodeURIComponent(tags[tags.length - 1] ?? '')}`;
    const headers: Record<string, string> = tags.length > 0 && tags.length < rest.length ? { link: `<${this.location(exchange, next)}>; rel="next"` } : {};
    return exchange.json(200, { name, tags }, headers);
  }

  private location(exchange: Exchange, path: string): string {
    return this.registryOptions.absoluteLocations ? `${this.url.split(':')[0]}://${exchange.record.host}${path}` : path;
  }
}

function accepts(exchange: Exchange, mediaType: string): boolean {
  const accept = exchange.header('accept') ?? '*/*';
  return accept.split(',').some((part) => [mediaType, '*/*'].includes(part.split(';')[0].trim()));
}

function refuseInvalidManifest(manifest: FixtureManifest, reference: string): void {
  if (reference.includes(':') && reference !== manifest.digest) {
    throw new RegistryError(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
  }
  let content: { mediaType?: string };
  try {
    content = JSON.parse(manifest.bytes.toString());
  } catch {
    throw new RegistryError(400, 'MANIFEST_INVALID', 'manifest is no JSON');
  }
  const known = ACCEPTED_MANIFESTS.split(', ').includes(manifest.mediaType);
  if (!known || (content.mediaType ?? manifest.mediaType) !== manifest.mediaType) {
    throw new RegistryError(400, 'MANIFEST_INVALID', `the content type ${JSON.stringify(manifest.mediaType)} is not that of the manifest`);
  }
}
