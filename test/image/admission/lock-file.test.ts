import * as fc from 'fast-check';
import { formatLockFile, InvalidLockFileError, LockEntry, MAX_LOCK_FILE_LENGTH, MAX_LOCKED_IMAGES, parseLockFile } from '../../../src/image/admission/lock-file';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const NGINX = 'docker.io/library/nginx:stable';

function problemsOf(text: string): readonly string[] {
  try {
    parseLockFile(text);
    return [];
  } catch (error) {
    return (error as InvalidLockFileError).problems;
  }
}

const withImages = (images: unknown) => JSON.stringify({ version: 1, images });

test('each image has one line, in alphabetical order', () => {
  const images = new Map<string, LockEntry>([
    ['quay.io/a/b:v1', { digest: DIGEST }],
    [NGINX, { created: '2027-03-31T12:00:00Z', size: 1234, digest: DIGEST, platforms: ['linux/amd64', 'linux/arm64'] }],
  ]);
  expect(formatLockFile(images)).toBe([
    '{',
    '  "version": 1,',
    '  "images": {',
    `    "${NGINX}": { "digest": "${DIGEST}", "platforms": ["linux/amd64", "linux/arm64"], "size": 1234, "created": "2027-03-31T12:00:00Z" },`,
    `    "quay.io/a/b:v1": { "digest": "${DIGEST}" }`,
    '  }',
    '}',
    '',
  ].join('\n'));
});

test('a file without images is valid', () => {
  expect(parseLockFile(formatLockFile(new Map())).size).toBe(0);
});

test('what is written can be read, and is written the same again', () => {
  const tags = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/);
  const locked = fc.record({ digest: fc.constant(DIGEST), size: fc.nat(), platforms: fc.constant(['linux/arm/v7']) }, { requiredKeys: ['digest'] });
  fc.assert(fc.property(fc.dictionary(tags, locked), (byTag) => {
    const images = new Map(Object.entries(byTag).map(([tag, image]) => [`ghcr.io/team/app:${tag}`, image]));
    const text = formatLockFile(images);
    const read = parseLockFile(text);
    expect(new Map(read)).toEqual(images);
    expect(formatLockFile(read)).toBe(text);
  }));
});

test('a file that another program formatted is the same file', () => {
  const text = formatLockFile(new Map([[NGINX, { digest: DIGEST }]]));
  expect(formatLockFile(parseLockFile(`\uFEFF${JSON.stringify(JSON.parse(text), null, 4).replaceAll('\n', '\r\n')}`))).toBe(text);
});

test('all mistakes of a file are in one error', () => {
  const problems = problemsOf(JSON.stringify({
    version: 1,
    comment: 'x',
    images: {
      'nginx': { digest: DIGEST },
      'nginx:stable': { digest: DIGEST },
      'Nginx:stable': { digest: DIGEST },
      [`${NGINX}@${DIGEST}`]: { digest: DIGEST },
      'quay.io/a/a:1': { digest: 'sha256:ABC' },
      'quay.io/a/b:1': {},
      'quay.io/a/c:1': DIGEST,
      'quay.io/a/d:1': { digest: DIGEST, platforms: ['x'], size: -1, created: 'now', note: '' },
    },
  }));
  expect(problems).toEqual([
    'it has the unknown field "comment"; use only "version", "images"',
    '"nginx" is not in its full spelling; write "docker.io/library/nginx:latest"',
    `"nginx:stable" is not in its full spelling; write "${NGINX}"`,
    'invalid image reference "Nginx:stable": repository names must be lowercase; use "nginx:stable"',
    expect.stringContaining('must not have a digest'),
    '"quay.io/a/a:1": "sha256:ABC" is not a valid digest; write "sha256:" and 64 lowercase hexadecimal digits',
    '"quay.io/a/b:1" has no "digest"; write "sha256:" and 64 lowercase hexadecimal digits',
    '"quay.io/a/c:1" must be an object, for example { "digest": "sha256:…" }',
    '"quay.io/a/d:1": "platforms" must be a list such as ["linux/amd64"]',
    '"quay.io/a/d:1": "size" must be a number of bytes',
    '"quay.io/a/d:1": "created" must be a time such as "2027-03-31T12:00:00Z"',
    '"quay.io/a/d:1" has the unknown field "note"; use only "digest", "platforms", "size", "created"',
  ]);
});

test.each<[string, string, string]>([
  ['no JSON', '<<<<<<< HEAD', 'it is not a JSON object; resolve the conflicts of a merge'],
  ['a list', '[]', 'it is not a JSON object'],
  ['a later version', '{"version":2,"images":{}}', 'it has version 2, and this version of cdk-ecr-mirror reads version 1; update cdk-ecr-mirror'],
  ['no version', '{"images":{}}', 'its "version" must be 1'],
  ['a version that is a text', '{"version":"1","images":{}}', 'its "version" must be 1'],
  ['a version before the first', '{"version":0,"images":{}}', 'its "version" must be 1'],
  ['no images', '{"version":1}', 'its "images" must be an object'],
  ['an image twice', `{"version":1,"images":{"${NGINX}":{"digest":"${DIGEST}"},"${NGINX}":{"digest":"${DIGEST}"}}}`, `the field "${NGINX}" twice`],
  ['a digest twice', `{"version":1,"images":{"${NGINX}":{"digest":"${DIGEST}","digest":"${DIGEST}"}}}`, 'the field "digest" twice'],
  ['a digest in another case', `{"version":1,"images":{"${NGINX}":{"digest":"${DIGEST}","Digest":"${DIGEST}"}}}`, 'the field "Digest"'],
  ['a size as a fraction', `{"version":1,"images":{"${NGINX}":{"digest":"${DIGEST}","size":1e3}}}`, 'has 1e3 as "size"'],
  ['too many images', withImages(Object.fromEntries(Array.from({ length: MAX_LOCKED_IMAGES + 1 }, (_, index) => [`a:${index}`, {}]))), `${MAX_LOCKED_IMAGES} is the limit`],
  ['a prototype', `{"version":1,"images":{"__proto__":{"digest":"${DIGEST}"}}}`, '"__proto__"'],
  ['nested values without end', `{"version":1,"images":${'['.repeat(200)}${']'.repeat(200)}}`, 'has more than 100 nested levels'],
])('a file with %s is refused', (_, text, problem) => {
  expect(problemsOf(text)).toEqual([expect.stringContaining(problem)]);
});

test('a file that is too long is refused before it is parsed', () => {
  expect(problemsOf('['.repeat(MAX_LOCK_FILE_LENGTH + 1))).toEqual([expect.stringContaining('longer than')]);
});

test('a mistake cannot forge a line of a log', () => {
  expect(problemsOf(withImages({ 'a:1\n\u001b[2J': { digest: '\u2028' } })).join('')).not.toMatch(/[\u0000-\u001f\u2028]/);
});
