import * as fc from 'fast-check';
import { rangeProblem } from '../../../src/engine/tags';
import { daysUntil, isDay } from '../../../src/image/catalog/catalog-entry';
import { isValidEntry, readEntries, ReadEntry, tagsByRepository, upstreamRepository } from '../../../src/image/catalog/catalog-list';
import { catalogRepositoryName, catalogTagKind, floatingRepositoryPrefix } from '../../../src/image/catalog/catalog-repositories';
import { parseImageReference } from '../../../src/image/image-reference';

const HEX = 'a'.repeat(64);
const read = (...values: unknown[]): ReadEntry[] => readEntries(values.map((value, index) => ({ position: `entry ${index + 1}`, value })), { selectionProblem: rangeProblem });
const problemsOf = (...values: unknown[]) => read(...values).map((one) => 'problem' in one ? one.problem : undefined);

describe('one entry', () => {
  test('is its image', () => {
    expect(read('nginx:stable')).toEqual([{ position: 'entry 1', entry: { image: 'nginx:stable' }, reference: parseImageReference('nginx:stable') }]);
  });

  test('is a repository where tags are selected', () => {
    expect(read({ image: 'nginx', tags: { patterns: ['1.*'] } })).toMatchObject([{ reference: { registry: 'docker.io', repository: 'library/nginx' } }]);
    expect(read({ image: 'nginx', tags: { patterns: ['1.*'] } })).not.toHaveProperty('0.reference.tag');
  });

  test.each<[unknown, string]>([
    ['Nginx', 'its image is "Nginx": repository names must be lowercase; use "nginx"'],
    ['quay.io/A/b:V1.0.0', 'its image is "quay.io/A/b:V1.0.0": repository names must be lowercase; use "quay.io/a/b:V1.0.0"'],
    [`localhost:5000/A@sha256:${HEX}`, `its image is "localhost:5000/A@sha256:${HEX}": repository names must be lowercase; use "localhost:5000/a@sha256:${HEX}"`],
    ['A b', 'its image is "A b": it must be a single image; write each image as an entry of its own, without other words'],
    ['', 'its image is "": it is empty; write for example "nginx:1.27.0"'],
    ['hub.docker.com/r/grafana/grafana', 'invalid image reference "hub.docker.com/r/grafana/grafana": it is the address of a web page, and not of a registry; use "grafana/grafana"'],
    ['https://quay.io/a', 'its image is "https://quay.io/a": remove the scheme; use "quay.io/a"'],
    ['user:secret@quay.io/a', 'its image is "***@quay.io/a": a digest must be "sha256:" and 64 lowercase hexadecimal digits'],
    ['nginx\u0007', 'its image is "nginx\\u0007": it contains a space, a control character or a character outside ASCII; remove it'],
    ['0x7f.1/a', 'invalid image reference "0x7f.1/a": "0x7f.1" is not a valid registry host; write a host name with an optional port, for example "registry.example.com:5000"'],
    [1.27, 'it is 1.27: it must be an image such as "nginx:stable", or an object with the field "image"'],
    ['image:nginx', 'it is the text "image:nginx"; write a space after the colon, "image: nginx", or only the image, "nginx"'],
    [{ nginx: 'stable' }, 'it is the field "nginx" with the value "stable"; write an image without a space after the colon, for example "nginx:1.27.0"'],
    [{ nginx: 1.1 }, 'it is the field "nginx" with the value 1.1; write an image without a space after the colon, for example "nginx:1.27.0"'],
    [{ 'nginx:stable': null }, 'it is the field "nginx:stable" without a value; remove the colon at the end'],
    [{ nginx: { owner: 'team' } }, 'it is the field "nginx"; write "image: nginx", and its settings in the same object'],
    [{ 'image:nginx': null }, 'it has the field "image:nginx"; write a space after the colon: "image: nginx"'],
    [{ name: 'nginx' }, expect.stringContaining('it has the unknown field "name" (name the image in the field "image")') as unknown as string],
    [null, 'it is empty; write an image after the "-", or remove the "-"'],
    [['nginx'], 'it is ["nginx"]: it must be an image such as "nginx:stable", or an object with the field "image"'],
    [{ image: null }, 'its image is null: it has no value; write an image such as "nginx:stable" after the colon'],
    ['nginx:stable, redis:7', 'its image is "nginx:stable, redis:7": it must be a single image; write each image as an entry of its own, without other words'],
    ['nginx:stable -> mirror/nginx', 'its image is "nginx:stable -> mirror/nginx": it must be a single image; write each image as an entry of its own, without other words'],
    ['nginx:stable#web', 'its image is "nginx:stable#web": it must be an image such as "nginx:stable"; write a space before "#" to start a comment'],
    [{ image: 1.27 }, 'its image is 1.27: it must be a string such as "nginx:stable"; put it in quotes'],
    [{ img: 'nginx' }, expect.stringContaining('it has the unknown field "img" (did you mean "image"?); valid fields are image, tags, platforms, ') as unknown as string],
    [{ image: 'nginx', repository: 'a/b' }, expect.stringContaining('it has the unknown field "repository"; valid fields are image, tags, platforms, ') as unknown as string],
    [{ image: 'nginx', tag: '1.27.0' }, expect.stringContaining('the unknown field "tag" (for a single tag, write it in the image, for example "nginx:1.27.0"); valid fields are') as unknown as string],
    [{ image: 'nginx', tagkind: 'fixed' }, expect.stringContaining('the unknown field "tagkind" (did you mean "tagKind"?); valid fields are') as unknown as string],
    [{ image: 'nginx', tags: { pattern: ['1*'] } }, expect.stringMatching(/^its tags are .*: it has the unknown field "pattern" \(did you mean "patterns"\?\); valid fields are semver/) as unknown as string],
    [{ image: 'nginx', ['o'.repeat(200_000)]: 1 }, expect.not.stringContaining('did you mean') as unknown as string],
    [{ image: 'nginx', attestations: 'drop' }, 'its attestations are "drop": they must be one of KEEP_IF_ACCEPTED, KEEP, DROP'],
    [{ image: 'nginx', keepPrevious: '5' }, 'its keepPrevious is "5": it must be a whole number from 0 to 10000'],
    [{ image: 'nginx', keepVersions: 5 }, 'its keepVersions is 5: it needs tags with an order, for example "tags": {"semver": ">=1.25 <2"}'],
    [{ image: 'nginx', tags: { patterns: ['1*'] }, keepVersions: 5 }, 'its keepVersions is 5: it needs tags with an order, for example "tags": {"semver": ">=1.25 <2"}'],
    [{ image: 'nginx', tags: { semver: '1.x', latest: 6 }, keepVersions: 5 }, 'its keepVersions is 5: its tags select the latest 6 versions; keep at least as many'],
    [{ image: 'nginx', lateReferrers: 'no' }, 'its lateReferrers are "no": they must be true or false, without quotes'],
    [{ image: 'nginx', tagKind: 'IMMUTABLE' }, 'its tagKind is "IMMUTABLE": it must be one of fixed, floating'],
    [{ image: 'nginx', expires: '30.06.2027' }, 'its expires is "30.06.2027": it must be a date such as "2027-03-31"'],
    [{ image: 'nginx', tags: '1.27' }, 'its tags are "1.27": they must be an object such as {"semver": ">=1.25 <2"} or {"patterns": ["1.27*"]}; for a single tag, write it in the image, for example "nginx:1.27.0"'],
    [{ image: 'nginx', platforms: 'linux/amd64' }, 'its platforms are "linux/amd64": they must be a list of 1 to 50 platforms, for example ["linux/amd64", "linux/arm64"]'],
    [{ image: 'nginx', referrers: 'no' }, 'its referrers are "no": they must be true or false, without quotes'],
    [{ owner: 'a' }, 'it has no image; add one, for example "image": "nginx:stable"'],
    [{ image: 'nginx:1', tags: { patterns: ['*'] } }, 'its image is "nginx:1": an image with tags must be a repository, without a tag or digest'],
    [{ image: 'nginx', tags: { semver: '>> 1' } }, 'its tags are {"semver":">> 1"}: its range of versions must be valid for npm, for example ">=1.25 <2"'],
    [{ image: 'nginx', tags: { semver: 1.27 } }, 'its tags are {"semver":1.27}: its semver must be a range of versions such as ">=1.25 <2", of at most 200 characters; put it in quotes'],
    [{ image: 'nginx', expires: '2027-02-29' }, 'its expires is "2027-02-29": there is no such day'],
    [{ image: `nginx@sha256:${HEX}`, digest: `sha256:${'b'.repeat(64)}` }, `its image has the digest sha256:${HEX} and its digest is sha256:${'b'.repeat(64)}; remove one of them`],
    [{ image: 'nginx', owner: 12345 }, 'its owner is 12345: it must be 1 to 100 letters, digits, spaces or any of ". _ @ / + : -", for example "team-payments"; put it in quotes'],
    [{ image: 'nginx', owner: '-' }, 'its owner is "-": it must be 1 to 100 letters, digits, spaces or any of ". _ @ / + : -", for example "team-payments"'],
    [{ image: `a/${'b'.repeat(245)}` }, expect.stringMatching(/: a repository name must have 2 to 256 characters; mirror it with addImage\(\) and a repositoryName$/) as unknown as string],
    ['custom/nginx:1.27.0-4f1c0e2a9b7d', '"docker.io/custom/nginx:1.27.0-4f1c0e2a9b7d" cannot be mirrored as "mirror-floating/custom/nginx": "custom/" is reserved for customized images; '
      + 'mirror it with addImage() and a repositoryName'],
    [{ image: 'custom/a/b', tags: { patterns: ['*'] } }, expect.stringContaining('"custom/" is reserved for customized images') as unknown as string],
  ])('%j is refused in words', (value, words) => {
    expect(problemsOf(value)).toEqual([words]);
  });

  test('that is refused keeps its owner and its image for whoever is to be told', () => {
    expect(read({ image: 'Nginx', owner: 'team' }, { image: 1, owner: '\n' }, null)).toMatchObject([{ image: 'Nginx', owner: 'team' }, { image: undefined, owner: undefined }, { image: undefined }]);
  });
});

test('an image may have the folder of customized images in its name, where it is not at its start', () => {
  expect(problemsOf('custom:1.0.0', 'quay.io/custom/nginx:1.0.0', 'team/custom/nginx:1.0.0', 'customs/nginx:1.0.0')).toEqual([undefined, undefined, undefined, undefined]);
});

describe('the tags that entries name', () => {
  const named = (...values: unknown[]) => Object.fromEntries(
    [...tagsByRepository(read(...values))].map(([repository, tags]) => [repository, [...tags]]),
  );

  test('are those of the entries without a selection, by their repositories', () => {
    expect(named('nginx:1.27.0', 'docker.io/library/nginx', { image: 'nginx', tags: { patterns: ['1.2*'] } }, `quay.io/a/b:v1@sha256:${HEX}`, `quay.io/a/c@sha256:${HEX}`)).toEqual({
      'docker.io/library/nginx': ['1.27.0', 'latest'], 'quay.io/a/b': ['v1'],
    });
  });

  test('are those too of entries that are refused, for nobody could undo a lock by spoiling it', () => {
    const lock = { image: 'a:1.0.0', digest: `sha256:${HEX}` };
    expect(named(lock, 'a:1.0.0')).toEqual({ 'docker.io/library/a': ['1.0.0'] });
    expect(named({ ...lock, digest: 'sha256:1' }, { image: 'b:2.0.0', expires: '2027-02-30' })).toEqual({ 'docker.io/library/a': ['1.0.0'], 'docker.io/library/b': ['2.0.0'] });
  });

  test('are none where an entry that is refused would select tags, or names no image', () => {
    expect(named({ image: 'nginx', tags: { semver: '>> 1' } }, 'Nginx', 1, null, { image: 'nginx', tags: 1 })).toEqual({});
  });

  test('belong to the same shard as what is selected of their repositories', () => {
    const refused = read({ image: 'nginx:1.27.0', owner: 1 }, 'nginx:1', 'nginx:1');
    expect(refused.map(upstreamRepository)).toEqual(['docker.io/library/nginx', 'docker.io/library/nginx']);
  });
});

describe('entries that want the same', () => {
  test('are one, by whatever spelling, owner and day', () => {
    const merged = read('nginx', { image: 'docker.io/library/nginx:latest', owner: 'team' }, 'redis', { image: 'index.docker.io/nginx', expires: '2027-01-01' });
    expect(merged).toMatchObject([
      { position: 'entry 1', entry: { image: 'nginx', owner: 'team' }, warning: '"nginx:latest" is listed again at entry 2, entry 4, and mirrored once; keep one of the entries' },
      { position: 'entry 3', entry: { image: 'redis' } },
    ]);
    expect(merged[1]).not.toHaveProperty('warning');
  });

  test.each([
    [['2027-01-01', '2027-03-01', '2026-12-31'], '2027-03-01'],
    [['2027-01-01', undefined], undefined],
  ])('with the last days %j expire on the last of them: %s', (days, expires) => {
    expect(read(...days.map((day) => day === undefined ? 'nginx' : { image: 'nginx', expires: day })).map((one) => isValidEntry(one) && one.entry.expires)).toEqual([expires]);
  });

  test('are one where they select the same tags', () => {
    const entry = { image: 'quay.io/a/b', tags: { patterns: ['1.*'] } };
    expect(read(entry, entry)).toMatchObject([{ warning: '"quay.io/a/b" with these tags is listed again at entry 2, and mirrored once; keep one of the entries' }]);
  });

  test('are two where only the tag differs', () => {
    expect(problemsOf('nginx:1.27.0', 'nginx:1.27.1', { image: 'nginx', tags: { patterns: ['1.27.*'] } })).toEqual([undefined, undefined, undefined]);
  });

  test('are one selection, whatever the order of its fields', () => {
    expect(read({ image: 'nginx', tags: { semver: '1.x', latest: 3 } }, { image: 'nginx', tags: { latest: 3, semver: '1.x' } })).toMatchObject([{ warning: expect.stringContaining('at entry 2') }]);
  });
});

describe('entries that contradict each other', () => {
  test.each<[string, object, object]>([
    ['platforms', { platforms: ['linux/amd64'] }, {}],
    ['digests', { digest: `sha256:${HEX}` }, {}],
    ['policies', { onTagMoved: 'KEEP' }, { onTagMoved: 'FAIL' }],
    ['referrers', { referrers: false }, {}],
    ['late referrers', { lateReferrers: false }, {}],
    ['attestations', { attestations: 'DROP' }, { attestations: 'KEEP' }],
    ['previous images', { keepPrevious: 3 }, {}],
  ])('by their %s are both refused', (_, one, other) => {
    expect(problemsOf({ image: 'nginx:1.27.0', ...one }, { image: 'nginx:1.27.0', ...other })).toEqual([
      'it contradicts entry 2: both are mirrored as mirror/nginx:1.27.0; remove one of them',
      'it contradicts entry 1: both are mirrored as mirror/nginx:1.27.0; remove one of them',
    ]);
  });

  test('are none where they say the same in other words', () => {
    expect(read({ image: 'a:1.0.0', platforms: ['linux/arm64', 'linux/amd64'] }, { image: 'a:1.0.0', platforms: ['linux/amd64', 'linux/arm64/v8'], referrers: true })).toMatchObject([{ warning: expect.stringContaining('at entry 2') }]);
  });

  test('are not two upstream repositories with similar names, which have different repositories', () => {
    const images = ['r.example:5000/a:1.0.0', 'r.example-5000/a:1.0.0', 'docker.io/r.example_5000/a:1.0.0', 'docker.io/r.example/a:1.0.0', 'r.example/a:1.0.0'];
    expect(problemsOf(...images, 'library/b/c:1.0.0', 'b/c:1.0.0')).toEqual(Array(7).fill(undefined));
  });

  test('are a digest and a tag that has the form of its tag in the mirror', () => {
    expect(problemsOf(`nginx@sha256:${HEX}`, 'nginx:digest-aaaaaaaaaaaa')[0]).toContain('both are mirrored as mirror');
  });

  test('are none where one is fixed and the other floats, for these are two places', () => {
    expect(problemsOf('nginx:1.27.0', { image: 'nginx:1.27.0', tagKind: 'floating' })).toEqual([undefined, undefined]);
  });
});

test('thousands of the same are judged', () => {
  const many = read(...Array.from({ length: 5_000 }, (_, index) => ({ image: 'nginx:1.27.0', onTagMoved: index % 2 ? 'KEEP' : 'FAIL' })));
  expect(many.every((one) => 'problem' in one && one.problem.includes('contradicts'))).toBe(true);
});

test('whatever the entries, each is read, and a good one is good by itself', () => {
  const value = fc.oneof(fc.jsonValue(), fc.record({ image: fc.constantFrom('nginx', 'redis:7', 'Bad'), platforms: fc.constantFrom(['linux/amd64'], ['linux/arm64']) }, { requiredKeys: ['image'] }));
  fc.assert(fc.property(fc.array(value), (values) => {
    const all = read(...values);
    const numbers = all.map(({ position }) => Number(position.slice('entry '.length)));
    const merged = all.flatMap((one) => isValidEntry(one) ? one.warning?.match(/entry [0-9]+/g) ?? [] : []).map((position) => Number(position.slice('entry '.length)));
    expect([...numbers, ...merged].sort((a, b) => a - b)).toEqual(values.map((_, index) => index + 1));
    for (const [index, one] of all.entries()) if (isValidEntry(one)) expect(read(values[numbers[index] - 1])).toMatchObject([{ entry: one.entry }]);
    const places = all.flatMap((one) => isValidEntry(one) ? [`${upstreamRepository(one)}:${one.reference.tag}`] : []);
    expect(new Set(places).size).toBe(places.length);
  }));
});

describe('the repository of an image', () => {
  test.each([
    ['nginx:1.27.0', 'fixed', 'mirror/nginx'], ['nginx:stable', 'floating', 'mirror-floating/nginx'], ['quay.io/a/b:v1', 'floating', 'mirror-floating/quay.io/a/b'],
  ] as const)('of %s, whose tag is %s, is %s', (image, kind, name) => {
    expect(catalogRepositoryName(parseImageReference(image), kind)).toBe(name);
  });

  test('is that of the tag\'s form, unless its entry says the kind', () => {
    expect(['1.2.0', '1.2.0-dev', '1.2.0-stable', '1.2'].map((tag) => catalogTagKind(tag))).toEqual(['fixed', 'floating', 'floating', 'floating']);
    expect([catalogTagKind('1.2.0-dev', 'fixed'), catalogTagKind('1.2.0', 'floating')]).toEqual(['fixed', 'floating']);
  });

  test.each([['mirror', 'fixed'], ['mirror', 'floating'], ['platform/up', 'fixed'], ['', 'fixed'], ['', 'floating']] as const)('is none of the customized images under %j, also where the tag is %s', (prefix, kind) => {
    expect(() => catalogRepositoryName(parseImageReference('custom/nginx:1'), kind, prefix)).toThrow('"custom/" is reserved for customized images');
  });

  test('has the prefix of the mirror', () => {
    expect([floatingRepositoryPrefix('platform/upstream'), floatingRepositoryPrefix('')]).toEqual(['platform/upstream-floating', 'floating']);
  });

  test('of a tag that is fixed is never that of one that floats', () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,8}(-[a-z0-9]{1,8})?$/);
    const image = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parseImageReference(`${parts.join('/')}:1`));
    fc.assert(fc.property(image, fc.oneof(image, fc.constant(parseImageReference('mirror-floating/nginx:1'))), (one, other) => {
      expect(catalogRepositoryName(one, 'fixed')).not.toBe(catalogRepositoryName(other, 'floating'));
    }));
  });
});

describe('a day', () => {
  test.each([['2027-03-31', true], ['2028-02-29', true], ['2027-02-29', false], ['2027-04-31', false], ['0000-01-01', true], ['9999-12-31', true]])('%s is one: %s', (text, good) => {
    expect(isDay(text)).toBe(good);
  });

  test.each([['2027-03-31', '2027-03-31', 0], ['2027-04-01', '2027-03-31', 1], ['2027-03-30', '2027-03-31', -1], ['2028-03-01', '2028-02-28', 2]])('from now until %s, seen from %s, is %i days', (day, today, days) => {
    expect(daysUntil(day, today)).toBe(days);
  });
});
