/** Challenges, token services and credentials that differ from the common form, each as a report describes it. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import type { CredentialSource } from '../../src/engine/credentials/credential-source';
import { DockerConfigCredentials } from '../../src/engine/credentials/docker-config-credentials';
import { BearerRegistry } from '../support/bearer-registry';
import { Exchange } from '../support/exchange';
import { Fault } from '../support/fault';
import { singleImage } from '../support/fixture-images';
import { LocalRegistry } from '../support/local-registry';
import { LocalServer } from '../support/local-server';
import { mirror, MirroringOptions } from '../support/mirroring';
import { NamedHosts } from '../support/named-hosts';
import { ARTIFACT_REGISTRY, redirect, tokenScript } from '../support/registry-scripts';
import { CONTENT, Script, ScriptedHosts } from '../support/scripted-hosts';
import { withFolder } from '../support/with-folder';
import { withServers } from '../support/with-servers';

const IMAGE = singleImage({ layerBytes: 10_000 });
const USER = { username: 'someone', password: 'hunter2-password' };
const ALWAYS = 1000;

const refuse = (exchange: Exchange) => exchange.json(403, { errors: [{ code: 'DENIED', message: 'foreign words' }] });

/** Answers each request as a test says. */
class AnsweringHost extends LocalServer {
  answer: (exchange: Exchange) => Promise<void> = refuse;

  protected handle(exchange: Exchange): Promise<void> {
    return this.answer(exchange);
  }
}

const [upstream, target, other] = withServers(
  new BearerRegistry({ users: [USER], privateRepositories: ['private'] }), new BearerRegistry({ users: [USER] }), new AnsweringHost(),
);

const more: LocalServer[] = [];

/** Starts a server that is closed when the test is over. */
async function started<T extends LocalServer>(server: T): Promise<T> {
  more.push(server);
  await server.start();
  return server;
}

afterEach(async () => {
  const closing = more.splice(0);
  await Promise.all(closing.map((server) => server.close()));
  expect(closing.flatMap(({ errors }) => errors)).toEqual([]);
});

beforeEach(() => {
  other.answer = refuse;
  upstream.push('app', '1', IMAGE);
  upstream.push('private', '1', IMAGE);
  target.repository('mirror/app');
});

const credentials: CredentialSource = { credentialFor: async () => USER };
const run = (repository = 'app', options: MirroringOptions = {}) => mirror(`${upstream.host}/${repository}:1`, `${target.host}/mirror/app:1`, { credentials, ...options });
const copied = { outcome: 'copied', targetDigest: IMAGE.digest };
/** Another challenge than that of the image. */
const foreignChallenge = (realm = `${other.url}/token`) => ({ 'www-authenticate': `Bearer realm="${realm}",service="other",scope="registry:catalog:*"` });

describe('a side request that is refused with another challenge', () => {
  const SIDE_REQUESTS = [
    ['the list of referrers', () => upstream, { path: '/referrers/' }],
    ['the look at a tag of cosign', () => upstream, { path: /\/manifests\/sha256-.*\.sig$/ }],
    ['the list of referrers in the target', () => target, { path: '/referrers/' }],
  ] as const;

  test.each(SIDE_REQUESTS)('does not cost the image: %s', async (_, server, match) => {
    const hits = server().fail({ match, action: Fault.status(401, foreignChallenge()), times: ALWAYS });
    const result = await run('app', { referrers: true });
    expect(result).toMatchObject(copied);
    expect(server() === target || hits() > 0).toBe(true);
    expect([upstream.tokenRequests, target.tokenRequests]).toEqual([1, 1]);
    expect(other.count()).toBeLessThanOrEqual(1);
  });

  test.each([
    ['does not exist', '/token', (exchange: Exchange) => exchange.reply(404)],
    ['answers without a token', '/token', (exchange: Exchange) => exchange.json(200, { token: '' })],
    ['redirects without end', '/token', (exchange: Exchange) => exchange.reply(307, { location: '/token' })],
    ['fails', '/token', (exchange: Exchange) => exchange.reply(503)],
  ])('does not cost the image when that token service %s', async (_, realm, answer) => {
    other.answer = answer;
    upstream.fail({ match: { path: '/referrers/' }, action: Fault.status(401, foreignChallenge(`${other.url}${realm}`)), times: ALWAYS });
    expect(await run('app', { referrers: true })).toMatchObject(copied);
    expect(upstream.tokenRequests).toBe(1);
  });

  test('does not make the image use the token of another service, also when that service gives one', async () => {
    other.answer = (exchange) => exchange.json(200, { token: 'of-another-service' });
    const hits = upstream.fail({ match: { path: '/referrers/' }, action: Fault.status(401, foreignChallenge()), times: ALWAYS });
    expect(await run('app', { referrers: true })).toMatchObject(copied);
    expect(hits()).toBeGreaterThan(1);
    expect([upstream.tokenRequests, other.count()]).toEqual([1, 1]);
  });

  test('without credentials does not cost a public image either', async () => {
    other.answer = (exchange) => exchange.json(200, { token: 'of-another-service' });
    const open = await started(new LocalRegistry());
    open.push('app', '1', IMAGE);
    open.fail({ match: { path: '/referrers/' }, action: Fault.status(401, foreignChallenge()), times: ALWAYS });
    expect(await mirror(`${open.host}/app:1`, `${target.host}/mirror/app:1`, { credentials, referrers: true })).toMatchObject(copied);
    expect(open.requests.filter(({ path: name, headers }) => !name.includes('/referrers/') && headers.authorization !== undefined)).toEqual([]);
  });
});

describe('a challenge', () => {
  const realm = () => `realm="${upstream.url}/token"`;

  test.each([
    ['with a blank scope', () => `Bearer ${realm()},service="registry.local",scope=""`],
    ['with a blank service', () => `Bearer ${realm()},service="",scope="repository:private:pull"`],
    ['with neither', () => `Bearer ${realm()}`],
    ['without quotes', () => `bearer realm=${upstream.url}/token,service=registry.local,scope=repository:private:pull`],
    ['without commas', () => `BEARER ${realm()} service="registry.local" scope="repository:private:pull"`],
    ['with an error first', () => `Bearer error="invalid_token",${realm()},error_description="expired, sorry"`],
    ['with several scopes', () => `Bearer ${realm()},scope="repository:other:pull repository:private:pull"`],
    ['behind another scheme', () => `Negotiate, Basic realm="r", Bearer ${realm()}`],
  ])('%s is answered', async (_, challenge) => {
    upstream.fail({ match: { path: '/manifests/' }, action: Fault.headers({ 'www-authenticate': challenge() }) });
    expect(await run('private')).toMatchObject(copied);
    expect(upstream.requestsTo({ path: '/token' }).map(({ query }) => new URLSearchParams(query).get('scope') === '')).toEqual([false]);
  });
});

describe('a token service', () => {
  test.each([301, 302, 303, 307, 308])('that redirects with HTTP %i is followed', async (status) => {
    other.answer = (exchange) => exchange.reply(status, { location: `${upstream.url}/token${exchange.url.search}` });
    upstream.fail({ match: { path: '/manifests/' }, action: Fault.headers({ 'www-authenticate': `Bearer realm="${other.url}/moved"` }) });
    expect(await run('private')).toMatchObject(copied);
    expect([other.count(), upstream.tokenRequests]).toEqual([1, 1]);
    expect(upstream.requestsTo({ path: '/token' })[0].headers.authorization).toBe('Basic [hidden]');
  });

  test('of an https registry that is named with http on its own host is asked with https', async () => {
    const { host, realm, challenge, repository, blobs } = ARTIFACT_REGISTRY;
    const script = tokenScript({ ...ARTIFACT_REGISTRY, challenge: challenge.replace(realm, realm.replace('https:', 'http:')) });
    const { network } = await named(script, host, new URL(blobs.address).host);
    expect(await mirror(`${host}/${repository}:latest`, `${target.host}/mirror/app:1`, { ...overNames(network), credentials: NOBODY_BUT_TARGET })).toMatchObject(copied);
    expect(network.schemes).toEqual(new Set(['https:']));
  });
});

/** A network of names that also notes how each host was asked. */
class NotingHosts extends NamedHosts {
  readonly schemes = new Set<string>();

  send(message: Parameters<NamedHosts['send']>[0]): ReturnType<NamedHosts['send']> {
    if (message.url.host !== target.host) this.schemes.add(message.url.protocol);
    return super.send(message);
  }
}

async function named(script: Script, ...hosts: string[]): Promise<{ network: NotingHosts; server: ScriptedHosts }> {
  const server = await started(new ScriptedHosts(IMAGE, script));
  return { network: new NotingHosts().route(server.port, ...hosts) as NotingHosts, server };
}

const overNames = (network: NamedHosts): MirroringOptions => ({ transport: network, plainHttp: (registry) => registry === target.host });
const NOBODY_BUT_TARGET: CredentialSource = { credentialFor: async (registry) => registry === target.host ? USER : undefined };

describe('a registry that hides private images from anonymous requests, and challenges at its root only', () => {
  class HidingRegistry extends BearerRegistry {
    constructor(private readonly hiding: number) {
      super({ users: [USER], privateRepositories: ['private'] });
    }

    protected async handle(exchange: Exchange): Promise<void> {
      const isHidden = exchange.path.startsWith('/v2/private/') && exchange.header('authorization') === undefined;
      return isHidden ? exchange.reply(this.hiding) : super.handle(exchange);
    }
  }

  const roots = ({ requests }: LocalServer) => requests.filter(({ path: name }) => name === '/v2/').length;

  test.each([401, 403, 404])('with HTTP %i is asked for its challenge once, and gets the credentials', async (status) => {
    const hiding = await started(new HidingRegistry(status));
    hiding.push('private', '1', IMAGE);
    expect(await mirror(`${hiding.host}/private:1`, `${target.host}/mirror/app:1`, { credentials, referrers: true })).toMatchObject(copied);
    expect([roots(hiding), hiding.tokenRequests]).toEqual([1, 1]);
  });

  test('is not asked without credentials', async () => {
    const hiding = await started(new HidingRegistry(404));
    expect(await mirror(`${hiding.host}/private:1`, `${target.host}/mirror/app:1`, { credentials: NOBODY_BUT_TARGET })).toMatchObject({ reason: 'not-found' });
    expect(roots(hiding)).toBe(0);
  });

  test('and that has no challenge there either is asked once for all that is missing', async () => {
    const open = await started(new LocalRegistry());
    expect(await mirror(`${open.host}/missing:1`, `${target.host}/mirror/app:1`, { credentials })).toMatchObject({ reason: 'not-found' });
    expect(roots(open)).toBe(1);
    open.push('app', '1', IMAGE);
    open.resetRequests();
    expect(await mirror(`${open.host}/app:1`, `${target.host}/mirror/app:1`, { credentials, referrers: true })).toMatchObject(copied);
    expect(roots(open)).toBeLessThanOrEqual(1);
  });
});

describe('a credential helper that is broken', () => {
  const folder = withFolder();
  const lines: string[] = [];

  beforeEach(() => { lines.length = 0; });

  async function withHelper(script: string | undefined): Promise<CredentialSource> {
    await writeFile(path.join(folder, 'config.json'), JSON.stringify({ credHelpers: { [upstream.host]: 'broken' }, auths: { [target.host]: USER } }));
    const bin = path.join(folder, 'bin');
    await mkdir(bin, { recursive: true });
    if (script !== undefined) {
      await writeFile(path.join(bin, 'docker-credential-broken'), `#!/bin/sh\n${script}\n`);
      await chmod(path.join(bin, 'docker-credential-broken'), 0o755);
    }
    return new DockerConfigCredentials({ DOCKER_CONFIG: folder, PATH: `${bin}:${process.env.PATH}` }, (line) => lines.push(line));
  }

  test.each([
    ['is missing', undefined, 'which is not on the PATH'],
    ['fails', 'echo hunter2-password; exit 1', 'failed (1)'],
    ['prints rubbish', 'echo hunter2-password', 'that is not valid JSON'],
  ])('because it %s does not cost a public image, and is a warning', async (_, script, problem) => {
    const result = await run('app', { credentials: await withHelper(script) });
    expect(result).toMatchObject({ ...copied, warnings: [expect.stringContaining(problem)] });
    expect(lines).toEqual(result.warnings);
    expect(JSON.stringify(result)).not.toContain(USER.password);
  });

  test('is named by the refusal of a private image', async () => {
    expect(await run('private', { credentials: await withHelper(undefined) })).toMatchObject({
      reason: 'unauthorized', message: expect.stringContaining('docker-credential-broken, which is not on the PATH'),
    });
  });
});

describe('a registry that speaks other than it is spoken to', () => {
  test('without TLS fails once, and names the option of the command line and the rule of builds', async () => {
    const lines: string[] = [];
    const result = await run('app', { plainHttp: (registry) => registry === target.host, onLine: (line) => lines.push(line) });
    expect(result).toMatchObject({
      reason: 'network', message: expect.stringMatching(/^127\.0\.0\.1:[0-9]+: the server doesn't use TLS on port [0-9]+ \(.+\); for a registry without TLS, use --plain-http$/),
    });
    expect(lines.join('\n')).not.toContain('trying again');
  });

  test.each([
    ['Go', 'Client sent an HTTP request to an HTTPS server.\n'],
    ['nginx', '<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>'],
    ['Apache', 'Reason: You\'re speaking plain HTTP to an SSL-enabled server port.'],
  ])('with TLS, in the words of %s, fails with the option that is too much', async (_, body) => {
    upstream.fail({ match: { path: '/manifests/' }, action: Fault.status(405), times: 1 });
    upstream.fail({ match: { path: '/manifests/' }, action: Fault.status(400, {}, body), times: ALWAYS });
    expect(await run()).toMatchObject({ outcome: 'failed', message: expect.stringContaining('the registry expects TLS; remove --plain-http') });
  });
});

describe('a registry on the internet', () => {
  const HOST = 'registry.invalid';
  const REPOSITORY = 'team/app';
  const user: CredentialSource = { credentialFor: async () => USER };

  /** A registry that challenges, takes any token, and answers blobs as a test says. */
  function registryScript(realm: string, blob?: string): Script {
    return ({ path: name, authorization }) => {
      if (name === '/token') return { status: 200, body: { token: 'anonymous' } };
      if (authorization === undefined) return { status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}",service="s"` } };
      if (blob !== undefined && name.includes('/blobs/')) return redirect(blob);
      return CONTENT;
    };
  }

  async function copyFrom(script: Script, hosts: readonly string[] = [], options: MirroringOptions = {}) {
    const { network, server } = await named(script, HOST, ...hosts);
    const result = await mirror(`${HOST}/${REPOSITORY}:1`, `${target.host}/mirror/app:1`, { ...overNames(network), credentials: user, ...options });
    await server.close();
    return { result, asked: server.asked, hosts: network.asked };
  }

  test('that names a token service of another domain gets an anonymous token, and no credentials go there', async () => {
    const { result, asked } = await copyFrom(registryScript('https://auth.elsewhere.invalid/token'), ['auth.elsewhere.invalid']);
    expect(result).toMatchObject({ ...copied, warnings: [expect.stringContaining('the credentials were not sent to its token service auth.elsewhere.invalid')] });
    expect(asked.filter(({ host }) => host === 'auth.elsewhere.invalid').map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  test('may name one that the user allows', async () => {
    const allowed: CredentialSource = { credentialFor: async () => ({ ...USER, allowedRealms: ['auth.elsewhere.invalid'] }) };
    const { result, asked } = await copyFrom(registryScript('https://auth.elsewhere.invalid/token'), ['auth.elsewhere.invalid'], { credentials: allowed });
    expect(result).toMatchObject(copied);
    expect(result.warnings).toBeUndefined();
    expect(asked.find(({ host }) => host === 'auth.elsewhere.invalid')!.authorization).toMatch(/^Basic /);
  });

  test.each([
    'https://127.0.0.1:1/token', 'https://169.254.169.254/token', 'https://[::1]/token', 'https://[::ffff:10.0.0.1]/token', 'https://2130706433/token',
    'https://0x7f.1/token', 'https://localhost:1/token',
  ])('that names a token service in the private network, %s, fails before any connection', async (realm) => {
    const { result, asked } = await copyFrom(registryScript(realm));
    expect(result).toMatchObject({ outcome: 'failed', message: expect.stringContaining('which has a private, loopback or link-local address') });
    expect(asked.length).toBe(1);
  });

  test.each(['https://169.254.169.254/latest/meta-data/', 'https://localhost:1/x', 'https://[fd00:ec2::254]/'])('that redirects a blob into the private network, to %s, fails before any connection', async (location) => {
    const { result } = await copyFrom(registryScript(`https://${HOST}/token`, location));
    expect(result).toMatchObject({ outcome: 'failed', message: expect.stringContaining('which has a private, loopback or link-local address') });
  });
});
