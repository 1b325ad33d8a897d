import * as fc from 'fast-check';
import { readConfiguration, readSettings } from '../../src/engine/configuration';
import { MirrorError } from '../../src/engine/mirror-error';
import { parseImageReference } from '../../src/image/image-reference';

const REGISTRY = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const ENVIRONMENT = { IMAGE: 'nginx:1.27.0', MIRROR_REGISTRY: REGISTRY };
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

const read = (more: NodeJS.ProcessEnv = {}) => ({ ...readConfiguration({ ...ENVIRONMENT, ...more }), ...readSettings({ ...ENVIRONMENT, ...more }) });
const requestOf = (more: NodeJS.ProcessEnv = {}) => {
  const { image, requestFor } = read(more);
  return requestFor(image);
};

/** What reading an environment throws. */
function refusalOf(more: NodeJS.ProcessEnv): MirrorError {
  try {
    read(more);
  } catch (error) {
    if (error instanceof MirrorError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('IMAGE', () => {
  test('is the source', () => {
    expect(requestOf({ IMAGE: 'quay.io/prometheus/prometheus:v2.53.0' }).source).toEqual(parseImageReference('quay.io/prometheus/prometheus:v2.53.0'));
  });

  test('names the tag in the mirror', () => {
    expect(requestOf({ IMAGE: 'nginx:stable' }).target.tag).toBe('stable');
  });

  test('with a digest alone is mirrored under a tag made of it', () => {
    expect(requestOf({ IMAGE: `nginx@${DIGEST}` }).target).toEqual({ registry: REGISTRY, repository: 'mirror/nginx', tag: 'digest-0123456789ab', digest: undefined });
  });

  test.each([undefined, ''])('that is %j is told with an example', (IMAGE) => {
    expect(refusalOf({ IMAGE })).toMatchObject({
      reason: 'invalid-reference',
      message: 'the variable IMAGE is "": set it to the image to mirror, for example "docker.io/library/nginx:1.27.0"',
    });
  });

  test.each([
    'nginx; rm -rf /', 'nginx && id', 'nginx|id', '$(id)', '`id`', '${IFS}', 'nginx\nFORGED LINE', 'nginx\r', 'nginx\u0000', '\u001b]0;title\u0007', 'nginx\u2028', '\u202enginx',
    '--help', '-nginx', '../../etc/passwd', '/etc/passwd', 'file:///etc/passwd', 'http://169.254.169.254/latest', 'nginx:1@', 'nginx@sha256:', ' ', 'a'.repeat(100_000),
    '%n%s', '"', '\\', '{"a":1}', 'nginx:tag with space', 'user:password@quay.io/a/b',
  ])('%j is refused in one short line', (IMAGE) => {
    const { reason, message } = refusalOf({ IMAGE });
    expect(reason).toBe('invalid-reference');
    expect(message).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(message.length).toBeLessThan(600);
  });

  test('of any text is a request or a MirrorError in one line', () => {
    const piece = fc.constantFrom('nginx', 'a', ':', '/', '@', '.', '-', '_', ';', '$(id)', '\n', '\u202e', '[::1]', 'quay.io', DIGEST, 'A', '%');
    const text = fc.oneof(fc.array(piece, { minLength: 1, maxLength: 10 }).map((pieces) => pieces.join('')), fc.string({ unit: 'binary', minLength: 1, maxLength: 50 }));
    fc.assert(fc.property(text, (IMAGE) => {
      try {
        const { source, target } = requestOf({ IMAGE });
        expect(target.registry).toBe(REGISTRY);
        expect(target.repository).toMatch(/^mirror\/[a-z0-9._/-]+$/);
        expect(target.tag).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/);
        expect(source.repository).toMatch(/^[a-z0-9._/-]+$/);
      } catch (error) {
        if (!(error instanceof MirrorError)) throw error;
        expect(error.message).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }
    }), { numRuns: 1000 });
  });
});

describe('MIRROR_REGISTRY', () => {
  test.each([REGISTRY, 'registry.example.com:5000', 'localhost:5000', '127.0.0.1:5000'])('%s is where to mirror to', (MIRROR_REGISTRY) => {
    expect(requestOf({ MIRROR_REGISTRY }).target.registry).toBe(MIRROR_REGISTRY);
  });

  test.each(['', 'a/b', 'registry', REGISTRY.toUpperCase(), 'quay.io/team', `https://${REGISTRY}`, 'quay.io:99999', 'quay.io/a:1', '0x7f.1'])('%j is told to be no host', (MIRROR_REGISTRY) => {
    expect(refusalOf({ MIRROR_REGISTRY })).toMatchObject({
      reason: 'invalid-configuration',
      message: `the variable MIRROR_REGISTRY is ${JSON.stringify(MIRROR_REGISTRY)}: set it to the host of the target registry`,
    });
  });

  test('that is missing is named', () => {
    expect(refusalOf({ MIRROR_REGISTRY: undefined })).toMatchObject({
      reason: 'invalid-configuration', message: 'the variable MIRROR_REGISTRY is "": set it to the host of the target registry',
    });
  });

  test.each([' ', '$(id)', 'quay.io@evil.example', 'quay.io\n', '\u001b[2Jquay.io', 'quay.io\u202e'])('%j is refused with its name, in one visible line', (MIRROR_REGISTRY) => {
    const { reason, message } = refusalOf({ MIRROR_REGISTRY });
    expect(reason).toBe('invalid-configuration');
    expect(message).toMatch(/^the variable MIRROR_REGISTRY (is|has) .*: set it to the host of the target registry$/);
    expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});

test('a password in MIRROR_REGISTRY is not in the error', () => {
  expect(refusalOf({ MIRROR_REGISTRY: 'someone:hunter2@registry.example.com' }).message).not.toContain('hunter2');
});

describe('MIRROR_REPOSITORY_PREFIX', () => {
  test.each([[undefined, 'mirror/nginx'], ['platform', 'platform/nginx'], ['a/b', 'a/b/nginx'], ['', 'nginx']])('%j makes %s', (MIRROR_REPOSITORY_PREFIX, repository) => {
    expect(requestOf({ MIRROR_REPOSITORY_PREFIX }).target.repository).toBe(repository);
  });

  test.each(['a b', 'a\nb', '$(id)', 'p'.repeat(257)])('%j is refused without the value', (MIRROR_REPOSITORY_PREFIX) => {
    expect(refusalOf({ MIRROR_REPOSITORY_PREFIX }).message).toMatch(/^the variable MIRROR_REPOSITORY_PREFIX has [0-9]+ characters, and /);
  });

  test.each(['Platform', 'platform/', '/platform', '..'])('%j is refused with the name that it would make', (MIRROR_REPOSITORY_PREFIX) => {
    expect(refusalOf({ MIRROR_REPOSITORY_PREFIX }).message).toMatch(/^"docker\.io\/library\/nginx:1\.27\.0" cannot be mirrored as ".*nginx": a repository name must be/);
  });
});

describe('REPOSITORY', () => {
  test('is the repository, without the prefix', () => {
    expect(requestOf({ REPOSITORY: 'team/web', MIRROR_REPOSITORY_PREFIX: 'platform' }).target.repository).toBe('team/web');
  });

  test.each([undefined, ''])('%j leaves the name to be derived', (REPOSITORY) => {
    expect(requestOf({ REPOSITORY }).target.repository).toBe('mirror/nginx');
  });

  test.each(['team:1', `team@${DIGEST}`, 'a b', 'web\n', '$(id)', 'r'.repeat(257)])('%j is refused without the value', (REPOSITORY) => {
    const { message } = refusalOf({ REPOSITORY });
    expect(message).toMatch(/^the variable REPOSITORY has [0-9]+ characters, and .*: a repository name must /);
    expect(message).not.toContain(REPOSITORY);
  });

  test.each(['Team/web', 'team/', 'x', '../web'])('%j is told to be no repository name', (REPOSITORY) => {
    expect(refusalOf({ REPOSITORY })).toMatchObject({ reason: 'invalid-configuration', message: expect.stringMatching(/^the variable REPOSITORY is ".*": a repository name /) });
  });

  test('that looks like a host stays a repository of the mirror', () => {
    expect(requestOf({ REPOSITORY: 'evil.example/web' }).target).toMatchObject({ registry: REGISTRY, repository: 'evil.example/web' });
  });

  test('lets an image through whose derived name Amazon ECR would refuse', () => {
    expect(requestOf({ IMAGE: '[::1]:5000/web:1', REPOSITORY: 'team/web' }).target.repository).toBe('team/web');
  });
});

describe('TAG_KIND', () => {
  test.each([['1.27.0', 'fixed'], ['stable', 'floating']])('is judged by the tag %s: %s', (tag, kind) => {
    expect(requestOf({ IMAGE: `nginx:${tag}` }).kind).toBe(kind);
  });

  test('is fixed for a digest', () => {
    expect(requestOf({ IMAGE: `nginx@${DIGEST}` }).kind).toBe('fixed');
  });

  test.each(['fixed', 'floating'])('%s overrules the tag', (TAG_KIND) => {
    expect(requestOf({ IMAGE: 'nginx:stable', TAG_KIND }).kind).toBe(TAG_KIND);
    expect(requestOf({ IMAGE: 'nginx:1.27.0', TAG_KIND }).kind).toBe(TAG_KIND);
  });

  test('that is empty overrules nothing', () => {
    expect(requestOf({ TAG_KIND: '' }).kind).toBe('fixed');
  });

  test.each(['FIXED', 'mutable', 'constructor'])('%j is told what it may be', (TAG_KIND) => {
    expect(refusalOf({ TAG_KIND })).toMatchObject({
      reason: 'invalid-configuration', message: `the variable TAG_KIND is ${JSON.stringify(TAG_KIND)}: it must be one of fixed, floating`,
    });
  });
});

describe('ON_TAG_MOVED', () => {
  test.each(['FAIL', 'KEEP', 'SUFFIX'])('%s is a policy', (ON_TAG_MOVED) => {
    expect(requestOf({ ON_TAG_MOVED }).onTagMoved).toBe(ON_TAG_MOVED);
  });

  test.each([undefined, ''])('%j means FAIL', (ON_TAG_MOVED) => {
    expect(requestOf({ ON_TAG_MOVED }).onTagMoved).toBe('FAIL');
  });

  test.each(['fail', 'OVERWRITE', 'toString'])('%j is told what it may be', (ON_TAG_MOVED) => {
    expect(refusalOf({ ON_TAG_MOVED })).toMatchObject({
      reason: 'invalid-configuration', message: `the variable ON_TAG_MOVED is ${JSON.stringify(ON_TAG_MOVED)}: it must be one of FAIL, KEEP, SUFFIX`,
    });
  });
});

describe('MIRROR_DEADLINE_SECONDS', () => {
  test.each([['1', 1], ['3600', 3600], ['604800', 604_800]])('%s is %i seconds', (MIRROR_DEADLINE_SECONDS, seconds) => {
    expect(read({ MIRROR_DEADLINE_SECONDS }).deadlineSeconds).toBe(seconds);
  });

  test.each([undefined, ''])('%j leaves a minute of CodeBuild\'s hour', (MIRROR_DEADLINE_SECONDS) => {
    expect(read({ MIRROR_DEADLINE_SECONDS }).deadlineSeconds).toBe(59 * 60);
  });

  test.each(['0', '-1', '1.5', '1e3', '60s', 'NaN', 'Infinity', '99999999', '0x10', '604801', '9999999'])('%j is told to be no number of seconds', (MIRROR_DEADLINE_SECONDS) => {
    expect(refusalOf({ MIRROR_DEADLINE_SECONDS })).toMatchObject({
      reason: 'invalid-configuration',
      message: `the variable MIRROR_DEADLINE_SECONDS is ${JSON.stringify(MIRROR_DEADLINE_SECONDS)}: it must be a whole number of seconds, at most 604800`,
    });
  });
});

describe('MIRROR_EVENT_BUS', () => {
  test('is where results are put', () => {
    expect(read({ MIRROR_EVENT_BUS: 'arn:aws:events:eu-west-1:123456789012:event-bus/default' }).eventBus).toBe('arn:aws:events:eu-west-1:123456789012:event-bus/default');
  });

  test.each([undefined, ''])('%j means that they are not', (MIRROR_EVENT_BUS) => {
    expect(read({ MIRROR_EVENT_BUS }).eventBus).toBeUndefined();
  });
});

describe('PLATFORM_TAGS', () => {
  test('are the platforms that get tags of their own, in their order', () => {
    expect(requestOf({ PLATFORM_TAGS: 'linux/arm64, linux/arm/v7' }).platformTags).toEqual([
      { os: 'linux', architecture: 'arm64' }, { os: 'linux', architecture: 'arm', variant: 'v7' },
    ]);
  });

  test.each([undefined, ''])('%j means none', (PLATFORM_TAGS) => {
    expect(requestOf({ PLATFORM_TAGS }).platformTags).toBeUndefined();
  });

  test('may be among those that are mirrored', () => {
    expect(requestOf({ PLATFORMS: 'linux/amd64,linux/arm64', PLATFORM_TAGS: 'linux/arm64/v8' })).toMatchObject({ platforms: { length: 2 }, platformTags: { length: 1 } });
  });

  test('that are not mirrored are told with those that are', () => {
    expect(refusalOf({ PLATFORMS_IF_AVAILABLE: 'linux/amd64', PLATFORM_TAGS: 'linux/arm64' }).message).toContain('PLATFORM_TAGS');
    expect(refusalOf({ PLATFORMS: 'linux/amd64', PLATFORM_TAGS: 'linux/arm64' })).toMatchObject({
      reason: 'invalid-configuration',
      message: 'the variable PLATFORM_TAGS is "linux/arm64": only linux/amd64 is mirrored, so there is no image for a tag of linux/arm64; add the platform, or remove its tag',
    });
  });

  test.each(['arm64', 'linux/arm64,', ',', ' ', 'linux/arm64;linux/amd64', 'linux/arm64/v8/x', '$(id)', 'linux/arm64,linux', '\u202elinux/arm64'])('%j is told in what form they are wanted', (PLATFORM_TAGS) => {
    const { reason, message } = refusalOf({ PLATFORM_TAGS });
    expect(reason).toBe('invalid-configuration');
    expect(message).toMatch(/^the variable PLATFORM_TAGS (is ".*"|has [0-9]+ characters, and character [0-9]+ is [a-zA-Z ]+): it must be a list of platforms, for example "linux\/amd64,linux\/arm64"$/);
  });
});

describe('MIRROR_CREDENTIALS', () => {
  const MIRROR_CREDENTIALS = JSON.stringify([{ registry: 'docker.io', username: 'HUB_USER', password: 'HUB_PASSWORD' }]);

  test('names the variables that hold them', async () => {
    const { credentials } = read({ MIRROR_CREDENTIALS, HUB_USER: 'user', HUB_PASSWORD: 'secret' });
    expect(await credentials.credentialFor('docker.io')).toEqual({ username: 'user', password: 'secret' });
  });

  test('may allow a token service on another domain', async () => {
    const text = JSON.stringify([{ registry: 'docker.io', username: 'HUB_USER', password: 'HUB_PASSWORD', allowedRealm: 'auth.example.net' }]);
    const { credentials } = read({ MIRROR_CREDENTIALS: text, HUB_USER: 'user', HUB_PASSWORD: 'secret' });
    expect(await credentials.credentialFor('docker.io')).toEqual({ username: 'user', password: 'secret', allowedRealms: ['auth.example.net'] });
  });

  test.each([undefined, '', '[]'])('%j means anonymous access', async (text) => {
    expect(await read({ MIRROR_CREDENTIALS: text }).credentials.credentialFor('docker.io')).toBeUndefined();
  });

  test('with an empty variable are told as incomplete, without what is in the other', () => {
    const { reason, message } = refusalOf({ MIRROR_CREDENTIALS, HUB_PASSWORD: 'hunter2' });
    expect(reason).toBe('invalid-configuration');
    expect(message).toContain('the variable HUB_USER is empty');
    expect(message).not.toContain('hunter2');
  });

  test.each([
    'no JSON', '{', '{}', 'null', '5', '"docker.io"', '[null]', '[5]', '["docker.io"]', '[[]]', '[{}]',
    '[{"registry":"docker.io","username":"A"}]', '[{"registry":"docker.io","username":"A","password":"B","allowedRealm":["x"]}]', '[{"registry":"docker.io","repositoryNamespace":5,"username":"A","password":"B"}]', '[{"registry":"docker.io","username":"A","password":5}]', '[{"registry":null,"username":"A","password":"B"}]',
    '[{"registry":"docker.io","username":"A","password":"B"},{}]', '{"0":{"registry":"docker.io","username":"A","password":"B"},"length":1}',
  ])('%j are told in what form they are wanted', (text) => {
    expect(refusalOf({ MIRROR_CREDENTIALS: text })).toMatchObject({
      reason: 'invalid-configuration',
      message: 'the variable MIRROR_CREDENTIALS must be a JSON list of objects with registry, username and password; username and password are names of variables',
    });
  });

  test.each(['hunter2', '["hunter2"]', '[{"registry":"docker.io","username":"someone","password":["hunter2"]}]', '[{"password":"hunter2"}]', '{"docker.io":"hunter2"'])('never show their value, which may be a password: %j', (text) => {
    const { message, cause } = refusalOf({ MIRROR_CREDENTIALS: text });
    expect(message).toContain('the variable MIRROR_CREDENTIALS');
    expect(message).not.toContain('hunter2');
    expect(String(cause)).not.toContain('hunter2');
  });

  test.each(['registry', 'username', 'password'])('with an object without text as %s are refused as a MirrorError', (field) => {
    const entry = { registry: 'docker.io', username: 'USER', password: 'PASSWORD', [field]: { toString: 1, valueOf: 1 } };
    expect(() => read({ MIRROR_CREDENTIALS: JSON.stringify([entry]) })).toThrow(MirrorError);
  });

  test('of any JSON are read or refused as a MirrorError', () => {
    const entry = fc.record({ registry: fc.jsonValue(), username: fc.jsonValue(), password: fc.jsonValue() }, { requiredKeys: [] });
    fc.assert(fc.property(fc.oneof(fc.jsonValue(), fc.array(entry)), (value) => {
      try {
        read({ MIRROR_CREDENTIALS: JSON.stringify(value) });
      } catch (error) {
        if (!(error instanceof MirrorError)) throw error;
        expect(error.reason).toBe('invalid-configuration');
      }
    }));
  });
});

test('variables that it does not know change nothing', () => {
  expect(requestOf({ image: 'evil', Repository: 'evil', MIRROR_IMAGE: 'evil' })).toEqual(requestOf());
});
