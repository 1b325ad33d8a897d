/** The command line on real host names over TLS, which a loopback network leads to a local Docker Hub and a local Amazon ECR. */
import { BlobStorageHost } from '../support/blob-storage-host';
import { Certificates, createCertificates } from '../support/certificate';
import { dockerConfig, Ending, runCommand } from '../support/command';
import { Fault } from '../support/fault';
import { multiPlatformImage, singleImage } from '../support/fixture-images';
import { LocalDockerHub } from '../support/local-docker-hub';
import { LocalEcr } from '../support/local-ecr';
import { LocalRegistry } from '../support/local-registry';
import { LoopbackNetwork } from '../support/loopback-network';
import { resultOf } from '../support/result-of';

const HUB = 'registry-1.docker.io';
const AUTH = 'auth.docker.io';
const CDN = 'production.cloudflare.docker.com';
const ECR = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const ECR_API = 'api.ecr.eu-west-1.amazonaws.com';
const FIPS_ECR = '123456789012.dkr.ecr-fips.eu-west-1.amazonaws.com';
/** The AWS SDK has another name, `ecr-fips.us-east-1`, for the Regions that really have FIPS endpoints. */
const FIPS_API = 'api.ecr-fips.eu-west-1.amazonaws.com';
const BUCKET = 'prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com';
const OWN = 'registry.example.com';
const USER = { username: 'someone', password: 'secret-password' };
const IMAGE = multiPlatformImage({ layerBytes: 100_000 });

let certificates: Certificates;
let network: LoopbackNetwork;
let cdn: BlobStorageHost;
let hub: LocalDockerHub;
let ecr: LocalEcr;
let own: LocalRegistry;

beforeAll(async () => {
  certificates = await createCertificates([HUB, AUTH, CDN, ECR, ECR_API, FIPS_ECR, FIPS_API, BUCKET, OWN]);
});

afterAll(() => certificates.dispose());

beforeEach(async () => {
  const certificate = certificates.server;
  cdn = await new BlobStorageHost({ certificate, origin: `https://${CDN}` }).start();
  hub = await new LocalDockerHub({
    certificate, blobStorage: cdn, realm: `https://${AUTH}/token`, users: [USER], privateRepositories: ['someone/private'],
  }).start();
  ecr = await new LocalEcr([{ repositoryName: 'mirror/nginx', imageTagMutability: 'IMMUTABLE' }, 'docker-hub/library/nginx'], { certificate, blobOrigin: `https://${BUCKET}` }).start();
  own = await new LocalRegistry({ certificate }).start();
  network = await new LoopbackNetwork().start();
  const hosts = [
    [HUB, hub], [AUTH, hub], [CDN, cdn], [ECR, ecr], [ECR_API, ecr], [FIPS_ECR, ecr], [FIPS_API, ecr], [BUCKET, ecr.blobStorage], [OWN, own],
  ] as const;
  for (const [host, { port }] of hosts) network.route(host, port);
  hub.push('library/nginx', '1.27.0', IMAGE);
  hub.push('someone/private', '1.0.0', singleImage());
  own.push('app', '1.0.0', IMAGE);
});

afterEach(async () => {
  expect([...hub.errors, ...cdn.errors, ...ecr.errors, ...own.errors]).toEqual([]);
  expect(network.refused).toEqual([]);
  await Promise.all([hub, cdn, ecr, own, network].map((server) => server.close()));
});

function run(commandArguments: readonly string[], environment: Record<string, string> = {}): Promise<Ending> {
  return runCommand(['copy', '--json', ...commandArguments], {
    environment: { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', ...network.environment(certificates.authorityFile), ...environment },
  });
}

const tokenRequests = () => ecr.requests.filter(({ headers }) => headers['x-amz-target']?.endsWith('.GetAuthorizationToken')).length;

test('copies from Docker Hub to Amazon ECR, and a second time it is unchanged', async () => {
  const first = await run(['nginx:1.27.0', `${ECR}/mirror/nginx`]);
  expect(resultOf(first)).toMatchObject({ source: 'docker.io/library/nginx:1.27.0', outcome: 'copied', targetDigest: IMAGE.digest });
  expect(ecr.holds('mirror/nginx', IMAGE)).toBe(true);
  const second = await run(['nginx:1.27.0', `${ECR}/mirror/nginx`]);
  expect([second.code, resultOf(second)]).toMatchObject([0, { outcome: 'unchanged', requests: { source: 1, target: 1 }, countedPulls: 0 }]);
});

test('knows the challenges of Docker Hub and Amazon ECR beforehand, so no request is answered 401', async () => {
  await run(['nginx:1.27.0', `${ECR}/mirror/nginx`]);
  expect([...hub.requests, ...ecr.requests].filter(({ status }) => status === 401)).toEqual([]);
  expect(hub.tokenRequests).toBe(1);
  expect(tokenRequests()).toBe(1);
});

test('copies an image of Docker Hub from another endpoint, without a request to Docker Hub', async () => {
  own.push('docker-remote/library/nginx', '1.27.0', IMAGE);
  const config = await dockerConfig({ auths: { 'https://index.docker.io/v1/': { auth: Buffer.from(`${USER.username}:${USER.password}`).toString('base64') } } });
  const ending = await run(['--endpoint', `docker.io=${OWN}/docker-remote`, 'nginx:1.27.0', `${ECR}/mirror/nginx`], { DOCKER_CONFIG: config.folder });
  await config.dispose();
  expect(resultOf(ending)).toMatchObject({ source: 'docker.io/library/nginx:1.27.0', outcome: 'copied', targetDigest: IMAGE.digest });
  expect(network.connections.filter((host) => /docker/.test(host))).toEqual([]);
  expect(own.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
});

test('reads an image of Docker Hub through a repository of Amazon ECR, with the credentials of AWS', async () => {
  ecr.push('docker-hub/library/nginx', '1.27.0', IMAGE);
  const ending = await run(['--endpoint', `docker.io=${ECR}/docker-hub`, 'nginx:1.27.0', `${OWN}/copy`]);
  expect(resultOf(ending)).toMatchObject({ source: 'docker.io/library/nginx:1.27.0', outcome: 'copied' });
  expect(tokenRequests()).toBe(1);
});

test('pushes through the FIPS endpoints of Amazon ECR, and the result keeps the name of the registry', async () => {
  const fips = { AWS_USE_FIPS_ENDPOINT: 'true', AWS_REGION: 'eu-west-1' };
  const first = await run(['nginx:1.27.0', `${ECR}/mirror/nginx`], fips);
  expect(resultOf(first)).toMatchObject({ outcome: 'copied', target: `${ECR}/mirror/nginx:1.27.0`, targetDigest: IMAGE.digest });
  const connected = new Set(network.connections.filter((host) => host.includes('ecr')));
  expect([...connected].sort()).toEqual([`${FIPS_ECR}:443`, `${FIPS_API}:443`].sort());
});

test('prints nothing of what the AWS SDK thinks of this version of Node', async () => {
  const ending = await run(['nginx:1.27.0', `${ECR}/mirror/nginx`]);
  expect(tokenRequests()).toBe(1);
  expect(ending.stderr).not.toMatch(/NodeVersionSupportWarning|Warning|node --trace/);
});

test('gives the AWS signature to the API alone, and no authorization to the hosts of blobs', async () => {
  await run(['nginx:1.27.0', `${ECR}/mirror/nginx`]);
  for (const { headers } of ecr.requestsTo({ path: '/v2/' })) expect(headers.authorization).toBe('Basic [hidden]');
  expect(cdn.count()).toBe(IMAGE.blobs.length);
  for (const { headers } of cdn.requests) expect(headers.authorization).toBeUndefined();
});

test('reads from Amazon ECR, whose blobs are on another host', async () => {
  ecr.push('mirror/nginx', '1.27.0', IMAGE);
  expect(resultOf(await run([`${ECR}/mirror/nginx:1.27.0`, `${OWN}/copy`]))).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
  expect(own.holds('copy', IMAGE)).toBe(true);
  for (const { headers } of ecr.blobStorage.requests) expect(headers.authorization).toBeUndefined();
});

test('takes the credentials of Docker Hub from where docker login keeps them', async () => {
  const config = await dockerConfig({ auths: { 'https://index.docker.io/v1/': { auth: Buffer.from(`${USER.username}:${USER.password}`).toString('base64') } } });
  const ending = await run(['someone/private:1.0.0', `${OWN}/private`], { DOCKER_CONFIG: config.folder });
  await config.dispose();
  expect(resultOf(ending)).toMatchObject({ outcome: 'copied', targetDigest: singleImage().digest });
  expect(hub.requestsTo({ path: '/token' }).map(({ host, headers }) => [host, headers.authorization])).toEqual([[AUTH, 'Basic [hidden]']]);
  for (const { headers } of own.requests) expect(headers.authorization).toBeUndefined();
});

describe('a registry of TLS', () => {
  const credentials = { auths: { [OWN]: { username: USER.username, password: USER.password } } };
  let plain: LocalDockerHub;

  beforeEach(async () => {
    plain = await new LocalDockerHub({ users: [USER] }).start();
  });

  afterEach(() => plain.close());

  async function copyOwn(): Promise<Ending> {
    const config = await dockerConfig(credentials);
    const ending = await run([`${OWN}/app:1.0.0`, `${ECR}/mirror/nginx`], { DOCKER_CONFIG: config.folder });
    await config.dispose();
    return ending;
  }

  test('that names a token service of plain http is refused, and no credentials are sent there', async () => {
    own.fail({ action: Fault.status(401, { 'www-authenticate': `Bearer realm="${plain.url}/token",service="x"` }), times: 100 });
    expect(resultOf(await copyOwn())).toMatchObject({ outcome: 'failed', reason: 'unauthorized', message: expect.stringContaining('must have an https URL') });
    expect(plain.count()).toBe(0);
  });

  test('that redirects to plain http is not followed', async () => {
    own.fail({ match: { path: '/blobs/' }, action: Fault.status(307, { location: `${plain.url}/blob` }), times: 100 });
    expect(resultOf(await copyOwn())).toMatchObject({ outcome: 'failed', reason: 'registry-error', message: expect.stringContaining('from https to') });
    expect(plain.count()).toBe(0);
  });

  test('that names itself with http in a redirect is followed over https', async () => {
    const [{ digest }] = IMAGE.blobs;
    own.fail({ match: { path: digest }, action: Fault.status(307, { location: `http://${OWN}/v2/app/blobs/${digest}` }) });
    expect(resultOf(await copyOwn())).toMatchObject({ outcome: 'copied' });
  });

  test('whose certificate nobody knows fails at once and names the remedy', async () => {
    const ending = await run([`${OWN}/app:1.0.0`, `${ECR}/mirror/nginx`], { NODE_EXTRA_CA_CERTS: '' });
    expect(resultOf(ending)).toMatchObject({ outcome: 'failed', message: expect.stringContaining('NODE_EXTRA_CA_CERTS') });
    expect(ending.stderr).not.toContain('trying again');
  });
});

test('a login to Amazon ECR in Docker\'s configuration that is refused gives way to the AWS credentials', async () => {
  const config = await dockerConfig({ auths: { [ECR]: { auth: Buffer.from('AWS:old').toString('base64') } } });
  const ending = await run(['nginx:1.27.0', `${ECR}/mirror/nginx`], { DOCKER_CONFIG: config.folder });
  await config.dispose();
  expect(resultOf(ending)).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
});
