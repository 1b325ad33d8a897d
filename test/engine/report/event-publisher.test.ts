import type { EventDestination, EventPublisher as Publisher } from '../../../src/engine/report/event-publisher';
import type { MirrorResult, Outcome } from '../../../src/engine/result';
import { EVENT_DETAIL_TYPE, EVENT_SOURCE } from '../../../src/image/contract/events-and-metrics';
import { bundledModule } from '../../support/bundled-module';
import { Fault } from '../../support/fault';
import { LocalEventBridge } from '../../support/local-event-bridge';
import { withEnvironment } from '../../support/with-environment';

const { EventPublisher } = bundledModule('report/event-publisher.ts') as { EventPublisher: typeof Publisher };

const BUS = 'arn:aws:events:eu-west-1:123456789012:event-bus/default';
const DESTINATION = { eventBus: BUS, region: 'eu-west-1' };
const BUILD = 'arn:aws:codebuild:eu-west-1:123456789012:build/Mirror:00000000-0000-4000-8000-000000000001';
const RESULT: MirrorResult = {
  source: 'docker.io/library/nginx:stable',
  target: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/nginx:stable',
  outcome: 'copied',
  sourceDigest: `sha256:${'a'.repeat(64)}`,
  targetDigest: `sha256:${'a'.repeat(64)}`,
  bytesCopied: 12,
  blobsCopied: 3,
  blobsSkipped: 4,
  referrersCopied: 0,
  requests: { source: 5, target: 6 },
  countedPulls: 7,
  seconds: 8.9,
};
withEnvironment();

let bridge: LocalEventBridge;

async function publishResult(result: MirrorResult, destination: EventDestination, deadline = Date.now() + 60_000): Promise<string | undefined> {
  const publisher = new EventPublisher(destination);
  return publisher.publish(result, deadline).finally(() => publisher.close());
}

beforeEach(async () => {
  bridge = await new LocalEventBridge().start();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_EVENTBRIDGE: bridge.url,
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'example-secret-key',
    AWS_MAX_ATTEMPTS: '1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    NO_PROXY: '*',
  });
});
afterEach(async () => {
  await bridge.close();
});

test('a result is one event on the bus, and nothing is wrong', async () => {
  expect(await publishResult(RESULT, DESTINATION)).toBeUndefined();
  expect(bridge.events).toEqual([{ source: EVENT_SOURCE, detailType: EVENT_DETAIL_TYPE.MIRRORED, detail: { version: '1', ...RESULT }, eventBusName: BUS, resources: [] }]);
});

test.each([
  ['eu-west-1', 'events.eu-west-1.amazonaws.com'],
  ['cn-north-1', 'events.cn-north-1.amazonaws.com.cn'],
])('in %s, no proxy is used when NO_PROXY contains %s', async (region, host) => {
  // Nothing listens on that port, so an event that arrives did not go through the proxy.
  Object.assign(process.env, { HTTPS_PROXY: 'http://127.0.0.1:1', NO_PROXY: host });
  expect(await publishResult(RESULT, { eventBus: BUS, region })).toBeUndefined();
  expect(bridge.events).toHaveLength(1);
});

test.each<[Outcome, string]>([
  ['copied', 'Image Mirrored'],
  ['unchanged', 'Image Unchanged'],
  ['tag-moved', 'Upstream Tag Moved'],
  ['failed', 'Image Mirror Failed'],
])('the outcome %s is the event %s', async (outcome, detailType) => {
  await publishResult({ ...RESULT, outcome }, DESTINATION);
  expect(bridge.events.map((event) => event.detailType)).toEqual([detailType]);
});

test('the reason and the message of a failure are in the event', async () => {
  await publishResult({ ...RESULT, outcome: 'failed', reason: 'rate-limited', message: 'slow down' }, DESTINATION);
  expect(bridge.events[0].detail).toMatchObject({ reason: 'rate-limited', message: 'slow down' });
});

test('the build that tells is the resource of its event', async () => {
  await publishResult(RESULT, { ...DESTINATION, buildArn: BUILD });
  expect(bridge.events[0].resources).toEqual([BUILD]);
});

test('a bus may be called by its name', async () => {
  await publishResult(RESULT, { ...DESTINATION, eventBus: 'platform' });
  expect(bridge.events[0].eventBusName).toBe('platform');
});

test('an entry that EventBridge refuses is told', async () => {
  bridge.refuseWith = 'ThrottlingException';
  expect(await publishResult(RESULT, DESTINATION)).toBe('the event was not put: ThrottlingException: refused on purpose');
});

test('a request that EventBridge refuses is told in one line', async () => {
  bridge.fail({ action: Fault.status(400, { 'content-type': 'application/x-amz-json-1.1' }, JSON.stringify({ __type: 'AccessDeniedException', message: 'not authorized\nFORGED' })) });
  expect(await publishResult(RESULT, DESTINATION)).toBe('the event was not put: not authorized\\u000aFORGED');
});

test('a bus that nobody answers for is told', async () => {
  bridge.fail({ action: Fault.reset() });
  expect(await publishResult(RESULT, DESTINATION)).toMatch(/^the event was not put: ./);
});

test('a machine without credentials of AWS is told so', async () => {
  delete process.env.AWS_ACCESS_KEY_ID;
  delete process.env.AWS_SECRET_ACCESS_KEY;
  expect(await publishResult(RESULT, DESTINATION)).toMatch(/^the event was not put: .*credentials/i);
  expect(bridge.count()).toBe(0);
});

test('what is told holds no secret key', async () => {
  bridge.fail({ action: Fault.status(500, {}, 'broken') });
  expect(await publishResult(RESULT, DESTINATION)).not.toContain('example-secret-key');
});

test('a bus that does not respond is given up at the deadline', async () => {
  bridge.fail({ action: Fault.stall() });
  expect(await publishResult(RESULT, DESTINATION, Date.now() + 100)).toBe('the event was not put: EventBridge did not respond in time');
});

test('the results of a run share a connection', async () => {
  const publisher = new EventPublisher(DESTINATION);
  for (const _ of [1, 2, 3]) expect(await publisher.publish(RESULT, Date.now() + 60_000)).toBeUndefined();
  await publisher.close();
  expect([bridge.events.length, bridge.connectionCount]).toEqual([3, 1]);
});
