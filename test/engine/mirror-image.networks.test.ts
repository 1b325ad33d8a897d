/** Networks in which registries are reached by an address, through a proxy, or not at all. */
import { BearerRegistry } from '../support/bearer-registry';
import { BlobStorageHost } from '../support/blob-storage-host';
import { Certificates, createCertificates } from '../support/certificate';
import { runCommand } from '../support/command';
import { multiPlatformImage, singleImage } from '../support/fixture-images';
import { Ipv6Front } from '../support/ipv6-front';
import { LocalEcr } from '../support/local-ecr';
import { LocalRegistry } from '../support/local-registry';
import { LoopbackNetwork } from '../support/loopback-network';
import { mirror } from '../support/mirroring';
import { NamedHosts } from '../support/named-hosts';
import { PasswordProxy } from '../support/password-proxy';
import { DOCKER_HUB, ECR, ecrScript, KUBERNETES, kubernetesScript, tokenScript } from '../support/registry-scripts';
import { Script, ScriptedHosts } from '../support/scripted-hosts';
import { withEnvironment } from '../support/with-environment';

const IMAGE = multiPlatformImage({ layerBytes: 100_000 });
withEnvironment(/_PROXY$/i);

let target: LocalRegistry;
const others: { errors?: unknown[]; close(): Promise<void> }[] = [];

/** Starts a server that is closed when the test is over. */
async function started<T extends { start(): Promise<T>; close(): Promise<void> }>(server: T): Promise<T> {
  await server.start();
  others.push(server);
  return server;
}

beforeEach(async () => {
  target = await started(new LocalRegistry({ absoluteLocations: true }));
});

afterEach(async () => {
  const closing = others.splice(0);
  await Promise.all(closing.map((server) => server.close()));
  expect(closing.flatMap(({ errors = [] }) => errors)).toEqual([]);
});

describe('a registry named by an address of IPv6', () => {
  let upstream: LocalRegistry;
  let upstreamHost: string;
  let targetHost: string;

  beforeEach(async () => {
    upstream = await started(new LocalRegistry());
    upstream.push('app', '1', IMAGE);
    upstreamHost = (await started(new Ipv6Front(() => upstream.port))).host;
    targetHost = (await started(new Ipv6Front(() => target.port))).host;
  });

  test('is copied from and to, by the command line', async () => {
    const { code, stdout } = await runCommand(['copy', '--plain-http', '--json', `${upstreamHost}/app:1`, `${targetHost}/mirror/app`]);
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { source: `${upstreamHost}/app:1`, target: `${targetHost}/mirror/app:1`, outcome: 'copied' }]);
    expect(target.holds('mirror/app', IMAGE)).toBe(true);
    expect(new Set([...upstream.requests, ...target.requests].map(({ host }) => host))).toEqual(new Set([upstreamHost, targetHost]));
  });

  test('is the same in its long spelling', async () => {
    const long = upstreamHost.replace('[::1]', '[0:0:0:0:0:0:0:1]');
    expect(await mirror(`${long}/app:1`, `${targetHost}/mirror/app:1`)).toMatchObject({ source: `${upstreamHost}/app:1`, outcome: 'copied' });
  });

  test('may have its token service and its blobs at such addresses too', async () => {
    const storageFront: Ipv6Front = await started(new Ipv6Front((): number => storage.port));
    const storage: BlobStorageHost = await started(new BlobStorageHost({ origin: `http://${storageFront.host}` }));
    const { host }: Ipv6Front = await started(new Ipv6Front((): number => secured.port));
    const secured: BearerRegistry = await started(new BearerRegistry({ blobStorage: storage, realm: `http://${host}/token` }));
    secured.push('app', '1', IMAGE);
    expect(await mirror(`${host}/app:1`, `${targetHost}/mirror/app:1`)).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect([secured.tokenRequests, storage.count()]).toEqual([1, IMAGE.blobs.length]);
  });

  test('on which nothing listens is named with its brackets', async () => {
    expect(await mirror('[::1]:1/app:1', `${targetHost}/mirror/app:1`)).toMatchObject({
      reason: 'network', message: '[::1]:1: the connection to port 1 was refused; check that the registry listens on port 1, and that a firewall or VPN does not block it',
    });
  });
});

describe('a proxy with a password', () => {
  const UPSTREAM = 'registry.example.com';
  const [ECR_HOST, ECR_API] = [ECR.host, 'api.ecr.eu-west-1.amazonaws.com'];
  let certificates: Certificates;
  let proxy: PasswordProxy;

  beforeAll(async () => { certificates = await createCertificates([UPSTREAM, ECR_HOST, ECR_API]); });
  afterAll(() => certificates.dispose());

  beforeEach(async () => {
    const network = await started(new LoopbackNetwork());
    const upstream = await started(new LocalRegistry({ certificate: certificates.server }));
    upstream.push('app', '1', IMAGE);
    const ecr = await started(new LocalEcr(['mirror/app'], { certificate: certificates.server }));
    for (const [host, { port }] of [[UPSTREAM, upstream], [`${UPSTREAM}:5000`, upstream], [ECR_HOST, ecr], [ECR_API, ecr]] as const) network.route(host, port);
    proxy = await started(new PasswordProxy('user', 'p@ss:word', network));
  });

  const copy = (words: readonly string[], environment: Record<string, string> = {}) => runCommand(['copy', '--json', ...words], {
    environment: {
      AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', NODE_EXTRA_CA_CERTS: certificates.authorityFile, HTTPS_PROXY: proxy.urlFor(), ...environment,
    },
  });

  test('leads to registries, with their ports, and to the API of AWS', async () => {
    const { stdout } = await copy([`${UPSTREAM}:5000/app:1`, `${ECR_HOST}/mirror/app`]);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(new Set(proxy.connections.map(({ address }) => address))).toEqual(new Set([`${UPSTREAM}:5000`, `${ECR_HOST}:443`, `${ECR_API}:443`]));
  });

  test('is not asked for what NO_PROXY names', async () => {
    const { stdout } = await copy(['--plain-http', `${UPSTREAM}/app:1`, `${target.host}/mirror/app`], { HTTP_PROXY: proxy.urlFor(), NO_PROXY: 'localhost,127.0.0.1' });
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(new Set(proxy.connections.map(({ address }) => address))).toEqual(new Set([`${UPSTREAM}:443`]));
  });

  test('that is wrong is told as the proxy\'s refusal, at once, and not shown', async () => {
    const ending = await copy(['--plain-http', `${UPSTREAM}/app:1`, `${target.host}/mirror/app`], { HTTPS_PROXY: proxy.urlFor('user', 'wrong-password'), NO_PROXY: '127.0.0.1' });
    expect(JSON.parse(ending.stdout)).toMatchObject({ reason: 'network', message: `${UPSTREAM}: the proxy in HTTPS_PROXY refused the connection (HTTP 407); check the credentials and rules of the proxy` });
    expect(JSON.stringify(ending)).not.toMatch(/wrong-password|d3JvbmctcGFzc3dvcmQ/);
    expect(proxy.connections).toHaveLength(1);
  });
});

test('a proxy that cannot be reached is named, without its password', async () => {
  Object.assign(process.env, { HTTPS_PROXY: 'http://user:hunter2@127.0.0.1:1', NO_PROXY: target.host });
  const result = await mirror('registry.example.com/app:1', `${target.host}/mirror/app:1`, { plainHttp: (registry) => registry === target.host });
  expect(result).toMatchObject({ reason: 'network', message: expect.stringContaining('the request uses the proxy 127.0.0.1:1: check the proxy, or add registry.example.com to NO_PROXY') });
  expect(JSON.stringify(result)).not.toContain('hunter2');
});

describe('a VPC in which only some hosts answer', () => {
  const HUB = tokenScript(DOCKER_HUB);
  const CDN = new URL(DOCKER_HUB.blobs.address).host;
  const THROUGH_NAT = 'a build in a VPC needs a NAT gateway, or a proxy in the property proxy of the mirror, and a security group that allows outbound traffic to port 443';
  const THROUGH_ENDPOINTS = 'a VPC without a NAT gateway needs the interface endpoints com.amazonaws.eu-west-1.ecr.api and '
    + 'com.amazonaws.eu-west-1.ecr.dkr with private DNS, and the gateway endpoint com.amazonaws.eu-west-1.s3; the security groups of the build and of the endpoints must allow port 443';
  const OLD = singleImage({ seed: 'old' });
  let network: NamedHosts;
  let lines: string[];

  beforeEach(() => {
    process.env.CODEBUILD_BUILD_ID = 'Mirror:1';
    network = new NamedHosts();
    lines = [];
  });

  /** Plays a script under the names of hosts. */
  async function play(script: Script, ...hosts: readonly string[]): Promise<void> {
    network.route((await started(new ScriptedHosts(IMAGE, script))).port, ...hosts);
  }

  function run(source: string, goal: string): ReturnType<typeof mirror> {
    return mirror(source, goal, {
      transport: network,
      plainHttp: (registry) => registry === target.host,
      credentials: { credentialFor: async (registry) => registry === ECR.host ? { username: 'AWS', password: 'ecr-password' } : undefined },
      onLine: (line) => lines.push(line),
    });
  }

  test.each([
    ['ENOTFOUND', 'the name cannot be resolved'],
    ['ECONNREFUSED', 'the connection to port 443 was refused'],
    ['ETIMEDOUT', 'cannot be reached'],
    ['ENETUNREACH', 'cannot be reached'],
    ['UND_ERR_CONNECT_TIMEOUT', 'cannot be reached'],
  ])('an upstream registry that ends in %s is named, with the way to the internet', async (code, words) => {
    target.push('mirror/app', '1', OLD);
    network.cutOff('registry-1.docker.io', code);
    await play(HUB, 'auth.docker.io');
    const { outcome, reason, message } = await run('nginx:latest', `${target.host}/mirror/app:1`);
    expect([outcome, reason]).toEqual(['failed', 'network']);
    expect(message).toMatch(new RegExp(`^registry-1\\.docker\\.io: ${words}`));
    expect(message!.endsWith(`; ${THROUGH_NAT}`)).toBe(true);
    expect(target.tagDigest('mirror/app', '1')).toBe(OLD.digest);
  });

  test('says so once, at the end: the lines about further tries are short', async () => {
    network.cutOff('registry-1.docker.io', 'ETIMEDOUT');
    await play(HUB, 'auth.docker.io');
    await run('nginx:latest', `${target.host}/mirror/app:1`);
    expect(lines.filter((line) => line.includes('trying again')).length).toBeGreaterThan(0);
    expect(lines.join('\n')).not.toContain('NAT gateway');
  });

  test.each([
    ['its token service', 'auth.docker.io', ['registry-1.docker.io', CDN]],
    ['the host of its blobs', CDN, ['registry-1.docker.io', 'auth.docker.io']],
  ])('%s is named, when that is what does not answer', async (_, closed, open) => {
    network.cutOff(closed, 'UND_ERR_CONNECT_TIMEOUT');
    await play(HUB, ...open);
    const { reason, message } = await run('nginx:latest', `${target.host}/mirror/app:1`);
    expect(reason).toBe('network');
    expect(message).toMatch(new RegExp(`^${closed}: .*; ${THROUGH_NAT}$`));
    expect(target.tagDigest('mirror/app', '1')).toBeUndefined();
  });

  test('Amazon ECR is named with the endpoints of its Region', async () => {
    network.cutOff(ECR.host, 'UND_ERR_CONNECT_TIMEOUT');
    target.push('app', '1', IMAGE);
    const { message } = await run(`${target.host}/app:1`, `${ECR.host}/mirror/app:1`);
    expect(message).toMatch(new RegExp(`^${ECR.host}: cannot be reached`));
    expect(message!.endsWith(`; ${THROUGH_ENDPOINTS}`)).toBe(true);
  });

  test('the bucket of an ECR source\'s layers is named with its gateway endpoint', async () => {
    network.cutOff(ECR.bucket, 'UND_ERR_CONNECT_TIMEOUT');
    await play(ecrScript, ECR.host);
    const { message } = await run(`${ECR.host}/${ECR.repository}:latest`, `${target.host}/mirror/app:1`);
    expect(message).toMatch(new RegExp(`^${ECR.bucket}: cannot be reached`));
    expect(message).toContain('needs the gateway endpoint com.amazonaws.eu-west-1.s3');
    expect(message).toContain('policy must allow reading prod-eu-west-1-starport-layer-bucket');
  });

  test('a host that a registry redirects to is named, not the registry', async () => {
    network.cutOff(KUBERNETES.manifests, 'ENOTFOUND');
    await play(kubernetesScript, KUBERNETES.host);
    const { message } = await run(`${KUBERNETES.host}/pause:3.9`, `${target.host}/mirror/app:1`);
    expect(message).toMatch(/^us-west1-docker\.pkg\.dev: the name cannot be resolved/);
  });

  test('a connection that breaks is not blamed on the network\'s rules', async () => {
    network.cutOff('registry-1.docker.io', 'ECONNRESET');
    await play(HUB, 'auth.docker.io');
    expect(await run('nginx:latest', `${target.host}/mirror/app:1`)).toMatchObject({ reason: 'network', message: 'registry-1.docker.io: the connection was closed by the server' });
  });
});
