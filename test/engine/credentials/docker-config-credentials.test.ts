import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import * as path from 'node:path';
import { CredentialSource, credentialChain, withAllowedRealms } from '../../../src/engine/credentials/credential-source';
import { DockerConfigCredentials } from '../../../src/engine/credentials/docker-config-credentials';
import { MirrorError } from '../../../src/engine/mirror-error';
import { joinErrorRealms } from '../../support/one-realm';
import { withFolder } from '../../support/with-folder';

joinErrorRealms();
jest.mock('node:os', () => ({ ...jest.requireActual<typeof import('node:os')>('node:os'), homedir: jest.fn() }));

const home = jest.mocked(homedir);
const ECR = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const HUB_KEY = 'https://index.docker.io/v1/';
const auth = (username: string, password: string) => ({ auth: Buffer.from(`${username}:${password}`).toString('base64') });

const folder = withFolder();
let environment: NodeJS.ProcessEnv;
let warnings: string[];

beforeEach(async () => {
  await mkdir(path.join(folder, 'bin'));
  warnings = [];
  environment = { DOCKER_CONFIG: folder, PATH: `${path.join(folder, 'bin')}:${process.env.PATH}` };
});

/** Credentials with a configuration file of this content. */
async function withConfig(content: unknown): Promise<DockerConfigCredentials> {
  await writeFile(path.join(folder, 'config.json'), typeof content === 'string' ? content : JSON.stringify(content));
  return new DockerConfigCredentials(environment, (warning) => warnings.push(warning));
}

/** Puts a credential helper on the PATH that notes what it was asked, and runs some shell commands. */
async function helper(name: string, commands: string): Promise<void> {
  const file = path.join(folder, 'bin', `docker-credential-${name}`);
  await writeFile(file, `#!/bin/sh\necho "$1 $(cat)" >> '${path.join(folder, 'asked')}'\n${commands}\n`);
  await chmod(file, 0o755);
}

const answering = (name: string, answer: unknown) => helper(name, `echo '${JSON.stringify(answer)}'`);
const asked = () => readFile(path.join(folder, 'asked'), 'utf8');

describe('the file', () => {
  test('may be missing', async () => {
    expect(await new DockerConfigCredentials(environment).credentialFor('ghcr.io', false)).toBeUndefined();
  });

  test('is looked for in the home folder when DOCKER_CONFIG does not say where', async () => {
    await mkdir(path.join(folder, '.docker'));
    await writeFile(path.join(folder, '.docker', 'config.json'), JSON.stringify({ auths: { 'ghcr.io': auth('user', 'home') } }));
    home.mockReturnValue(folder);
    expect(await new DockerConfigCredentials({}).credentialFor('ghcr.io', false)).toEqual({ username: 'user', password: 'home' });
  });

  test('that is no JSON is told with its name', async () => {
    await expect((await withConfig('{')).credentialFor('ghcr.io', false)).rejects.toThrow(new MirrorError(
      'invalid-configuration', `${path.join(folder, 'config.json')} is not valid JSON; correct it, or set DOCKER_CONFIG to another folder`,
    ));
  });

  test('may start with a byte order mark', async () => {
    const credentials = await withConfig(`\uFEFF${JSON.stringify({ auths: { 'ghcr.io': auth('user', 'secret') } })}`);
    expect(await credentials.credentialFor('ghcr.io', false)).toEqual({ username: 'user', password: 'secret' });
  });

  test.each([
    'null', '[]', '5', '"text"', '{}', '{"auths":null,"credHelpers":null}', '{"auths":[]}', '{"auths":{"ghcr.io":{}}}', '{"auths":{"ghcr.io":"text"}}',
    '{"auths":5}', '{"auths":{"ghcr.io":null}}', '{"auths":{"ghcr.io":5}}', '{"auths":{"ghcr.io":{"auth":null}}}', '{"auths":{"ghcr.io":{"auth":5}}}',
    '{"auths":{"ghcr.io":{"username":5,"password":5}}}', '{"auths":{"ghcr.io":{"username":"user","password":null}}}', '{"auths":{"ghcr.io":{"identitytoken":5}}}',
    '{"credHelpers":5}', '{"credHelpers":{"ghcr.io":null}}', '{"credHelpers":{"ghcr.io":5}}', '{"credsStore":null}', '{"credsStore":5}',
  ])('that is %s holds no credentials', async (content) => {
    expect(await (await withConfig(content)).credentialFor('ghcr.io', false)).toBeUndefined();
  });
});

describe('stored credentials', () => {
  test('belong to their registry alone', async () => {
    const credentials = await withConfig({ auths: { 'ghcr.io': auth('git', 'one'), 'quay.io': auth('quay', 'two') } });
    expect(await credentials.credentialFor('ghcr.io', false)).toEqual({ username: 'git', password: 'one' });
    expect(await credentials.credentialFor('quay.io', false)).toEqual({ username: 'quay', password: 'two' });
    expect(await credentials.credentialFor('docker.io', false)).toBeUndefined();
    expect(await credentials.credentialFor('evil-ghcr.io', false)).toBeUndefined();
    expect(await credentials.credentialFor('ghcr.io:443', false)).toBeUndefined();
  });

  test.each([HUB_KEY, 'index.docker.io', 'docker.io', 'registry-1.docker.io'])('of Docker Hub may be under %s', async (key) => {
    expect(await (await withConfig({ auths: { [key]: auth('hub', 'secret') } })).credentialFor('docker.io', false)).toEqual({ username: 'hub', password: 'secret' });
  });

  test.each(['r.example:5000', 'https://r.example:5000', 'https://r.example:5000/', 'https://r.example:5000/v1/', 'https://r.example:5000/v2/'])('of another registry may be under %s', async (key) => {
    expect(await (await withConfig({ auths: { [key]: auth('user', 'secret') } })).credentialFor('r.example:5000', false)).toEqual({ username: 'user', password: 'secret' });
  });

  test.each([
    'R.Example:5000', 'http://r.example:5000', 'HTTPS://r.example:5000', 'https://r.example:5000/v2', 'https://r.example:5000/artifactory/api', ' r.example:5000 ',
    'r.example:5000/', 'r.example:5000/v1/', 'r.example:5000/v2',
  ])('of another registry may be under %j, as Go clients read it', async (key) => {
    expect(await (await withConfig({ auths: { [key]: auth('user', 'secret') } })).credentialFor('r.example:5000', false, 'team/app')).toEqual({ username: 'user', password: 'secret' });
  });

  test.each(['r.example', 'r.example:500', 'r.example:50000', 'xr.example:5000', 'r.example:5000.evil', 'https://evil/r.example:5000', 'evil@r.example:5000', ''])('of another host, as %j, are not used', async (key) => {
    expect(await (await withConfig({ auths: { [key]: auth('user', 'secret') } })).credentialFor('r.example:5000', false, 'team/app')).toBeUndefined();
  });

  test.each([
    ['team/app', 'repository'],
    ['team/app-2', 'namespace'],
    ['team/sub/app', 'namespace'],
    ['teams/app', 'host'],
    [undefined, 'host'],
  ])('of the longest path are those of %s', async (repository, username) => {
    const credentials = await withConfig({
      auths: { 'r.example': auth('host', 'x'), 'r.example/team': auth('namespace', 'x'), 'r.example/team/app': auth('repository', 'x'), 'r.example/other': auth('other', 'x') },
    });
    expect(await credentials.credentialFor('r.example', false, repository)).toMatchObject({ username });
  });

  test('of a namespace do not serve others', async () => {
    const credentials = await withConfig({ auths: { 'r.example/team': auth('namespace', 'x') } });
    expect(await credentials.credentialFor('r.example', false, 'other/app')).toBeUndefined();
    expect(await credentials.credentialFor('r.example', false)).toBeUndefined();
  });

  test('that are empty give way to others of the same registry', async () => {
    const credentials = await withConfig({ auths: { 'r.example': {}, 'https://r.example/': auth('user', 'secret') } });
    expect(await credentials.credentialFor('r.example', false)).toEqual({ username: 'user', password: 'secret' });
  });

  test('under the host as it is written stand before other spellings', async () => {
    const credentials = await withConfig({ auths: { 'https://r.example/': auth('url', 'x'), 'r.example': auth('host', 'x') } });
    expect(await credentials.credentialFor('r.example', false)).toMatchObject({ username: 'host' });
  });

  test.each([
    ['NUL characters at the end', Buffer.from('user:secret\0\0').toString('base64')],
    ['line breaks', `${Buffer.from('user:secret').toString('base64').slice(0, 8)}\r\n${Buffer.from('user:secret').toString('base64').slice(8)}`],
    ['no padding', Buffer.from('user:secret').toString('base64').replace(/=+$/, '')],
  ])('may have %s', async (_, text) => {
    expect(await (await withConfig({ auths: { 'ghcr.io': { auth: text } } })).credentialFor('ghcr.io', false)).toEqual({ username: 'user', password: 'secret' });
  });

  test('in one text stand before those in two', async () => {
    const entry = { ...auth('user', 'one'), username: 'user', password: 'two' };
    expect(await (await withConfig({ auths: { 'ghcr.io': entry } })).credentialFor('ghcr.io', false)).toEqual({ username: 'user', password: 'one' });
  });

  test('may be a token for the registry itself', async () => {
    expect(await (await withConfig({ auths: { 'ghcr.io': { registrytoken: 'token' } } })).credentialFor('ghcr.io', false)).toEqual({ registryToken: 'token' });
  });

  test('may hold colons in the password', async () => {
    expect(await (await withConfig({ auths: { 'ghcr.io': auth('user', 'a:b:c') } })).credentialFor('ghcr.io', false)).toEqual({ username: 'user', password: 'a:b:c' });
  });

  test('may hold letters outside ASCII', async () => {
    expect(await (await withConfig({ auths: { 'ghcr.io': auth('us\u00e9r', 'p\u00e4ss') } })).credentialFor('ghcr.io', false)).toEqual({ username: 'us\u00e9r', password: 'p\u00e4ss' });
  });

  test('may be written out', async () => {
    expect(await (await withConfig({ auths: { 'ghcr.io': { username: 'user', password: 'secret' } } })).credentialFor('ghcr.io', false)).toEqual({ username: 'user', password: 'secret' });
  });

  test('may be an identity token, which stands before the rest', async () => {
    const entry = { ...auth('00000000-0000-0000-0000-000000000000', 'x'), identitytoken: 'identity' };
    expect(await (await withConfig({ auths: { 'r.azurecr.io': entry } })).credentialFor('r.azurecr.io', false)).toEqual({ identityToken: 'identity' });
  });

  test.each([['nothing', ''], ['no colon', 'user'], ['no password', 'user:'], ['no user', ':password']])('with %s are none', async (_, text) => {
    const credentials = await withConfig({ auths: { 'ghcr.io': { auth: Buffer.from(text).toString('base64') } } });
    expect(await credentials.credentialFor('ghcr.io', false)).toBeUndefined();
  });

  test('are read once', async () => {
    const credentials = await withConfig({ auths: { 'ghcr.io': auth('user', 'first') } });
    await credentials.credentialFor('ghcr.io', false);
    await withConfig({ auths: { 'ghcr.io': auth('user', 'second') } });
    expect(await credentials.credentialFor('ghcr.io', false)).toEqual({ username: 'user', password: 'first' });
  });
});

describe('a login to Amazon ECR', () => {
  const chain: CredentialSource = { credentialFor: async () => ({ username: 'AWS', password: 'from the chain' }) };

  test('is used', async () => {
    const credentials = credentialChain(await withConfig({ auths: { [ECR]: auth('AWS', 'stored') } }), chain);
    expect(await credentials.credentialFor(ECR, false)).toEqual({ username: 'AWS', password: 'stored' });
  });

  test('that was refused gives way to the next source', async () => {
    const credentials = credentialChain(await withConfig({ auths: { [ECR]: auth('AWS', 'expired') } }), chain);
    expect(await credentials.credentialFor(ECR, true)).toEqual({ username: 'AWS', password: 'from the chain' });
  });

  test('is not asked of a helper again that was refused', async () => {
    await answering('ecr-login', { Username: 'AWS', Secret: 'expired' });
    const credentials = credentialChain(await withConfig({ credHelpers: { [ECR]: 'ecr-login' } }), chain);
    expect(await credentials.credentialFor(ECR, true)).toEqual({ username: 'AWS', password: 'from the chain' });
    await expect(asked()).rejects.toThrow('ENOENT');
  });

  test('is no example for other registries, whose stored credentials stay', async () => {
    const credentials = await withConfig({ auths: { 'ghcr.io': auth('user', 'secret') } });
    expect(await credentials.credentialFor('ghcr.io', true)).toEqual({ username: 'user', password: 'secret' });
  });
});

describe('several sources', () => {
  const none: CredentialSource = { credentialFor: async () => undefined };
  const some: CredentialSource = { credentialFor: async () => ({ username: 'some', password: 'one' }) };

  test('are asked until one has credentials', async () => {
    const later = { credentialFor: jest.fn() };
    expect(await credentialChain(none, some, later).credentialFor('ghcr.io', false)).toEqual({ username: 'some', password: 'one' });
    expect(later.credentialFor).not.toHaveBeenCalled();
  });

  test('that all have none mean anonymous access', async () => {
    expect(await credentialChain(none, none).credentialFor('ghcr.io', false)).toBeUndefined();
  });

  test('tell the first problem that one of them has', () => {
    const broken = { ...none, problem: () => 'a broken helper' };
    expect(credentialChain(none, broken).problem!('ghcr.io')).toBe('a broken helper');
    expect(credentialChain(none, some).problem!('ghcr.io')).toBeUndefined();
    expect(withAllowedRealms(broken, ['auth.test']).problem!('ghcr.io')).toBe('a broken helper');
  });

  test('may allow token services for all their credentials', async () => {
    expect(await withAllowedRealms(some, ['auth.test']).credentialFor('ghcr.io', false)).toEqual({ username: 'some', password: 'one', allowedRealms: ['auth.test'] });
    expect(await withAllowedRealms(none, ['auth.test']).credentialFor('ghcr.io', false)).toBeUndefined();
  });

  test('are told of which registry, and of a refusal', async () => {
    const source = { credentialFor: jest.fn(async () => undefined) };
    await credentialChain(source).credentialFor('ghcr.io', true);
    expect(source.credentialFor).toHaveBeenCalledWith('ghcr.io', true, undefined);
  });
});
