import { Fault } from '../support/fault';
import { singleImage } from '../support/fixture-images';
import { mirror } from '../support/mirroring';
import { withRegistries } from '../support/with-servers';

const { upstream, target } = withRegistries();

test('a blob that arrives with another byte is fetched again', async () => {
  upstream.push('app', '1.0.0', singleImage());
  const hits = upstream.fail({ match: { method: 'GET', path: '/blobs/' }, action: Fault.flipByte() });
  const result = await mirror(`${upstream.host}/app:1.0.0`, `${target.host}/mirror/app:1.0.0`);
  expect([hits(), result]).toMatchObject([1, { outcome: 'copied', targetDigest: singleImage().digest }]);
});
