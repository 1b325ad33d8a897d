import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import * as path from 'node:path';
import { CredentialSource, credentialChain } from '../../../src/engine/credentials/credential-source';
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

beforeEach(async () => {
  await mkdir(path.join(folder, 'bin'));
  environment = { DOCKER_CONFIG: folder, PATH: `${path.join(folder, 'bin')}:${process.env.PATH}` };
});

/** Credentials with a configuration file of this content. */
async function withConfig(content: unknown): Promise<DockerConfigCredentials> {
  await writeFile(path.join(folder, 'config.json'), typeof content === 'string' ? content : JSON.stringify(content));
  return new DockerConfigCredentials(environment);
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

describe('credential helpers', () => {
  test('are asked for their registry', async () => {
    await answering('fake', { ServerURL: 'ghcr.io', Username: 'user', Secret: 'secret' });
    const credentials = await withConfig({ credHelpers: { 'ghcr.io': 'fake' } });
    expect(await credentials.credentialFor('ghcr.io', false)).toEqual({ username: 'user', password: 'secret' });
    expect(await asked()).toBe('get ghcr.io\n');
  });

  test('are not asked for other registries', async () => {
    await answering('fake', { Username: 'user', Secret: 'secret' });
    const credentials = await withConfig({ credHelpers: { 'ghcr.io': 'fake' } });
    expect(await credentials.credentialFor('quay.io', false)).toBeUndefined();
    await expect(asked()).rejects.toThrow('ENOENT');
  });

  test('know Docker Hub under its old address', async () => {
    await answering('store', { Username: 'hub', Secret: 'secret' });
    const credentials = await withConfig({ credsStore: 'store' });
    expect(await credentials.credentialFor('docker.io', false)).toEqual({ username: 'hub', password: 'secret' });
    expect(await asked()).toBe(`get ${HUB_KEY}\n`);
  });

  test('of a registry stand before the store for all', async () => {
    await answering('own', { Username: 'own', Secret: 'secret' });
    await answering('store', { Username: 'store', Secret: 'secret' });
    const credentials = await withConfig({ credsStore: 'store', credHelpers: { 'ghcr.io': 'own' } });
    expect(await credentials.credentialFor('ghcr.io', false)).toMatchObject({ username: 'own' });
    expect(await credentials.credentialFor('quay.io', false)).toMatchObject({ username: 'store' });
  });

  test('may answer an identity token', async () => {
    await answering('fake', { Username: '<token>', Secret: 'identity' });
    expect(await (await withConfig({ credsStore: 'fake' })).credentialFor('r.azurecr.io', false)).toEqual({ identityToken: 'identity' });
  });

  test('that have nothing leave it to the file', async () => {
    await helper('fake', 'echo "credentials not found in native keychain"; exit 1');
    const credentials = await withConfig({ credsStore: 'fake', auths: { 'ghcr.io': auth('user', 'stored') } });
    expect(await credentials.credentialFor('ghcr.io', false)).toEqual({ username: 'user', password: 'stored' });
  });

  test('that have nothing, with nothing in the file, mean anonymous access', async () => {
    await helper('fake', 'exit 1');
    expect(await (await withConfig({ credsStore: 'fake', auths: { 'ghcr.io': {} } })).credentialFor('ghcr.io', false)).toBeUndefined();
  });

  test.each([
    ['no secret', { Username: 'user' }],
    ['an empty secret', { Username: 'user', Secret: '' }],
    ['no user', { Secret: 'secret' }],
    ['a number', 5],
    ['null', null],
    ['fields of other types', { Username: ['user'], Secret: { a: 1 } }],
  ])('that answer %s have none', async (_, answer) => {
    await answering('fake', answer);
    expect(await (await withConfig({ credsStore: 'fake' })).credentialFor('ghcr.io', false)).toBeUndefined();
  });

  test('that answer no JSON are told by name, without their answer', async () => {
    await helper('fake', 'echo "password: hunter2"');
    const attempt = (await withConfig({ credsStore: 'fake' })).credentialFor('ghcr.io', false);
    await expect(attempt).rejects.toThrow(new MirrorError('invalid-configuration', 'docker-credential-fake returned output that is not valid JSON'));
  });

  test('that do not read the question do no harm', async () => {
    const file = path.join(folder, 'bin', 'docker-credential-deaf');
    await writeFile(file, '#!/bin/sh\nexec <&-\nprintf \'{"Username":"user","Secret":"secret"}\'\n');
    await chmod(file, 0o755);
    expect(await (await withConfig({ credsStore: 'deaf' })).credentialFor('ghcr.io', false)).toEqual({ username: 'user', password: 'secret' });
  });

  test('that are not on the PATH are told by name', async () => {
    await expect((await withConfig({ credsStore: 'missing' })).credentialFor('ghcr.io', false)).rejects.toThrow(new MirrorError(
      'invalid-configuration', 'Docker\'s configuration names the credential helper docker-credential-missing, which is not on the PATH',
    ));
  });

  test('that are missing do not matter to registries that others serve', async () => {
    const credentials = await withConfig({ credHelpers: { 'ghcr.io': 'missing' }, auths: { 'quay.io': auth('user', 'secret') } });
    expect(await credentials.credentialFor('quay.io', false)).toEqual({ username: 'user', password: 'secret' });
  });

  test.each(['../evil', 'a/b', 'x; touch evil', '$(id)', 'a b', 'a\nb', '-\u202e'])('with the name %j are not run', async (name) => {
    const attempt = (await withConfig({ credsStore: name })).credentialFor('ghcr.io', false);
    await expect(attempt).rejects.toMatchObject({ reason: 'invalid-configuration', message: expect.stringContaining('is not a valid name') });
    await expect(attempt).rejects.toMatchObject({ message: expect.not.stringMatching(/[\p{Cc}\p{Cf}]/u) });
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

  test('are told of which registry, and of a refusal', async () => {
    const source = { credentialFor: jest.fn(async () => undefined) };
    await credentialChain(source).credentialFor('ghcr.io', true);
    expect(source.credentialFor).toHaveBeenCalledWith('ghcr.io', true);
  });
});
