import type { Endpoint } from './endpoint';
import { RegistryConnection, RegistryMessage, single } from './registry-connection';
import { isRetryableStatus, registryError, retryAfter } from './registry-error';
import { HttpResponse, readBody, Transport } from './transport';
import { isDigest, isTag } from '../../image/image-reference';
import { ACCEPTED_MANIFESTS, OCI_INDEX } from '../../image/media-types';
import type { CredentialSource } from '../credentials/credential-source';
import { digestOf } from '../digest';
import { MirrorError } from '../mirror-error';

/** What a client works on and with. */
export interface RegistryClientOptions {
  readonly endpoint: Endpoint;
  readonly repository: string;
  /** `pull` for a source, `pull,push` for a target. */
  readonly access: 'pull' | 'pull,push';
  readonly transport: Transport;
  readonly credentials: CredentialSource;
  readonly signal: AbortSignal;
}

/** A manifest's bytes and what the registry says that they are. */
export interface ReceivedManifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
}

/** Amazon ECR's limit, and that of most registries. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const TAGS_PER_PAGE = 1000;
const MOST_PAGES = 100;
const MOST_REFERRER_PAGES = 10;

/**
 * One repository of one registry, over the distribution protocol. Every method is a single try; retries are its callers' business.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
 */
export class RegistryClient {
  /** Manifests asked for with GET, which is what Docker Hub counts as pulls. */
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

  /** Requests sent to this side, those to token services not included. */
  get requests(): number {
    return this.connection.requests;
  }

  /** The digest that a tag names, without counting as a pull; undefined when there is none. */
  async manifestDigest(reference: string): Promise<string | undefined> {
    const response = await this.send('HEAD', `manifests/${reference}`, { headers: { accept: ACCEPTED_MANIFESTS } });
    await response.body.dump();
    if (response.status === 404) return undefined;
    const digest = single(response.headers['docker-content-digest']);
    // Registries that know no HEAD, or tell no digest with it, have to be asked for the manifest itself.
    if (response.status === 405 || (response.status === 200 && digest === undefined)) {
      return this.expected(reference, digestOf((await this.manifest(reference)).bytes));
    }
    if (response.status !== 200) throw await this.refusal(`look up ${this.named(reference)}`, response);
    if (!isDigest(digest!)) throw new MirrorError('registry-error', `${this.endpoint.registry}: it tells no sha256 digest of ${this.named(reference)}`);
    return this.expected(reference, digest!);
  }

  /** A manifest's bytes; the caller verifies them. */
  async manifest(reference: string): Promise<ReceivedManifest> {
    this.manifestGets++;
    const response = await this.send('GET', `manifests/${reference}`, { headers: { accept: ACCEPTED_MANIFESTS } });
    if (response.status !== 200) throw await this.refusal(`read manifest ${this.named(reference)}`, response);
    const bytes = await this.limited(response, `manifest ${this.named(reference)}`);
    return { bytes, mediaType: (single(response.headers['content-type']) ?? '').split(';')[0].trim() };
  }

  /** Puts a manifest under a tag or its digest, with the very bytes given. */
  async putManifest(reference: string, manifest: ReceivedManifest): Promise<void> {
    const response = await this.send('PUT', `manifests/${reference}`, { headers: { 'content-type': manifest.mediaType }, body: manifest.bytes });
    if (response.status < 200 || response.status > 202) throw await this.refusal(`put manifest ${this.named(reference)}`, response);
    await response.body.dump();
  }

  /**
   * The registry's list of what refers to a manifest, page by page; undefined when it keeps none.
   *
   * Not a manifest of the repository, so no pull.
   */
  async referrers(digest: string): Promise<Buffer[] | undefined> {
    const pages: Buffer[] = [];
    let next: URL | undefined = new URL(`referrers/${digest}`, this.base);
    while (next !== undefined && pages.length < MOST_REFERRER_PAGES) {
      const response: HttpResponse = await this.connection.exchange({ method: 'GET', url: next, headers: { accept: OCI_INDEX } });
      if (response.status !== 200 || !(single(response.headers['content-type']) ?? '').startsWith(OCI_INDEX)) {
        if (isRetryableStatus(response.status)) throw await this.refusal(`list referrers of ${this.named(digest)}`, response);
        await response.body.dump();
        return undefined;
      }
      pages.push(await this.limited(response, `list of referrers of ${this.named(digest)}`));
      next = this.connection.nextPage(response);
    }
    return pages;
  }

  /** All tags of the repository, as far as the registry lists them. */
  async tags(): Promise<string[]> {
    const tags: string[] = [];
    let next: URL | undefined = new URL(`tags/list?n=${TAGS_PER_PAGE}`, this.base);
    for (let page = 0; next !== undefined; page++) {
      if (page === MOST_PAGES) throw new MirrorError('registry-error', `${this.endpoint.registry}: ${this.repository} has more than ${MOST_PAGES} pages of tags`);
      const response: HttpResponse = await this.connection.exchange({ method: 'GET', url: next, headers: { accept: 'application/json' } });
      if (response.status !== 200) throw await this.refusal(`list the tags of ${this.repository}`, response);
      tags.push(...readTags(await this.limited(response, `list of tags of ${this.repository}`)));
      next = this.connection.nextPage(response);
    }
    return tags;
  }

  /** Whether a blob is there. */
  async hasBlob(digest: string): Promise<boolean> {
    const response = await this.send('HEAD', `blobs/${digest}`);
    await response.body.dump();
    if (response.status === 404) return false;
    if (response.status !== 200) throw await this.refusal(`look up blob ${this.named(digest)}`, response);
    return true;
  }

  /** A small blob as a whole, such as an image's configuration. */
  async smallBlob(digest: string): Promise<Buffer> {
    const response = await this.send('GET', `blobs/${digest}`);
    if (response.status !== 200) throw await this.refusal(`read blob ${this.named(digest)}`, response);
    return this.limited(response, `blob ${this.named(digest)}`);
  }

  /** Opens a blob for reading; the caller verifies the bytes, and consumes or destroys the body. */
  async openBlob(digest: string): Promise<HttpResponse['body']> {
    const response = await this.send('GET', `blobs/${digest}`);
    if (response.status !== 200) throw await this.refusal(`read blob ${this.named(digest)}`, response);
    // It may break before anybody reads; whoever reads is told, and without a listener it would end the process.
    response.body.on('error', () => undefined);
    return response.body;
  }

  /** Starts an upload, or has a blob mounted from another repository of the same registry: then there is nothing left to upload. */
  async startUpload(mount?: { readonly digest: string; readonly from: string }): Promise<URL | 'mounted'> {
    const query = mount ? `?${new URLSearchParams({ mount: mount.digest, from: mount.from })}` : '';
    const response = await this.send('POST', `blobs/uploads/${query}`, { headers: { 'content-length': '0' } });
    if (response.status !== 202 && !(response.status === 201 && mount)) throw await this.refusal(`start an upload to ${this.repository}`, response);
    await response.body.dump();
    return response.status === 201 ? 'mounted' : this.connection.location(response, this.base);
  }

  /** Sends a blob's bytes to a started upload. */
  async finishUpload(upload: URL, digest: string, size: number, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const url = new URL(upload);
    // Appended as text: a query parsed and written anew might no longer be what the registry signed.
    url.search = `${url.search}${url.search === '' ? '?' : '&'}digest=${encodeURIComponent(digest)}`;
    const headers = { 'content-type': 'application/octet-stream', 'content-length': String(size) };
    const response = await this.connection.exchange({ method: 'PUT', url, headers, body: size === 0 ? Buffer.alloc(0) : bytes });
    if (response.status < 200 || response.status > 204) throw await this.refusal(`upload blob ${this.named(digest)}`, response);
    await response.body.dump();
  }

  /** Tells the registry that an upload will not be finished; it may not care. */
  async cancelUpload(upload: URL): Promise<void> {
    const response = await this.connection.exchange({ method: 'DELETE', url: upload });
    await response.body.dump();
  }

  private send(method: RegistryMessage['method'], path: string, message: Pick<RegistryMessage, 'headers' | 'body'> = {}): Promise<HttpResponse> {
    return this.connection.exchange({ method, url: new URL(path, this.base), ...message });
  }

  /** The repository with a tag or digest, as references are written. */
  private named(reference: string): string {
    return `${this.repository}${isDigest(reference) ? '@' : ':'}${reference}`;
  }

  /** Whoever asks for a digest must get that one. */
  private expected(reference: string, digest: string): string {
    if (!isDigest(reference) || digest === reference) return digest;
    throw new MirrorError('digest-mismatch', `${this.endpoint.registry}: asked for ${this.named(reference)}, it tells of ${digest}`, { retryable: true });
  }

  private async limited(response: HttpResponse, what: string): Promise<Buffer> {
    const bytes = await readBody(response, MAX_MANIFEST_BYTES);
    if (bytes !== undefined) return bytes;
    throw new MirrorError('unsupported-manifest', `${this.endpoint.registry}: ${what} is larger than ${MAX_MANIFEST_BYTES} bytes`);
  }

  private async refusal(action: string, response: HttpResponse): Promise<MirrorError> {
    const { registry } = this.endpoint;
    const { authenticated } = this.connection;
    if (response.url.origin === this.base.origin) return registryError({ registry, action, authenticated }, response);
    await response.body.dump();
    // Places that a registry redirects to are signed for a short time: the next try is given a new one.
    const problem = `${response.url.host}, where it redirects to, answers HTTP ${response.status}`;
    return new MirrorError(response.status === 429 ? 'rate-limited' : 'registry-error', `${registry}: cannot ${action}: ${problem}`, {
      retryable: true,
      retryAfterSeconds: retryAfter(response.headers['retry-after']),
    });
  }
}

/** The tags of one page; what is no tag is passed over, for no image could be asked for by it. */
function readTags(page: Buffer): string[] {
  try {
    const { tags } = Object(JSON.parse(page.toString('utf8'))) as { tags?: unknown };
    return Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === 'string' && isTag(tag)) : [];
  } catch {
    return [];
  }
}
