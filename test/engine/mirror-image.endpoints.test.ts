/** Images that are pulled from another endpoint than their registry. */
import { type CredentialSource, EnvironmentCredentials } from '../../src/engine/credentials/credential-source';
import { listTags } from '../../src/engine/list-tags';
import { mirrorAll } from '../../src/engine/mirror-all';
import { planRequest } from '../../src/engine/mirror-plan';
import { UpstreamSettings } from '../../src/engine/registry/upstream-settings';
import { credentialVariables } from '../../src/image/contract/environment';
import { parseImageReference } from '../../src/image/image-reference';
import { BearerRegistry } from '../support/bearer-registry';
import { multiPlatformImage, singleImage } from '../support/fixture-images';
import { LocalRegistry } from '../support/local-registry';
import { withTools } from '../support/mirror-request';
import { mirror, MirroringOptions } from '../support/mirroring';
import { withServers } from '../support/with-servers';

const IMAGE = multiPlatformImage();
const PRIVATE = singleImage({ seed: 'private' });
const USER = { username: 'builds', password: 'artifactory-token' };
const PATH = 'docker-remote/library/nginx';

const [endpoint, target] = withServers(
  new BearerRegistry({ users: [USER], privateRepositories: ['docker-remote/acme/app'] }), new LocalRegistry(),
);

beforeEach(() => {
  endpoint.push(PATH, 'stable', IMAGE);
  endpoint.push('docker-remote/acme/app', '1.0.0', PRIVATE);
});

/** The endpoint of Docker Hub, with a path. */
function upstreams(path = '/docker-remote', registry = 'docker.io'): UpstreamSettings {
  return new UpstreamSettings([{ registry, endpoint: `${endpoint.host}${path}` }]);
}

function run(image: string, options: MirroringOptions = {}) {
  return mirror(image, `${target.host}/mirror/app:stable`, { upstreams: upstreams(), ...options });
}

/** Credentials as builds have them. */
function credentials(entries: Record<string, string>): CredentialSource {
  const scopes = Object.keys(entries).map((text) => text.split(/\/(.*)/s)).map(([registry, namespace], index) => credentialVariables({ registry, repositoryNamespace: namespace }, index));
  const values = scopes.flatMap(({ username, password }, index) => [[username, USER.username], [password, Object.values(entries)[index]]]);
  return new EnvironmentCredentials(scopes, Object.fromEntries(values));
}

test('an image is copied from the endpoint, and its result has the name of its registry', async () => {
  expect(await run('nginx:stable', { referrers: true, lateReferrers: true })).toMatchObject({
    outcome: 'copied', source: 'docker.io/library/nginx:stable', repository: 'mirror/app', targetDigest: IMAGE.digest,
  });
  expect(target.holds('mirror/app', IMAGE)).toBe(true);
  const paths = endpoint.requests.map(({ path }) => path).filter((path) => path !== '/token');
  expect(paths.filter((path) => !path.startsWith(`/v2/${PATH}/`))).toEqual([]);
});

test('tokens are for the repository at the endpoint', async () => {
  await run('nginx:stable');
  const scopes = endpoint.requestsTo({ path: '/token' }).map(({ query }) => new URLSearchParams(query).getAll('scope'));
  expect(scopes).toEqual([[`repository:${PATH}:pull`]]);
});

test('an image of another registry is pulled from there', async () => {
  expect(await run(`${endpoint.host}/docker-remote/library/nginx:stable`, { upstreams: upstreams('/other') })).toMatchObject({ outcome: 'copied' });
});

test('an endpoint can be a host without a path', async () => {
  endpoint.push('library/nginx', 'stable', IMAGE);
  expect(await run('nginx:stable', { upstreams: upstreams('') })).toMatchObject({ outcome: 'copied', source: 'docker.io/library/nginx:stable' });
});

test('the target of a copy is not changed by an endpoint', async () => {
  endpoint.push('app', '1', IMAGE);
  const result = await mirror(`${endpoint.host}/app:1`, `${target.host}/mirror/app:1`, { upstreams: new UpstreamSettings([{ registry: target.host, endpoint: `${endpoint.host}/x` }]) });
  expect(result).toMatchObject({ outcome: 'copied' });
  expect(target.tagDigest('mirror/app', '1')).toBe(IMAGE.digest);
});

describe('credentials', () => {
  test('are those of the host of the endpoint', async () => {
    expect(await run('acme/app:1.0.0', { credentials: credentials({ [endpoint.host]: USER.password }) })).toMatchObject({ outcome: 'copied' });
  });

  test('can be for the path of the endpoint', async () => {
    expect(await run('acme/app:1.0.0', { credentials: credentials({ [`${endpoint.host}/docker-remote`]: USER.password }) })).toMatchObject({ outcome: 'copied' });
    expect(await run('acme/app:1.0.0', { credentials: credentials({ [`${endpoint.host}/docker`]: USER.password }) })).toMatchObject({ reason: 'unauthorized' });
  });

  test('of the registry itself are not sent to the endpoint', async () => {
    const asked: string[] = [];
    const source: CredentialSource = {
      credentialFor: async (registry, _, repository) => {
        asked.push(`${registry}/${repository}`);
        return registry === 'docker.io' ? USER : undefined;
      },
    };
    expect(await run('acme/app:1.0.0', { credentials: source })).toMatchObject({ outcome: 'failed', reason: 'unauthorized' });
    expect([...new Set(asked)].sort()).toEqual([`${endpoint.host}/docker-remote/acme/app`, `${target.host}/mirror/app`].sort());
    expect(endpoint.requests.map(({ headers }) => headers.authorization).filter((header) => header?.startsWith('Basic'))).toEqual([]);
  });
});

describe('errors name the endpoint and the registry', () => {
  const suffix = () => `; builds pull images of docker.io from the endpoint ${endpoint.host}/docker-remote`;

  test.each([['nginx:missing', 'not-found', 'there is no docker-remote/library/nginx:missing'], ['acme/app:1.0.0', 'unauthorized', 'the registry requires credentials']])('%s', async (image, reason, text) => {
    const { message, ...result } = await run(image);
    expect(result).toMatchObject({ outcome: 'failed', reason, source: `docker.io/${image.includes('/') ? '' : 'library/'}${image}` });
    expect(message).toMatch(new RegExp(`^${endpoint.host}: .*${text}`));
    expect(message!.endsWith(suffix())).toBe(true);
  });

  test('but not errors of the target', async () => {
    target.repository('mirror/app');
    const { message } = await run('nginx:stable', { upstreams: upstreams(), platforms: [{ os: 'linux', architecture: 's390x' }] });
    expect(message).toContain(suffix());
    const refused = await mirror('nginx:stable', '127.0.0.1:1/mirror/app:stable', { upstreams: upstreams() });
    expect(refused.message).toMatch(/^127\.0\.0\.1:1: /);
    expect(refused.message).not.toContain('endpoint');
  });
});

test('tags are listed at the endpoint, page by page', async () => {
  for (let number = 0; number < 1100; number++) endpoint.push(PATH, `1.0.${number}`, IMAGE);
  const tags = await withTools((tools) => listTags(parseImageReference('nginx'), { semver: '*', latest: 2 }, { ...tools, upstreams: upstreams() }));
  expect(tags).toEqual(['1.0.1099', '1.0.1098']);
  expect(endpoint.requestsTo({ path: `/v2/${PATH}/tags/list` }).filter(({ status }) => status === 200)).toHaveLength(2);
});

test('images of several registries at one endpoint share its limit of images in progress', async () => {
  const registries = ['docker.io', 'quay.io', 'ghcr.io'];
  const all = new UpstreamSettings(registries.map((registry) => ({ registry, endpoint: `${endpoint.host}/${registry}` })));
  const sources = registries.flatMap((registry) => Array.from({ length: 4 }, (_, index) => parseImageReference(`${registry}/team/app${index}:1`)));
  for (const { registry, repository } of sources) endpoint.push(`${registry}/${repository}`, '1', PRIVATE);
  let [inProgress, most] = [0, 0];
  const plan = sources.map((source) => planRequest({
    source, target: { registry: target.host, repository: `${source.registry}/${source.repository}`, tag: '1' }, kind: 'floating', onTagMoved: 'FAIL', referrers: false,
  }));
  const results = await withTools((tools) => mirrorAll(plan, { ...tools, upstreams: all }, {
    onStart: () => {
      most = Math.max(most, ++inProgress);
      return undefined;
    },
    onResult: (result) => {
      inProgress--;
      return result;
    },
  }));
  expect(results.map(({ outcome }) => outcome)).toEqual(Array(12).fill('copied'));
  expect(most).toBeLessThanOrEqual(8);
});
