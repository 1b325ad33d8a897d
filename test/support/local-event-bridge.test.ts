import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { LocalEventBridge } from './local-event-bridge';

let bus: LocalEventBridge;
let client: EventBridgeClient;

beforeEach(async () => {
  bus = await new LocalEventBridge().start();
  client = new EventBridgeClient({ endpoint: bus.url, region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
});

afterEach(async () => {
  client.destroy();
  expect(bus.errors).toEqual([]);
  await bus.close();
});

const ENTRY = { Source: 'cdk-ecr-mirror', DetailType: 'Image Mirrored', Detail: '{"outcome":"copied"}', EventBusName: 'platform' };

test('records what the AWS SDK puts', async () => {
  const { FailedEntryCount, Entries } = await client.send(new PutEventsCommand({ Entries: [ENTRY] }));
  expect(FailedEntryCount).toBe(0);
  expect(Entries).toHaveLength(1);
  expect(bus.events).toEqual([
    { source: 'cdk-ecr-mirror', detailType: 'Image Mirrored', detail: { outcome: 'copied' }, eventBusName: 'platform', resources: [] },
  ]);
});

test.each([
  ['a detail that is no JSON', { ...ENTRY, Detail: 'copied' }, 'MalformedDetail'],
  ['a missing source', { ...ENTRY, Source: '' }, 'InvalidArgument'],
  ['a detail over 256 KB', { ...ENTRY, Detail: JSON.stringify({ text: 'x'.repeat(256 * 1024) }) }, 'InvalidArgument'],
])('refuses %s with a 200 answer', async (_, entry, code) => {
  const { FailedEntryCount, Entries } = await client.send(new PutEventsCommand({ Entries: [entry] }));
  expect(FailedEntryCount).toBe(1);
  expect(Entries![0].ErrorCode).toBe(code);
  expect(bus.events).toEqual([]);
});

test('refuses entries as it is told', async () => {
  bus.refuseWith = 'ThrottlingException';
  expect((await client.send(new PutEventsCommand({ Entries: [ENTRY] }))).Entries![0].ErrorCode).toBe('ThrottlingException');
});
