import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CopyContext } from './copy-context';
import type { BlobDescriptor } from './manifest';
import { digestFrom } from '../digest';
import { MirrorError } from '../mirror-error';
import { withRetries } from '../registry/retry';
import { HttpResponse, networkError } from '../registry/transport';

/** Brings one blob to the target, unless it is there. Streams: memory does not grow with the blob. */
export async function copyBlob(context: CopyContext, blob: BlobDescriptor): Promise<void> {
  const { lookups, progress, run, statistics, target, transfers } = context;
  progress.blobStarted(blob.digest, blob.size);
  let tried = false;
  const how = await withRetries(run, async () => {
    // Asked again at each try: a connection can break after the target has taken the last byte.
    if (await lookups.run(() => target.hasBlob(blob.digest))) return tried ? 'copied' : 'skipped';
    tried = true;
    return transfers.run(() => transferOrMount(context, blob));
  });
  if (how === 'copied') {
    statistics.blobsCopied++;
    statistics.bytesCopied += blob.size;
  } else {
    statistics.blobsSkipped++;
  }
  progress.blobFinished(blob.digest, how);
}

async function transferOrMount(context: CopyContext, blob: BlobDescriptor): Promise<'copied' | 'skipped'> {
  const { source, target } = context;
  const sameRegistry = source.endpoint.origin === target.endpoint.origin;
  if (sameRegistry || blob.data !== undefined) {
    const upload = await target.startUpload(sameRegistry ? { digest: blob.digest, from: source.repository } : undefined);
    if (upload === 'mounted') return 'skipped';
    await (blob.data === undefined ? relay(context, blob, upload, await source.openBlob(blob.digest)) : send(context, blob, upload, once(blob.data)));
    return 'copied';
  }
  const [upload, body] = await Promise.allSettled([target.startUpload(), source.openBlob(blob.digest)]);
  if (body.status === 'rejected') throw body.reason;
  if (upload.status === 'rejected') {
    body.value.destroy();
    throw upload.reason;
  }
  await relay(context, blob, upload.value as URL, body.value);
  return 'copied';
}

/** Sends what arrives from upstream, and lets go of that connection whatever happens. */
async function relay(context: CopyContext, blob: BlobDescriptor, upload: URL, body: HttpResponse['body']): Promise<void> {
  try {
    await send(context, blob, upload, named(body, context.source.endpoint.origin));
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
    await cancel(target, upload);
    throw error;
  }
}

/** Leaves nothing behind, if the registry is there to be told; the failure itself does not wait long for that. */
async function cancel(target: CopyContext['target'], upload: URL): Promise<void> {
  const patience = new AbortController();
  const canceled = target.cancelUpload(upload).catch(() => undefined);
  await Promise.race([canceled, sleep(LONGEST_CANCEL, undefined, { signal: patience.signal }).catch(() => undefined)]);
  patience.abort();
}

/** Milliseconds. */
const LONGEST_CANCEL = 2_000;

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Bytes whose failure names the host that they come from. */
async function* named(bytes: AsyncIterable<Uint8Array>, origin: string): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    throw networkError(error, new URL(origin));
  }
}

/**
 * Passes bytes on while it verifies them against a descriptor.
 *
 * The last piece is held back until the digest of the whole is known to be right, so that wrong content never arrives complete.
 *
 * @throws MirrorError when the content is longer, shorter or other than the descriptor says; a retry may get it right
 */
export async function* verifiedBytes(
  bytes: AsyncIterable<Uint8Array>, { digest, size }: BlobDescriptor, registry: string, onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  const wrong = (problem: string) => new MirrorError('digest-mismatch', `${registry}: blob ${digest} ${problem}`, { retryable: true });
  let received = 0;
  let held: Uint8Array | undefined;
  for await (const piece of bytes) {
    received += piece.length;
    if (received > size) throw wrong(`is longer than the ${size} bytes that its manifest says`);
    if (piece.length === 0) continue; // held back, it would let the last real piece go unverified
    hash.update(piece);
    if (held) {
      yield held;
      onBytes(held.length);
    }
    held = piece;
  }
  if (received < size) {
    throw new MirrorError('network', `${registry}: blob ${digest} ended after ${received} of ${size} bytes`, { retryable: true });
  }
  if (digestFrom(hash) !== digest) throw wrong('arrived with other content');
  if (held) {
    yield held;
    onBytes(held.length);
  }
}
