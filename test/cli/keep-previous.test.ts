/** The command with previous images of a floating tag. */
import { Ending, runCommand } from '../support/command';
import { singleImage } from '../support/fixture-images';
import { resultOf } from '../support/result-of';
import { withRegistries } from '../support/with-servers';

const [OLD, NEW] = ['old', 'new'].map((seed) => singleImage({ seed }));
const NAME = 'mirror.previous.stable.1';

const { upstream, target } = withRegistries();

beforeEach(() => {
  upstream.push('app', 'stable', NEW);
  target.push('mirror/app', 'stable', OLD);
});

function run(command: 'copy' | 'check', ...options: string[]): Promise<Ending> {
  return runCommand([command, '--plain-http', ...options, `${upstream.host}/app:stable`, `${target.host}/mirror/app`]);
}

test('copy keeps the image that a floating tag leaves, and names its tag', async () => {
  const { stderr } = await run('copy', '--keep-previous', '10');
  expect(stderr.trimEnd().split('\n').at(-1)).toContain(`@${NEW.digest}, the previous image is ${NAME}, `);
  expect(target.tagDigest('mirror/app', NAME)).toBe(OLD.digest);
});

test.each([['copy', []], ['copy', ['--keep-previous', '0']], ['check', ['--keep-previous', '10']]] as const)('%s %j keeps none', async (command, options) => {
  const ending = await run(command, '--json', ...options);
  expect([ending.code, resultOf(ending)]).toMatchObject([0, { outcome: 'copied' }]);
  expect(resultOf(ending)).not.toHaveProperty('keptAs');
  expect(target.tagDigest('mirror/app', NAME)).toBeUndefined();
});

test.each(['-1', '1.5', '10001', 'ten'])('%s is not a number of images', async (count) => {
  const { code, stderr } = await run('copy', `--keep-previous=${count}`);
  expect([code, stderr]).toEqual([2, expect.stringContaining('It must be a whole number, 0 to 10000.')]);
});
