import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { mockClient } from 'aws-sdk-client-mock';
import { readLogTail } from '../../src/codebuild/build-results';

const logs = mockClient(CloudWatchLogsClient);
let said: string[];
beforeEach(() => {
  logs.reset();
  said = [];
});
afterAll(() => logs.restore());

const read = (isEnough: (lines: readonly string[]) => boolean = () => false, log = { groupName: 'group', streamName: 'stream' }) => {
  return readLogTail(new CloudWatchLogsClient({ region: 'eu-west-1' }), log, isEnough, (line) => said.push(line));
};
const events = (...messages: string[]) => messages.map((message) => ({ message }));
const requests = () => logs.commandCalls(GetLogEventsCommand).map(({ args: [{ input }] }) => input);

test('pages are read from the last one backwards, until the token is the same again', async () => {
  logs.on(GetLogEventsCommand)
    .resolvesOnce({ events: events('c\n', 'd\n'), nextBackwardToken: 'b/1' })
    .resolvesOnce({ events: events('a\n', 'b\n'), nextBackwardToken: 'b/0' })
    .resolves({ events: [], nextBackwardToken: 'b/0' });
  expect((await read()).filter(Boolean)).toEqual(['a', 'b', 'c', 'd']);
  expect(requests()).toEqual([undefined, 'b/1', 'b/0'].map((nextToken) => ({ logGroupName: 'group', logStreamName: 'stream', startFromHead: false, nextToken })));
});

test('no more are read than are needed', async () => {
  logs.on(GetLogEventsCommand).resolves({ events: events('last\n'), nextBackwardToken: 'b/1' });
  expect(await read((lines) => lines.includes('last'))).toContain('last');
  expect(requests()).toHaveLength(1);
});

test('an empty page is not the end', async () => {
  logs.on(GetLogEventsCommand).resolvesOnce({ events: [], nextBackwardToken: 'b/1' }).resolvesOnce({ events: events('a'), nextBackwardToken: 'b/0' }).resolves({ nextBackwardToken: 'b/0' });
  expect((await read()).filter(Boolean)).toEqual(['a']);
});

test('a log without an end is read five pages far', async () => {
  let page = 0;
  logs.on(GetLogEventsCommand).callsFake(() => ({ events: events('x\n'), nextBackwardToken: `b/${page++}` }));
  await read();
  expect(requests()).toHaveLength(5);
});

test('an event of several lines is several lines', async () => {
  logs.on(GetLogEventsCommand).resolves({ events: events('a\nb\n', 'c') });
  expect((await read()).filter(Boolean)).toEqual(['a', 'b', 'c']);
});

test('a log that cannot be read is empty, and it is said why', async () => {
  logs.on(GetLogEventsCommand).rejects(Object.assign(new Error('The specified log stream does not exist.'), { name: 'ResourceNotFoundException' }));
  expect(await read()).toEqual([]);
  expect(said).toEqual(['cannot read the log stream stream of the log group group: ResourceNotFoundException: The specified log stream does not exist.']);
});

test('what was read before a failure is kept', async () => {
  logs.on(GetLogEventsCommand).resolvesOnce({ events: events('b\n'), nextBackwardToken: 'b/1' }).rejects(new Error('no'));
  expect((await read()).filter(Boolean)).toEqual(['b']);
});

test.each([{ groupName: '', streamName: 'stream' }, { groupName: 'group', streamName: '' }])('a build without a log has no lines, and nobody is asked: %j', async (log) => {
  expect(await read(undefined, log)).toEqual([]);
  expect(requests()).toEqual([]);
});
