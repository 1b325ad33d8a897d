import { runCommand } from '../support/command';
import { singleImage } from '../support/fixture-images';
import { withRegistries } from '../support/with-servers';

const { upstream, target } = withRegistries();

test('copy mirrors an image and exits with 0', async () => {
  upstream.push('app', '1.0.0', singleImage());
  const { code } = await runCommand(['copy', '--plain-http', `${upstream.host}/app:1.0.0`, `${target.host}/mirror/app`]);
  expect(code).toBe(0);
  expect(target.tagDigest('mirror/app', '1.0.0')).toBe(singleImage().digest);
});
