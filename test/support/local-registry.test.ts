import { blobOf, digestOf, generatedBlob } from './fixture-blob';
import { artifact, multiPlatformImage, singleImage } from './fixture-images';
import { LocalRegistry, LocalRegistryOptions } from './local-registry';
import { momentOf } from './moment';
import { OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-types';

let registry: LocalRegistry;

async function startRegistry(options: LocalRegistryOptions = {}): Promise<void> {
  registry = await new LocalRegistry(options).start();
}

afterEach(async () => {
  expect(registry.errors).toEqual([]);
  await registry.close();
});

async function beginUpload(repository: string, query = ''): Promise<Response> {
  return fetch(`${registry.url}/v2/${repository}/blobs/uploads/${query}`, { method: 'POST' });
}

test('serves the very bytes, media type and digest of a manifest by tag and by digest', async () => {
  await startRegistry();
  const image = multiPlatformImage();
  registry.push('team/app', '1.0.0', image);
  for (const reference of ['1.0.0', image.digest]) {
    const answer = await fetch(`${registry.url}/v2/team/app/manifests/${reference}`, { headers: { accept: OCI_INDEX } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe(OCI_INDEX);
    expect(answer.headers.get('docker-content-digest')).toBe(image.digest);
    expect(digestOf(Buffer.from(await answer.arrayBuffer()))).toBe(image.digest);
  }
});

test('answers HEAD with the length and without a body', async () => {
  await startRegistry();
  const image = singleImage();
  registry.push('app', 'latest', image);
  const answer = await fetch(`${registry.url}/v2/app/manifests/latest`, { method: 'HEAD' });
  expect(answer.headers.get('content-length')).toBe(String(image.bytes.length));
  expect(await answer.text()).toBe('');
});

test('refuses a manifest whose media type the client does not accept', async () => {
  await startRegistry();
  registry.push('app', 'latest', multiPlatformImage());
  const answer = await fetch(`${registry.url}/v2/app/manifests/latest`, { headers: { accept: OCI_MANIFEST } });
  expect(answer.status).toBe(404);
});

test('serves the range of a blob that is asked for', async () => {
  await startRegistry();
  const blob = generatedBlob('ranges', 3_000_000);
  registry.repository('app').blobs.set(blob.digest, blob);
  const url = `${registry.url}/v2/app/blobs/${blob.digest}`;
  const whole = Buffer.from(await (await fetch(url)).arrayBuffer());
  const part = await fetch(url, { headers: { range: 'bytes=1048570-1048585' } });
  expect(digestOf(whole)).toBe(blob.digest);
  expect(part.status).toBe(206);
  expect(part.headers.get('content-range')).toBe('bytes 1048570-1048585/3000000');
  expect(Buffer.from(await part.arrayBuffer())).toEqual(whole.subarray(1_048_570, 1_048_586));
});

test('takes a blob in one POST, by POST and PUT, and in pieces', async () => {
  await startRegistry();
  const digest = digestOf('hello');
  expect((await fetch(`${registry.url}/v2/one/blobs/uploads/?digest=${digest}`, { method: 'POST', body: 'hello' })).status).toBe(201);
  const second = (await beginUpload('two')).headers.get('location');
  expect((await fetch(`${registry.url}${second}&digest=${digest}`, { method: 'PUT', body: 'hello' })).status).toBe(201);
  const third = (await beginUpload('three')).headers.get('location');
  const patched = await fetch(`${registry.url}${third}`, { method: 'PATCH', body: 'hel' });
  expect([patched.status, patched.headers.get('range')]).toEqual([202, '0-2']);
  expect((await fetch(`${registry.url}${patched.headers.get('location')}&digest=${digest}`, { method: 'PUT', body: 'lo' })).status).toBe(201);
  for (const name of ['one', 'two', 'three']) expect(registry.repository(name).blobs.has(digest)).toBe(true);
  expect(registry.openUploads).toBe(0);
});

test('refuses a piece that continues at the wrong offset', async () => {
  await startRegistry();
  const stale = (await beginUpload('app')).headers.get('location');
  await fetch(`${registry.url}${stale}`, { method: 'PATCH', body: 'hel' });
  expect((await fetch(`${registry.url}${stale}`, { method: 'PATCH', body: 'lo' })).status).toBe(416);
});

test('refuses a blob that is not what its digest says', async () => {
  await startRegistry();
  const location = (await beginUpload('app')).headers.get('location');
  const answer = await fetch(`${registry.url}${location}&digest=${digestOf('hello')}`, { method: 'PUT', body: 'hellx' });
  expect(answer.status).toBe(400);
  expect(registry.repository('app').blobs.size).toBe(0);
});

test('cancels an upload', async () => {
  await startRegistry();
  const location = (await beginUpload('app')).headers.get('location');
  expect((await fetch(`${registry.url}${location}`, { method: 'DELETE' })).status).toBe(204);
  expect((await fetch(`${registry.url}${location}`, { method: 'PATCH', body: 'x' })).status).toBe(404);
});

test('mounts a blob that the other repository holds, and begins an upload otherwise', async () => {
  await startRegistry();
  const blob = blobOf('shared');
  registry.repository('base').blobs.set(blob.digest, blob);
  expect((await beginUpload('app', `?mount=${blob.digest}&from=base`)).status).toBe(201);
  expect((await beginUpload('app', `?mount=${digestOf('other')}&from=base`)).status).toBe(202);
  expect([...registry.repository('app').blobs.keys()]).toEqual([blob.digest]);
});

test('keeps only digest and size of a large upload that may be discarded', async () => {
  await startRegistry({ discardUploads: true });
  const content = Buffer.alloc(5 * 1024 * 1024, 'x');
  const url = `${registry.url}/v2/app/blobs/${digestOf(content)}`;
  await fetch(`${registry.url}/v2/app/blobs/uploads/?digest=${digestOf(content)}`, { method: 'POST', body: content });
  expect((await fetch(url, { method: 'HEAD' })).headers.get('content-length')).toBe(String(content.length));
  expect((await fetch(url)).status).toBe(500);
  expect(registry.errors.splice(0)).toHaveLength(1);
});

test('refuses a manifest whose blobs are not there', async () => {
  await startRegistry();
  const image = singleImage();
  const answer = await fetch(`${registry.url}/v2/app/manifests/latest`, { method: 'PUT', headers: { 'content-type': OCI_MANIFEST }, body: image.bytes });
  expect(answer.status).toBe(404);
  expect(registry.tagDigest('app', 'latest')).toBeUndefined();
});

test('refuses a manifest under a digest that is not its own', async () => {
  await startRegistry();
  const url = `${registry.url}/v2/app/manifests/${digestOf('other')}`;
  expect((await fetch(url, { method: 'PUT', headers: { 'content-type': OCI_MANIFEST }, body: singleImage().bytes })).status).toBe(400);
});

test('lists tags page by page', async () => {
  await startRegistry();
  for (const tag of ['c', 'a', 'e', 'b', 'd']) registry.push('app', tag, singleImage());
  const pages: string[][] = [];
  let next: string | undefined = '/v2/app/tags/list?n=2';
  while (next) {
    const answer: Response = await fetch(`${registry.url}${next}`);
    pages.push(((await answer.json()) as { tags: string[] }).tags);
    next = /<([^>]+)>/.exec(answer.headers.get('link') ?? '')?.[1];
  }
  expect(pages).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
});

test('lists the referrers of a digest, and none where the API is switched off', async () => {
  await startRegistry();
  const image = singleImage();
  const signature = artifact({ subject: image, artifactType: 'application/vnd.example.signature' });
  registry.push('app', 'latest', image);
  registry.push('app', undefined, signature);
  const list = await (await fetch(`${registry.url}/v2/app/referrers/${image.digest}`)).json() as { manifests: object[] };
  expect(list.manifests).toMatchObject([{ digest: signature.digest, artifactType: 'application/vnd.example.signature' }]);
  const old = await new LocalRegistry({ referrers: false }).start();
  old.push('app', 'latest', image);
  expect((await fetch(`${old.url}/v2/app/referrers/${image.digest}`)).status).toBe(404);
  await old.close();
});

test('gives full addresses where it is told to', async () => {
  await startRegistry({ absoluteLocations: true });
  expect((await beginUpload('app')).headers.get('location')).toMatch(`${registry.url}/v2/app/blobs/uploads/`);
});

test('records requests without their secrets', async () => {
  await startRegistry();
  await fetch(`${registry.url}/v2/?a=b`, { headers: { authorization: 'Basic c2VjcmV0', cookie: 'secret' } });
  expect(registry.requests).toMatchObject([{ method: 'GET', path: '/v2/', query: 'a=b', status: 200, headers: { authorization: 'Basic [hidden]', cookie: '[hidden]' } }]);
  expect(registry.count({ method: 'GET', path: '/v2/' })).toBe(1);
  registry.resetRequests();
  expect(registry.count()).toBe(0);
});

test('forgets an upload whose time is over while its bytes arrive', async () => {
  await startRegistry();
  const location = (await beginUpload('app')).headers.get('location');
  let letGo = () => {};
  const rest = new Promise<void>((resolve) => { letGo = resolve; });
  const pieces = async function* () {
    yield Buffer.from('hel');
    await rest;
    yield Buffer.from('lo');
  };
  const answer = fetch(`${registry.url}${location}&digest=${digestOf('hello')}`, { method: 'PUT', body: pieces(), duplex: 'half' } as RequestInit);
  await momentOf(answer, () => registry.requestsTo({ method: 'PUT' })[0]?.receivedBytes === 3);
  registry.expireUploads();
  letGo();
  expect((await answer).status).toBe(404);
  expect(registry.repository('app').blobs.size).toBe(0);
});
