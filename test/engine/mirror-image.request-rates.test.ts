/** Limits of the requests to an upstream registry. */
import { setTimeout as sleep } from 'node:timers/promises';
import { listTags } from '../../src/engine/list-tags';
import { mirrorAll } from '../../src/engine/mirror-all';
import { planRequest } from '../../src/engine/mirror-plan';
import { RequestRate } from '../../src/engine/registry/request-rate';
import { UpstreamSettings } from '../../src/engine/registry/upstream-settings';
import { parseImageReference } from '../../src/image/image-reference';
import { BearerRegistry } from '../support/bearer-registry';
import { BlobStorageHost } from '../support/blob-storage-host';
import { Fault } from '../support/fault';
import { multiPlatformImage, singleImage } from '../support/fixture-images';
import { LocalRegistry } from '../support/local-registry';
import { requestOf, withTools } from '../support/mirror-request';
import { mirror } from '../support/mirroring';
import { withServers } from '../support/with-servers';

const IMAGE = multiPlatformImage();
const storage = new BlobStorageHost();
const [upstream, target] = withServers(new BearerRegistry({ blobStorage: storage }), new LocalRegistry(), storage);

/** Counts the turns, and pauses for none. */
class CountedRate extends RequestRate {
  turns = 0;

  constructor() {
    super(1);
  }

  override async turn(): Promise<void> {
    this.turns++;
  }
}

/** Settings with a limit for one registry. */
class LimitedUpstream extends UpstreamSettings {
  constructor(private readonly registry: string, private readonly rate: RequestRate) {
    super();
  }

  override requestRate(registry: string): RequestRate | undefined {
    return registry === this.registry ? this.rate : undefined;
  }
}

let rate: CountedRate;
beforeEach(() => {
  rate = new CountedRate();
});

/** The requests that the upstream registry got, without those to its token service. */
function received(): number {
  return upstream.requests.filter(({ path }) => path !== '/token').length;
}

test('all requests to the registry wait for a turn, and downloads from the host of a redirect do not', async () => {
  upstream.push('app', '1', IMAGE);
  const upstreams = new LimitedUpstream(upstream.host, rate);
  const result = await mirror(`${upstream.host}/app:1`, `${target.host}/mirror/app:1`, { upstreams, referrers: true });
  expect(result).toMatchObject({ outcome: 'copied', requests: { source: received() + storage.requests.length } });
  expect(storage.requests.length).toBeGreaterThan(0);
  expect(rate.turns).toBe(received());
});

test('retries wait for a turn too', async () => {
  upstream.push('app', '1', singleImage());
  upstream.fail({ match: { method: 'HEAD', path: '/v2/app/manifests/1' }, action: Fault.status(503), times: 2 });
  await mirror(`${upstream.host}/app:1`, `${target.host}/mirror/app:1`, { upstreams: new LimitedUpstream(upstream.host, rate) });
  expect(upstream.requests.filter(({ status }) => status === 503)).toHaveLength(2);
  expect(rate.turns).toBe(received());
});

test('the target of a copy has no limit, even with settings for its registry', async () => {
  upstream.push('app', '1', IMAGE);
  const upstreams = new LimitedUpstream(target.host, rate);
  expect(await mirror(`${upstream.host}/app:1`, `${target.host}/mirror/app:1`, { upstreams })).toMatchObject({ outcome: 'copied' });
  expect(rate.turns).toBe(0);
});

test('the images of a run and lists of tags share one limit', async () => {
  const names = ['a', 'b', 'c'];
  for (const name of names) upstream.push(name, '1', singleImage({ seed: name }));
  const upstreams = new LimitedUpstream(upstream.host, rate);
  await withTools(async (tools) => {
    const plan = names.map((name) => planRequest(requestOf(`${upstream.host}/${name}:1`, `${target.host}/${name}:1`)));
    const results = await mirrorAll(plan, { ...tools, upstreams }, { onResult: (result) => result });
    expect(results.map(({ outcome }) => outcome)).toEqual(['copied', 'copied', 'copied']);
    await listTags(parseImageReference(`${upstream.host}/a`), { patterns: ['*'] }, { ...tools, upstreams });
  });
  expect(rate.turns).toBe(received());
});

test('requests at an endpoint count for the registry of the endpoint', () => {
  const upstreams = new UpstreamSettings([{ registry: 'docker.io', endpoint: 'proxy.example.com/hub' }, { registry: 'proxy.example.com', requestsPerSecond: 5 }]);
  const { registry } = upstreams.locate({ registry: 'docker.io', repository: 'library/nginx' });
  expect(upstreams.requestRate(registry)).toBe(upstreams.requestRate('proxy.example.com'));
  expect(upstreams.requestRate(registry)).toBeInstanceOf(RequestRate);
});

test('an interrupted run does not wait for its turn', async () => {
  upstream.push('app', '1', IMAGE);
  const stop = new AbortController();
  const slow = new class extends RequestRate {
    override async turn(signal: AbortSignal): Promise<void> {
      stop.abort();
      await sleep(60_000, undefined, { signal });
    }
  }(1);
  const upstreams = new LimitedUpstream(upstream.host, slow);
  const result = await mirror(`${upstream.host}/app:1`, `${target.host}/mirror/app:1`, { upstreams, signal: stop.signal });
  expect(result).toMatchObject({ outcome: 'failed', reason: 'interrupted' });
  expect(received()).toBe(0);
});
