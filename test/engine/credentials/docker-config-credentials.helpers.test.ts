import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { DockerConfigCredentials } from '../../../src/engine/credentials/docker-config-credentials';
import { joinErrorRealms } from '../../support/one-realm';
import { withFolder } from '../../support/with-folder';

joinErrorRealms();

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

  test('that print that they have none are no problem', async () => {
    await helper('fake', 'echo "credentials not found in native keychain"; exit 1');
    const credentials = await withConfig({ credsStore: 'fake' });
    expect([await credentials.credentialFor('ghcr.io', false), credentials.problem('ghcr.io'), warnings]).toEqual([undefined, undefined, []]);
  });

  const REMEDY = 'so it gave no credentials; correct the helper, or remove it from Docker\'s configuration and run docker login';

  test.each([
    ['answer no JSON', 'echo "password: hunter2"', 'the credential helper docker-credential-fake returned output that is not valid JSON'],
    ['answer nothing', 'exit 0', 'the credential helper docker-credential-fake returned output that is not valid JSON'],
    ['fail', 'echo "hunter2"; echo "hunter2" >&2; exit 3', 'the credential helper docker-credential-fake failed (3)'],
    ['are killed', 'kill -9 $$', 'the credential helper docker-credential-fake failed (SIGKILL)'],
  ])('that %s are a warning with the name, without their output', async (_, commands, problem) => {
    await helper('fake', commands);
    const credentials = await withConfig({ credsStore: 'fake' });
    expect(await credentials.credentialFor('ghcr.io', false)).toBeUndefined();
    expect(await credentials.credentialFor('ghcr.io', false)).toBeUndefined();
    expect(credentials.problem('ghcr.io')).toBe(`${problem}, ${REMEDY}`);
    expect(warnings).toEqual([`ghcr.io: ${problem}, ${REMEDY}`]);
    expect(credentials.problem('quay.io')).toBeUndefined();
  });

  test('that fail leave it to the file', async () => {
    await helper('fake', 'exit 3');
    const credentials = await withConfig({ credsStore: 'fake', auths: { 'ghcr.io': auth('user', 'stored') } });
    expect(await credentials.credentialFor('ghcr.io', false)).toEqual({ username: 'user', password: 'stored' });
    expect(warnings).toHaveLength(1);
  });

  test('of a namespace are asked for its repositories alone', async () => {
    await answering('fake', { Username: 'user', Secret: 'secret' });
    const credentials = await withConfig({ credHelpers: { 'r.example/team': 'fake' } });
    expect(await credentials.credentialFor('r.example', false, 'other/app')).toBeUndefined();
    expect(await credentials.credentialFor('r.example', false, 'team/app')).toMatchObject({ username: 'user' });
  });

  test('that do not read the question do no harm', async () => {
    const file = path.join(folder, 'bin', 'docker-credential-deaf');
    await writeFile(file, '#!/bin/sh\nexec <&-\nprintf \'{"Username":"user","Secret":"secret"}\'\n');
    await chmod(file, 0o755);
    expect(await (await withConfig({ credsStore: 'deaf' })).credentialFor('ghcr.io', false)).toEqual({ username: 'user', password: 'secret' });
  });

  test('that are not on the PATH are a warning with the name', async () => {
    const credentials = await withConfig({ credsStore: 'missing' });
    expect(await credentials.credentialFor('ghcr.io', false)).toBeUndefined();
    expect(credentials.problem('ghcr.io')).toBe(`Docker's configuration names the credential helper docker-credential-missing, which is not on the PATH, ${REMEDY}`);
  });

  test('that are missing do not matter to registries that others serve', async () => {
    const credentials = await withConfig({ credHelpers: { 'ghcr.io': 'missing' }, auths: { 'quay.io': auth('user', 'secret') } });
    expect(await credentials.credentialFor('quay.io', false)).toEqual({ username: 'user', password: 'secret' });
  });

  test.each(['../evil', 'a/b', 'x; touch evil', '$(id)', 'a b', 'a\nb', '-\u202e'])('with the name %j are not run', async (name) => {
    const credentials = await withConfig({ credsStore: name });
    expect(await credentials.credentialFor('ghcr.io', false)).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining('which is not a valid name')]);
    expect(warnings.join()).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});
