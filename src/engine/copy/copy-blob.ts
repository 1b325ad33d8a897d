import type { CopyContext } from './copy-context';
import type { Descriptor } from './manifest';
import { verifiedBytes } from './verified-bytes';
import { withRetries } from '../registry/retry';
import { HttpResponse, networkError } from '../registry/transport';

/** Brings one blob to the target, unless it is there. Streams: memory does not grow with the blob. */
export async function copyBlob(context: CopyContext, blob: Descriptor): Promise<void> {
  const { progress, run, statistics, target } = context;
  progress.blobStarted(blob.digest, blob.size);
  let tried = false;
  const how = await withRetries(run, async () => {
    // Asked again at each try: a connection can break after the target has taken the last byte.
    if (await target.hasBlob(blob.digest)) return tried ? 'copied' : 'skipped';
    tried = true;
    return transferOrMount(context, blob);
  });
  if (how === 'copied') {
    statistics.blobsCopied++;
    statistics.bytesCopied += blob.size;
  } else {
    statistics.blobsSkipped++;
  }
  progress.blobFinished(blob.digest, how);
}

async function transferOrMount(context: CopyContext, blob: Descriptor): Promise<'copied' | 'skipped'> {
  const { source, target } = context;
  if (source.endpoint.origin === target.endpoint.origin) {
    const upload = await target.startUpload({ digest: blob.digest, from: source.repository });
    if (upload === 'mounted') return 'skipped';
    await send(context, blob, upload, await source.openBlob(blob.digest));
    return 'copied';
  }
  const [upload, body] = await Promise.allSettled([target.startUpload(), source.openBlob(blob.digest)]);
  if (body.status === 'rejected') throw body.reason;
  if (upload.status === 'rejected') {
    body.value.destroy();
    throw upload.reason;
  }
  await send(context, blob, upload.value as URL, body.value);
  return 'copied';
}

async function send(context: CopyContext, blob: Descriptor, upload: URL, body: HttpResponse['body']): Promise<void> {
  const { source, target, progress } = context;
  let sent = 0;
  const count = (bytes: number) => {
    sent += bytes;
    progress.blobBytes(blob.digest, bytes);
  };
  try {
    const bytes = verifiedBytes(named(body, source.endpoint.origin), blob, source.endpoint.registry, count);
    await target.finishUpload(upload, blob.digest, blob.size, bytes);
  } catch (error) {
    progress.blobBytes(blob.digest, -sent);
    target.cancelUpload(upload).catch(() => undefined);
    throw error;
  } finally {
    body.destroy();
  }
}

/** Bytes whose failure names the host that they come from. */
async function* named(bytes: AsyncIterable<Uint8Array>, origin: string): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    throw networkError(error, new URL(origin));
  }
}
