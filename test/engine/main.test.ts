/** The engine's bundle as CodeBuild runs it, on real host names over TLS, which a loopback network leads to local registries. */
import { Fault } from '../support/fault';
import { artifact, multiPlatformImage, singleImage } from '../support/fixture-images';
import { ECR, LocalAccount, REPOSITORY, UPSTREAM } from '../support/local-account';
import { LocalEcr } from '../support/local-ecr';
import { LocalRegistry } from '../support/local-registry';
import { LoopbackNetwork } from '../support/loopback-network';
import { momentOf } from '../support/moment';

const IMAGE = multiPlatformImage();

let account: LocalAccount;
let network: LoopbackNetwork;
let upstream: LocalRegistry;
let ecr: LocalEcr;
const run: LocalAccount['run'] = (...given) => account.run(...given);

beforeEach(async () => {
  account = await LocalAccount.open();
  ({ network, upstream, ecr } = account);
});

afterEach(async () => {
  expect(account.errors()).toEqual([]);
  await account.close();
});

function pushTags(...tags: string[]): void {
  for (const tag of tags) upstream.push('team/app', tag, singleImage({ seed: tag }));
}

const select = (selection: object, variables: Record<string, string> = {}) => run({ IMAGE: `${UPSTREAM}/team/app`, TAGS: JSON.stringify(selection), ...variables });

describe('one image', () => {
  test('is one line, and nothing sums it up', async () => {
    upstream.push('team/app', '1.0.0', IMAGE);
    const { code, lines } = await run({ IMAGE: `${UPSTREAM}/team/app:1.0.0` });
    expect([code, lines]).toMatchObject([0, [{ source: `${UPSTREAM}/team/app:1.0.0`, target: `${ECR}/${REPOSITORY}:1.0.0`, outcome: 'copied', targetDigest: IMAGE.digest }]]);
    expect(ecr.holds(REPOSITORY, IMAGE)).toBe(true);
  });

  test('comes with its referrers, or without them', async () => {
    upstream.push('team/app', '1.0.0', IMAGE);
    upstream.push('team/app', undefined, artifact({ subject: IMAGE }));
    expect((await run({ IMAGE: `${UPSTREAM}/team/app:1.0.0`, REFERRERS: 'false' })).lines[0]).toMatchObject({ outcome: 'copied', referrersCopied: 0 });
    ecr.repository(REPOSITORY).tags.clear();
    expect((await run({ IMAGE: `${UPSTREAM}/team/app:1.0.0` })).lines[0]).toMatchObject({ outcome: 'copied', referrersCopied: 1 });
  });

  test('comes with the platforms that are asked for', async () => {
    upstream.push('team/app', 'stable', IMAGE);
    const variables = { IMAGE: `${UPSTREAM}/team/app:stable`, PLATFORMS: 'linux/amd64, linux/amd64' };
    const { lines: [result] } = await run(variables);
    expect(result).toMatchObject({ outcome: 'copied', sourceDigest: IMAGE.digest });
    expect(JSON.parse(ecr.repository(REPOSITORY).find('stable')!.bytes.toString()).manifests).toHaveLength(1);
    expect((await run(variables)).lines[0]).toMatchObject({ outcome: 'unchanged', targetDigest: result.targetDigest });
  });
});

describe('a selection of tags', () => {
  test('is a line for each tag, and a last one that sums them up', async () => {
    pushTags('1.0.0', '1.1.0', '1.2.0', '2.0.0', 'latest');
    const { code, lines } = await select({ semver: '1.x', latest: 2 });
    expect(code).toBe(0);
    expect(lines.slice(0, -1).map(({ source, outcome }) => [source, outcome]).sort()).toEqual([[`${UPSTREAM}/team/app:1.1.0`, 'copied'], [`${UPSTREAM}/team/app:1.2.0`, 'copied']]);
    expect(lines.at(-1)).toEqual({
      outcome: 'copied',
      images: { 'copied': 2, 'unchanged': 0, 'held': 0, 'upstream-gone': 0, 'tag-moved': 0, 'failed': 0 },
      results: ['1.2.0', '1.1.0'].map((tag) => ({ source: `${UPSTREAM}/team/app:${tag}`, target: `${ECR}/${REPOSITORY}:${tag}`, outcome: 'copied' })),
    });
    expect([...ecr.repository(REPOSITORY).tags.keys()].sort()).toEqual(['1.1.0', '1.2.0']);
  });

  test('by patterns is unchanged the second time', async () => {
    pushTags('stable', 'stable-alpine', 'edge');
    await select({ patterns: ['stable*'], exclude: ['*-alpine'] });
    const { code, lines } = await select({ patterns: ['stable*'], exclude: ['*-alpine'] });
    expect([code, lines]).toMatchObject([0, [{ outcome: 'unchanged', requests: { source: 1, target: 1 } }, { outcome: 'unchanged', images: { unchanged: 1 } }]]);
    expect([...ecr.repository(REPOSITORY).tags.keys()]).toEqual(['stable']);
  });

  test('judges each tag by its own form', async () => {
    pushTags('1.0.0', 'stable');
    await select({ patterns: ['*'] });
    for (const tag of ['1.0.0', 'stable']) upstream.push('team/app', tag, IMAGE);
    const { code, lines } = await select({ patterns: ['*'] });
    expect([code, lines.at(-1)]).toMatchObject([1, { outcome: 'tag-moved', images: { 'copied': 1, 'tag-moved': 1 } }]);
    expect(ecr.tagDigest(REPOSITORY, 'stable')).toBe(IMAGE.digest);
    expect(ecr.tagDigest(REPOSITORY, '1.0.0')).toBe(singleImage({ seed: '1.0.0' }).digest);
  });

  test('one that fails does not stop the others, and the exit code tells', async () => {
    pushTags('1.0.0', '1.1.0', '1.2.0');
    upstream.fail({ match: { path: '/manifests/1.1.0' }, action: Fault.status(403), times: 1000 });
    const { code, lines } = await select({ semver: '*' });
    expect(code).toBe(1);
    expect(lines.slice(0, -1).find(({ outcome }) => outcome === 'failed')).toMatchObject({ source: `${UPSTREAM}/team/app:1.1.0`, reason: 'unauthorized' });
    expect(lines.at(-1)).toMatchObject({ outcome: 'failed', images: { copied: 2, failed: 1 } });
    expect([...ecr.repository(REPOSITORY).tags.keys()].sort()).toEqual(['1.0.0', '1.2.0']);
  });

  test('of which there is none is not found', async () => {
    pushTags('latest');
    const { code, lines } = await select({ semver: '>=1' });
    expect([code, lines]).toMatchObject([1, [
      { source: `${UPSTREAM}/team/app`, outcome: 'failed', reason: 'not-found', message: expect.stringContaining('none of the 1 tags') },
      { outcome: 'failed', images: { failed: 1 } },
    ]]);
  });

  test('of more than 500 tags is refused, and nothing is mirrored', async () => {
    for (let index = 0; index <= 500; index++) upstream.push('team/app', `t${index}`, IMAGE);
    const { code, lines } = await select({ patterns: ['*'] });
    expect([code, lines[0]]).toMatchObject([1, { reason: 'invalid-configuration', message: expect.stringContaining('500 is the limit') }]);
    expect(ecr.repository(REPOSITORY).tags.size).toBe(0);
  });

  test('passes over what is no tag', async () => {
    pushTags('1.0.0');
    const tags = JSON.stringify({ tags: ['1.0.0', '../../other:1.0.0', 'a/b', '\u001b[2J', 'x\n{"outcome":"copied"}', ...Array.from({ length: 10_000 }, (_, index) => `/${index}`)] });
    upstream.fail({ match: { path: '/tags/list' }, action: Fault.status(200, { 'content-type': 'application/json' }, tags) });
    const { code, lines, log } = await select({ patterns: ['*'] });
    expect([code, lines]).toMatchObject([0, [{ outcome: 'copied' }, { outcome: 'copied', images: { copied: 1 } }]]);
    expect(log).not.toContain('\u001b');
  });

  test('ends with SIGTERM: each tag is told, and the run summed up', async () => {
    pushTags('1.0.0', '1.1.0');
    upstream.fail({ match: { method: 'GET', path: '/blobs/' }, action: Fault.stall(), times: 1000 });
    const held = () => upstream.count({ method: 'GET', path: '/blobs/' }) > 0;
    const variables = { IMAGE: `${UPSTREAM}/team/app`, TAGS: '{"patterns":["*"]}' };
    const { code, lines } = await run(variables, async (ended, end) => momentOf(ended, held).then(end));
    expect(code).toBe(1);
    expect(lines).toMatchObject([{ reason: 'interrupted' }, { reason: 'interrupted' }, { outcome: 'failed', images: { failed: 2 } }]);
  });
});

describe('a configuration that cannot be meant', () => {
  test.each<[string, Record<string, string>, string, string]>([
    ['a tag and a selection of tags', { IMAGE: `${UPSTREAM}/team/app:1.0.0`, TAGS: '{"patterns":["*"]}' }, 'invalid-reference', 'without a tag or digest'],
    ['a digest and a selection of tags', { IMAGE: `${UPSTREAM}/team/app@${IMAGE.digest}`, TAGS: '{"patterns":["*"]}' }, 'invalid-reference', 'without a tag or digest'],
    ['a selection that is no JSON', { IMAGE: `${UPSTREAM}/team/app`, TAGS: '1.x' }, 'invalid-configuration', 'a tag filter as JSON'],
    ['a range that is none', { IMAGE: `${UPSTREAM}/team/app`, TAGS: '{"semver":"newest"}' }, 'invalid-configuration', 'valid for npm'],
    ['a pattern with a slash', { IMAGE: `${UPSTREAM}/team/app`, TAGS: '{"patterns":["a/b"]}' }, 'invalid-configuration', 'the pattern must be letters'],
    ['a platform that is none', { IMAGE: `${UPSTREAM}/team/app:1.0.0`, PLATFORMS: 'linux/amd64,arm' }, 'invalid-configuration', 'PLATFORMS'],
    ['referrers perhaps', { IMAGE: `${UPSTREAM}/team/app:1.0.0`, REFERRERS: 'perhaps' }, 'invalid-configuration', 'REFERRERS'],
  ])('%s is a failure in words, before any request', async (_, variables, reason, words) => {
    const { code, lines } = await run(variables);
    const failure = { outcome: 'failed', reason, message: expect.stringContaining(words) };
    const summary = { outcome: 'failed', images: { failed: 1 } };
    expect([code, lines]).toMatchObject([1, 'TAGS' in variables ? [failure, summary] : [failure]]);
    expect(network.connections).toEqual([]);
  });
});
