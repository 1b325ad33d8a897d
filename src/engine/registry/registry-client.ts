import type { Endpoint } from './endpoint';
import { RegistryConnection, RegistryMessage } from './registry-connection';
import { isRetryableStatus, registryError, parseRetryAfter } from './registry-error';
import { headerValue, HttpResponse, readBody, Transport } from './transport';
import { isDigest, isTag } from '../../image/image-reference';
import { ACCEPTED_MANIFESTS, OCI_INDEX } from '../../image/media-types';
import { parseJson } from '../../image/parse-json';
import type { CredentialSource } from '../credentials/credential-source';
import { digestOf } from '../digest';
import { MirrorError } from '../mirror-error';

/** Options of a `RegistryClient`. */
export interface RegistryClientOptions {
  readonly endpoint: Endpoint;
  readonly repository: string;
  /** `pull` for a source, `pull,push` for a target. */
  readonly access: 'pull' | 'pull,push';
  readonly transport: Transport;
  readonly credentials: CredentialSource;
  readonly signal: AbortSignal;
}

/** A manifest with the media type of the response. */
export interface ReceivedManifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
}

/** The limit of Amazon ECR and of most registries. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const TAGS_PER_PAGE = 1000;
const MAX_TAG_PAGES = 100;
const MAX_REFERRER_PAGES = 10;

/**
 * A client for one repository of a registry, over the OCI distribution API. Methods don't retry; their callers do.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
 */
export class RegistryClient {
  /** The number of manifests requested with GET, which Docker Hub counts as pulls. */
  manifestGets = 0;

  readonly endpoint: Endpoint;
  readonly repository: string;
  private readonly connection: RegistryConnection;
  private readonly base: URL;

  constructor({ endpoint, repository, access, transport, credentials, signal }: RegistryClientOptions) {
    this.endpoint = endpoint;
    this.repository = repository;
    this.base = new URL(`/v2/${repository}/`, endpoint.origin);
    this.connection = new RegistryConnection({ endpoint, scope: `repository:${repository}:${access}`, transport, credentials, signal });
  }

  /** The number of requests to the registry, without requests to token services. */
  get requests(): number {
    return this.connection.requests;
  }

  /** Returns the digest of a tag, or undefined when the tag doesn't exist. The request doesn't count as a pull. */
  async manifestDigest(reference: string): Promise<string | undefined> {
    const response = await this.send('HEAD', `manifests/${reference}`, { headers: { accept: ACCEPTED_MANIFESTS } });
    await response.body.dump();
    if (response.status === 404) return undefined;
    const digest = headerValue(response.headers['docker-content-digest']);
    // Some registries don't support HEAD, or don't return a digest for it, so the manifest itself is needed.
    if (response.status === 405 || (response.status === 200 && digest === undefined)) {
      return this.requireDigest(reference, digestOf((await this.manifest(reference)).bytes));
    }
    if (response.status !== 200) throw await this.responseError(`look up ${this.format(reference)}`, response);
    if (!isDigest(digest!)) {
      throw new MirrorError('registry-error', `${this.endpoint.registry}: the registry returned no sha256 digest for ${this.format(reference)}`);
    }
    return this.requireDigest(reference, digest!);
  }

  /** Downloads a manifest. The caller verifies the bytes. */
  async manifest(reference: string): Promise<ReceivedManifest> {
    this.manifestGets++;
    const response = await this.send('GET', `manifests/${reference}`, { headers: { accept: ACCEPTED_MANIFESTS } });
    if (response.status !== 200) throw await this.responseError(`read manifest ${this.format(reference)}`, response);
    const bytes = await this.readLimited(response, `manifest ${this.format(reference)}`);
    return { bytes, mediaType: (headerValue(response.headers['content-type']) ?? '').split(';')[0].trim() };
  }

  /** Uploads a manifest under a tag or its digest, without changing its bytes. */
  async putManifest(reference: string, manifest: ReceivedManifest): Promise<void> {
    const response = await this.send('PUT', `manifests/${reference}`, { headers: { 'content-type': manifest.mediaType }, body: manifest.bytes });
    if (response.status < 200 || response.status > 202) throw await this.responseError(`put manifest ${this.format(reference)}`, response);
    await response.body.dump();
  }

  /**
   * Returns the pages of the referrers list of a manifest, or undefined when the registry doesn't support the referrers API.
   *
   * The request doesn't count as a pull.
   */
  async referrers(digest: string): Promise<Buffer[] | undefined> {
    const pages: Buffer[] = [];
    let next: URL | undefined = new URL(`referrers/${digest}`, this.base);
    while (next !== undefined && pages.length < MAX_REFERRER_PAGES) {
      const response: HttpResponse = await this.connection.exchange({ method: 'GET', url: next, headers: { accept: OCI_INDEX } });
      if (response.status !== 200 || !(headerValue(response.headers['content-type']) ?? '').startsWith(OCI_INDEX)) {
        if (isRetryableStatus(response.status)) throw await this.responseError(`list referrers of ${this.format(digest)}`, response);
        await response.body.dump();
        return undefined;
      }
      pages.push(await this.readLimited(response, `list of referrers of ${this.format(digest)}`));
      next = this.connection.nextPage(response);
    }
    return pages;
  }

  /** Returns all tags that the registry lists. */
  async tags(): Promise<string[]> {
    const tags: string[] = [];
    let next: URL | undefined = new URL(`tags/list?n=${TAGS_PER_PAGE}`, this.base);
    for (let page = 0; next !== undefined; page++) {
      if (page === MAX_TAG_PAGES) {
        throw new MirrorError('registry-error', `${this.endpoint.registry}: ${this.repository} has more than ${MAX_TAG_PAGES} pages of tags`);
      }
      const response: HttpResponse = await this.connection.exchange({ method: 'GET', url: next, headers: { accept: 'application/json' } });
      if (response.status !== 200) throw await this.responseError(`list the tags of ${this.repository}`, response);
      tags.push(...parseTags(await this.readLimited(response, `list of tags of ${this.repository}`)));
      next = this.connection.nextPage(response);
    }
    return tags;
  }

  /** Whether the repository has a blob. */
  async hasBlob(digest: string): Promise<boolean> {
    const response = await this.send('HEAD', `blobs/${digest}`);
    await response.body.dump();
    if (response.status === 404) return false;
    if (response.status !== 200) throw await this.responseError(`look up blob ${this.format(digest)}`, response);
    return true;
  }

  /** Downloads a small blob into memory, such as an image's configuration. */
  async smallBlob(digest: string): Promise<Buffer> {
    const response = await this.send('GET', `blobs/${digest}`);
    if (response.status !== 200) throw await this.responseError(`read blob ${this.format(digest)}`, response);
    return this.readLimited(response, `blob ${this.format(digest)}`);
  }

  /** Opens a blob for reading. The caller verifies the bytes, and consumes or destroys the body. */
  async openBlob(digest: string): Promise<HttpResponse['body']> {
    const response = await this.send('GET', `blobs/${digest}`);
    if (response.status !== 200) throw await this.responseError(`read blob ${this.format(digest)}`, response);
    // The connection may break before the caller reads. Without a listener, that error would end the process. The caller still gets the error.
    response.body.on('error', () => undefined);
    return response.body;
  }

  /** Starts an upload, or mounts a blob from another repository of the same registry. A mounted blob needs no upload. */
  async startUpload(mount?: { readonly digest: string; readonly from: string }): Promise<URL | 'mounted'> {
    const query = mount ? `?${new URLSearchParams({ mount: mount.digest, from: mount.from })}` : '';
    const response = await this.send('POST', `blobs/uploads/${query}`, { headers: { 'content-length': '0' } });
    const isMounted = response.status === 201 && mount !== undefined;
    if (response.status !== 202 && !isMounted) throw await this.responseError(`start an upload to ${this.repository}`, response);
    await response.body.dump();
    return isMounted ? 'mounted' : this.connection.location(response, this.base);
  }

  /** Sends a blob's bytes to a started upload. */
  async finishUpload(upload: URL, digest: string, size: number, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const url = new URL(upload);
    // Appended as text: parsing and formatting the query could change the text that the registry signed.
    url.search = `${url.search}${url.search === '' ? '?' : '&'}digest=${encodeURIComponent(digest)}`;
    const headers = { 'content-type': 'application/octet-stream', 'content-length': String(size) };
    const response = await this.connection.exchange({ method: 'PUT', url, headers, body: size === 0 ? Buffer.alloc(0) : bytes });
    if (response.status < 200 || response.status > 204) throw await this.responseError(`upload blob ${this.format(digest)}`, response);
    await response.body.dump();
  }

  /** Cancels an upload. The response is ignored, because registries may not support this. */
  async cancelUpload(upload: URL): Promise<void> {
    const response = await this.connection.exchange({ method: 'DELETE', url: upload });
    await response.body.dump();
  }

  private send(method: RegistryMessage['method'], path: string, message: Pick<RegistryMessage, 'headers' | 'body'> = {}): Promise<HttpResponse> {
    return this.connection.exchange({ method, url: new URL(path, this.base), ...message });
  }

  /** Formats the repository with a tag or digest. */
  private format(reference: string): string {
    return `${this.repository}${isDigest(reference) ? '@' : ':'}${reference}`;
  }

  /** A request for a digest must return the same digest. */
  private requireDigest(reference: string, digest: string): string {
    if (!isDigest(reference) || digest === reference) return digest;
    const problem = `the registry returned the digest ${digest} for ${this.format(reference)}`;
    throw new MirrorError('digest-mismatch', `${this.endpoint.registry}: ${problem}`, { retryable: true });
  }

  private async readLimited(response: HttpResponse, name: string): Promise<Buffer> {
    const bytes = await readBody(response, MAX_MANIFEST_BYTES);
    if (bytes !== undefined) return bytes;
    throw new MirrorError('unsupported-manifest', `${this.endpoint.registry}: ${name} is larger than ${MAX_MANIFEST_BYTES} bytes`);
  }

  private async responseError(action: string, response: HttpResponse): Promise<MirrorError> {
    const { registry } = this.endpoint;
    const { authenticated } = this.connection;
    if (response.url.origin === this.base.origin) return registryError({ registry, action, authenticated }, response);
    await response.body.dump();
    // The URLs of redirects are signed for a short time only. The next try gets a new URL.
    const problem = `${response.url.host}, to which it redirects, returned HTTP ${response.status}`;
    return new MirrorError(response.status === 429 ? 'rate-limited' : 'registry-error', `${registry}: cannot ${action}: ${problem}`, {
      retryable: true,
      retryAfterSeconds: parseRetryAfter(response.headers['retry-after']),
    });
  }
}

/** Parses the tags of one page. Invalid tags are skipped, because no image reference can contain them. */
function parseTags(page: Buffer): string[] {
  const { tags } = Object(parseJson(page.toString('utf8'))) as { tags?: unknown };
  return Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === 'string' && isTag(tag)) : [];
}
