import { request } from 'undici';
import type { FixtureBlob } from '../test/support/fixture-blob';
import type { FixtureImage } from '../test/support/fixture-images';

/** Puts a generated image into a registry on this machine; what the benchmark starts from. */
export async function pushImage(origin: string, repository: string, tag: string, image: FixtureImage): Promise<void> {
  for (const blob of image.blobs) await pushBlob(origin, repository, blob);
  for (const { digest, mediaType, bytes } of image.manifests) {
    const reference = digest === image.digest ? tag : digest;
    await send('PUT', `${origin}/v2/${repository}/manifests/${reference}`, { 'content-type': mediaType }, bytes);
  }
}

async function pushBlob(origin: string, repository: string, blob: FixtureBlob): Promise<void> {
  const location = await send('POST', `${origin}/v2/${repository}/blobs/uploads/`, {});
  const upload = new URL(location, origin);
  upload.searchParams.set('digest', blob.digest);
  await send('PUT', upload.href, { 'content-type': 'application/octet-stream', 'content-length': String(blob.size) }, blob.open());
}

async function send(method: 'POST' | 'PUT', url: string, headers: Record<string, string>, body?: Buffer | ReturnType<FixtureBlob['open']>): Promise<string> {
  const response = await request(url, { method, headers, body });
  const text = await response.body.text();
  if (response.statusCode >= 300) throw new Error(`${method} ${url}: HTTP ${response.statusCode} ${text}`);
  return String(response.headers.location ?? '');
}
