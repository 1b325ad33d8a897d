/** Images of a run whose upstream registry is slow or refuses, beside a healthy image of another registry. */
import { Readable } from 'node:stream';
import { sharedLimits } from '../../src/engine/copy/copy-context';
import { FIRST_TRANSFERS, TransferLimit } from '../../src/engine/copy/transfer-limit';
import { mirrorAll } from '../../src/engine/mirror-all';
import { planRequest } from '../../src/engine/mirror-plan';
import type { MirrorTools } from '../../src/engine/mirror-request';
import { Transport } from '../../src/engine/registry/transport';
import type { MirrorResult } from '../../src/engine/result';
import type { Exchange } from '../support/exchange';
import { Fault } from '../support/fault';
import { singleImage } from '../support/fixture-images';
import { LocalRegistry } from '../support/local-registry';
import { requestOf, withTools } from '../support/mirror-request';
import { withServers } from '../support/with-servers';

/** Sends blobs byte by byte, for ever. */
class DrippingRegistry extends LocalRegistry {
  protected async handle(exchange: Exchange): Promise<void> {
    if (exchange.method !== 'GET' || !exchange.path.includes('/blobs/')) return super.handle(exchange);
    return exchange.reply(200, { 'content-length': '1000000' }, Readable.from(drops(exchange), { objectMode: false }));
  }
}

async function* drops({ request }: Exchange): AsyncGenerator<Buffer> {
  while (!request.socket.destroyed) {
    yield Buffer.from('x');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const [slow, healthy, target] = withServers(new DrippingRegistry(), new LocalRegistry(), new LocalRegistry());
const SLOW_IMAGES = 9;
const HEALTHY = singleImage({ seed: 'healthy', layers: 3 });
let finished: MirrorResult[];

beforeEach(() => {
  finished = [];
  healthy.push('app', '1.0.0', HEALTHY);
  for (let index = 0; index < SLOW_IMAGES; index++) slow.push(`app${index}`, '1.0.0', singleImage({ seed: `slow ${index}`, layers: 3 }));
});

/** Mirrors the images of the slow registry, and the healthy image last. */
function run(tools: Partial<MirrorTools>): Promise<MirrorResult[]> {
  const sources = [...Array.from({ length: SLOW_IMAGES }, (_, index) => `${slow.host}/app${index}:1.0.0`), `${healthy.host}/app:1.0.0`];
  const requests = sources.map((source, index) => requestOf(source, `${target.host}/mirror/app${index}:1.0.0`, { referrers: false }));
  return withTools((all) => mirrorAll(requests.map(planRequest), all, {
    onResult: (result) => {
      finished.push(result);
      return result;
    },
  }), tools);
}

/** The healthy image is done first, while the others still wait. */
function expectHealthyFirst(): void {
  expect(finished[0]).toMatchObject({ source: `${healthy.host}/app:1.0.0`, outcome: 'copied', targetDigest: HEALTHY.digest });
}

test('an image is copied while another registry sends its blobs byte by byte', async () => {
  const transport = new Transport({ throughputWindow: 2_000 });
  const results = await run({ transport, retry: { attempts: 1, firstPause: 1, maxPause: 1 } });
  expect(finished.at(-1)!.source).not.toBe(`${healthy.host}/app:1.0.0`);
  expect(results.at(-1)).toMatchObject({ outcome: 'copied', targetDigest: HEALTHY.digest });
  for (const result of results.slice(0, -1)) {
    expect(result).toMatchObject({ outcome: 'failed', reason: 'network', message: expect.stringMatching(/sent only [0-9]+ bytes in [0-9]+ seconds/) });
  }
});

test('an image is copied while another registry asks to wait for ten minutes', async () => {
  slow.fail({ match: { method: 'GET' }, action: Fault.status(429, { 'retry-after': '600' }), times: 10_000 });
  const stop = new AbortController();
  const running = run({ signal: stop.signal, deadline: Date.now() + 3_600_000, retry: { attempts: 3, firstPause: 1, maxPause: 1 } });
  while (finished.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  expectHealthyFirst();
  stop.abort();
  expect((await running).slice(0, -1).every(({ reason }) => reason === 'interrupted')).toBe(true);
});

test('an image of the slow registry itself holds no transfer while it waits for its next try', async () => {
  slow.fail({ match: { method: 'GET', path: '/blobs/' }, action: Fault.status(503, { 'retry-after': '600' }), times: 10_000 });
  const limits = { ...sharedLimits(), transfers: new TransferLimit() };
  const stop = new AbortController();
  const running = run({ limits, signal: stop.signal, deadline: Date.now() + 3_600_000 });
  // More blobs are asked for than transfers exist, so the first ones gave their permits back.
  while (slow.count({ method: 'GET', path: '/blobs/' }) <= FIRST_TRANSFERS) await new Promise((resolve) => setTimeout(resolve, 10));
  stop.abort();
  await running;
});
