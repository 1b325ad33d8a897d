/** Several images in one run of the engine's bundle, as a deployment starts it. */
import { Fault } from '../support/fault';
import { FixtureImage, singleImage } from '../support/fixture-images';
import { ECR, LocalAccount, UPSTREAM } from '../support/local-account';
import { momentOf } from '../support/moment';

const APPS = Array.from({ length: 12 }, (_, index) => `team/app${index}`);

let account: LocalAccount;

beforeEach(async () => {
  account = await LocalAccount.open(APPS.map((app) => `mirror/${UPSTREAM}/${app}`));
  for (const app of APPS) account.upstream.repository(app);
});

afterEach(async () => {
  expect(account.errors()).toEqual([]);
  await account.close();
});

const imageOf = (app: string, tag = '1.0.0'): FixtureImage => singleImage({ seed: `${app}:${tag}` });
const nameOf = (app: string, tag = '1.0.0') => `${UPSTREAM}/${app}:${tag}`;

function push(apps: readonly string[], ...tags: string[]) {
  for (const app of apps) for (const tag of tags.length ? tags : ['1.0.0']) account.upstream.push(app, tag, imageOf(app, tag));
}

function run(entries: unknown, variables: Record<string, string> = {}, onStart?: Parameters<LocalAccount['run']>[1]) {
  return account.run({ IMAGES: JSON.stringify(entries), ...variables }, onStart);
}

const entriesFor = (apps: readonly string[]) => apps.map((app) => ({ IMAGE: nameOf(app) }));
const tagsOf = (app: string) => [...account.ecr.repository(`mirror/${UPSTREAM}/${app}`).tags.keys()].sort();

test('every image is mirrored, has a line of its own, and the last line sums them up in the order of the list', async () => {
  push(APPS);
  const { code, lines } = await run(entriesFor(APPS));
  expect(code).toBe(0);
  expect(lines.slice(0, -1).map(({ source, outcome }) => [source, outcome]).sort()).toEqual(APPS.map((app) => [nameOf(app), 'copied']).sort());
  expect(lines.at(-1)).toEqual({
    outcome: 'copied',
    images: { 'copied': 12, 'unchanged': 0, 'held': 0, 'upstream-gone': 0, 'tag-moved': 0, 'failed': 0 },
    results: APPS.map((app) => ({ source: nameOf(app), target: `${ECR}/mirror/${UPSTREAM}/${app}:1.0.0`, outcome: 'copied' })),
  });
  for (const app of APPS) expect(account.ecr.holds(`mirror/${UPSTREAM}/${app}`, imageOf(app))).toBe(true);
});

test('every image has an event of its own', async () => {
  push(APPS.slice(0, 3));
  await run([...entriesFor(APPS.slice(0, 4)), { IMAGE: 'Nginx' }], { MIRROR_EVENT_BUS: 'default' });
  expect(account.events.events.map(({ detailType, detail }) => [detailType, detail.source, detail.reason ?? '']).sort()).toEqual([
    ['Image Mirror Failed', 'Nginx', 'invalid-reference'],
    ['Image Mirror Failed', nameOf(APPS[3]), 'not-found'],
    ...APPS.slice(0, 3).map((app) => ['Image Mirrored', nameOf(app), '']),
  ].sort());
});

test('one that cannot be meant, one that is missing and one that is refused do not stop the others, and the exit code tells', async () => {
  push([APPS[0], APPS[2], APPS[4]]);
  account.upstream.fail({ match: { path: `/v2/${APPS[2]}/` }, action: Fault.status(403), times: 1000 });
  const { code, lines } = await run([...entriesFor(APPS.slice(0, 3)), { IMAGE: 'Nginx', PLATFORMS: 'x' }, ...entriesFor([APPS[4]])]);
  expect(code).toBe(1);
  expect(lines).toHaveLength(6);
  expect(lines.at(-1)).toMatchObject({
    outcome: 'failed',
    images: { copied: 2, failed: 3 },
    results: [{ outcome: 'copied' }, { reason: 'not-found' }, { reason: 'unauthorized' }, { source: 'Nginx', target: '', reason: 'invalid-reference' }, { outcome: 'copied' }],
  });
  expect([APPS[0], APPS[4]].map(tagsOf)).toEqual([['1.0.0'], ['1.0.0']]);
});

test('entries that select tags are lists of their own, beside images', async () => {
  push([APPS[0]], '1.0.0', '1.1.0', '2.0.0');
  push([APPS[1]]);
  const { code, lines } = await run([{ IMAGE: `${UPSTREAM}/${APPS[0]}`, TAGS: '{"semver":"1.x"}' }, { IMAGE: nameOf(APPS[1]) }, { IMAGE: `${UPSTREAM}/${APPS[2]}`, TAGS: '{"patterns":["*"]}' }]);
  expect(code).toBe(1);
  expect(lines.at(-1)!.results).toEqual([
    expect.objectContaining({ source: nameOf(APPS[0], '1.1.0'), outcome: 'copied' }),
    expect.objectContaining({ source: nameOf(APPS[0], '1.0.0'), outcome: 'copied' }),
    expect.objectContaining({ source: nameOf(APPS[1]), outcome: 'copied' }),
    expect.objectContaining({ source: `${UPSTREAM}/${APPS[2]}`, outcome: 'failed', reason: 'not-found' }),
  ]);
  expect(tagsOf(APPS[0])).toEqual(['1.0.0', '1.1.0']);
});

test('tags that are slow to be listed do not keep images waiting', async () => {
  push(APPS);
  let letGo = () => undefined as void;
  const until = new Promise<void>((resolve) => { letGo = resolve; });
  account.upstream.fail({ match: { path: '/tags/list' }, action: Fault.hold(until), times: 1000 });
  const lists = APPS.slice(0, 3).map((app) => ({ IMAGE: `${UPSTREAM}/${app}`, TAGS: '{"patterns":["*"]}' }));
  const { code, lines } = await run([...lists, { IMAGE: nameOf(APPS[11]) }], {}, async (ended) => {
    await momentOf(ended, () => tagsOf(APPS[11]).length === 1);
    letGo();
  });
  expect([code, lines.at(-1)]).toMatchObject([0, { images: { copied: 4 } }]);
  expect(lines[0].source).toBe(nameOf(APPS[11]));
});

test('each line of the log says whose it is', async () => {
  push(APPS.slice(0, 2));
  const { log } = await run(entriesFor(APPS.slice(0, 2)));
  for (const app of APPS.slice(0, 2)) expect(log).toContain(`\n${nameOf(app)}: upstream ${imageOf(app).digest}, mirror has none: copying\n`);
});

test('a run that is ended tells of each image', async () => {
  push(APPS.slice(0, 3));
  account.upstream.fail({ match: { method: 'GET', path: '/blobs/' }, action: Fault.stall(), times: 1000 });
  const held = () => account.upstream.count({ method: 'GET', path: '/blobs/' }) > 0;
  const { code, lines } = await run(entriesFor(APPS.slice(0, 3)), {}, async (ended, end) => momentOf(ended, held).then(end));
  expect([code, lines]).toMatchObject([1, [...Array.from({ length: 3 }, () => ({ reason: 'interrupted' })), { outcome: 'failed', images: { failed: 3 } }]]);
});

test.each<[string, Record<string, string>, string]>([
  ['a list that is none', { IMAGES: '[1' }, 'must be a JSON list'],
  ['a list beside an image', { IMAGES: '[{"IMAGE":"nginx"}]', IMAGE: 'redis' }, 'is set together with the variable IMAGE'],
])('%s is a failure in words and a summary of it, before any request', async (_, variables, words) => {
  const { code, lines } = await account.run(variables);
  expect([code, lines]).toMatchObject([1, [
    { outcome: 'failed', reason: 'invalid-configuration', message: expect.stringContaining(words) }, { outcome: 'failed', images: { failed: 1 } },
  ]]);
  expect(account.network.connections).toEqual([]);
});
