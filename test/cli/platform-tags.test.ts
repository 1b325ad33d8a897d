/** The command with tags of single platforms beside an image's own. */
import { Ending, runCommand } from '../support/command';
import { multiPlatformImage, singleImage } from '../support/fixture-images';
import { resultOf } from '../support/result-of';
import { withRegistries } from '../support/with-servers';

const IMAGE = multiPlatformImage();
const ARM64 = singleImage({ platform: 'linux/arm64' });
const CHANGES = { method: /POST|PUT|PATCH|DELETE/ };

const { upstream, target } = withRegistries();

beforeEach(() => {
  upstream.push('app', '1.0.0', IMAGE);
});

function run(command: 'copy' | 'check', ...options: string[]): Promise<Ending> {
  return runCommand([command, '--plain-http', ...options, `${upstream.host}/app:1.0.0`, `${target.host}/mirror/app`]);
}

test('copy puts a tag for each platform that it is told, and names them in its result', async () => {
  const ending = await run('copy', '--json', '--platform-tags', 'linux/arm64,linux/amd64');
  expect([ending.code, resultOf(ending)]).toMatchObject([0, { outcome: 'copied', platformTags: ['1.0.0-linux-arm64', '1.0.0-linux-amd64'] }]);
  expect(target.tagDigest('mirror/app', '1.0.0')).toBe(IMAGE.digest);
  expect(target.repository('mirror/app').find('1.0.0-linux-arm64')!.bytes).toEqual(ARM64.bytes);
});

test('copy names them to people', async () => {
  const { stderr } = await run('copy', '--platform-tags', 'linux/arm64');
  expect(stderr.trimEnd().split('\n').at(-1)).toContain(`copied: ${target.host}/mirror/app:1.0.0@${IMAGE.digest}, with 1.0.0-linux-arm64, `);
});

test('copy names none in its result where none are asked for', async () => {
  expect(resultOf(await run('copy', '--json'))).not.toHaveProperty('platformTags');
});

test('check tells that a tag is missing beside an image that is there, and puts none', async () => {
  await run('copy');
  target.resetRequests();
  const ending = await run('check', '--platform-tags', 'linux/arm64');
  expect(ending.code).toBe(0);
  expect(ending.stderr).toContain(`1.0.0-linux-arm64 does not name ${ARM64.digest} yet`);
  expect(ending.stderr).toMatch(/^would copy .*, with 1\.0\.0-linux-arm64$/m);
  expect(target.count(CHANGES)).toBe(0);
});

test('check tells that an image is there with its tags', async () => {
  await run('copy', '--platform-tags', 'linux/arm64');
  const { stderr } = await run('check', '--platform-tags', 'linux/arm64');
  expect(stderr).toMatch(/^unchanged: .*, with 1\.0\.0-linux-arm64$/m);
});

test('copy of an image that lacks a platform fails, names those that it has, and puts nothing', async () => {
  const ending = await run('copy', '--platform-tags', 'linux/s390x');
  expect(ending.code).toBe(1);
  expect(ending.stderr).toMatch(/^failed: .* has no image for linux\/s390x; it has linux\/amd64, linux\/arm64$/m);
  expect(target.count(CHANGES)).toBe(0);
});

test.each([
  ['a platform that is none', ['--platform-tags', 'arm64'], /^error: .*linux\/amd64,linux\/arm64/m],
  ['a platform that is left out', ['--platform', 'linux/amd64', '--platform-tags', 'linux/arm64'], /^error: --platform-tags: only linux\/amd64 is mirrored, so there is no image for a tag of linux\/arm64; /m],
])('%s is an error before anything is asked', async (_, options, message) => {
  const ending = await run('copy', ...options);
  expect([ending.code, ending.stdout]).toEqual([2, '']);
  expect(ending.stderr).toMatch(message);
  expect([upstream.count(), target.count()]).toEqual([0, 0]);
});
