/** The exchanges of well-known registries under their real names, each played by a script. */
import type { Credential, CredentialSource } from '../../src/engine/credentials/credential-source';
import { multiPlatformImage } from '../support/fixture-images';
import { LocalRegistry } from '../support/local-registry';
import { mirror, MirroringOptions } from '../support/mirroring';
import { NamedHosts } from '../support/named-hosts';
import {
  ARTIFACT_REGISTRY, DOCKER_HUB, ECR, ECR_PUBLIC, ecrScript, GHCR, GITLAB, KUBERNETES, kubernetesScript, microsoftScript, QUAY,
  redirect, TokenExchange, tokenScript,
} from '../support/registry-scripts';
import { Asked, Script, ScriptedHosts } from '../support/scripted-hosts';
import { withServers } from '../support/with-servers';

const IMAGE = multiPlatformImage();

const [target] = withServers(new LocalRegistry());
let upstream: ScriptedHosts;
let network: NamedHosts;

beforeEach(() => {
  network = new NamedHosts();
});

afterEach(async () => {
  await upstream.close();
  expect(upstream.errors).toEqual([]);
});

/** Plays a script under these names. */
async function play(script: Script, ...hosts: readonly string[]): Promise<void> {
  upstream = await new ScriptedHosts(IMAGE, script).start();
  network.route(upstream.port, ...hosts);
}

async function playTokens(exchange: TokenExchange): Promise<ReturnType<typeof tokenScript>> {
  const script = tokenScript(exchange);
  await play(script, exchange.host, new URL(exchange.realm).host, new URL(exchange.blobs.address).host);
  return script;
}

/** The one credential that there is, for one registry, and who asked for it. */
function credentialsFor(registry: string, header: string | undefined): CredentialSource {
  const [username, password] = Buffer.from(header?.split(' ')[1] ?? '', 'base64').toString().split(/:(.*)/s);
  const credential: Credential | undefined = header === undefined ? undefined : { username, password };
  return { credentialFor: async (asked) => asked === registry ? credential : undefined };
}

function run(source: string, options: MirroringOptions = {}) {
  return mirror(source, `${target.host}/mirror/app:latest`, { transport: network, plainHttp: (registry) => registry === target.host, ...options });
}

/** What was sent as `Authorization` to a host, each value once. */
function authorizations(host: string, isIncluded: (asked: Asked) => boolean = () => true): (string | undefined)[] {
  return [...new Set(upstream.askedOf(host).filter(isIncluded).map(({ authorization }) => authorization))];
}

function expectCopied(result: Awaited<ReturnType<typeof run>>): void {
  expect(result).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
  expect(target.holds('mirror/app', IMAGE)).toBe(true);
}

describe.each([
  ['Docker Hub', 'docker.io', DOCKER_HUB],
  ['the GitHub Container Registry', 'ghcr.io', GHCR],
  ['Quay', 'quay.io', QUAY],
  ['the Amazon ECR Public Gallery', 'public.ecr.aws', ECR_PUBLIC],
  ['GitLab', 'registry.gitlab.com', GITLAB],
  ['Google Artifact Registry', 'europe-docker.pkg.dev', ARTIFACT_REGISTRY],
] as const)('%s', (_, registry, exchange: TokenExchange) => {
  const source = `${registry}/${exchange.repository}:latest`;
  const realm = new URL(exchange.realm);
  const storage = new URL(exchange.blobs.address).host;
  const user = exchange.users.at(-1)!;
  const isTokenRequest = ({ path }: Asked) => path === realm.pathname;
  const tokenRequests = () => upstream.askedOf(realm.host).filter(isTokenRequest);

  test('gives anybody a token, which is good for the whole copy', async () => {
    await playTokens(exchange);
    expectCopied(await run(source));
    expect(tokenRequests().map(({ method, authorization }) => [method, authorization])).toEqual([['GET', undefined]]);
  });

  test('is given a user\'s password at its token service alone', async () => {
    await playTokens(exchange);
    expectCopied(await run(source, { credentials: credentialsFor(registry, user) }));
    expect(tokenRequests().map(({ authorization }) => authorization)).toEqual([user]);
    const others = upstream.asked.filter((asked) => asked.host !== realm.host || !isTokenRequest(asked));
    expect(others.map(({ authorization }) => authorization)).not.toContain(user);
    expect(target.requests.filter(({ headers }) => 'authorization' in headers)).toEqual([]);
  });

  test('is sent its token, and the host of its blobs nothing', async () => {
    await playTokens(exchange);
    await run(source, { credentials: credentialsFor(registry, user) });
    expect(authorizations(exchange.host, ({ path }) => path.startsWith('/v2/') && path !== realm.pathname)).toContain('Bearer token-1');
    expect(upstream.askedOf(storage).filter(({ path }) => path.includes('sha256:')).length).toBeGreaterThanOrEqual(IMAGE.blobs.length);
    if (storage !== exchange.host) expect(authorizations(storage)).toEqual([undefined]);
  });

  test('refuses a wrong password in words, without a second try, and without showing it', async () => {
    await playTokens(exchange);
    const result = await run(source, { credentials: credentialsFor(registry, `Basic ${Buffer.from('someone:wrong-password').toString('base64')}`) });
    expect(result).toMatchObject({ outcome: 'failed', reason: 'unauthorized', message: expect.stringMatching(/cannot sign in|the credentials don't allow/) });
    expect(tokenRequests()).toHaveLength(1);
    expect(JSON.stringify(result)).not.toMatch(/wrong-password|c29tZW9uZTp3cm9uZy1wYXNzd29yZA/);
    expect(target.tagDigest('mirror/app', 'latest')).toBeUndefined();
  });

  test('renews a token that expires in the middle', async () => {
    const script = await playTokens(exchange);
    const onLine = (line: string) => { if (line.endsWith(': copying')) script.expire(); };
    expectCopied(await run(source, { onLine }));
    expect(tokenRequests()).toHaveLength(2);
  });
});

test('a private registry of Amazon ECR takes Basic at once, and the bucket of its layers nothing', async () => {
  await play(ecrScript, ECR.host, ECR.bucket);
  expectCopied(await run(`${ECR.host}/${ECR.repository}:latest`, { credentials: credentialsFor(ECR.host, ECR.user) }));
  expect(authorizations(ECR.host)).toEqual([ECR.user]);
  expect(authorizations(ECR.bucket)).toEqual([undefined]);
});

describe('registry.k8s.io', () => {
  const source = `${KUBERNETES.host}/${KUBERNETES.repository}:3.9`;

  beforeEach(() => play(kubernetesScript, KUBERNETES.host, KUBERNETES.manifests, KUBERNETES.bucket));

  test('redirects to the hosts that hold its images, and asks nobody for a token', async () => {
    expectCopied(await run(source));
    expect(new Set(upstream.asked.map(({ host }) => host))).toEqual(new Set([KUBERNETES.host, KUBERNETES.manifests, KUBERNETES.bucket]));
  });

  test('is told no credentials that it does not ask for, nor are the hosts behind it', async () => {
    expectCopied(await run(source, { credentials: credentialsFor(KUBERNETES.host, 'Basic c29tZW9uZTpzZWNyZXQ=') }));
    expect(new Set(upstream.asked.map(({ authorization }) => authorization))).toEqual(new Set([undefined]));
  });

  test('has no image that the host behind it does not have', async () => {
    expect(await run(`${source}@sha256:${'0'.repeat(64)}`)).toMatchObject({ outcome: 'failed', reason: 'not-found' });
  });
});

test('the Microsoft Container Registry asks nobody for anything', async () => {
  await play(microsoftScript, 'mcr.microsoft.com', 'westeurope.data.mcr.microsoft.com');
  expectCopied(await run('mcr.microsoft.com/dotnet/runtime:8.0'));
});

describe('credentials do not leave', () => {
  const user = GITLAB.users.at(-1)!;
  const source = `registry.gitlab.com/${GITLAB.repository}:latest`;
  const secret = user.split(' ')[1];
  const credentials = credentialsFor('registry.gitlab.com', user);

  /** GitLab, but for what a test makes of it; everything that reaches a thief is answered with the image, if only it goes there. */
  async function playBut(change: (asked: Asked) => ReturnType<Script>, ...thieves: readonly string[]): Promise<void> {
    const script = tokenScript(GITLAB);
    await play((asked) => change(asked) ?? script(asked), GITLAB.host, 'gitlab.com', 'cdn.registry.gitlab-static.net', ...thieves);
  }

  test('to a token service that is not https', async () => {
    const challenge = GITLAB.challenge.replace('https://gitlab.com', 'http://gitlab.com');
    await playBut(({ host }) => host === GITLAB.host ? { status: 401, headers: { 'www-authenticate': challenge } } : undefined);
    expect(await run(source, { credentials })).toMatchObject({ outcome: 'failed', reason: 'unauthorized', message: expect.stringContaining('must have an https URL') });
    expect(network.asked).not.toContain('gitlab.com');
  });

  test.each([301, 302, 303, 307, 308])('to where a token service redirects with HTTP %d', async (status) => {
    await playBut(({ host }) => {
      if (host === 'thief.example') return { status: 403, body: 'foreign words' };
      return host === 'gitlab.com' ? redirect('https://thief.example/jwt/auth', status) : undefined;
    }, 'thief.example');
    const result = await run(source, { credentials });
    expect(result).toMatchObject({
      outcome: 'failed', reason: 'unauthorized', message: expect.stringContaining('the credentials were not sent to its token service thief.example'),
    });
    expect(JSON.stringify(result)).not.toContain('foreign words');
    expect(authorizations('gitlab.com')).toEqual([user]);
    expect(authorizations('thief.example')).toEqual([undefined]);
  });

  test.each([
    ['another host', 'https://thief.example'],
    ['a name below the registry\'s', 'https://cdn.registry.gitlab.com'],
    ['a name above the registry\'s', 'https://gitlab.com'],
    ['another port', 'https://registry.gitlab.com:8443'],
    ['a name that begins like the registry\'s', 'https://registry.gitlab.com.thief.example'],
  ])('to %s, whether it takes what is redirected there or asks for a token of its own', async (_, origin) => {
    const thief = new URL(origin).host;
    const isTheft = ({ host, path }: Asked) => host === thief && path.startsWith('/stolen/');
    const challenge = `Bearer realm="https://${thief}/stolen/token",service="thief"`;
    await playBut((asked) => {
      if (asked.host === GITLAB.host && asked.path.includes('/manifests/') && asked.authorization) return redirect(`${origin}/stolen${asked.path}`);
      if (!isTheft(asked)) return undefined;
      if (asked.path === '/stolen/token') return { status: 200, body: { token: 'bait' } };
      return { status: 401, headers: { 'www-authenticate': challenge } };
    }, thief);
    await run(source, { credentials });
    const stolen = upstream.asked.filter(isTheft).map(({ authorization }) => authorization);
    expect(stolen.length).toBeGreaterThan(0);
    expect(new Set(stolen)).toEqual(new Set([undefined, 'Bearer bait']));
    expect(authorizations(GITLAB.host)).toContain('Bearer token-1');
    expect(stolen.join()).not.toContain(secret);
  });

  test('from https to http, whoever redirects there', async () => {
    await playBut(({ host, path }) => host === GITLAB.host && path.includes('/manifests/') ? redirect('http://thief.example/v2/') : undefined, 'thief.example');
    expect(await run(source, { credentials })).toMatchObject({ outcome: 'failed', reason: 'registry-error', message: expect.stringContaining('which is not secure') });
    expect(network.asked).not.toContain('thief.example');
  });
});
