/** A build that mirrors a catalog: the engine's bundle, in an account where pushes create repositories. */
import { planCatalogImages } from '../../../src/engine/catalog/catalog-plan';
import { formatDay } from '../../../src/image/catalog/catalog-entry';
import { documentOf, FIXED, FLOATING, imageOf, mirrorObject, mirrorParameter, nameOf, OBJECT, openCatalogAccount, PARAMETER, publish } from '../../support/catalog-account';
import { Fault } from '../../support/fault';
import { multiPlatformImage } from '../../support/fixture-images';
import { ECR, LocalAccount } from '../../support/local-account';

let account: LocalAccount;

beforeEach(async () => {
  account = await openCatalogAccount();
});

afterEach(async () => {
  expect(account.errors()).toEqual([]);
  await account.close();
});

const day = (daysFromNow: number) => formatDay(Date.now() + daysFromNow * 86_400_000);

describe('a StringList', () => {
  test('has all its images mirrored, into repositories that are created by their first push', async () => {
    publish(account, 'team/app', '1.0.0', 'stable');
    publish(account, 'team/other', '2.1.0');
    const { code, lines } = await mirrorParameter(account, [nameOf('team/app', '1.0.0'), nameOf('team/app', 'stable'), nameOf('team/other', '2.1.0')].join(','));
    expect(code).toBe(0);
    expect(lines.at(-1)).toMatchObject({ outcome: 'copied', images: { 'copied': 3, 'unchanged': 0, 'held': 0, 'upstream-gone': 0, 'tag-moved': 0, 'failed': 0 } });
    expect(account.ecr.repositoryNames).toEqual([`${FLOATING}/team/app`, `${FIXED}/team/app`, `${FIXED}/team/other`].sort());
    expect(account.ecr.holds(`${FIXED}/team/app`, imageOf('team/app', '1.0.0'))).toBe(true);
    expect(account.ecr.tagDigest(`${FLOATING}/team/app`, 'stable')).toBe(imageOf('team/app', 'stable').digest);
  });

  test('that is edited is mirrored as it is then, and what is there already is left alone', async () => {
    publish(account, 'team/app', '1.0.0', '1.1.0');
    await mirrorParameter(account, nameOf('team/app', '1.0.0'));
    account.ecr.resetRequests();
    const { code, lines } = await mirrorParameter(account, `${nameOf('team/app', '1.0.0')}, ${nameOf('team/app', '1.1.0')}`);
    expect([code, lines.at(-1)!.results.map(({ outcome }) => outcome)]).toEqual([0, ['unchanged', 'copied']]);
  });

  test('may hold a document instead', async () => {
    publish(account, 'team/app', '1.0.0');
    const { code, lines } = await mirrorParameter(account, JSON.stringify({ images: [{ image: nameOf('team/app', '1.0.0'), owner: 'team-app' }] }));
    expect([code, lines[0]]).toMatchObject([0, { outcome: 'copied', owner: 'team-app' }]);
  });
});

describe('the platforms and referrers of a catalog', () => {
  const settingsOf = (entry: string, variables: Record<string, string>) => {
    const text = `images: [{ image: "team/app:1.0.0", ${entry} }]`;
    const environment = { MIRROR_REGISTRY: ECR, MIRROR_REPOSITORY_PREFIX: 'mirror', ...variables };
    const [planned] = planCatalogImages({ name: 'images.yaml', text, shard: { number: 1, of: 1 }, today: '2026-11-30' }, environment);
    if ('result' in planned) throw new Error(planned.result.message);
    const { platforms, platformsIfAvailable = false, referrers } = planned.configuration.requestFor(planned.configuration.image);
    return [platforms?.map(({ architecture }) => architecture), platformsIfAvailable, referrers];
  };

  test.each<[string, Record<string, string>, unknown[]]>([
    ['', { PLATFORMS_IF_AVAILABLE: 'linux/amd64,linux/arm64', REFERRERS: 'false' }, [['amd64', 'arm64'], true, false]],
    ['platforms: [linux/s390x], referrers: true', { PLATFORMS_IF_AVAILABLE: 'linux/amd64', REFERRERS: 'false' }, [['s390x'], false, true]],
    ['allPlatforms: true, referrers: false', { PLATFORMS_IF_AVAILABLE: 'linux/amd64' }, [undefined, false, false]],
    ['allPlatforms: false', { PLATFORMS_IF_AVAILABLE: 'linux/amd64' }, [['amd64'], true, true]],
    ['', {}, [undefined, false, true]],
  ])('apply to an entry unless it overrides them: %j with %j', (entry, variables, settings) => {
    expect(settingsOf(entry, variables)).toEqual(settings);
  });

  test('are mirrored by a run', async () => {
    const image = multiPlatformImage({ platforms: ['linux/amd64', 'linux/s390x'] });
    account.upstream.push('team/app', 'stable', image);
    const { code, lines } = await mirrorParameter(account, nameOf('team/app', 'stable'), { PLATFORMS_IF_AVAILABLE: 'linux/amd64,linux/arm64' });
    expect([code, lines[0]]).toMatchObject([0, { outcome: 'copied', sourceDigest: image.digest }]);
    expect(lines[0].targetDigest).not.toBe(image.digest);
  });
});

describe('an object in Amazon S3', () => {
  const list = () => [
    'version: 1',
    'images:',
    `  - ${nameOf('team/app', 'stable')}`,
    `  - image: ${nameOf('team/app')}`,
    '    owner: team-app',
    '    tags: { semver: ">=1.1 <2" }',
    `  - { image: "${nameOf('team/both', '1.0.0')}", platforms: [linux/arm64], referrers: false }`,
  ].join('\r\n');

  test('has its images mirrored, with tags that are selected and platforms that are chosen', async () => {
    publish(account, 'team/app', '1.0.0', '1.1.0', '1.2.0', '2.0.0', 'stable');
    account.upstream.push('team/both', '1.0.0', multiPlatformImage({ platforms: ['linux/amd64', 'linux/arm64'] }));
    const { code, lines } = await mirrorObject(account, list());
    expect(code).toBe(0);
    expect(lines.at(-1)!.results.map(({ target }) => target)).toEqual([
      `${ECR}/${FLOATING}/team/app:stable`, `${ECR}/${FIXED}/team/app:1.2.0`, `${ECR}/${FIXED}/team/app:1.1.0`, `${ECR}/${FIXED}/team/both:1.0.0`,
    ]);
    expect(account.ecr.repository(`${FIXED}/team/both`).manifests.size).toBe(2);
    expect(lines.filter(({ owner }) => owner === 'team-app').map(({ tag }) => tag).sort()).toEqual(['1.1.0', '1.2.0']);
  });

  test('follows a tag that floats, and never one that is fixed', async () => {
    publish(account, 'team/app', '1.0.0', 'stable');
    const text = `images: ["${nameOf('team/app', '1.0.0')}", "${nameOf('team/app', 'stable')}"]`;
    await mirrorObject(account, text);
    for (const tag of ['1.0.0', 'stable']) account.upstream.push('team/app', tag, imageOf('team/app', 'moved'));
    const { code, lines } = await mirrorObject(account, text);
    expect([code, lines.at(-1)!.results]).toMatchObject([1, [{ outcome: 'tag-moved', reason: 'immutable-tag' }, { outcome: 'copied' }]]);
    expect(account.ecr.tagDigest(`${FIXED}/team/app`, '1.0.0')).toBe(imageOf('team/app', '1.0.0').digest);
    expect(account.ecr.tagDigest(`${FLOATING}/team/app`, 'stable')).toBe(imageOf('team/app', 'moved').digest);
  });

  test('cannot make a fixed tag move by calling it floating', async () => {
    publish(account, 'team/app', '1.0.0');
    await mirrorObject(account, `images: ["${nameOf('team/app', '1.0.0')}"]`);
    account.upstream.push('team/app', '1.0.0', imageOf('team/app', 'moved'));
    await mirrorObject(account, `images: [{ image: "${nameOf('team/app', '1.0.0')}", tagKind: floating }]`);
    expect(account.ecr.tagDigest(`${FIXED}/team/app`, '1.0.0')).toBe(imageOf('team/app', '1.0.0').digest);
  });

  test('says by itself what happens when a tag moves, and the mirror\'s choice is for the others', async () => {
    publish(account, 'team/app', '1.0.0');
    publish(account, 'team/other', '1.0.0');
    const text = `images: ["${nameOf('team/app', '1.0.0')}", { image: "${nameOf('team/other', '1.0.0')}", onTagMoved: FAIL }]`;
    await mirrorObject(account, text);
    for (const app of ['team/app', 'team/other']) account.upstream.push(app, '1.0.0', imageOf(app, 'moved'));
    const { code, lines } = await mirrorObject(account, text, { ON_TAG_MOVED: 'KEEP' });
    expect([code, lines.at(-1)!.results.map(({ reason }) => reason)]).toEqual([1, [undefined, 'immutable-tag']]);
  });
});

describe('attestations and late referrers', () => {
  test('are what an entry says, or else what the mirror says', () => {
    const text = 'images: [{ image: nginx:1.27.0, attestations: KEEP, lateReferrers: false }, "nginx:1.27.1"]';
    const environment = { MIRROR_REGISTRY: 'registry.example.com', ATTESTATIONS: 'DROP', LATE_REFERRERS: 'true' };
    const plan = planCatalogImages({ name: 'list', text, shard: { number: 1, of: 1 }, today: '2030-01-01' }, environment);
    const requests = plan.map((planned) => 'result' in planned ? undefined : planned.configuration.requestFor(planned.configuration.image));
    expect(requests).toMatchObject([{ attestations: 'KEEP', lateReferrers: false }, { attestations: 'DROP', lateReferrers: true }]);
  });

  test('may be beside a catalog in the environment', async () => {
    publish(account, 'team/app', '1.0.0');
    const { code } = await mirrorObject(account, `images: ["${nameOf('team/app', '1.0.0')}"]`, { ATTESTATIONS: 'DROP', LATE_REFERRERS: '06:00-12:00' });
    expect(code).toBe(0);
  });
});

describe('a bad entry', () => {
  test('has a result and an event that name it, and does not stop the others', async () => {
    publish(account, 'team/app', '1.0.0', '1.1.0');
    const { code, lines } = await mirrorObject(account, documentOf(
      nameOf('team/app', '1.0.0'),
      '{ image: Team/App, owner: team-typo }',
      `{ image: ${nameOf('team/app', '1.1.0')}, repository: production/app }`,
      `{ image: ${nameOf('team/missing', '1.0.0')}, owner: team-gone }`,
    ), { MIRROR_EVENT_BUS: 'default' });
    expect(code).toBe(1);
    expect(lines.at(-1)).toMatchObject({ outcome: 'failed', images: { copied: 1, failed: 3 } });
    const failed = lines.filter(({ reason }) => reason !== undefined);
    expect(failed.map(({ source, reason, owner, message }) => [source, reason, owner, message]).sort()).toEqual([
      ['Team/App', 'invalid-configuration', 'team-typo', `s3://${OBJECT}, line 3: its image is "Team/App": repository names must be lowercase; use "team/app"`],
      [nameOf('team/app', '1.1.0'), 'invalid-configuration', undefined, expect.stringContaining(`s3://${OBJECT}, line 4: it has the unknown field "repository"`)],
      [nameOf('team/missing', '1.0.0'), 'not-found', 'team-gone', expect.stringContaining('there is no team/missing:1.0.0')],
    ].sort());
    expect(account.events.events.map(({ detailType, detail }) => [detailType, detail.source, detail.owner]).sort()).toEqual([
      ['Image Mirror Failed', 'Team/App', 'team-typo'],
      ['Image Mirror Failed', nameOf('team/app', '1.1.0'), undefined],
      ['Image Mirror Failed', nameOf('team/missing', '1.0.0'), 'team-gone'],
      ['Image Mirrored', nameOf('team/app', '1.0.0'), undefined],
    ].sort());
  });

  test('that is there twice is mirrored once, and entries that contradict each other not at all', async () => {
    publish(account, 'team/app', '1.0.0', '1.1.0');
    const { lines } = await mirrorObject(account, documentOf(
      nameOf('team/app', '1.0.0'),
      nameOf('team/app', '1.0.0'),
      nameOf('team/app', '1.1.0'),
      `{ image: ${nameOf('team/app', '1.1.0')}, platforms: [linux/amd64] }`,
    ));
    expect(lines.filter(({ message }) => message).map(({ message }) => message!.split(': ').slice(1).join(': ')).sort()).toEqual([
      'it contradicts line 4: both are mirrored as mirror/registry.example.com/team/app:1.1.0; remove one of them',
      'it contradicts line 5: both are mirrored as mirror/registry.example.com/team/app:1.1.0; remove one of them',
    ].sort());
    expect(lines.flatMap(({ warnings = [] }) => warnings)).toEqual([
      expect.stringContaining(`line 2: "${nameOf('team/app', '1.0.0')}" is listed again at line 3, and mirrored once; keep one of the entries`),
    ]);
    expect([...account.ecr.repository(`${FIXED}/team/app`).tags.keys()]).toEqual(['1.0.0']);
  });

  test('tells no password that somebody put in front of an image', async () => {
    const run = await mirrorParameter(account, 'user:hunter2@registry.example.com/a:1.0.0');
    expect(run.code).toBe(1);
    expect(JSON.stringify(run)).not.toContain('hunter2');
  });
});

describe('an entry', () => {
  test('that has expired is not mirrored and says so, the others are', async () => {
    publish(account, 'team/app', '1.0.0', '1.1.0');
    const { code, lines } = await mirrorObject(account, documentOf(
      `{ image: ${nameOf('team/app', '1.0.0')}, expires: "2020-01-31", owner: team-app }`,
      `{ image: ${nameOf('team/app', '1.1.0')}, expires: ${day(400)} }`,
    ));
    expect(code).toBe(1);
    expect(lines[0]).toMatchObject({ source: nameOf('team/app', '1.0.0'), outcome: 'failed', reason: 'expired', owner: 'team-app', message: expect.stringContaining('expired on 2020-01-31') });
    expect(lines[1]).not.toHaveProperty('warnings');
    expect([...account.ecr.repository(`${FIXED}/team/app`).tags.keys()]).toEqual(['1.1.0']);
  });

  test('that expires soon is mirrored, with a warning', async () => {
    publish(account, 'team/app', '1.0.0');
    const { code, lines } = await mirrorObject(account, `images: [{ image: "${nameOf('team/app', '1.0.0')}", expires: "${day(3)}" }]`);
    // Midnight may pass meanwhile.
    expect([code, lines[0]]).toMatchObject([0, { outcome: 'copied', warnings: [expect.stringMatching(/^s3:.*, line 1: it expires on [0-9-]{10}, in [23] days$/)] }]);
  });

  test('is mirrored as long as upstream has the digest that it names', async () => {
    publish(account, 'team/app', 'stable');
    const { digest } = imageOf('team/app', 'stable');
    const text = `images: [{ image: "${nameOf('team/app', 'stable')}", digest: "${digest}" }]`;
    expect((await mirrorObject(account, text)).code).toBe(0);
    account.upstream.push('team/app', 'stable', imageOf('team/app', 'moved'));
    const { code, lines } = await mirrorObject(account, text);
    expect([code, lines[0]]).toMatchObject([1, { outcome: 'failed', reason: 'digest-mismatch', targetDigest: digest, countedPulls: 0 }]);
    expect(lines[0].message).toBe(`${nameOf('team/app', 'stable')} has the digest ${imageOf('team/app', 'moved').digest} upstream, and only ${digest} is valid: the mirror keeps ${digest}; `
      + 'find out what changed, then set the new digest');
    expect(account.ecr.tagDigest(`${FLOATING}/team/app`, 'stable')).toBe(digest);
  });
});

describe('a list that cannot be read', () => {
  const tells = async (run: ReturnType<LocalAccount['run']>, name: string, reason: string, words: string) => {
    const { code, lines } = await run;
    expect(code).toBe(1);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatchObject({ source: name, target: '', outcome: 'failed', reason, message: expect.stringContaining(words) });
    expect(lines[1]).toMatchObject({ outcome: 'failed', images: { failed: 1 } });
    expect(account.events.events.map(({ detailType, detail }) => [detailType, detail.source])).toEqual([['Image Mirror Failed', name]]);
  };
  const bus = { MIRROR_EVENT_BUS: 'default' };

  test('for there is no such parameter is told with an event', async () => {
    await tells(account.run({ CATALOG: 'ssm:/nowhere', ...bus }), 'ssm:/nowhere', 'not-found', 'ssm:/nowhere: the catalog doesn\'t exist; check its name, or create it (HTTP 400, ParameterNotFound)');
  });

  test('for it is encrypted is told with an event', async () => {
    account.parameters.parameters.set(PARAMETER, { value: 'nginx', type: 'SecureString' });
    await tells(account.run({ CATALOG: `ssm:${PARAMETER}`, ...bus }), `ssm:${PARAMETER}`, 'invalid-configuration', 'SecureString parameters are not supported');
  });

  test('for there is no such object, or no permission, is told with an event', async () => {
    await tells(account.run({ CATALOG: 's3://lists/gone.yaml', ...bus }), 's3://lists/gone.yaml', 'unauthorized', 'the role of the build has no access, the catalog doesn\'t exist, or its bucket is in another account than the mirror (HTTP 403, AccessDenied)');
  });

  test('is not taken from a bucket of another account, whoever has got its name', async () => {
    publish(account, 'team/app', '1.0.0');
    await mirrorObject(account, nameOf('team/app', '1.0.0'));
    expect(account.objects.requests.map(({ headers }) => headers['x-amz-expected-bucket-owner'])).toEqual(['123456789012']);
  });

  test('for its bucket is elsewhere is told with an event', async () => {
    account.objects.fail({ action: Fault.status(301, {}, '<Error><Code>PermanentRedirect</Code></Error>') });
    await tells(mirrorObject(account, 'x', bus), `s3://${OBJECT}`, 'registry-error', 'its bucket is in another Region');
  });

  test('for it is larger than the limit is told with an event, and not read to its end', async () => {
    await tells(mirrorObject(account, Buffer.alloc(20_000_000, 'x'), bus), `s3://${OBJECT}`, 'invalid-configuration', 'more than 524288 bytes');
    expect(account.objects.requests[0].sentBytes).toBeLessThan(10_000_000);
  });

  test.each([
    ['YAML that is none', 'images: [nginx', 'line 1: '],
    ['an empty file', '', 'it is empty'],
    ['another version', 'version: 2\nimages: [nginx]', 'its version is 2'],
    ['references', 'images: &a [*a]', 'doesn\'t support anchors'],
    ['types', 'images: !!set [nginx]', 'doesn\'t support tags'],
    ['several documents', 'images: [a:1.0.0]\n---\nimages: [b:2.0.0]', 'line 2: several documents are not supported; write a single document'],
    ['deep nesting', `images:\n  ${'- '.repeat(1_000)}a`, 'line 2: more than 8 nested levels are not supported'],
    ['a misspelled field', 'imags: [nginx]', 'unknown field "imags" (did you mean "images"?)'],
  ])('for it is %s is told with an event', async (_, text, words) => {
    await tells(mirrorObject(account, text, bus), `s3://${OBJECT}`, 'invalid-configuration', words);
  });

  test('is asked for again when the service is in trouble', async () => {
    publish(account, 'team/app', '1.0.0');
    account.parameters.fail({ action: Fault.status(500, {}, '{"__type":"InternalServerError"}') });
    account.objects.fail({ action: Fault.reset() });
    expect((await mirrorParameter(account, nameOf('team/app', '1.0.0'))).code).toBe(0);
    expect(await mirrorObject(account, `images: ["${nameOf('team/app', '1.0.0')}"]`)).toMatchObject({ code: 0, lines: [{ outcome: 'unchanged' }, {}] });
  });
});

describe('an environment that cannot be meant', () => {
  test.each<[string, Record<string, string>, string]>([
    ['a location that is none', { CATALOG: 'https://example.com/images.yaml' }, 'the variable CATALOG is "https://example.com/images.yaml"'],
    ['a path out of the bucket', { CATALOG: 's3://lists/../other/key' }, 'the variable CATALOG is'],
    ['a shard that is none', { CATALOG: 'ssm:x', SHARD: '3/2' }, 'the variable SHARD is "3/2"'],
    ['an image in addition', { CATALOG: 'ssm:x', IMAGE: 'nginx' }, 'the variable CATALOG is set together with the variable IMAGE'],
    ['a repository in addition', { CATALOG: 'ssm:x', REPOSITORY: 'production/app' }, 'the variable CATALOG is set together with the variable REPOSITORY'],
    ['a list in addition', { IMAGES: '[{"IMAGE":"nginx"}]', CATALOG: 'ssm:x' }, 'is set together with the variable'],
    ['a list of catalogs', { IMAGES: '[{"IMAGE":"nginx","CATALOG":"ssm:x"}]' }, 'sets CATALOG in its entry 1'],
  ])('%s is a failure in words and a summary of it, before any request', async (_, variables, words) => {
    const { code, lines } = await account.run(variables);
    expect([code, lines]).toMatchObject([1, [
      { outcome: 'failed', reason: 'invalid-configuration', message: expect.stringContaining(words) }, { outcome: 'failed', images: { failed: 1 } },
    ]]);
    expect(account.network.connections).toEqual([]);
  });
});
