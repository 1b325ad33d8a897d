import { EnvironmentCredentials } from '../../../src/engine/credentials/credential-source';
import { MirrorError } from '../../../src/engine/mirror-error';
import { credentialVariables } from '../../../src/image/contract/environment';

const HUB = credentialVariables({ registry: 'docker.io' }, 0);
const GITHUB = credentialVariables({ registry: 'ghcr.io' }, 1);
const ENVIRONMENT = { [HUB.username]: 'hub-user', [HUB.password]: 'hub-secret', [GITHUB.username]: 'git-user', [GITHUB.password]: 'git-secret' };

test('each registry has its own credentials', async () => {
  const credentials = new EnvironmentCredentials([HUB, GITHUB], ENVIRONMENT);
  expect(await credentials.credentialFor('docker.io')).toEqual({ username: 'hub-user', password: 'hub-secret' });
  expect(await credentials.credentialFor('ghcr.io')).toEqual({ username: 'git-user', password: 'git-secret' });
});

test.each(['quay.io', 'docker.io.example.com', 'docker.io:443', 'evil-docker.io', '', 'constructor'])('%j gets nobody\'s credentials', async (registry) => {
  expect(await new EnvironmentCredentials([HUB, GITHUB], ENVIRONMENT).credentialFor(registry)).toBeUndefined();
});

test('no credentials are no mistake', async () => {
  expect(await new EnvironmentCredentials([], {}).credentialFor('docker.io')).toBeUndefined();
});

test.each([
  ['a missing user', HUB.username, undefined],
  ['an empty user', HUB.username, ''],
  ['a missing password', HUB.password, undefined],
  ['an empty password', HUB.password, ''],
])('%s is told with the registry, the variable and the remedy', (_, variable, value) => {
  const attempt = () => new EnvironmentCredentials([HUB], { ...ENVIRONMENT, [variable]: value });
  expect(attempt).toThrow(expect.objectContaining({ reason: 'invalid-configuration' }));
  expect(attempt).toThrow(new MirrorError('invalid-configuration', `the credentials for docker.io are incomplete: the variable ${variable} is empty; check the fields of the secret`));
});

test('what is told of a missing user holds no password', () => {
  expect(() => new EnvironmentCredentials([HUB], { [HUB.password]: 'hub-secret' })).toThrow(expect.objectContaining({ message: expect.not.stringContaining('hub-secret') }));
});

describe('the credentials of a namespace', () => {
  const scopes = ['team-a', 'team-a/private', 'team-b'];
  const named = scopes.map((namespace, index) => credentialVariables({ registry: 'ghcr.io', repositoryNamespace: namespace }, index + 2));
  const environment = {
    ...ENVIRONMENT,
    ...Object.fromEntries(named.flatMap(({ repositoryNamespace, username, password }) => [[username, repositoryNamespace], [password, 'secret']])),
  };
  const userFor = async (repository: string | undefined, variables = [...named, GITHUB, HUB]) => {
    const credential = await new EnvironmentCredentials(variables, environment).credentialFor('ghcr.io', false, repository);
    return credential && 'username' in credential ? credential.username : undefined;
  };

  test.each([
    ['team-a/app', 'team-a'],
    ['team-a/private/app', 'team-a/private'],
    ['team-a/private', 'team-a/private'],
    ['team-a/privately', 'team-a'],
    ['team-b/app', 'team-b'],
    ['team-ab/app', 'git-user'],
    ['team/app', 'git-user'],
    ['other/team-a/app', 'git-user'],
  ])('of %s are those of the longest namespace, in any order of the list', async (repository, user) => {
    expect(await userFor(repository)).toBe(user);
    expect(await userFor(repository, [HUB, GITHUB, ...named].reverse())).toBe(user);
  });

  test('are not sent for the repositories of others', async () => {
    expect(await Promise.all(['team-ab/app', 'team', 'x/team-a', '', undefined].map((repository) => userFor(repository, named)))).toEqual(Array(5).fill(undefined));
  });

  test('are not sent to another registry', async () => {
    expect(await new EnvironmentCredentials(named, environment).credentialFor('quay.io', false, 'team-a/app')).toBeUndefined();
  });

  test('are named with the namespace when they are incomplete', () => {
    expect(() => new EnvironmentCredentials(named, { ...environment, [named[0].password]: '' })).toThrow('the credentials for ghcr.io/team-a are incomplete');
  });
});
