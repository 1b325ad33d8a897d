import { ClientPulls, PullReserve } from '../../../src/engine/registry/pull-reserve';
import type { HttpResponse } from '../../../src/engine/registry/transport';
import { cannedResponse } from '../../support/canned-response';

const ENDPOINT = { registry: 'docker.io', origin: 'https://registry-1.docker.io' };
let reserve: PullReserve;
let pulls: ClientPulls;

beforeEach(() => {
  reserve = new PullReserve(10);
  pulls = reserve.forClient(ENDPOINT);
});

function response(remaining: string, source = '192.0.2.1', host = 'registry-1.docker.io'): HttpResponse {
  const url = new URL(`https://${host}/v2/library/nginx/manifests/stable`);
  return { ...cannedResponse(200), url, headers: { 'ratelimit-remaining': remaining, 'docker-ratelimit-source': source } };
}

function look(client: ClientPulls, ...answer: Parameters<typeof response>): Promise<HttpResponse> {
  return client.look(async () => response(...answer));
}

/** Whether a client may pull now. */
function mayPull(client: ClientPulls): boolean {
  try {
    client.requireReserve('read manifest stable');
    return true;
  } catch {
    return false;
  }
}

test('nothing is reserved before Docker Hub says what remains', () => {
  expect(mayPull(pulls)).toBe(true);
});

test.each([['12;w=21600', true], ['11;w=21600', true], ['10;w=21600', false], ['0;w=21600', false]])('%s remain with a reserve of 10: a pull is allowed is %j', async (remaining, allowed) => {
  await look(pulls, remaining);
  expect(mayPull(pulls)).toBe(allowed);
});

test('pulls without an answer count, of all clients', async () => {
  const other = reserve.forClient(ENDPOINT);
  await look(pulls, '11');
  await look(other, '11');
  let answer: (response: HttpResponse) => void = () => undefined;
  const pending = pulls.pull(() => new Promise((resolve) => { answer = resolve; }));
  expect([mayPull(pulls), mayPull(other)]).toEqual([false, false]);
  answer(response('12'));
  await pending;
  expect([mayPull(pulls), mayPull(other)]).toEqual([true, true]);
});

test('a pull that failed does not count', async () => {
  await look(pulls, '11');
  await expect(pulls.pull(async () => { throw new Error('reset'); })).rejects.toThrow('reset');
  expect(mayPull(pulls)).toBe(true);
});

test('an answer that is late does not hide the pulls since then, and a later answer says that pulls are available again', async () => {
  let late: (response: HttpResponse) => void = () => undefined;
  const first = pulls.look(() => new Promise((resolve) => { late = resolve; }));
  await look(pulls, '10');
  late(response('50'));
  await first;
  expect(mayPull(pulls)).toBe(false);
  await look(pulls, '100');
  expect(mayPull(pulls)).toBe(true);
});

test('accounts and addresses have separate budgets', async () => {
  const other = reserve.forClient(ENDPOINT);
  await look(pulls, '5', '192.0.2.1');
  await look(other, '50', 'f2a8c2f0-0000-4000-8000-000000000000');
  expect([mayPull(pulls), mayPull(other)]).toEqual([false, true]);
});

test('the number of budgets is limited', async () => {
  for (let index = 0; index < 1000; index++) await look(reserve.forClient(ENDPOINT), '50', `source ${index}`);
  const [one, other] = [reserve.forClient(ENDPOINT), reserve.forClient(ENDPOINT)];
  await look(one, '50', 'new');
  await look(other, '5', 'x'.repeat(5000));
  expect([mayPull(one), mayPull(other)]).toEqual([false, false]);
});

test('the answer of another host after a redirect says nothing', async () => {
  await look(pulls, '5', '192.0.2.1', 'cdn.example.com');
  expect(mayPull(pulls)).toBe(true);
});
