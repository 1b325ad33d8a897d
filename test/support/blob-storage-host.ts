import { Exchange } from './exchange';
import { digestOf, FixtureBlob } from './fixture-blob';
import { LocalServer, LocalServerOptions } from './local-server';

export interface BlobStorageHostOptions extends LocalServerOptions {
  /** The origin that addresses begin with, where the host is reached under another name. @default - its own `http://127.0.0.1:<port>` */
  readonly origin?: string;
}

/**
 * The other host that registries redirect to for blobs: Amazon S3 behind ECR, a CDN behind Docker Hub.
 *
 * Imitates of Amazon S3: addresses are signed for one object; a request with an `Authorization` header besides is refused with 400 InvalidArgument,
 * one without a valid signature with 403. `Range` is honored. Signatures do not expire by themselves; `expire()` makes them.
 */
export class BlobStorageHost extends LocalServer {
  private readonly objects = new Map<string, FixtureBlob>();
  private generation = 0;

  constructor(private readonly storageOptions: BlobStorageHostOptions = {}) {
    super(storageOptions);
  }

  /** A signed address for a blob. */
  addressOf(blob: FixtureBlob): string {
    this.objects.set(blob.digest, blob);
    const origin = this.storageOptions.origin ?? this.url;
    return `${origin}/blobs/${blob.digest.replace(':', '/')}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=${this.signature(blob.digest)}`;
  }

  /** Makes every address given so far invalid. */
  expire(): void {
    this.generation += 1;
  }

  protected async handle(exchange: Exchange): Promise<void> {
    const digest = exchange.path.replace('/blobs/', '').replace('/', ':');
    const blob = this.objects.get(digest);
    if (exchange.header('authorization')) {
      return exchange.reply(400, { 'content-type': 'application/xml' }, xmlError('InvalidArgument', 'Only one auth mechanism allowed'));
    }
    if (!blob || exchange.url.searchParams.get('X-Amz-Signature') !== this.signature(digest)) {
      return exchange.reply(403, { 'content-type': 'application/xml' }, xmlError('AccessDenied', 'Request has expired'));
    }
    return replyWithBlob(exchange, blob);
  }

  private signature(digest: string): string {
    return digestOf(`${this.generation} ${digest}`).slice('sha256:'.length);
  }
}

/** Answers with a blob's bytes, or with the range of them that was asked for. */
export async function replyWithBlob(exchange: Exchange, blob: FixtureBlob, headers: Record<string, string> = {}): Promise<void> {
  const common = { 'content-type': 'application/octet-stream', 'accept-ranges': 'bytes', ...headers };
  const range = /^bytes=([0-9]+)-([0-9]*)$/.exec(exchange.header('range') ?? '');
  if (!range) {
    const body = exchange.method === 'HEAD' ? '' : blob.open();
    return exchange.reply(200, { ...common, 'content-length': String(blob.size) }, body);
  }
  const start = Number(range[1]);
  const end = Math.min(range[2] === '' ? blob.size - 1 : Number(range[2]), blob.size - 1);
  if (start > end) return exchange.reply(416, { ...common, 'content-range': `bytes */${blob.size}` });
  const partial = { ...common, 'content-length': String(end - start + 1), 'content-range': `bytes ${start}-${end}/${blob.size}` };
  return exchange.reply(206, partial, exchange.method === 'HEAD' ? '' : blob.open(start, end));
}

function xmlError(code: string, message: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
}
