import { setTimeout as sleep } from 'node:timers/promises';
import type { CopyContext } from './copy-context';
import type { BlobDescriptor } from './manifest';
import { backoffPause } from '../../image/backoff';
import { MirrorError } from '../mirror-error';
import { contentEncoding, decodedBody } from '../registry/response-body';
import { withRetries } from '../registry/retry';
import { headerValue, HttpResponse, networkError } from '../registry/transport';
import { megabytes } from '../report/progress';

/** The maximum number of times that one download continues. */
const MAX_RESUMES = 100;
/** The bytes that a connection must deliver before the download continues with another. Less is not worth an upload that waits. */
const MIN_PROGRESS = 64 * 1024;
/** The attempts to continue a download. The upload waits meanwhile, and registries don't wait long. */
const RESUME_ATTEMPTS = 3;

/**
 * Reads a blob from the source. After a broken connection, it continues at the same byte, as long as each connection delivers enough bytes.
 *
 * The caller verifies the digest of the whole.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-14.2
 */
export class BlobReader {
  private isClosed = false;

  /** @param response the response to the first request */
  constructor(private readonly context: CopyContext, private readonly blob: BlobDescriptor, private response: HttpResponse) {}

  async* bytes(): AsyncGenerator<Uint8Array> {
    const { progress, retryContext } = this.context;
    const { size } = this.blob;
    let position = 0;
    for (let resumes = 0; ; resumes++) {
      const start = position;
      let failure: MirrorError;
      try {
        for await (const part of decodedBody(this.response, size)) {
          position += part.length;
          yield part;
        }
        if (position >= size) return;
        failure = this.truncated(position);
      } catch (error) {
        if (position === size) return; // the response announced another length
        failure = this.requireRetryable(networkError(error, this.response.url));
      } finally {
        this.response.body.destroy();
      }
      if (position - start < MIN_PROGRESS || resumes === MAX_RESUMES || contentEncoding(this.response) !== undefined) throw failure;
      progress.line(`${failure.message}; continuing at ${megabytes(position)} of ${megabytes(size)}`);
      await sleep(backoffPause(retryContext.retry, 1, Math.random()), undefined, { signal: retryContext.signal });
      this.response = await this.openAt(position, failure);
    }
  }

  /** Closes the connection, also while bytes are awaited. */
  close(): void {
    this.isClosed = true;
    this.response.body.destroy();
  }

  private truncated(position: number): MirrorError {
    const { blob: { digest, size }, context: { source } } = this;
    return new MirrorError('network', `${source.endpoint.registry}: blob ${digest} ended after ${position} of ${size} bytes`, { retryable: true });
  }

  private requireRetryable(error: unknown): MirrorError {
    if (error instanceof MirrorError && error.retryable && !this.isClosed && !this.context.retryContext.signal.aborted) return error;
    throw error;
  }

  /** @throws the failure that interrupted the download, when the registry doesn't support ranges */
  private async openAt(position: number, failure: MirrorError): Promise<HttpResponse> {
    const { retryContext, source } = this.context;
    const { retry } = retryContext;
    const context = { ...retryContext, retry: { ...retry, attempts: Math.min(RESUME_ATTEMPTS, retry.attempts) } };
    const response = await withRetries(context, () => source.openBlob(this.blob.digest, position));
    const [, start] = /^\s*bytes\s+([0-9]{1,15})-/i.exec(headerValue(response.headers['content-range']) ?? '') ?? [];
    if (response.status === 206 && Number(start) === position && !this.isClosed) return response;
    response.body.destroy();
    throw failure;
  }
}
