import type { FixtureBlob } from '../support/fixture-blob';
import type { FixtureImage } from '../support/fixture-images';

/** Uploads at a time; an image may have hundreds of layers. */
const TOGETHER = 16;

/** Puts an image into any registry with the plainest requests that there are, so that a source owes nothing to the engine. */
export async function pushImage(host: string, repository: string, tag: string, image: FixtureImage): Promise<void> {
  const base = `http://${host}/v2/${repository}`;
  for (let start = 0; start < image.blobs.length; start += TOGETHER) {
    await Promise.all(image.blobs.slice(start, start + TOGETHER).map((blob) => pushBlob(base, blob)));
  }
  const children = image.manifests.filter(({ digest }) => digest !== image.digest);
  for (const { digest, mediaType, bytes } of children) await send('PUT', `${base}/manifests/${digest}`, mediaType, bytes);
  await send('PUT', `${base}/manifests/${tag}`, image.mediaType, image.bytes);
}

async function pushBlob(base: string, blob: FixtureBlob): Promise<void> {
  const upload = await send('POST', `${base}/blobs/uploads/`);
  const address = new URL(upload.headers.get('location')!, base);
  address.searchParams.set('digest', blob.digest);
  const pieces: Buffer[] = [];
  for await (const piece of blob.open()) pieces.push(piece as Buffer);
  await send('PUT', address.href, 'application/octet-stream', Buffer.concat(pieces));
}

async function send(method: string, address: string, contentType?: string, body?: Buffer): Promise<Response> {
  const response = await fetch(address, { method, body: body && new Uint8Array(body), headers: contentType === undefined ? {} : { 'content-type': contentType } });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${address} is answered ${response.status}: ${text}`);
  return response;
}
