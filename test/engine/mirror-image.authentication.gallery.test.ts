/** Amazon ECR's public gallery as a source, under its real names: the engine's bundle as CodeBuild runs it, and the command line. */
import { spawn } from 'node:child_process';
import * as path from 'node:path';
import type { MirrorResult } from '../../src/engine/result';
import { BearerRegistry } from '../support/bearer-registry';
import { BlobStorageHost } from '../support/blob-storage-host';
import { Certificates, createCertificates } from '../support/certificate';
import { dockerConfig, runCommand } from '../support/command';
import { Fault } from '../support/fault';
import { multiPlatformImage } from '../support/fixture-images';
import { LocalEcr } from '../support/local-ecr';
import { LoopbackNetwork } from '../support/loopback-network';
import { PublicGalleryApi } from '../support/public-gallery-api';

const ENGINE = path.join(__dirname, '..', '..', 'assets', 'engine', 'mirror.js');
const GALLERY = 'public.ecr.aws';
const GALLERY_API = 'api.ecr-public.us-east-1.amazonaws.com';
const CDN = 'd2glxqk2uabbnd.cloudfront.net';
const ECR = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const ECR_API = 'api.ecr.eu-west-1.amazonaws.com';
const REPOSITORY = `mirror/${GALLERY}/docker/library/redis`;
const IMAGE = multiPlatformImage();
const KEYS = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };

let certificates: Certificates;
let network: LoopbackNetwork;
let gallery: BearerRegistry;
let cdn: BlobStorageHost;
let api: PublicGalleryApi;
let ecr: LocalEcr;

beforeAll(async () => {
  certificates = await createCertificates([GALLERY, GALLERY_API, CDN, ECR, ECR_API]);
});

afterAll(() => certificates.dispose());

beforeEach(async () => {
  const certificate = certificates.server;
  cdn = await new BlobStorageHost({ certificate, origin: `https://${CDN}` }).start();
  gallery = await new BearerRegistry({
    certificate, realm: `https://${GALLERY}/token/`, service: GALLERY, publicScope: 'aws', blobStorage: cdn, users: [{ username: 'AWS', password: 'gallery-password-1' }],
  }).start();
  gallery.push('docker/library/redis', '7', IMAGE);
  api = await new PublicGalleryApi({ certificate }).start();
  ecr = await new LocalEcr([REPOSITORY], { certificate }).start();
  network = await new LoopbackNetwork().start();
  for (const [host, { port }] of [[GALLERY, gallery], [CDN, cdn], [GALLERY_API, api], [ECR, ecr], [ECR_API, ecr]] as const) network.route(host, port);
});

afterEach(async () => {
  await Promise.all([gallery, cdn, api, ecr, network].map((server) => server.close()));
  expect([gallery, cdn, api, ecr].flatMap(({ errors }) => errors)).toEqual([]);
});

/** A build; returns its one result. */
async function build(): Promise<MirrorResult> {
  const environment = { PATH: process.env.PATH, ...network.environment(certificates.authorityFile), ...KEYS };
  const child = spawn(process.execPath, [ENGINE], {
    env: { ...environment, MIRROR_REGISTRY: ECR, IMAGE: `${GALLERY}/docker/library/redis:7`, REFERRERS: 'false' }, stdio: ['ignore', 'pipe', 'ignore'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
  await new Promise((resolve, reject) => { child.once('error', reject).once('close', resolve); });
  return JSON.parse(stdout);
}

/** The schemes with which the gallery's token service was asked. */
const signIns = () => gallery.requestsTo({ path: '/token/' }).map(({ headers }) => headers.authorization?.split(' ')[0]);

test('a build signs in with the credentials of its role, and copies with the token that it gets', async () => {
  expect(await build()).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
  expect([signIns(), api.passwords.length]).toEqual([['Basic'], 1]);
  expect(ecr.holds(REPOSITORY, IMAGE)).toBe(true);
});

test('a build that finds nothing new signs in once, and no request is answered 401', async () => {
  ecr.push(REPOSITORY, '7', IMAGE);
  expect(await build()).toMatchObject({ outcome: 'unchanged', requests: { source: 1, target: 1 } });
  expect([signIns(), api.count()]).toEqual([['Basic'], 1]);
  expect(gallery.requests.filter(({ status }) => status === 401)).toEqual([]);
});

test('nothing of AWS reaches the place that blobs are redirected to', async () => {
  await build();
  expect(cdn.count()).toBe(IMAGE.blobs.length);
  expect(cdn.requests.filter(({ headers }) => 'authorization' in headers)).toEqual([]);
});

describe('a build goes on anonymously', () => {
  afterEach(() => expect(ecr.holds(REPOSITORY, IMAGE)).toBe(true));

  test('where its role may not sign in', async () => {
    const denied = { __type: 'AccessDeniedException', message: 'not authorized to perform: sts:GetServiceBearerToken' };
    api.fail({ action: Fault.status(400, { 'content-type': 'application/x-amz-json-1.1' }, JSON.stringify(denied)), times: 100 });
    expect(await build()).toMatchObject({ outcome: 'copied' });
    expect([signIns(), api.count()]).toEqual([[undefined], 1]);
  });

  test('where the API cannot be reached', async () => {
    network.route(GALLERY_API, 1); // tcpmux, on which nothing listens
    expect(await build()).toMatchObject({ outcome: 'copied' });
    expect(signIns()).toEqual([undefined]);
  });

  test('where the gallery refuses the token, and the one after it', async () => {
    const expired = Fault.status(403, {}, '{"errors":[{"code":"DENIED","message":"Your authorization token has expired. Reauthenticate and try again."}]}');
    gallery.fail({ match: { path: '/token/' }, action: expired, times: 2 });
    expect(await build()).toMatchObject({ outcome: 'copied' });
    expect([signIns(), api.passwords.length]).toEqual([['Basic', 'Basic', undefined], 2]);
  });
});

test('a rate limit of anonymous access names the permissions that lift it', async () => {
  api.fail({ action: Fault.status(400), times: 100 });
  gallery.fail({ match: { path: '/manifests/' }, action: Fault.status(429, { 'retry-after': '9999' }, '{"errors":[{"code":"TOOMANYREQUESTS","message":"Rate exceeded"}]}'), times: 100 });
  expect(await build()).toMatchObject({ reason: 'rate-limited', message: expect.stringContaining('ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken') });
});

describe('the command line', () => {
  const copy = (environment: Record<string, string>) => runCommand(['copy', '--json', '--no-referrers', `${GALLERY}/docker/library/redis:7`, `${ECR}/${REPOSITORY}`], {
    environment: { ...network.environment(certificates.authorityFile), ...environment },
  });
  /** A login to each of the two registries, of which that to the gallery is long expired. */
  const logins = () => dockerConfig({
    auths: Object.fromEntries([[GALLERY, 'AWS:expired'], [ECR, Buffer.from(ecr.issueToken(), 'base64').toString()]]
      .map(([host, login]) => [host, { auth: Buffer.from(login).toString('base64') }])),
  });

  test('without credentials of AWS asks no API, and goes on without an expired login', async () => {
    const config = await logins();
    const { stdout } = await copy({ DOCKER_CONFIG: config.folder });
    await config.dispose();
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(signIns()).toEqual(['Basic', undefined]);
    expect(network.connections).not.toContain(`${GALLERY_API}:443`);
  });

  test('with credentials of AWS signs in where a login has expired', async () => {
    const config = await logins();
    const { stdout } = await copy({ ...KEYS, DOCKER_CONFIG: config.folder });
    await config.dispose();
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect([signIns(), api.passwords.length]).toEqual([['Basic', 'Basic'], 1]);
  });
});
