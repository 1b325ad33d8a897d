import { requireMethod } from './allowed-methods';
import { BlobUpload } from './blob-upload';
import { Exchange } from './exchange';
import { FixtureBlob } from './fixture-blob';
import { RegistryError } from './registry-error';
import { RepositoryStorage } from './repository-storage';

/** What differs between registries about uploads. */
export interface UploadRules {
  /** Whether only digest and size are kept of uploads larger than a few MB. */
  readonly discardUploads: boolean;
  /** Whether one POST may carry a whole blob; otherwise it only begins an upload, which the specification allows. */
  readonly singlePostUploads: boolean;
  /** The blob that a mount finds in another repository; undefined where an upload begins instead. */
  mountable(digest: string, from: string | undefined): FixtureBlob | undefined;
  /** Throws where an upload may not be finished. */
  checkUpload(upload: BlobUpload): void;
  /** The refusal of a session that is not there. */
  uploadUnknown(id: string, repository: string): RegistryError;
  /** A path as a `Location` header names it. */
  location(exchange: Exchange, path: string): string;
}

/** The uploads of a registry: begun by POST, continued by PATCH, finished by PUT. */
export class UploadSessions {
  private readonly sessions = new Map<string, BlobUpload>();
  private begun = 0;

  constructor(private readonly rules: UploadRules) {}

  /** Sessions that were begun and neither finished nor canceled. */
  get open(): number {
    return this.sessions.size;
  }

  /** Forgets all sessions, as a registry does when their time is over. */
  expire(): void {
    this.sessions.clear();
  }

  /** Answers a request to `blobs/uploads/`; without an id it begins a session. */
  async handle(exchange: Exchange, storage: RepositoryStorage, repository: string, id: string): Promise<void> {
    if (id === '') {
      requireMethod(exchange, ['POST']);
      return this.begin(exchange, storage, repository);
    }
    const upload = this.sessions.get(id);
    if (upload?.repository !== repository) throw this.rules.uploadUnknown(id, repository);
    if (exchange.method === 'DELETE') {
      this.sessions.delete(id);
      return exchange.reply(204);
    }
    if (exchange.method === 'GET') return exchange.reply(204, this.progressOf(exchange, upload));
    requireMethod(exchange, ['PATCH', 'PUT']);
    refuseWrongOffset(exchange, upload);
    await upload.append(exchange.receive());
    if (!this.sessions.has(id)) throw this.rules.uploadUnknown(id, repository); // its time was over meanwhile
    if (exchange.method === 'PUT') return this.finish(exchange, storage, upload);
    return exchange.reply(202, this.progressOf(exchange, upload));
  }

  private async begin(exchange: Exchange, storage: RepositoryStorage, repository: string): Promise<void> {
    const { mount, from, digest } = Object.fromEntries(exchange.url.searchParams);
    const mounted = mount === undefined ? undefined : this.rules.mountable(mount, from);
    if (mounted) {
      storage.blobs.set(mounted.digest, mounted);
      return exchange.reply(201, this.blobLocation(exchange, repository, mounted.digest));
    }
    const upload = new BlobUpload(`upload-${++this.begun}`, repository, this.rules.discardUploads);
    if (digest !== undefined && this.rules.singlePostUploads) {
      await upload.append(exchange.receive());
      return this.finish(exchange, storage, upload);
    }
    this.sessions.set(upload.id, upload);
    return exchange.reply(202, this.progressOf(exchange, upload));
  }

  private async finish(exchange: Exchange, storage: RepositoryStorage, upload: BlobUpload): Promise<void> {
    const expected = exchange.url.searchParams.get('digest');
    this.rules.checkUpload(upload);
    const blob = upload.finish();
    this.sessions.delete(upload.id);
    if (blob.digest !== expected) {
      throw new RegistryError(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content', {}, { expected, actual: blob.digest });
    }
    storage.blobs.set(blob.digest, blob);
    return exchange.reply(201, this.blobLocation(exchange, upload.repository, blob.digest));
  }

  private progressOf(exchange: Exchange, { id, repository, size }: BlobUpload): Record<string, string> {
    return {
      // Clients must keep what the query holds: real registries keep their state there.
      'location': this.rules.location(exchange, `/v2/${repository}/blobs/uploads/${id}?_state=${size}`),
      'range': `0-${Math.max(size - 1, 0)}`,
      'docker-upload-uuid': id,
    };
  }

  private blobLocation(exchange: Exchange, repository: string, digest: string): Record<string, string> {
    return { 'location': this.rules.location(exchange, `/v2/${repository}/blobs/${digest}`), 'docker-content-digest': digest };
  }
}

function refuseWrongOffset(exchange: Exchange, upload: BlobUpload): void {
  const state = Number(exchange.url.searchParams.get('_state') ?? NaN);
  const start = /^(?:bytes )?([0-9]+)-/.exec(exchange.header('content-range') ?? '')?.[1];
  if (state === upload.size && (start === undefined || Number(start) === upload.size)) return;
  throw new RegistryError(416, 'RANGE_INVALID', 'invalid content range', { range: `0-${Math.max(upload.size - 1, 0)}` });
}
