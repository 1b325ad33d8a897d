/** The engine's bundle reaches its deadline while the network hangs, with garbage collections all the time. */
import { Fault, RequestMatch } from '../support/fault';
import { singleImage } from '../support/fixture-images';
import { LocalAccount, UPSTREAM } from '../support/local-account';
import type { LocalServer } from '../support/local-server';

const IMAGE = singleImage({ layers: 1 });
const SOURCE = `${UPSTREAM}/team/app:1.0.0`;
const MODULE = `
  import { setFlagsFromString } from 'node:v8';
  import { runInNewContext } from 'node:vm';
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc');
  setInterval(collectGarbage, 100).unref();
`;
const COLLECTING = `--import=data:text/javascript,${encodeURIComponent(MODULE)}`;

let account: LocalAccount;

beforeEach(async () => {
  account = await LocalAccount.open();
  account.upstream.push('team/app', '1.0.0', IMAGE);
});

afterEach(() => account.close());

function run(variables: Record<string, string> = {}) {
  const settings = { MIRROR_DEADLINE_SECONDS: '3', MIRROR_EVENT_BUS: 'default', NODE_OPTIONS: COLLECTING };
  return account.run({ IMAGE: SOURCE, ...settings, ...variables });
}

function stall(server: LocalServer, match: RequestMatch, action = Fault.stall()): () => number {
  return server.fail({ match, action, times: 1000 });
}

const EXCEEDED = { outcome: 'failed', reason: 'deadline-exceeded' };

test.each<[string, () => () => number]>([
  ['the upstream registry does not respond', () => stall(account.upstream, { method: 'HEAD' })],
  ['a layer stops in the middle', () => stall(account.upstream, { method: 'GET', path: '/blobs/' }, Fault.stallBody(1))],
  ['the mirror does not confirm a layer', () => stall(account.ecr, { method: 'PUT', path: '/blobs/uploads/' })],
  ['AWS does not return a token', () => stall(account.ecr, ({ method, path }) => method === 'POST' && path === '/')],
])('a run ends at its deadline with its result and its event when %s', async (_, arrange) => {
  const hits = arrange();
  const { code, lines } = await run();
  expect([code, lines]).toEqual([1, [expect.objectContaining({ source: SOURCE, ...EXCEEDED })]]);
  expect(account.events.events.map(({ detail }) => detail)).toEqual([expect.objectContaining(EXCEEDED)]);
  expect(hits()).toBeGreaterThan(0);
});

test('a list of tags that never comes ends at the deadline too', async () => {
  stall(account.upstream, { path: '/tags/list' });
  const { code, lines } = await run({ IMAGE: `${UPSTREAM}/team/app`, TAGS: '{"semver":"*"}' });
  expect([code, lines]).toEqual([1, [expect.objectContaining(EXCEEDED), expect.objectContaining({ outcome: 'failed' })]]);
  expect(account.events.events).toHaveLength(1);
});

test('a run that fails at its deadline does not wait for an event bus that hangs', async () => {
  stall(account.upstream, { method: 'HEAD' });
  stall(account.events, {});
  const { code, lines, log } = await run();
  expect([code, lines]).toEqual([1, [expect.objectContaining(EXCEEDED)]]);
  expect(log).toContain('the event was not put: EventBridge did not respond in time');
});

test('each of thirty images has its result when the run reaches its deadline', async () => {
  stall(account.upstream, { method: 'HEAD' });
  const IMAGES = JSON.stringify(Array.from({ length: 30 }, (_, index) => ({ IMAGE: `${UPSTREAM}/team/app:${index}` })));
  const { code, lines } = await run({ IMAGE: '', IMAGES });
  expect([code, lines.length, lines.at(-1)?.images]).toEqual([1, 31, expect.objectContaining({ failed: 30 })]);
  expect(new Set(lines.slice(0, -1).map(({ reason }) => reason))).toEqual(new Set(['deadline-exceeded']));
  expect(account.events.events.length).toBeGreaterThan(0);
});
