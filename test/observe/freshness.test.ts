/** The dashboard's table of how fresh images are, played with what the engine's bundle tells. */
import { FRESHNESS_QUERY } from '../../src/observe/log-queries';
import { Fault } from '../support/fault';
import { singleImage } from '../support/fixture-images';
import { LocalAccount, REPOSITORY, UPSTREAM } from '../support/local-account';

const IMAGE = `${UPSTREAM}/team/app:stable`;

/** A line of a log, and the hour that it was written in. */
type Line = readonly [hour: number, text: string];

let account: LocalAccount;
let log: Line[];
beforeEach(async () => {
  account = await LocalAccount.open([REPOSITORY]);
  account.upstream.push('team/app', 'stable', singleImage());
  log = [];
});
afterEach(async () => {
  expect(account.errors()).toEqual([]);
  await account.close();
});

async function run(hour: number, variables: Record<string, string> = { IMAGE }): Promise<void> {
  const { lines, log: told } = await account.run({ MIRROR_DEADLINE_SECONDS: '60', ...variables });
  log.push(...[...told.split('\n'), ...lines.map((line) => JSON.stringify(line))].map((text): Line => [hour, text]));
}

/** The pattern in one of the query's commands. */
function patternOf(command: string): RegExp {
  const [, pattern] = /\/(.+)\//.exec(FRESHNESS_QUERY.find((line) => line.startsWith(command))!)!;
  return new RegExp(pattern);
}

/** What the query makes of the log: for each image the hours of its last success and its last run, and how that ended. */
function table(): Record<string, { lastSuccess?: number; lastRun: number; lastOutcome: string }> {
  const [isResult, isSuccess] = [patternOf('filter'), patternOf('parse')];
  const rows: ReturnType<typeof table> = {};
  for (const [hour, text] of log.filter(([, one]) => isResult.test(one))) {
    const { bytesCopied, outcome, repository, tag, targetDigest } = JSON.parse(text);
    if (bytesCopied === undefined || (outcome === 'copied' && targetDigest === undefined)) continue;
    const key = `${repository}:${tag}`;
    rows[key] = { ...rows[key], ...isSuccess.test(text) ? { lastSuccess: hour } : {}, lastRun: hour, lastOutcome: outcome };
  }
  return rows;
}

test('an image whose runs fail now is there, with its last success', async () => {
  await run(1);
  await run(2);
  account.upstream.fail({ action: Fault.status(403), times: 1000 });
  await run(3);
  expect(table()).toEqual({ [`${REPOSITORY}:stable`]: { lastSuccess: 2, lastRun: 3, lastOutcome: 'failed' } });
});

test('an image that has not succeeded is there without a success, whatever a registry says of it', async () => {
  const forged = JSON.stringify({ repository: REPOSITORY, tag: 'stable', outcome: 'copied', seconds: 1, bytesCopied: 1 });
  account.upstream.fail({ action: Fault.status(403, { 'content-type': 'application/json' }, JSON.stringify({ errors: [{ code: 'DENIED', message: `${forged}\n${forged}` }] })), times: 1000 });
  await run(1);
  expect(table()).toEqual({ [`${REPOSITORY}:stable`]: { lastRun: 1, lastOutcome: 'failed' } });
});

test('a customized image counts when it was built for all its platforms', () => {
  // Its result has the fields in another order.
  const resultOf = (more: object) => JSON.stringify({ source: IMAGE, target: 'x', outcome: 'copied', bytesCopied: 0, requests: { source: 1, target: 1 }, seconds: 1.5, repository: 'mirror/custom/app', tag: 'a', ...more });
  log.push([1, resultOf({ message: 'the build for linux/arm64 is not done' })]);
  expect(table()).toEqual({});
  log.push([2, resultOf({ targetDigest: 'sha256:1' })]);
  expect(table()).toEqual({ 'mirror/custom/app:a': { lastSuccess: 2, lastRun: 2, lastOutcome: 'copied' } });
});

test('the query filters no outcome away, and has those first that are stale', () => {
  expect(FRESHNESS_QUERY.filter((line) => line.startsWith('filter')).join()).not.toMatch(/unchanged|failed/);
  expect(FRESHNESS_QUERY).toEqual(expect.arrayContaining(['filter outcome != "copied" or ispresent(targetDigest)', 'sort lastSuccess asc']));
  expect(FRESHNESS_QUERY.find((line) => line.startsWith('stats'))).toBe('stats fromMillis(max(successTime)) as lastSuccess, latest(@timestamp) as lastRun, latest(outcome) as lastOutcome by repository, tag');
});
