import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { blobOf, digestOf } from './fixture-blob';
import { artifact, FixtureImage, FixtureManifest, multiPlatformImage, schema1Image, singleImage } from './fixture-images';
import { EcrRepositoryDefinition, LocalEcr, LocalEcrOptions } from './local-ecr';
import { OCI_INDEX } from '../../src/image/media-types';

let ecr: LocalEcr;
let authorization: string;

async function startEcr(definition: EcrRepositoryDefinition = { repositoryName: 'mirror/app' }, options: LocalEcrOptions = {}): Promise<void> {
  ecr = await new LocalEcr([definition], options).start();
  authorization = `Basic ${ecr.issueToken()}`;
}

afterEach(async () => {
  expect(ecr.errors).toEqual([]);
  await ecr.close();
});

async function request(method: string, path: string, headers: Record<string, string> = {}, body?: Buffer): Promise<Response> {
  return fetch(`${ecr.url}/v2/${path}`, { method, headers: { authorization, ...headers }, body, redirect: 'manual' });
}

async function putManifest(manifest: FixtureManifest, reference: string): Promise<Response> {
  return request('PUT', `mirror/app/manifests/${reference}`, { 'content-type': manifest.mediaType }, manifest.bytes);
}

async function refusal(answer: Response): Promise<{ status: number; code: string; message: string }> {
  const { errors } = await answer.json() as { errors: { code: string; message: string }[] };
  return { status: answer.status, ...errors[0] };
}

function hold(image: FixtureImage): void {
  ecr.push('mirror/app', undefined, image);
}

test('asks for Basic credentials', async () => {
  await startEcr();
  for (const wrong of ['', 'Basic QVdTOndyb25n', authorization.replace('Basic', 'Bearer')]) {
    const answer = await fetch(`${ecr.url}/v2/`, { headers: wrong ? { authorization: wrong } : {} });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe(`Basic realm="https://${ecr.host}/",service="ecr.amazonaws.com"`);
  }
  expect((await request('GET', '')).status).toBe(200);
});

test('denies an expired token with 403 and without a challenge', async () => {
  let now = 1_000_000;
  await startEcr(undefined, { now: () => now, tokenSeconds: 60 });
  now += 59_000;
  expect((await request('GET', '')).status).toBe(200);
  now += 1_000;
  const answer = await request('GET', '');
  expect(answer.headers.get('www-authenticate')).toBeNull();
  expect(await refusal(answer)).toMatchObject({ status: 403, code: 'DENIED', message: expect.stringContaining('token has expired') });
});

test('expires all tokens at once when it is told to', async () => {
  await startEcr();
  ecr.expireTokens();
  expect((await request('GET', '')).status).toBe(403);
});

test('gives a token to the AWS SDK, and the token works', async () => {
  await startEcr();
  const client = new ECRClient({ endpoint: ecr.url, region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
  const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
  authorization = `Basic ${authorizationData![0].authorizationToken}`;
  expect(authorizationData![0].expiresAt!.getTime()).toBeGreaterThan(Date.now());
  expect((await request('GET', '')).status).toBe(200);
});

test('gives no token to a request that is not signed', async () => {
  await startEcr();
  const headers = { 'x-amz-target': 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken' };
  expect((await fetch(ecr.url, { method: 'POST', headers, body: '{}' })).status).toBe(400);
  expect(ecr.issuedTokens).toBe(1);
});

test('knows only the repositories that were defined, for pushes too', async () => {
  await startEcr();
  const expected = { status: 404, code: 'NAME_UNKNOWN', message: "The repository with name 'mirror/other' does not exist in the registry with id '123456789012'" };
  expect(await refusal(await request('GET', 'mirror/other/manifests/latest'))).toEqual(expected);
  expect(await refusal(await request('POST', 'mirror/other/blobs/uploads/'))).toEqual(expected);
});

describe('creation on push', () => {
  const creationTemplates = [{ prefix: 'mirror', imageTagMutability: 'IMMUTABLE' as const }, { prefix: 'mirror/team', imageTagMutability: 'MUTABLE' as const }];
  const names = () => ecr.repositoryNames;

  // The repository that is there anyway is under no template.
  beforeEach(() => startEcr({ repositoryName: 'app' }, { creationTemplates }));

  test('is of the first upload, not of a look', async () => {
    for (const path of ['manifests/latest', `blobs/${singleImage().digest}`]) expect((await request('GET', `mirror/new/${path}`)).status).toBe(404);
    expect(names()).toEqual(['app']);
    expect((await request('POST', 'mirror/new/blobs/uploads/')).status).toBe(202);
    expect(names()).toEqual(['app', 'mirror/new']);
  });

  test('is for names under the prefix of a template', async () => {
    for (const name of ['mirrored/new', 'mirror', 'other/mirror/new']) expect((await request('POST', `${name}/blobs/uploads/`)).status).toBe(404);
    expect(names()).toEqual(['app']);
  });

  test('takes the mutability from the template with the longest prefix', async () => {
    const image = singleImage({ layers: 0 });
    for (const [name, status] of [['mirror/new', 400], ['mirror/team/new', 201]] as const) {
      await request('POST', `${name}/blobs/uploads/`);
      ecr.repository(name).put(image, 'stable');
      const [{ bytes, mediaType }] = image.manifests;
      expect((await request('PUT', `${name}/manifests/stable`, { 'content-type': mediaType }, bytes)).status).toBe(status);
    }
  });
});

test('says in its own words that an image is not there', async () => {
  await startEcr();
  expect(await refusal(await request('GET', 'mirror/app/manifests/latest'))).toEqual({ status: 404, code: 'MANIFEST_UNKNOWN', message: 'Requested image not found' });
});

test('refuses to overwrite an immutable tag, even with the identical manifest', async () => {
  await startEcr({ repositoryName: 'mirror/app', imageTagMutability: 'IMMUTABLE' });
  const [first, second] = [singleImage({ seed: 'first' }), singleImage({ seed: 'second' })];
  hold(first);
  hold(second);
  expect((await putManifest(first, '1.0.0')).status).toBe(201);
  for (const manifest of [first, second]) {
    expect(await refusal(await putManifest(manifest, '1.0.0'))).toEqual({
      status: 400,
      code: 'TAG_INVALID',
      message: "The image tag '1.0.0' already exists in the 'mirror/app' repository and cannot be overwritten because the repository is immutable.",
    });
  }
  expect((await putManifest(second, second.digest)).status).toBe(201);
  expect(ecr.tagDigest('mirror/app', '1.0.0')).toBe(first.digest);
});

test('lets a tag move in a mutable repository', async () => {
  await startEcr();
  for (const image of [singleImage({ seed: 'first' }), singleImage({ seed: 'second' })]) {
    hold(image);
    expect((await putManifest(image, '1.0.0')).status).toBe(201);
    expect(ecr.tagDigest('mirror/app', '1.0.0')).toBe(image.digest);
  }
});

test.each([
  ['IMMUTABLE_WITH_EXCLUSION', 'latest', 201],
  ['IMMUTABLE_WITH_EXCLUSION', '1.27-alpine', 201],
  ['IMMUTABLE_WITH_EXCLUSION', 'latest-2', 400],
  ['IMMUTABLE_WITH_EXCLUSION', '1x27-debian', 400],
  ['MUTABLE_WITH_EXCLUSION', 'latest', 400],
  ['MUTABLE_WITH_EXCLUSION', '1.27.0', 201],
] as const)('%s answers a second push of %s with %d', async (imageTagMutability, tag, status) => {
  await startEcr({ repositoryName: 'mirror/app', imageTagMutability, exclusionFilters: ['latest', '1.*-alpine'] });
  const image = singleImage();
  ecr.push('mirror/app', tag, image);
  expect((await putManifest(image, tag)).status).toBe(status);
});

test('refuses a sparse index and names what is missing', async () => {
  await startEcr();
  const image = multiPlatformImage();
  const [child, other] = image.manifests;
  ecr.repository('mirror/app').manifests.set(child.digest, child);
  expect(await refusal(await putManifest(image, 'latest'))).toMatchObject({
    code: 'MANIFEST_BLOB_UNKNOWN',
    message: `Images with digests '[${other.digest}]' required for pushing image into repository with name 'mirror/app' in the registry with id '123456789012' do not exist`,
  });
});

test('refuses a manifest whose layers are missing and names them', async () => {
  await startEcr();
  const image = singleImage({ layers: 1 });
  const [config, layer] = image.blobs;
  ecr.repository('mirror/app').blobs.set(config.digest, config);
  expect(await refusal(await putManifest(image, 'latest'))).toMatchObject({
    code: 'MANIFEST_BLOB_UNKNOWN',
    message: expect.stringContaining(`Layers with digests '[${layer.digest}]' required`),
  });
});

test('asks for no layer that stays at its address', async () => {
  await startEcr();
  const image = singleImage({ nonDistributableUrls: ['https://example.com/layer'] });
  hold(image);
  expect((await putManifest(image, 'latest')).status).toBe(201);
});

test('refuses schema 1 and manifests over 4 MiB', async () => {
  await startEcr();
  expect((await putManifest(schema1Image(), 'old')).status).toBe(400);
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [], annotations: { padding: 'x'.repeat(4 * 1024 * 1024) } }));
  expect((await putManifest({ bytes, mediaType: OCI_INDEX, digest: digestOf(bytes) }, 'large')).status).toBe(413);
});

test('redirects a blob to another host, which refuses credentials and unsigned addresses', async () => {
  await startEcr();
  const blob = blobOf('layer');
  ecr.repository('mirror/app').blobs.set(blob.digest, blob);
  const answer = await request('GET', `mirror/app/blobs/${blob.digest}`);
  const location = answer.headers.get('location')!;
  expect([answer.status, new URL(location).host]).toEqual([307, ecr.blobStorage.host]);
  expect(await (await fetch(location)).text()).toBe('layer');
  expect((await fetch(location, { headers: { authorization } })).status).toBe(400);
  expect((await fetch(location.split('?')[0])).status).toBe(403);
  ecr.blobStorage.expire();
  expect((await fetch(location)).status).toBe(403);
});

test('answers HEAD for a blob itself', async () => {
  await startEcr();
  const blob = blobOf('layer');
  ecr.repository('mirror/app').blobs.set(blob.digest, blob);
  const answer = await request('HEAD', `mirror/app/blobs/${blob.digest}`);
  expect([answer.status, answer.headers.get('content-length')]).toEqual([200, '5']);
});

test('mounts nothing, and takes no blob in a single POST', async () => {
  await startEcr();
  const blob = blobOf('layer');
  ecr.repository('mirror/app').blobs.set(blob.digest, blob);
  expect((await request('POST', `mirror/app/blobs/uploads/?mount=${blob.digest}&from=mirror/app`)).status).toBe(202);
  expect((await request('POST', `mirror/app/blobs/uploads/?digest=${blob.digest}`, {}, Buffer.from('layer'))).status).toBe(202);
});

async function upload(content: string): Promise<Response> {
  const location = (await request('POST', 'mirror/app/blobs/uploads/')).headers.get('location')!;
  return finish(location, content);
}

async function finish(location: string, content: string): Promise<Response> {
  return fetch(`${location}&digest=${digestOf(content)}`, { method: 'PUT', headers: { authorization }, body: Buffer.from(content) });
}

test('mounts, where an account switches that on, only what a manifest of the other repository lists', async () => {
  await startEcr(undefined, { mounting: true });
  const image = singleImage();
  const alone = blobOf('alone');
  hold(image);
  ecr.repository('mirror/app').blobs.set(alone.digest, alone);
  expect((await request('POST', `mirror/app/blobs/uploads/?mount=${image.blobs[0].digest}&from=mirror/app`)).status).toBe(201);
  expect((await request('POST', `mirror/app/blobs/uploads/?mount=${alone.digest}&from=mirror/app`)).status).toBe(202);
  expect((await request('POST', `mirror/app/blobs/uploads/?mount=${alone.digest}&from=mirror/other`)).status).toBe(202);
  expect(ecr.exists('mirror/other')).toBe(false);
});

test('takes as many manifests in a second as its rate allows, and answers 429 without Retry-After to more', async () => {
  let now = 1_000_000;
  await startEcr(undefined, { putImagesPerSecond: 10, now: () => now });
  const image = singleImage();
  hold(image);
  const putTwelve = async () => Promise.all(Array.from({ length: 12 }, () => putManifest(image, 'latest')));
  const answers = await putTwelve();
  expect(answers.map(({ status }) => status).sort()).toEqual([...Array(10).fill(201), 429, 429]);
  const refused = answers.find(({ status }) => status === 429)!;
  expect(refused.headers.get('retry-after')).toBeNull();
  expect(await refused.json()).toEqual({ errors: [{ code: 'TOOMANYREQUESTS', message: 'Rate exceeded' }] });
  now += 500;
  expect((await putTwelve()).filter(({ status }) => status === 201)).toHaveLength(5);
});

test.each([
  ['a media type with parameters', 'application/vnd.dev.sigstore.bundle+json;version=0.2'],
  ['an artifact type that it is told to refuse', 'application/vnd.docker.attestation.manifest.v1+json'],
])('refuses a manifest with %s as unsupported', async (_, artifactType) => {
  await startEcr(undefined, { refusedArtifactTypes: ['application/vnd.docker.attestation.manifest.v1+json'] });
  const refused = artifact({ artifactType });
  hold(refused);
  hold(artifact());
  expect(await refusal(await putManifest(refused, 'latest'))).toEqual({
    status: 405, code: 'UNSUPPORTED', message: "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
  });
  expect((await putManifest(artifact(), 'latest')).status).toBe(201);
});

test('completes no upload without bytes, and leaves it open', async () => {
  await startEcr();
  expect(await refusal(await upload(''))).toMatchObject({ status: 400, code: 'BLOB_UPLOAD_INVALID', message: expect.stringContaining('does not have any parts') });
  expect(ecr.openUploads).toBe(1);
  expect((await upload('layer')).status).toBe(201);
});

test('knows no upload whose time is over, and begins others', async () => {
  await startEcr();
  const location = (await request('POST', 'mirror/app/blobs/uploads/')).headers.get('location')!;
  ecr.expireUploads();
  expect(await refusal(await finish(location, 'layer'))).toMatchObject({ status: 404, code: 'BLOB_UPLOAD_UNKNOWN' });
  expect((await upload('layer')).status).toBe(201);
});
