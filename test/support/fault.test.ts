import { Fault, FaultRule } from './fault';
import { digestOf, generatedBlob } from './fixture-blob';
import { LocalRegistry } from './local-registry';
import { withServers } from './with-servers';

const BLOB = generatedBlob('faults', 300_000);
const [registry] = withServers(new LocalRegistry());
let url: string;

beforeEach(() => {
  registry.repository('app').blobs.set(BLOB.digest, BLOB);
  url = `${registry.url}/v2/app/blobs/${BLOB.digest}`;
});

/** How a request ended: the digest of what arrived, or the code of its error. */
async function get(rule: Partial<FaultRule> & Pick<FaultRule, 'action'>): Promise<string> {
  registry.fail(rule);
  return ending();
}

async function ending(init: RequestInit = {}): Promise<string> {
  try {
    return digestOf(Buffer.from(await (await fetch(url, init)).arrayBuffer()));
  } catch (error) {
    return (error as { cause: { code: string } }).cause.code;
  }
}

test('resets the connection before an answer', async () => {
  expect(await get({ action: Fault.reset() })).toBe('ECONNRESET');
  expect(registry.requests[0].fault).toBe('reset');
  expect(registry.requests[0].status).toBeUndefined();
});

test('resets the connection in mid-body', async () => {
  // A kernel may hand out what arrived and then say either "reset" or "closed".
  expect(['ECONNRESET', 'UND_ERR_SOCKET']).toContain(await get({ action: Fault.resetBody(70_000) }));
  expect(registry.requests[0].sentBytes).toBe(70_000);
});

test('closes the connection short of the announced length', async () => {
  expect(await get({ action: Fault.truncate(70_000) })).toBe('UND_ERR_SOCKET');
});

test('flips one byte and keeps the length', async () => {
  registry.fail({ action: Fault.flipByte(100_000) });
  const received = Buffer.from(await (await fetch(url)).arrayBuffer());
  const intact = Buffer.from(await (await fetch(url)).arrayBuffer());
  expect(received.length).toBe(BLOB.size);
  expect([...received.keys()].filter((index) => received[index] !== intact[index])).toEqual([100_000]);
});

test('stalls until the client gives up', async () => {
  const controller = new AbortController();
  const arrived = new Promise<void>((resolve) => registry.fail({ action: Fault.stall(), onHit: resolve }));
  const answer = fetch(url, { signal: controller.signal });
  await arrived;
  expect(await ending()).toBe(BLOB.digest); // the second request is answered, the first is not
  expect(registry.requests.map(({ status }) => status)).toEqual([undefined, 200]);
  controller.abort();
  await expect(answer).rejects.toThrow('aborted');
});

test('stalls in mid-body, and a closing server frees the client', async () => {
  registry.fail({ action: Fault.stallBody(50_000) });
  const answer = await fetch(url);
  const reader = answer.body!.getReader();
  let received = 0;
  while (received < 50_000) received += (await reader.read()).value?.length ?? 0;
  const rest = reader.read();
  await registry.close();
  await expect(rest).rejects.toThrow();
});

test('holds a request until a promise is kept, and then carries it out', async () => {
  let release = () => {};
  registry.fail({ action: Fault.hold(new Promise<void>((resolve) => { release = resolve; })) });
  const held = ending();
  expect(await ending()).toBe(BLOB.digest); // the second request overtakes the first
  release();
  expect(await held).toBe(BLOB.digest);
  expect(registry.mostConcurrent).toBe(2);
});

test('answers with a status, headers and a body of its own', async () => {
  registry.fail({ action: Fault.status(429, { 'retry-after': '7' }, 'slow down') });
  const answer = await fetch(url);
  expect([answer.status, answer.headers.get('retry-after'), await answer.text()]).toEqual([429, '7', 'slow down']);
});

test('claims another digest', async () => {
  registry.fail({ action: Fault.wrongDigest() });
  expect((await fetch(url)).headers.get('docker-content-digest')).toMatch(/^sha256:0{64}$/);
});

test('announces more bytes than there are', async () => {
  expect(await get({ action: Fault.wrongLength(BLOB.size + 1) })).toBe('UND_ERR_SOCKET');
});

test('announces fewer bytes than there are, and the rest is no answer to anything', async () => {
  registry.fail({ action: Fault.wrongLength(100_000) });
  const received = Buffer.from(await (await fetch(url)).arrayBuffer());
  expect(received.length).toBe(100_000);
  expect(await ending()).toBe(BLOB.digest);
});

test('tells that a request is hit before it is carried out, and then lets it pass', async () => {
  const seen: boolean[] = [];
  registry.fail({ action: Fault.pass(), onHit: () => seen.push(registry.repository('app').blobs.delete(BLOB.digest)) });
  expect([(await fetch(url)).status, seen]).toEqual([404, [true]]);
  expect(registry.requests[0].fault).toBe('pass');
});

test('resets the connection while it receives, and stores nothing', async () => {
  registry.fail({ match: { method: 'POST' }, action: Fault.resetWhileReceiving(1) });
  const upload = fetch(`${registry.url}/v2/new/blobs/uploads/?digest=${digestOf('hello')}`, { method: 'POST', body: 'hello' });
  await expect(upload).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
  expect(registry.exists('new')).toBe(false);
});

test('carries a request out and loses the answer', async () => {
  registry.fail({ match: { method: 'POST' }, action: Fault.loseResponse() });
  const upload = fetch(`${registry.url}/v2/new/blobs/uploads/?digest=${digestOf('hello')}`, { method: 'POST', body: 'hello' });
  await expect(upload).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
  expect(registry.repository('new').blobs.has(digestOf('hello'))).toBe(true);
});

test('hits only what matches, after what it skips, and as often as it is told', async () => {
  const hits = registry.fail({ match: { method: 'GET', path: /\/blobs\// }, skip: 1, times: 2, action: Fault.status(503) });
  const statuses: number[] = [];
  await fetch(url, { method: 'HEAD' });
  for (let attempt = 0; attempt < 4; attempt++) statuses.push((await fetch(url)).status);
  expect(statuses).toEqual([200, 503, 503, 200]);
  expect(hits()).toBe(2);
});
