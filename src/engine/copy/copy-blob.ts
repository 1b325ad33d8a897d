import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BlobReader } from './blob-reader';
import type { CopyContext } from './copy-context';
import type { BlobDescriptor } from './manifest';
import type { BlobOrigin } from './shared-blobs';
import { digestFrom } from '../digest';
import { MirrorError } from '../mirror-error';
import { withRetries } from '../registry/retry';
import type { HttpResponse } from '../registry/transport';

/** Copies one blob, unless the target has it. It streams, so memory does not grow with the size of the blob. */
export async function copyBlob(context: CopyContext, blob: BlobDescriptor): Promise<void> {
  const { blobs, progress, retryContext, source, statistics, transfers } = context;
  progress.blobStarted(blob.digest, blob.size);
  let origin: BlobOrigin | undefined;
  const how = await withRetries(retryContext, async () => {
    // Checked at each attempt: a connection can break after the target has received the last byte.
    if (await hasBlob(context, blob)) return origin === undefined ? 'skipped' : 'copied';
    origin ??= await blobs.originOf(blob.digest, retryContext.signal);
    if (origin === 'own-repository' && await hasBlob(context, blob)) return 'skipped';
    const mountFrom = typeof origin === 'object' ? origin.mountFrom : undefined;
    return transfers.run(source.endpoint.registry, () => mountOrTransfer(context, blob, mountFrom)).catch((error: unknown) => {
      if (error instanceof MirrorError && error.overloaded) transfers.slowDown();
      throw error;
    });
  });
  blobs.uploaded(blob.digest);
  if (how === 'copied') {
    statistics.blobsCopied++;
    statistics.bytesCopied += blob.size;
  } else {
    statistics.blobsSkipped++;
  }
  progress.blobFinished(blob.digest, how);
}

function hasBlob({ lookups, target }: CopyContext, { digest }: BlobDescriptor): Promise<boolean> {
  return lookups.run(() => target.hasBlob(digest), target.endpoint.registry);
}

/** @param mountFrom another repository of the target that has the blob; undefined when none is known */
async function mountOrTransfer(context: CopyContext, blob: BlobDescriptor, mountFrom: string | undefined): Promise<'copied' | 'skipped'> {
  const { blobs, source, target } = context;
  const isSameRegistry = source.endpoint.origin === target.endpoint.origin;
  const from = isSameRegistry ? source.repository : mountFrom;
  if (from !== undefined || blob.data !== undefined) {
    const upload = await startUpload(context, from === undefined ? undefined : { digest: blob.digest, from });
    if (upload === 'mounted') return 'skipped';
    if (mountFrom !== undefined) blobs.mountRefused();
    const sending = blob.data === undefined
      ? transfer(context, blob, upload, await source.openBlob(blob.digest))
      : send(context, blob, upload, streamOf(blob.data));
    await sending;
    return 'copied';
  }
  const [upload, response] = await Promise.allSettled([startUpload(context), source.openBlob(blob.digest)]);
  if (response.status === 'rejected') throw response.reason;
  if (upload.status === 'rejected') {
    response.value.body.destroy();
    throw upload.reason;
  }
  await transfer(context, blob, upload.value as URL, response.value);
  return 'copied';
}

/** Sends the blob from the source. It closes that connection in any case. */
async function transfer(context: CopyContext, blob: BlobDescriptor, upload: URL, response: HttpResponse): Promise<void> {
  const reader = new BlobReader(context, blob, response);
  try {
    await send(context, blob, upload, reader.bytes());
  } finally {
    reader.close();
  }
}

function startUpload(
  { pace, target, retryContext: { signal } }: CopyContext, mount?: { readonly digest: string; readonly from: string },
): Promise<URL | 'mounted'> {
  return pace.run('upload', signal, () => target.startUpload(mount));
}

async function send(context: CopyContext, blob: BlobDescriptor, upload: URL, bytes: AsyncGenerator<Uint8Array>): Promise<void> {
  const { progress, source, target, transfers } = context;
  let sent = 0;
  const count = (length: number) => {
    sent += length;
    transfers.countBytes(length);
    progress.blobBytes(blob.digest, length);
  };
  try {
    await target.finishUpload(upload, blob.digest, blob.size, verifiedBytes(bytes, blob, source.endpoint.registry, count));
  } catch (error) {
    // The registry may have the blob, although its response was lost or came too late.
    if (sent === blob.size && await target.hasBlob(blob.digest).catch(() => false)) return;
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
