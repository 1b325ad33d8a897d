import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CopyContext } from './copy-context';
import type { BlobDescriptor } from './manifest';
import { digestFrom } from '../digest';
import { MirrorError } from '../mirror-error';
import { withRetries } from '../registry/retry';
import { HttpResponse, networkError } from '../registry/transport';

/** Copies one blob, unless the target has it. It streams, so memory does not grow with the size of the blob. */
export async function copyBlob(context: CopyContext, blob: BlobDescriptor): Promise<void> {
  const { lookups, progress, retryContext, statistics, target, transfers } = context;
  progress.blobStarted(blob.digest, blob.size);
  let isRetry = false;
  const how = await withRetries(retryContext, async () => {
    // Checked at each attempt: a connection can break after the target has received the last byte.
    if (await lookups.run(() => target.hasBlob(blob.digest))) return isRetry ? 'copied' : 'skipped';
    isRetry = true;
    return transfers.run(() => mountOrTransfer(context, blob));
  });
  if (how === 'copied') {
    statistics.blobsCopied++;
    statistics.bytesCopied += blob.size;
  } else {
    statistics.blobsSkipped++;
  }
  progress.blobFinished(blob.digest, how);
}

async function mountOrTransfer(context: CopyContext, blob: BlobDescriptor): Promise<'copied' | 'skipped'> {
  const { source, target } = context;
  const isSameRegistry = source.endpoint.origin === target.endpoint.origin;
  if (isSameRegistry || blob.data !== undefined) {
    const upload = await target.startUpload(isSameRegistry ? { digest: blob.digest, from: source.repository } : undefined);
    if (upload === 'mounted') return 'skipped';
    const sent = blob.data === undefined
      ? transfer(context, blob, upload, await source.openBlob(blob.digest))
      : send(context, blob, upload, streamOf(blob.data));
    await sent;
    return 'copied';
  }
  const [upload, body] = await Promise.allSettled([target.startUpload(), source.openBlob(blob.digest)]);
  if (body.status === 'rejected') throw body.reason;
  if (upload.status === 'rejected') {
    body.value.destroy();
    throw upload.reason;
  }
  await transfer(context, blob, upload.value as URL, body.value);
  return 'copied';
}

/** Sends the body of a response from the source. It closes that connection in any case. */
async function transfer(context: CopyContext, blob: BlobDescriptor, upload: URL, body: HttpResponse['body']): Promise<void> {
  try {
    await send(context, blob, upload, withNetworkErrors(body, context.source.endpoint.origin));
  } finally {
    body.destroy();
  }
}

async function send({ source, target, progress }: CopyContext, blob: BlobDescriptor, upload: URL, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  let sent = 0;
  const count = (length: number) => {
    sent += length;
    progress.blobBytes(blob.digest, length);
  };
  try {
    await target.finishUpload(upload, blob.digest, blob.size, verifiedBytes(bytes, blob, source.endpoint.registry, count));
  } catch (error) {
    progress.blobBytes(blob.digest, -sent);
    await cancelUpload(target, upload);
    throw error;
  }
}

/** Cancels an upload, if the registry is reachable. It waits only a short time, so that the original error is not delayed. */
async function cancelUpload(target: CopyContext['target'], upload: URL): Promise<void> {
  const timeout = new AbortController();
  const canceled = target.cancelUpload(upload).catch(() => undefined);
  await Promise.race([canceled, sleep(MAX_CANCEL_TIME, undefined, { signal: timeout.signal }).catch(() => undefined)]);
  timeout.abort();
}

/** In milliseconds. */
const MAX_CANCEL_TIME = 2_000;

async function* streamOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** The same bytes, with network errors that name the host. */
async function* withNetworkErrors(bytes: AsyncIterable<Uint8Array>, origin: string): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    throw networkError(error, new URL(origin));
  }
}

/**
 * Verifies bytes against a descriptor while it passes them on.
 *
 * It passes the last chunk on only after the digest of the whole is verified, so wrong content never arrives complete.
 *
 * @throws MirrorError when the content does not match the descriptor; a retry may succeed
 */
export async function* verifiedBytes(
  bytes: AsyncIterable<Uint8Array>, { digest, size }: BlobDescriptor, registry: string, onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  const mismatch = (problem: string) => new MirrorError('digest-mismatch', `${registry}: blob ${digest} ${problem}`, { retryable: true });
  let received = 0;
  let pending: Uint8Array | undefined;
  for await (const chunk of bytes) {
    received += chunk.length;
    if (received > size) throw mismatch(`is longer than the ${size} bytes in its manifest`);
    if (chunk.length === 0) continue; // as the pending chunk, it would let the last real one pass unverified
    hash.update(chunk);
    if (pending) {
      yield pending;
      onBytes(pending.length);
    }
    pending = chunk;
  }
  if (received < size) {
    throw new MirrorError('network', `${registry}: blob ${digest} ended after ${received} of ${size} bytes`, { retryable: true });
  }
  if (digestFrom(hash) !== digest) throw mismatch('arrived with other content');
  if (pending) {
    yield pending;
    onBytes(pending.length);
  }
}
