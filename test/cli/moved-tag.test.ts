/** A fixed tag that upstream has moved, where nobody says what to do about it. */
import { Ending, runCommand } from '../support/command';
import { singleImage } from '../support/fixture-images';
import { resultOf } from '../support/result-of';
import { withRegistries } from '../support/with-servers';

const FIRST = singleImage({ seed: 'first' });
const SECOND = singleImage({ seed: 'second' });

const { upstream, target } = withRegistries();

beforeEach(() => {
  upstream.push('app', '1.0.0', SECOND);
  target.push('mirror/app', '1.0.0', FIRST);
});

function run(command: string, ...options: string[]): Promise<Ending> {
  return runCommand([command, '--plain-http', ...options, `${upstream.host}/app:1.0.0`, `${target.host}/mirror/app`]);
}

test.each(['copy', 'check'])('%s is tag-moved and exits with 1', async (command) => {
  const ending = await run(command, '--json');
  expect([ending.code, resultOf(ending)]).toMatchObject([1, { outcome: 'tag-moved', reason: 'immutable-tag', sourceDigest: SECOND.digest, targetDigest: FIRST.digest }]);
  expect(target.tagDigest('mirror/app', '1.0.0')).toBe(FIRST.digest);
  expect(target.count({ method: /POST|PUT|PATCH|DELETE/ })).toBe(0);
});

test.each(['copy', 'check'])('%s says so to people in one line', async (command) => {
  const { stdout, stderr } = await run(command);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^tag-moved: upstream moved /m);
});

test('check says under suffix what the target would hold', async () => {
  const { code, stderr } = await run('check', '--on-tag-moved', 'suffix');
  expect(code).toBe(0);
  expect(stderr).toContain('would hold the second as 1.0.0-');
});

test('the help tells the default in the word that is written', async () => {
  expect((await runCommand(['copy', '--help'])).stdout).toMatch(/--on-tag-moved[^]*default:\s+fail\)/);
});
