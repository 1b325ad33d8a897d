/** Variables that hold a secret. */
import { readConfiguration, readSettings } from '../../src/engine/configuration';
import { MirrorError } from '../../src/engine/mirror-error';
import { readMirrorPlan } from '../../src/engine/mirror-plan';
import { shownSource } from '../../src/engine/run-variables';

const PASSWORD = 'Dckr-Pat-0123456789';
const CREDENTIALS = {
  MIRROR_REGISTRY: '123456789012.dkr.ecr.eu-west-1.amazonaws.com',
  MIRROR_CREDENTIALS: JSON.stringify([{ registry: 'docker.io', username: 'HUB_USER', password: 'HUB_PASSWORD' }]),
  HUB_USER: 'acme',
  HUB_PASSWORD: PASSWORD,
};
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** The message of the error for an environment. */
function refusalOf(environment: NodeJS.ProcessEnv): string {
  try {
    readConfiguration({ ...CREDENTIALS, IMAGE: 'nginx:1', ...environment });
  } catch (error) {
    if (error instanceof MirrorError) return error.message;
    throw error;
  }
  return 'it was not refused';
}

function settingsRefusal(environment: NodeJS.ProcessEnv): string {
  try {
    readSettings(environment);
  } catch (error) {
    if (error instanceof MirrorError) return error.message;
    throw error;
  }
  return 'it was not refused';
}

const withoutSecret = (text: string) => expect(text.toLowerCase()).not.toContain(PASSWORD.toLowerCase().slice(0, 8));

test.each([
  ['is the password', PASSWORD],
  ['is the password in lowercase', PASSWORD.toLowerCase()],
  ['is the password with a line break', `${PASSWORD}\n`],
  ['contains the password as a repository', `quay.io/a/${PASSWORD.toLowerCase()}:1`],
  ['contains the password as a tag', `nginx:v${PASSWORD}`],
  ['contains the password as a host', `${PASSWORD}.example.com/a`],
  ['contains the password as JSON', JSON.stringify({ username: 'acme', password: PASSWORD })],
  ['contains the password with escapes in JSON', `{"password":"\\u0044${PASSWORD.slice(1)}"}`],
  ['is the password in base64', base64(PASSWORD)],
  ['contains the user name and the password in base64', `Basic ${base64(`acme:${PASSWORD}`)}`],
])('a value that %s is refused without the value, in each variable of a run', (_, value) => {
  for (const name of ['IMAGE', 'REPOSITORY', 'TAG_KIND', 'ON_TAG_MOVED', 'PLATFORMS', 'REFERRERS', 'TAGS', 'PLATFORM_TAGS', 'CUSTOM_IMAGE']) {
    const message = refusalOf({ [name]: value });
    expect(message).toMatch(new RegExp(`^the variable ${name} contains a password or token of MIRROR_CREDENTIALS; set ${name} to a plain value`));
    withoutSecret(message);
    expect(message).not.toContain(base64(PASSWORD).slice(0, 12));
  }
});

test.each([
  ['%2F and other escapes', 'pa/ss+word=1', encodeURIComponent('pa/ss+word=1')],
  ['quotation marks', 'pa"ss\\word', JSON.stringify(['pa"ss\\word'])],
  ['a half of a surrogate pair', 'password\ud800', 'xpassword\ud800'],
])('a password with %s is found in an encoded value', (_, password, value) => {
  expect(refusalOf({ HUB_PASSWORD: password, TAGS: value })).toContain('contains a password or token');
});

test.each([
  ['a short password in another word', { HUB_PASSWORD: 'test', IMAGE: 'testcontainers/ryuk:1' }],
  ['a password of three characters', { HUB_PASSWORD: 'abc', IMAGE: 'abc/abc:abc' }],
  ['the user name, which is also a namespace', { IMAGE: 'acme/app:1' }],
  ['no credentials', { MIRROR_CREDENTIALS: undefined, IMAGE: 'nginx:1' }],
  ['credentials that are not valid', { MIRROR_CREDENTIALS: '[null,{"password":5}]', IMAGE: 'nginx:1' }],
])('%s does not stop an image', (_, environment) => {
  expect(refusalOf(environment)).toBe('it was not refused');
});

test('a short password is found as a word', () => {
  expect(refusalOf({ HUB_PASSWORD: 'Test', IMAGE: 'test/app:1' })).toContain('the variable IMAGE contains a password or token');
});

test('an entry of IMAGES that contains the password fails alone, under its number', () => {
  const IMAGES = JSON.stringify([{ IMAGE: 'redis:7' }, { IMAGE: `quay.io/a/${PASSWORD.toLowerCase()}` }, { IMAGE: PASSWORD }]);
  const { images } = readMirrorPlan({ ...CREDENTIALS, IMAGES });
  expect(images.map((planned) => 'result' in planned && planned.result.source)).toEqual([false, 'IMAGES, entry 2', 'IMAGES, entry 3']);
  withoutSecret(JSON.stringify(images));
});

// Values of secrets that are not configured as credentials.
test.each([
  ['IMAGE', 'correct horse battery staple', 'has 28 characters, and character 8 is a space'],
  ['IMAGE', '{"token":"x"}', 'has 13 characters, and character 1 is a punctuation mark'],
  ['IMAGE', 'a'.repeat(513), 'has 513 characters, and 512 is the maximum'],
  ['IMAGE', 'p\u00e4ssword', 'has 8 characters, and character 2 is a character outside ASCII'],
  ['REPOSITORY', 'x:y', 'has 3 characters, and character 2 is a punctuation mark'],
  ['REPOSITORY', 'r'.repeat(257), 'has 257 characters, and 256 is the maximum'],
  ['TAG_KIND', 'pass1', 'has 5 characters, and character 5 is a digit'],
  ['ON_TAG_MOVED', 'ABCDEFGHIJKLMNOPQRSTU', 'has 21 characters, and 20 is the maximum'],
  ['REFERRERS', 'a\nb', 'has 3 characters, and character 2 is a control character'],
  ['PLATFORMS', 'Linux', 'has 5 characters, and character 1 is a letter'],
  ['PLATFORM_TAGS', '$', 'has 1 character, and character 1 is a punctuation mark'],
  ['TAGS', '{"semver":"hunter2"}', 'is not valid'],
  ['TAGS', '{"patterns":["hunter2/"]}', 'is not valid'],
  ['TAGS', '{"semver":"1","variant":"hunter2/"}', 'is not valid'],
  ['TAGS', 'hunter2', 'is not valid'],
  ['CUSTOM_IMAGE', '{"repository":"a/b","lines":["COPY hunter2"],"platforms":["linux/amd64"]}', 'is not valid'],
  ['CUSTOM_IMAGE', '{"repository":"Hunter2","lines":["RUN x"],"platforms":["linux/amd64"]}', 'is not valid'],
  ['CUSTOM_IMAGE', 'hunter2', 'is not valid'],
  ['MIRROR_CUSTOM_BUILDS', 'hunter2', 'is not valid'],
])('%s with the value %j is described and not quoted', (name, value, description) => {
  const message = name === 'MIRROR_CUSTOM_BUILDS' ? settingsRefusal({ [name]: value }) : refusalOf({ ...(name === 'TAGS' ? { IMAGE: 'nginx' } : {}), [name]: value });
  expect(message.startsWith(`the variable ${name} ${description}: `)).toBe(true);
  expect(message.slice(`the variable ${name} ${description}`.length)).not.toContain(value);
  expect(message.toLowerCase()).not.toContain('hunter2');
});

test.each<[NodeJS.ProcessEnv, string]>([
  [{ IMAGE: 'Nginx:stable' }, 'Nginx:stable'],
  [{ IMAGE: 'someone:secret@quay.io/a' }, '***@quay.io/a'],
  [{ IMAGE: `x${PASSWORD}` }, ''],
  [{ IMAGE: 'a b' }, ''],
  [{ CATALOG: 'ssm:/platform/images' }, 'ssm:/platform/images'],
  [{ CATALOG: `ssm:/${PASSWORD}` }, ''],
  [{ CATALOG: '{"a":1}' }, ''],
  [{ IMAGE: '', CATALOG: 'ssm:x' }, 'ssm:x'],
  [{}, ''],
])('the source in the result of %j is %j', (environment, source) => {
  expect(shownSource({ ...CREDENTIALS, ...environment })).toBe(source);
});
