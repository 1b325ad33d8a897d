import type { Endpoint } from './endpoint';
import type { ClientPulls } from './pull-reserve';
import { limitError, ReadBudget } from './read-budget';
import { DocumentOptions, readDocument } from './read-document';
import { RegistryConnection, RegistryMessage } from './registry-connection';
import { isOverload, isRetryableStatus, registryError, RequestPurpose, parseRetryAfter } from './registry-error';
import type { RequestRate } from './request-rate';
import { parseTags, TagPage } from './tag-page';
import { headerValue, HttpResponse, Transport } from './transport';
import { isDigest } from '../../image/image-reference';
import { ACCEPTED_MANIFESTS, OCI_INDEX } from '../../image/media-types';
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
  /** The budget for manifests and lists. @default - a budget for this client alone */
  readonly budget?: ReadBudget;
  /** Limits the requests to the registry. @default - no limit */
  readonly rate?: RequestRate;
  /** Keeps a reserve of the pulls of Docker Hub. @default - no reserve */
  readonly pulls?: ClientPulls;
}

/** A manifest with the media type of the response. */
export interface ReceivedManifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
}

/** Google's registries list the manifests of all tags in the same page. */
const MAX_TAG_PAGE_BYTES = 8 * 1024 * 1024;
const TAGS_PER_PAGE = 1000;
const MAX_REFERRER_PAGES = 100;
/** Statuses with which some registries answer HEAD requests for manifests that they have. A GET request finds out. */
const DOUBTFUL_HEAD_STATUSES = [400, 401, 403, 404, 501];

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
  private readonly budget: ReadBudget;
  private readonly pulls?: ClientPulls;

  constructor({ endpoint, repository, access, budget = new ReadBudget(), pulls, ...options }: RegistryClientOptions) {
    this.endpoint = endpoint;
    this.budget = budget;
    this.pulls = pulls;
    this.repository = repository;
    this.base = new URL(`/v2/${repository}/`, endpoint.origin);
    this.connection = new RegistryConnection({ endpoint, scope: `repository:${repository}:${access}`, ...options });
  }

  /** The number of requests to the registry, without requests to token services. */
  get requests(): number {
    return this.connection.requests;
  }

  /** Why existing credentials are not used; undefined when they are, or when there are none. */
  get credentialNote(): string | undefined {
    return this.connection.note;
  }

  /**
   * Returns the digest of a tag, or undefined when the tag doesn't exist. The request doesn't count as a pull.
   *
   * @param confirm whether a GET request has to confirm that the tag doesn't exist, or that access is denied
   */
  async manifestDigest(reference: string, { confirm = false }: { readonly confirm?: boolean } = {}): Promise<string | undefined> {
    const send = () => this.send('HEAD', `manifests/${reference}`, { headers: { accept: ACCEPTED_MANIFESTS } });
    const response = await (this.pulls?.look(send) ?? send());
    await response.body.dump();
    const { status } = response;
    if (status === 404 && !confirm) return undefined;
    const digest = headerValue(response.headers['docker-content-digest'])?.trim();
    if (status === 200 && digest !== undefined && isDigest(digest)) return this.requireDigest(reference, digest);
    const isDoubtful = confirm && response.refusal === undefined && DOUBTFUL_HEAD_STATUSES.includes(status);
    const needsGet = status === 200 || status === 405 || isDoubtful;
    if (!needsGet) throw await this.responseError(`look up ${this.format(reference)}`, response);
    return this.readDigest(reference);
  }

  /** The digest of a manifest, computed from its bytes. */
  private async readDigest(reference: string): Promise<string | undefined> {
    try {
      const { bytes } = await this.manifest(reference);
      this.budget.returnBytes(bytes.length);
      return this.requireDigest(reference, digestOf(bytes));
    } catch (error) {
      if (error instanceof MirrorError && error.reason === 'not-found') return undefined;
      throw error;
    }
  }

  /**
   * Downloads a manifest. The caller verifies the bytes of a digest; those of a tag match the digest that the registry returns with them.
   *
   * @param size the number of bytes in its descriptor; undefined when it is unknown
   */
  async manifest(reference: string, size?: number): Promise<ReceivedManifest> {
    const name = `manifest ${this.format(reference)}`;
    const { response, bytes } = await readDocument(this.document(name, { size }), async () => {
      this.pulls?.requireReserve(`read ${name}`);
      this.manifestGets++;
      this.budget.addManifest(`${this.endpoint.registry}: ${name}`);
      const send = () => this.send('GET', `manifests/${reference}`, { headers: { accept: ACCEPTED_MANIFESTS } });
      const received = await (this.pulls?.pull(send) ?? send());
      if (received.status !== 200) throw await this.responseError(`read ${name}`, received, 'manifest');
      return received;
    });
    const digest = isDigest(reference) ? undefined : this.otherDigest(response, digestOf(bytes));
    if (digest !== undefined) {
      const problem = `${this.format(reference)} has the digest ${digest}, and arrived with other content`;
      throw new MirrorError('digest-mismatch', `${this.endpoint.registry}: ${problem}`, { retryable: true });
    }
    return { bytes, mediaType: (headerValue(response.headers['content-type']) ?? '').split(';')[0].trim() };
  }

  /** Uploads a manifest under a tag or its digest, without changing its bytes. */
  async putManifest(reference: string, manifest: ReceivedManifest): Promise<void> {
    const response = await this.send('PUT', `manifests/${reference}`, { headers: { 'content-type': manifest.mediaType }, body: manifest.bytes });
    if (response.status < 200 || response.status > 202) throw await this.responseError(`put manifest ${this.format(reference)}`, response);
    await response.body.dump();
    const digest = this.otherDigest(response, digestOf(manifest.bytes));
    if (digest === undefined) return;
    throw new MirrorError('digest-mismatch', `${this.endpoint.registry}: the registry stored ${this.format(reference)} with the digest ${digest} `
      + `instead of ${digestOf(manifest.bytes)}; it changes manifests, so it cannot hold an exact copy`);
  }

  /**
   * Returns the pages of the referrers list of a manifest, or undefined when the registry doesn't support the referrers API.
   *
   * The request doesn't count as a pull.
   */
  async referrers(digest: string): Promise<Buffer[] | undefined> {
    const pages: Buffer[] = [];
    const action = `list referrers of ${this.format(digest)}`;
    const urls = new Set<string>();
    let next: URL | undefined = new URL(`referrers/${digest}`, this.base);
    while (next !== undefined) {
      if (urls.has(next.href)) throw new MirrorError('registry-error', `${this.endpoint.registry}: cannot ${action}: the list repeats a page`);
      urls.add(next.href);
      if (pages.length === MAX_REFERRER_PAGES) {
        throw limitError(`${this.endpoint.registry}: cannot ${action}: ${MAX_REFERRER_PAGES} pages are the limit`);
      }
      const response: HttpResponse = await this.connection.exchange({ method: 'GET', url: next, headers: { accept: OCI_INDEX } });
      if (response.status !== 200 || !(headerValue(response.headers['content-type']) ?? '').trim().toLowerCase().startsWith(OCI_INDEX)) {
        if (isRetryableStatus(response.status) || pages.length > 0) throw await this.responseError(action, response);
        await response.body.dump();
        return undefined;
      }
      pages.push((await readDocument(this.document(`list of referrers of ${this.format(digest)}`), async () => response)).bytes);
      next = this.connection.nextPage(response);
    }
    return pages;
  }

  /**
   * Returns one page of the tags that the registry lists.
   *
   * @param url the URL of the page; undefined for the first page
   */
  async tagPage(url: URL = new URL(`tags/list?n=${TAGS_PER_PAGE}`, this.base)): Promise<TagPage> {
    const list = this.document(`list of tags of ${this.repository}`, { limit: MAX_TAG_PAGE_BYTES });
    const { response, bytes: page } = await readDocument(list, async () => {
      const received = await this.connection.exchange({ method: 'GET', url, headers: { accept: 'application/json' } });
      if (received.status !== 200) throw await this.responseError(`list the tags of ${this.repository}`, received);
      return received;
    });
    this.budget.returnBytes(page.length);
    const tags = parseTags(page);
    if (tags !== undefined) return { tags, next: this.connection.nextPage(response) };
    const problem = `the list of tags of ${this.repository} is incomplete: a page has no "tags" in a JSON object`;
    throw new MirrorError('registry-error', `${this.endpoint.registry}: ${problem}`, { retryable: true });
  }

  /** Whether the repository is known to have a blob. A registry that cannot answer gets an upload. */
  async hasBlob(digest: string): Promise<boolean> {
    const response = await this.send('HEAD', `blobs/${digest}`);
    await response.body.dump();
    const isOwnAnswer = response.url.origin === this.base.origin;
    if (isOwnAnswer && isRetryableStatus(response.status)) throw await this.responseError(`look up blob ${this.format(digest)}`, response);
    return response.status === 200;
  }

  /** Downloads a small blob into memory, such as an image's configuration. */
  async smallBlob({ digest, size }: { readonly digest: string; readonly size: number }): Promise<Buffer> {
    const { bytes } = await readDocument(this.document(`blob ${this.format(digest)}`, { size }), async () => {
      const response = await this.send('GET', `blobs/${digest}`, { isSlow: true });
      if (response.status !== 200) throw await this.responseError(`read blob ${this.format(digest)}`, response, 'blob');
      return response;
    });
    return bytes;
  }

  /**
   * Opens a blob for reading. The caller verifies the bytes, and consumes or destroys the body.
   *
   * @param offset the number of bytes to leave out. A registry without support for ranges returns the whole blob, with status 200.
   */
  async openBlob(digest: string, offset: number = 0): Promise<HttpResponse> {
    const headers = offset === 0 ? undefined : { range: `bytes=${offset}-` };
    const response = await this.send('GET', `blobs/${digest}`, { headers, isSlow: true });
    if (response.status !== 200 && (response.status !== 206 || offset === 0)) {
      throw await this.responseError(`read blob ${this.format(digest)}`, response, 'blob');
    }
    // The connection may break before the caller reads. Without a listener, that error would end the process. The caller still gets the error.
    response.body.on('error', () => undefined);
    return response;
  }

  /** Starts an upload, or mounts a blob from another repository of the same registry. A mounted blob needs no upload. */
  async startUpload(mount?: { readonly digest: string; readonly from: string }): Promise<URL | 'mounted'> {
    const query = mount ? `?${new URLSearchParams({ mount: mount.digest, from: mount.from })}` : '';
    const response = await this.send('POST', `blobs/uploads/${query}`, { headers: { 'content-length': '0' } });
    if (response.status === 202) {
      await response.body.dump();
      return this.connection.location(response, this.base);
    }
    if (mount !== undefined && !isRetryableStatus(response.status)) {
      await response.body.dump();
      // A refused mount says nothing about uploads.
      return response.status === 201 ? 'mounted' : this.startUpload();
    }
    throw await this.responseError(`start an upload to ${this.repository}`, response, 'upload');
  }

  /** Sends a blob's bytes to a started upload. */
  async finishUpload(upload: URL, digest: string, size: number, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const url = new URL(upload);
    // Appended as text: parsing and formatting the query could change the text that the registry signed.
    url.search = `${url.search}${url.search === '' ? '?' : '&'}digest=${encodeURIComponent(digest)}`;
    const headers = { 'content-type': 'application/octet-stream', 'content-length': String(size) };
    const body = size === 0 ? Buffer.alloc(0) : bytes;
    const response = await this.connection.exchange({ method: 'PUT', url, headers, body, isSlow: true });
    if (response.status < 200 || response.status > 204) throw await this.responseError(`upload blob ${this.format(digest)}`, response, 'blob');
    await response.body.dump();
    const stored = this.otherDigest(response, digest);
    if (stored === undefined) return;
    const problem = `the registry stored blob ${this.format(digest)} with the digest ${stored}`;
    throw new MirrorError('digest-mismatch', `${this.endpoint.registry}: ${problem}`, { retryable: true });
  }

  /** Cancels an upload. The response is ignored, because registries may not support this. */
  async cancelUpload(upload: URL): Promise<void> {
    const response = await this.connection.exchange({ method: 'DELETE', url: upload });
    await response.body.dump();
  }

  private send(method: RegistryMessage['method'], path: string, message: Omit<RegistryMessage, 'method' | 'url'> = {}): Promise<HttpResponse> {
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

  /** The digest in a response, when it is not the expected one. Many registries leave it out. */
  private otherDigest({ headers }: HttpResponse, expected: string): string | undefined {
    const digest = headerValue(headers['docker-content-digest'])?.trim();
    return digest === undefined || !isDigest(digest) || digest === expected ? undefined : digest;
  }

  /** The options of a document of this registry. */
  private document(name: string, options: Pick<DocumentOptions, 'size' | 'limit'> = {}): DocumentOptions {
    return { budget: this.budget, name: `${this.endpoint.registry}: ${name}`, ...options };
  }

  private async responseError(action: string, response: HttpResponse, subject?: RequestPurpose['subject']): Promise<MirrorError> {
    const { registry } = this.endpoint;
    const { authenticated, note } = this.connection;
    if (response.url.origin === this.base.origin) return registryError({ registry, action, authenticated, note, subject }, response);
    await response.body.dump();
    const isMissing = response.status === 404 && subject === 'manifest';
    if (isMissing) return new MirrorError('not-found', `${registry}: cannot ${action}: it doesn't exist (HTTP 404)`);
    // The URLs of redirects are signed for a short time only. The next try gets a new URL.
    const problem = `${response.url.host}, to which it redirects, returned HTTP ${response.status}`;
    return new MirrorError(response.status === 429 ? 'rate-limited' : 'registry-error', `${registry}: cannot ${action}: ${problem}`, {
      retryable: true,
      retryAfterSeconds: parseRetryAfter(response.headers['retry-after']),
      overloaded: isOverload(response.status),
    });
  }
}
