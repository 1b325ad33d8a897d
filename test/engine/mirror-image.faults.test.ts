/** One fault at a time, of every kind, at every kind of request on both sides: once, so that a retry gets over it, and for good. */
import { Transport } from '../../src/engine/registry/transport';
import { Fault } from '../support/fault';
import { FaultTally } from '../support/fault-tally';
import { QUICK_RETRY } from '../support/mirroring';
import { RefusedTransport } from '../support/refused-transport';
import { IMAGE, RegistryPair } from '../support/registry-pair';
import { POINTS, RequestPoint, tableOf } from '../support/request-points';
import { combined, Combination, FINAL, FULL_DISKS, isHarmless, LASTING, Trouble, TROUBLES } from '../support/troubles';

const ALWAYS = 1000;
const TRIES = 2;

const tally = new FaultTally();
let pair: RegistryPair;

beforeEach(async () => {
  pair = await new RegistryPair().start();
});

afterEach(async () => {
  expect(pair.errors).toEqual([]);
  await pair.close();
});

afterAll(() => tally.print());

async function runWith({ action, idleTimeout }: Trouble, point: RequestPoint, times: number) {
  const hits = pair[point.side].fail({ match: point.match, action: action(point), times });
  const transport = new Transport({ idle: idleTimeout, slowResponse: idleTimeout });
  const result = await pair.run({ transport, retry: { ...QUICK_RETRY, attempts: TRIES } });
  return { result, hits: hits() };
}

test.each(combined(TROUBLES))('gets over %s at the %s: %s', async (_name, _side, _point, trouble, point) => {
  const { result, hits } = await runWith(trouble, point, 1);
  expect(hits).toBe(1);
  tally.isCompleted(pair, result, hits);
});

const isLasting = ([, , , trouble, point]: Combination) => !(trouble.isResumed && isHarmless(trouble, point));
const isFinal = ([, , , trouble, point]: Combination) => !isHarmless(trouble, point);

test.each(combined(LASTING).filter((combination) => !isLasting(combination)))('gets over %s at the %s each time: %s', async (_name, _side, _point, trouble, point) => {
  const { result, hits } = await runWith(trouble, point, ALWAYS);
  expect(hits).toBeGreaterThanOrEqual(1);
  tally.isCompleted(pair, result, hits);
});

test.each(combined(LASTING).filter(isLasting))('fails where %s does not pass at the %s: %s', async (_name, _side, _point, trouble, point) => {
  const { result, hits } = await runWith(trouble, point, ALWAYS);
  expect(hits).toBeGreaterThanOrEqual(TRIES);
  expect(result.message).toContain(pair[point.side].host);
  tally.isFailed(pair, result, hits, [trouble.reason]);
});

test.each(combined(FINAL).filter((combination) => !isFinal(combination)))('finds out in another way after %s at the %s: %s', async (_name, _side, _point, trouble, point) => {
  const { result, hits } = await runWith(trouble, point, ALWAYS);
  expect(hits).toBe(1);
  tally.isCompleted(pair, result, hits);
});

test.each(combined(FINAL).filter(isFinal))('does not try again after %s at the %s: %s', async (_name, _side, _point, trouble, point) => {
  const { result, hits } = await runWith(trouble, point, 1);
  expect(hits).toBe(1);
  tally.isFailed(pair, result, hits, [trouble.reason]);
});

test.each(combined(FULL_DISKS))('tells the registry\'s code and message about %s at the %s: %s', async (_name, _side, _point, trouble, point) => {
  const { result, hits } = await runWith(trouble, point, ALWAYS);
  expect(result.message).toContain('HTTP 500, UNKNOWN: unknown error');
  tally.isFailed(pair, result, hits, [trouble.reason]);
});

describe('an answer that is lost after the request was carried out', () => {
  test.each(tableOf())('does no harm at the %s: %s', async (_side, _name, point) => {
    const hits = pair[point.side].fail({ match: point.match, action: Fault.loseResponse() });
    const result = await pair.run();
    expect(hits()).toBe(1);
    tally.isCompleted(pair, result, hits());
  });

  test.each(tableOf(POINTS.filter(({ content }) => content === 'sends manifest')))('for good leaves open whether the %s\'s %s came to pass, and is asked for', async (_side, _name, { match }) => {
    const hits = pair.target.fail({ match, action: Fault.loseResponse(), times: ALWAYS });
    const result = await pair.run({ retry: { ...QUICK_RETRY, attempts: TRIES } });
    expect(hits()).toBe(TRIES);
    tally.isCompleted(pair, result, hits());
  });

  test('for good at a tag that the registry then refuses to tell fails', async () => {
    const [look, put] = [{ method: 'HEAD', path: '/manifests/latest' }, { method: 'PUT', path: '/manifests/latest' }];
    const lost = pair.target.fail({ match: put, action: Fault.reset(), times: ALWAYS });
    const untold = pair.target.fail({ match: look, action: Fault.status(503), times: ALWAYS });
    const result = await pair.run();
    expect(untold()).toBe(1);
    tally.isFailed(pair, result, lost() + untold(), ['network']);
  });

  test('makes no blob be sent twice', async () => {
    const { match } = POINTS.find(({ content }) => content === 'sends blob')!;
    const hits = pair.target.fail({ match, action: Fault.loseResponse() });
    const result = await pair.run();
    expect(pair.target.requestsTo(match)).toHaveLength(1);
    tally.isCompleted(pair, result, hits());
  });
});

describe('a connection that is refused', () => {
  const retry = { ...QUICK_RETRY, attempts: TRIES };

  test.each(tableOf())('is got over at the %s: %s', async (side, _name, point) => {
    const transport = new RefusedTransport(pair[side].host, point.match, 1);
    const result = await pair.run({ transport, retry });
    expect(transport.refused).toBe(1);
    tally.isCompleted(pair, result, transport.refused);
  });

  test.each(tableOf())('for good, because the registry has gone away, fails by name at the %s: %s', async (side, _name, point) => {
    const { host, port } = pair[side];
    let closed: Promise<void> | undefined;
    const goAway = () => { closed = pair[side].close(); };
    const hits = pair[side].fail({ match: point.match, action: Fault.reset(), onHit: goAway });
    const result = await pair.run({ retry });
    await closed;
    expect(result.message).toContain(`${host}: the connection to port ${port} was refused`);
    tally.isFailed(pair, result, hits(), ['network']);
  });
});

describe('a wrong Content-Length', () => {
  const withoutBody = tableOf(POINTS.filter(({ content }) => !content.startsWith('answers')));

  test.each(withoutBody)('is nothing where the body of the answer is not needed, at the %s: %s', async (_side, _name, point) => {
    const hits = pair[point.side].fail({ match: point.match, action: Fault.wrongLength(12_345), times: ALWAYS });
    const result = await pair.run();
    expect(hits()).toBeGreaterThan(0);
    tally.isCompleted(pair, result, hits());
  });
});

describe('a wrong Docker-Content-Digest', () => {
  const ofTags = POINTS.filter(({ name }) => / of the tag$/.test(name) && !name.startsWith('PUT'));
  const ofChild = POINTS.filter(({ name }) => name === 'HEAD of a child manifest');
  const ofPuts = POINTS.filter(({ content }) => content === 'sends manifest');
  const others = POINTS.filter((point) => ![...ofTags, ...ofChild, ...ofPuts].includes(point));

  async function runWithWrongDigest({ side, match }: RequestPoint) {
    const hits = pair[side].fail({ match, action: Fault.wrongDigest(), times: ALWAYS });
    const result = await pair.run();
    expect(hits()).toBeGreaterThan(0);
    return { result, hits: hits() };
  }

  test.each(tableOf(others))('is nothing where bytes are judged by themselves, at the %s: %s', async (_side, _name, point) => {
    const { result, hits } = await runWithWrongDigest(point);
    tally.isCompleted(pair, result, hits);
  });

  test('of the upstream tag fails', async () => {
    const { result, hits } = await runWithWrongDigest(ofTags.find(({ side }) => side === 'upstream')!);
    tally.isFailed(pair, result, hits, ['digest-mismatch']);
  });

  test('of the target tag fails', async () => {
    const { result, hits } = await runWithWrongDigest(ofTags.find(({ side }) => side === 'target')!);
    tally.isFailed(pair, result, hits, ['digest-mismatch']);
  });

  test('of a child at the target, where it is, fails', async () => {
    pair.target.push('mirror/app', undefined, IMAGE);
    const { result, hits } = await runWithWrongDigest(ofChild[0]);
    tally.isFailed(pair, result, hits, ['digest-mismatch']);
  });

  test.each(tableOf(ofPuts.filter(({ name }) => name !== 'PUT of the tag')))('in the answer to an upload fails at the %s: %s', async (_side, _name, point) => {
    const { result, hits } = await runWithWrongDigest(point);
    tally.isFailed(pair, result, hits, ['digest-mismatch']);
  });

  test('that is no digest at all makes the manifest be asked for', async () => {
    const hits = pair.upstream.fail({ match: { method: 'HEAD' }, action: Fault.headers({ 'docker-content-digest': '../../tags/list' }), times: ALWAYS });
    tally.isCompleted(pair, await pair.run(), hits());
  });

  test('that is missing makes the manifest be asked for', async () => {
    const hits = pair.upstream.fail({ match: { method: 'HEAD' }, action: Fault.headers({ 'docker-content-digest': undefined }), times: ALWAYS });
    const result = await pair.run();
    expect(result).toMatchObject({ sourceDigest: IMAGE.digest, countedPulls: 4 });
    tally.isCompleted(pair, result, hits());
  });
});

test('a Retry-After of one second is obeyed to the letter', async () => {
  const lines: string[] = [];
  const hits = pair.upstream.fail({ action: Fault.status(429, { 'retry-after': '1' }) });
  const result = await pair.run({ onLine: (line) => lines.push(line) });
  expect(lines).toContainEqual(expect.stringContaining('trying again in 1.0 s'));
  tally.isCompleted(pair, result, hits());
});

test('the run after one that failed at the tag sends nothing again but the tag', async () => {
  const hits = pair.target.fail({ match: { method: 'PUT', path: '/manifests/latest' }, action: Fault.status(503), times: ALWAYS });
  tally.isFailed(pair, await pair.run(), hits(), ['registry-error']);
  pair.target.faults.clear();
  pair.target.resetRequests();
  tally.isCompleted(pair, await pair.run(), 0);
  expect(pair.target.requestsTo({ method: /PUT|POST/ })).toMatchObject([{ method: 'PUT', path: '/v2/mirror/app/manifests/latest' }]);
});
