import { FixtureBlob } from '../support/fixture-blob';
import { FixtureImage } from '../support/fixture-images';

/** Puts an image into any registry with the plainest requests that there are, so that a source owes nothing to the engine. */
export async function pushImage(host: string, repository: string, tag: string, image: FixtureImage): Promise<void> {
  const base = `http://${host}/v2/${repository}`;
  for (const blob of image.blobs) await pushBlob(base, blob);
  for (const { digest, mediaType, bytes } of image.manifests) {
    await send('PUT', `${base}/manifests/${digest === image.digest ? tag : digest}`, mediaType, bytes);
  }
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
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${method} ${address} is answered ${response.status}`);
  return response;
}
