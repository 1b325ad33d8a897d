/** One fault at a time, of every kind, at every kind of request on both sides: once, so that a retry gets over it, and for good. */
import { mirror, MirroringOptions, QUICK_RETRY } from './mirroring';
import { Transport } from '../../src/engine/registry/transport';
import type { FailureReason } from '../../src/engine/result';
import { Fault, FaultAction, RequestMatch } from '../support/fault';
import { multiPlatformImage, singleImage } from '../support/fixture-images';
import { LocalRegistry } from '../support/local-registry';

const LAYER_BYTES = 200_000;
const IMAGE = multiPlatformImage({ layers: 1, layerBytes: LAYER_BYTES });
const OLD = singleImage({ seed: 'old' });
const [CHILD] = IMAGE.manifests;
const LAYER = IMAGE.blobs.find(({ size }) => size === LAYER_BYTES)!;
const ALWAYS = 1000;
const TRIES = 2;
/** Milliseconds without a byte after which these tests take a connection for dead. */
const IDLE_TIMEOUT = 250;

let upstream: LocalRegistry;
let target: LocalRegistry;
let injected = 0;

beforeEach(async () => {
  [upstream, target] = await Promise.all([new LocalRegistry().start(), new LocalRegistry().start()]);
  upstream.push('app', 'latest', IMAGE);
  target.push('mirror/app', 'latest', OLD);
});

afterEach(async () => {
  expect([...upstream.errors, ...target.errors]).toEqual([]);
  await Promise.all([upstream.close(), target.close()]);
});

afterAll(() => console.info(`${injected} faults were injected`));

function run(options: MirroringOptions = {}) {
  return mirror(`${upstream.host}/app:latest`, `${target.host}/mirror/app:latest`, options);
}

type Side = 'upstream' | 'target';
/** What a request carries: a manifest or a blob in its answer, or in itself, or nothing. */
type Content = 'answers manifest' | 'answers blob' | 'sends manifest' | 'sends blob' | 'nothing';

/** One kind of request. */
interface Point {
  readonly name: string;
  readonly side: Side;
  readonly match: RequestMatch;
  readonly content: Content;
}

const POINTS: readonly Point[] = [
  { name: 'HEAD of the tag', side: 'upstream', match: { method: 'HEAD', path: '/manifests/latest' }, content: 'nothing' },
  { name: 'GET of the index', side: 'upstream', match: { method: 'GET', path: IMAGE.digest }, content: 'answers manifest' },
  { name: 'GET of a child manifest', side: 'upstream', match: { method: 'GET', path: CHILD.digest }, content: 'answers manifest' },
  { name: 'GET of a blob', side: 'upstream', match: { method: 'GET', path: LAYER.digest }, content: 'answers blob' },
  { name: 'HEAD of the tag', side: 'target', match: { method: 'HEAD', path: '/manifests/latest' }, content: 'nothing' },
  { name: 'HEAD of a child manifest', side: 'target', match: { method: 'HEAD', path: CHILD.digest }, content: 'nothing' },
  { name: 'HEAD of a blob', side: 'target', match: { method: 'HEAD', path: LAYER.digest }, content: 'nothing' },
  { name: 'POST that starts an upload', side: 'target', match: { method: 'POST' }, content: 'nothing' },
  {
    name: 'PUT of a blob',
    side: 'target',
    match: ({ method, query }) => method === 'PUT' && query.includes(encodeURIComponent(LAYER.digest)),
    content: 'sends blob',
  },
  { name: 'PUT of a child manifest', side: 'target', match: { method: 'PUT', path: CHILD.digest }, content: 'sends manifest' },
  { name: 'PUT of the tag', side: 'target', match: { method: 'PUT', path: '/manifests/latest' }, content: 'sends manifest' },
];

/** One kind of fault. */
interface Trouble {
  readonly name: string;
  readonly action: (point: Point) => FaultAction;
  /** What it is called where it does not pass. */
  readonly reason: FailureReason;
  /** Which requests it can befall. @default - all */
  readonly befalls?: (content: Content) => boolean;
  readonly idleTimeout?: number;
}

const answers = (content: Content) => content.startsWith('answers');
const sends = (content: Content) => content.startsWith('sends');
const midBody = ({ content }: Point) => content.endsWith('blob') ? LAYER_BYTES / 2 : 100;

const TROUBLES: readonly Trouble[] = [
  { name: 'a reset before the answer', action: () => Fault.reset(), reason: 'network' },
  { name: 'a reset in mid-body', action: (point) => Fault.resetBody(midBody(point)), reason: 'network', befalls: answers },
  { name: 'a reset while it receives', action: (point) => Fault.resetWhileReceiving(midBody(point)), reason: 'network', befalls: sends },
  { name: 'a truncated body', action: (point) => Fault.truncate(midBody(point)), reason: 'network', befalls: answers },
  { name: 'a body shorter than announced', action: () => Fault.wrongLength(LAYER_BYTES + 1), reason: 'network', befalls: (content) => content === 'answers manifest' },
  { name: 'a flipped byte', action: (point) => Fault.flipByte(midBody(point)), reason: 'digest-mismatch', befalls: answers },
  { name: 'a flipped last byte', action: () => Fault.flipByte(LAYER_BYTES - 1), reason: 'digest-mismatch', befalls: (content) => content === 'answers blob' },
  { name: 'a stall', action: () => Fault.stall(), reason: 'network', idleTimeout: IDLE_TIMEOUT },
  { name: 'a stall in mid-body', action: (point) => Fault.stallBody(midBody(point)), reason: 'network', befalls: answers, idleTimeout: IDLE_TIMEOUT },
  ...[408, 425, 500, 502, 503, 504].map((status): Trouble => ({ name: `HTTP ${status}`, action: () => Fault.status(status), reason: 'registry-error' })),
  { name: 'HTTP 429', action: () => Fault.status(429), reason: 'rate-limited' },
  { name: 'HTTP 429 with Retry-After', action: () => Fault.status(429, { 'retry-after': '0' }), reason: 'rate-limited' },
  { name: 'HTTP 503 with a Retry-After date', action: () => Fault.status(503, { 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }), reason: 'registry-error' },
];

const FINAL: readonly Trouble[] = [
  { name: 'HTTP 400', action: () => Fault.status(400), reason: 'registry-error' },
  { name: 'HTTP 401 without a challenge', action: () => Fault.status(401), reason: 'unauthorized' },
  { name: 'HTTP 403', action: () => Fault.status(403), reason: 'unauthorized' },
  { name: 'HTTP 501', action: () => Fault.status(501), reason: 'registry-error' },
];

/** Every trouble at every point that it can befall. */
function combined(troubles: readonly Trouble[]): [string, Side, string, Trouble, Point][] {
  return troubles.flatMap((trouble) => POINTS
    .filter(({ content }) => trouble.befalls?.(content) ?? true)
    .map((point): [string, Side, string, Trouble, Point] => [trouble.name, point.side, point.name, trouble, point]));
}

async function runWith({ action, idleTimeout }: Trouble, point: Point, times: number) {
  const hits = (point.side === 'upstream' ? upstream : target).fail({ match: point.match, action: action(point), times });
  const result = await run({ transport: new Transport(idleTimeout), retry: { ...QUICK_RETRY, attempts: TRIES } });
  injected += hits();
  return { result, hits: hits() };
}

test.each(combined(TROUBLES))('gets over %s at the %s: %s', async (_name, _side, _point, trouble, point) => {
  const { result, hits } = await runWith(trouble, point, 1);
  expect(hits).toBe(1);
  expect(result).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
  expect(target.tagDigest('mirror/app', 'latest')).toBe(IMAGE.digest);
  expect(target.holds('mirror/app', IMAGE)).toBe(true);
});

test.each(combined(TROUBLES))('fails where %s does not pass at the %s: %s', async (_name, _side, _point, trouble, point) => {
  const { result, hits } = await runWith(trouble, point, ALWAYS);
  expect(hits).toBeGreaterThanOrEqual(TRIES);
  expect(result).toMatchObject({ outcome: 'failed', reason: trouble.reason, message: expect.stringContaining(point.side === 'upstream' ? upstream.host : target.host) });
  expect(target.tagDigest('mirror/app', 'latest')).toBe(OLD.digest);
});

test.each(combined(FINAL))('does not try again after %s at the %s: %s', async (_name, _side, _point, trouble, point) => {
  const { result, hits } = await runWith(trouble, point, 1);
  expect(hits).toBe(1);
  expect(result).toMatchObject({ outcome: 'failed', reason: trouble.reason });
  expect(target.tagDigest('mirror/app', 'latest')).toBe(OLD.digest);
});

test.each(POINTS.filter(({ side }) => side === 'upstream').map((point) => [point.name, point] as const))('gets over a lost answer to the upstream %s', async (_, point) => {
  const hits = upstream.fail({ match: point.match, action: Fault.loseResponse() });
  expect(await run()).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
  injected += hits();
});

describe('an answer of the target that is lost after the request was carried out', () => {
  test.each(POINTS.filter(({ side }) => side === 'target').map((point) => [point.name, point] as const))('does no harm: %s', async (_, point) => {
    const hits = target.fail({ match: point.match, action: Fault.loseResponse() });
    expect(await run()).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    injected += hits();
    expect(hits()).toBe(1);
    expect(target.holds('mirror/app', IMAGE)).toBe(true);
    expect(target.tagDigest('mirror/app', 'latest')).toBe(IMAGE.digest);
  });

  test('makes no blob be sent twice', async () => {
    const [{ match }] = POINTS.filter(({ name }) => name === 'PUT of a blob');
    injected += 1;
    target.fail({ match, action: Fault.loseResponse() });
    await run();
    expect(target.requestsTo(match)).toHaveLength(1);
  });
});

describe('a wrong Docker-Content-Digest', () => {
  async function runWithWrongDigest(side: Side, match: RequestMatch) {
    const hits = (side === 'upstream' ? upstream : target).fail({ match, action: Fault.wrongDigest(), times: ALWAYS });
    const result = await run();
    injected += hits();
    expect(hits()).toBeGreaterThan(0);
    return result;
  }

  test.each(POINTS.filter(({ content }) => content === 'answers manifest').map(({ name, match }) => [name, match] as const))('is nothing to the upstream %s, whose bytes are judged', async (_, match) => {
    expect(await runWithWrongDigest('upstream', match)).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(target.holds('mirror/app', IMAGE)).toBe(true);
  });

  test('of the upstream tag fails, and the tag is as it was', async () => {
    expect(await runWithWrongDigest('upstream', { method: 'HEAD' })).toMatchObject({ outcome: 'failed', reason: 'digest-mismatch' });
    expect(target.tagDigest('mirror/app', 'latest')).toBe(OLD.digest);
  });

  test('of the target tag makes the image be copied', async () => {
    expect(await runWithWrongDigest('target', { method: 'HEAD', path: '/manifests/latest' })).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(target.tagDigest('mirror/app', 'latest')).toBe(IMAGE.digest);
  });

  test('that is no digest at all is refused', async () => {
    upstream.fail({ match: { method: 'HEAD' }, action: Fault.headers({ 'docker-content-digest': '../../tags/list' }), times: ALWAYS });
    expect(await run()).toMatchObject({ outcome: 'failed', reason: 'registry-error' });
    injected += 1;
  });

  test('that is missing makes the manifest be asked for', async () => {
    upstream.fail({ match: { method: 'HEAD' }, action: Fault.headers({ 'docker-content-digest': undefined }), times: ALWAYS });
    expect(await run()).toMatchObject({ outcome: 'copied', sourceDigest: IMAGE.digest, countedPulls: 4 });
    injected += 1;
  });
});

test('a Retry-After of one second is obeyed to the letter', async () => {
  const lines: string[] = [];
  upstream.fail({ action: Fault.status(429, { 'retry-after': '1' }) });
  injected += 1;
  expect(await run({ onLine: (line) => lines.push(line) })).toMatchObject({ outcome: 'copied' });
  expect(lines).toContainEqual(expect.stringContaining('trying again in 1.0 s'));
});
