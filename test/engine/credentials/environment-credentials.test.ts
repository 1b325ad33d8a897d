import { EnvironmentCredentials } from '../../../src/engine/credentials/credential-source';
import { MirrorError } from '../../../src/engine/mirror-error';
import { credentialVariables } from '../../../src/image/contract/environment';

const HUB = credentialVariables('docker.io', 0);
const GITHUB = credentialVariables('ghcr.io', 1);
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
