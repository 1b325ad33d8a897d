import { RequestPace } from '../../../src/engine/copy/request-pace';
import { MirrorError } from '../../../src/engine/mirror-error';
import { registryError } from '../../../src/engine/registry/registry-error';
import { cannedResponse } from '../../support/canned-response';

const TOO_MANY = new MirrorError('rate-limited', 'too many requests', { retryable: true, overloaded: true });
let pace: RequestPace;
let sent: string[];

beforeEach(() => {
  pace = new RequestPace();
  sent = [];
});

function send(name: string, action: 'manifest' | 'upload' = 'manifest', signal = new AbortController().signal): Promise<void> {
  return pace.run(action, signal, async () => { sent.push(name); });
}

async function refuse(error: unknown): Promise<void> {
  await expect(pace.run('manifest', new AbortController().signal, async () => { throw error; })).rejects.toBe(error);
}

test('requests wait for nothing until the target refuses one as too many', async () => {
  const run = new AbortController();
  const all = ['a', 'b', 'c'].map((name) => send(name, 'manifest', run.signal));
  run.abort();
  await Promise.all(all);
  expect(sent).toEqual(['a', 'b', 'c']);
});

test('after a refusal, the next request waits for its turn, and an interrupted run does not send it', async () => {
  await refuse(TOO_MANY);
  const run = new AbortController();
  const [first, second] = [send('first', 'manifest', run.signal), send('second', 'manifest', run.signal)];
  await first;
  run.abort();
  await expect(second).rejects.toThrow('aborted');
  expect(sent).toEqual(['first']);
});

test('after a refusal, all requests are sent in their order', async () => {
  await refuse(TOO_MANY);
  await Promise.all([send('first'), send('second'), send('third')]);
  expect(sent).toEqual(['first', 'second', 'third']);
});

test.each([
  ['another error', () => refuse(new MirrorError('registry-error', 'broken', { retryable: true })), 'manifest'],
  ['a refusal of another action', () => refuse(TOO_MANY), 'upload'],
] as const)('after %s, requests wait for nothing', async (_, arrange, action) => {
  await arrange();
  const run = new AbortController();
  const all = ['a', 'b'].map((name) => send(name, action, run.signal));
  run.abort();
  await Promise.all(all);
  expect(sent).toEqual(['a', 'b']);
});

test.each([[429, true], [503, true], [500, false], [404, false]])('HTTP %d asks for fewer requests: %j', async (status, overloaded) => {
  const error = await registryError({ registry: 'registry.test', action: 'put a manifest', authenticated: true }, cannedResponse(status));
  expect(error.overloaded).toBe(overloaded);
});
