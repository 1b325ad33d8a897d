import { Check, Context, NotChecked } from '../../verify/check';
import type { Environment } from '../../verify/environment';
import { runChecks } from '../../verify/run';

/** A check that runs a function. */
function check(id: string, ask: Check['run'] = async () => ({ seen: 'right' }), minutes = 1): Check {
  return { id, run: ask, minutes, assumption: `${id} is right.`, section: 'Amazon ECR', expected: 'right', otherwise: 'Nothing.', dollars: 0, local: true };
}

/** An environment that counts deployments and deletions. */
class CountingEnvironment implements Environment {
  readonly description = 'nowhere';
  readonly calls: string[] = [];
  failure?: Error;
  remains: string[] = [];
  deletionFailure?: Error;

  async open(signal: AbortSignal): Promise<Context> {
    this.calls.push('open');
    if (this.failure !== undefined) throw this.failure;
    return { signal, pause: async () => new Promise((resolve) => setImmediate(resolve)) } as unknown as Context;
  }

  async close(): Promise<readonly string[]> {
    this.calls.push('close');
    if (this.deletionFailure !== undefined) throw this.deletionFailure;
    return this.remains;
  }
}

async function run(checks: readonly Check[], environment = new CountingEnvironment(), { keep = false, controller = new AbortController() } = {}) {
  const said: string[] = [];
  const result = await runChecks(checks, environment, { keep, signal: controller.signal, say: (line) => said.push(line) });
  return { ...result, said, calls: environment.calls, statuses: result.results.map(({ status }) => status) };
}

test('checks run in order, and everything is deleted at the end', async () => {
  const { calls, problem, remains, results } = await run([check('first'), check('second')]);
  expect(results.map(({ check: { id }, seen, status }) => [id, seen, status])).toEqual([['first', 'right', 'as expected'], ['second', 'right', 'as expected']]);
  expect({ calls, problem, remains }).toEqual({ calls: ['open', 'close'], problem: undefined, remains: [] });
});

test('a difference, a failure, and a missing answer don\'t stop the other checks', async () => {
  const { results, statuses } = await run([
    check('differs', async () => ({ seen: 'wrong', detail: 'HTTP 500' })),
    check('fails', async () => { throw new Error('no network'); }),
    check('cannot', async () => { throw new NotChecked('not in this account'); }),
    check('works'),
  ]);
  expect(statuses).toEqual(['different', 'failed', 'not checked', 'as expected']);
  expect(results.map(({ detail }) => detail)).toEqual(['HTTP 500', 'no network', 'not in this account', undefined]);
});

test('a failed deployment is deleted too', async () => {
  const environment = new CountingEnvironment();
  environment.failure = new Error('cdk deploy failed');
  const { calls, problem, results } = await run([check('first')], environment);
  expect({ calls, problem, results }).toEqual({ calls: ['open', 'close'], problem: 'cdk deploy failed', results: [] });
});

test('an interruption ends the run without a result of the check, and everything is deleted', async () => {
  const controller = new AbortController();
  const waits: Check['run'] = async ({ signal }) => new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
    controller.abort(new Error('interrupted'));
  });
  const { calls, problem, statuses } = await run([check('first'), check('waits', waits), check('third')], undefined, { controller });
  expect({ calls, problem, statuses }).toEqual({ calls: ['open', 'close'], problem: 'interrupted', statuses: ['as expected'] });
});

test('--keep deletes nothing', async () => {
  expect((await run([check('first')], undefined, { keep: true })).calls).toEqual(['open']);
});

test('what remains is returned', async () => {
  const environment = new CountingEnvironment();
  environment.remains = ['aws ecr delete-repository'];
  expect((await run([check('first')], environment)).remains).toEqual(['aws ecr delete-repository']);
});

test('a failed deletion is reported, and the results stay', async () => {
  const environment = new CountingEnvironment();
  environment.deletionFailure = new Error('expired token');
  const { remains, said, statuses } = await run([check('first')], environment);
  expect(statuses).toEqual(['as expected']);
  expect(said).toContain('the deletion failed: expired token');
  expect(remains).toEqual([expect.stringContaining('delete the stack')]);
});

test('a check that pauses stops when it takes too long', async () => {
  const pauses: Check['run'] = async ({ pause }) => { for (;;) await pause(1); };
  // The limit is three times the duration, and five minutes.
  const { results: [{ detail, status }] } = await run([check('pauses', pauses, -5 / 3)]);
  expect({ detail, status }).toEqual({ detail: 'no answer in 0 minutes', status: 'failed' });
});
