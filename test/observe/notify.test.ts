import { App, Duration, Fn, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sns from 'aws-cdk-lib/aws-sns';
import { ImageMirror, MirrorAlarm, MirroredImage, MirrorNotifyOptions, TagFilter } from '../../src';
import { TemplateResolver } from '../support/template-resolver';

const ALARM = 'AWS::CloudWatch::Alarm';

let app: App;
let stack: Stack;
let mirror: ImageMirror;
let topic: sns.Topic;
beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Stack');
  mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable', 'redis:7'] });
  topic = new sns.Topic(stack, 'Trouble');
});

function alarmsIn(of = stack): Record<string, any>[] {
  const exporters = of === stack ? [] : [new TemplateResolver(Template.fromStack(stack).toJSON())];
  const resolver = new TemplateResolver(Template.fromStack(of).toJSON(), undefined, exporters);
  return resolver.ids(ALARM).map((id) => resolver.properties(id));
}

/** The metrics that an alarm watches. */
function watchedBy({ Metrics }: Record<string, any>): any[] {
  return Metrics.flatMap(({ MetricStat }: any) => MetricStat?.Metric ?? []);
}

/** What CloudWatch bills for alarms: $0.10 for each metric that one watches. */
function dollarsAMonth(): number {
  return alarmsIn().flatMap(watchedBy).length / 10;
}

/** What it bills at most for metrics of one's own: $0.30 for each that its filters count. */
function dollarsForMetrics(): number {
  const own = alarmsIn().flatMap(watchedBy).filter(({ Namespace }) => Namespace.startsWith('cdk-ecr-mirror/'));
  return new Set(own.map((metric) => JSON.stringify(metric))).size * 3 / 10;
}

test('one line tells a topic of everything that may be wrong, in five alarms for $0.60 a month, and up to $0.90 for what they count', () => {
  mirror.notify(topic);
  const alarms = alarmsIn();
  expect(alarms.map(({ AlarmActions }) => AlarmActions)).toEqual(Array.from({ length: 5 }, () => [expect.stringMatching(/:Trouble/)]));
  expect(alarms.map((alarm) => watchedBy(alarm).map(({ MetricName }) => MetricName)).sort()).toEqual([
    ['ApproximateNumberOfMessagesVisible', 'InvocationDroppedCount'], ['FailedBuilds'], ['RateLimited'], ['Succeeded'], ['TagMoved'],
  ]);
  expect([dollarsAMonth(), dollarsForMetrics()]).toEqual([0.6, 0.9]);
});

test('it costs the same for a hundred images', () => {
  for (let index = 0; index < 100; index++) mirror.addImage(`python:3.${index}`, { repositoryName: `mirror/python-${index}` });
  mirror.notify(topic);
  expect([dollarsAMonth(), dollarsForMetrics()]).toEqual([0.6, 0.9]);
});

test('it costs $0.10 more where an image is customized, for there are two projects', () => {
  mirror.addImage('hashicorp/vault:1.14', { dockerfileLines: ['RUN mkdir /etc/vault'] });
  mirror.notify(topic);
  expect([dollarsAMonth(), dollarsForMetrics()]).toEqual([0.7, 0.9]);
});

describe('the alarm for held images', () => {
  const heldAlarms = () => alarmsIn().filter((alarm) => watchedBy(alarm)[0].MetricName === 'HeldHours');

  test('is there when it is asked for, and takes a time', () => {
    mirror.notify(topic, { alarms: [MirrorAlarm.HELD], heldAfter: Duration.days(10) });
    expect(heldAlarms()).toEqual([expect.objectContaining({ Threshold: 240, AlarmActions: [expect.stringMatching(/:Trouble/)] })]);
    expect([dollarsAMonth(), dollarsForMetrics()]).toEqual([0.1, 0.3]);
  });

  test('is there by default when the mirror has checks, for $0.10 a month more, and up to $0.30 for its metric', () => {
    new ImageMirror(stack, 'Checked', { repositoryPrefix: 'checked', images: ['nginx:stable'], admission: { minimumAge: Duration.days(3) } }).notify(topic);
    expect([alarmsIn().length, heldAlarms().length]).toEqual([6, 1]);
    expect(dollarsAMonth()).toBeCloseTo(0.7, 10);
    expect(dollarsForMetrics()).toBeCloseTo(1.2, 10);
  });

  test('is not there by default when the mirror has no checks, or only its images', () => {
    mirror.addImage('postgres:16', { admission: { minimumAge: Duration.days(3) } });
    mirror.notify(topic);
    expect([alarmsIn().length, heldAlarms().length]).toEqual([5, 0]);
  });

  test('gets its time once', () => {
    mirror.notify(topic, { alarms: [MirrorAlarm.HELD] });
    expect(() => mirror.notify(topic, { alarms: [MirrorAlarm.HELD], heldAfter: Duration.days(2) }))
      .toThrow('an earlier call of notify() has defined the held alarm "Stack/Mirror/Alarms/Held"; set heldAfter in the first call only');
  });
});

test('each alarm links a procedure of its own', () => {
  mirror.notify(topic);
  const links = alarmsIn().map(({ AlarmDescription }) => /https:\/\/\S+\/docs\/runbook\.md#\S+$/.exec(AlarmDescription)?.[0]);
  expect(new Set(links).size).toBe(5);
  expect(links).not.toContain(undefined);
});

test('images have alarms of their own where their owner asks for them, two each', () => {
  const filtered = mirror.addImage('python', { tags: TagFilter.semver('3.x') });
  mirror.notify(topic, { images: [mirror.image('redis:7'), filtered] });
  const ofImages = alarmsIn().flatMap(watchedBy).filter(({ Dimensions = [] }) => Dimensions[0]?.Name === 'Repository');
  expect(ofImages.map(({ MetricName, Dimensions }) => [MetricName, ...Dimensions.map(({ Value }: any) => Value)]).sort()).toEqual([
    ['Failed', 'mirror/python'], ['Failed', 'mirror/redis', '7'], ['Succeeded', 'mirror/python'], ['Succeeded', 'mirror/redis', '7'],
  ]);
  expect(dollarsAMonth()).toBe(0.6 + 2 * 0.2);
  expect(dollarsForMetrics()).toBeCloseTo(0.9 + 2 * 0.6, 10);
});

test('those of a customized image cost twice as much', () => {
  const vault = mirror.addImage('hashicorp/vault:1.14', { dockerfileLines: ['RUN mkdir /etc/vault'] });
  mirror.notify(topic, { images: [vault] });
  expect(dollarsAMonth()).toBeCloseTo(0.7 + 0.4, 10);
  expect(dollarsForMetrics()).toBeCloseTo(0.9 + 1.2, 10);
});

test('those of an image in another stack are there', () => {
  const team = new Stack(app, 'Team');
  const image = new MirroredImage(team, 'Image', { mirror, image: 'grafana/grafana:11.1.0' });
  mirror.notify(topic, { images: [image], alarms: [MirrorAlarm.FAILED] });
  expect(alarmsIn()).toHaveLength(1);
  expect(alarmsIn(team)).toEqual([expect.objectContaining({ AlarmActions: [expect.stringMatching(/:Trouble/)] })]);
});

test.each<[MirrorAlarm[], number]>([[[], 0], [[MirrorAlarm.TAG_MOVED], 1], [[MirrorAlarm.FAILED, MirrorAlarm.NOT_STARTED], 2]])('the alarms %j are %d, and no others', (alarms, count) => {
  expect(mirror.notify(topic, { alarms })).toHaveLength(count);
  expect(alarmsIn()).toHaveLength(count);
});

test('called again, it tells a second topic too, and defines nothing anew', () => {
  const second = new sns.Topic(stack, 'Second');
  const alarms = mirror.notify(topic, { staleAfter: Duration.days(2) });
  expect(mirror.notify(second)).toEqual(alarms);
  expect(alarmsIn().map(({ AlarmActions }) => AlarmActions.length)).toEqual([2, 2, 2, 2, 2]);
  expect(alarmsIn().filter((alarm) => watchedBy(alarm)[0].MetricName === 'Succeeded')).toEqual([expect.objectContaining({ EvaluationPeriods: 48 })]);
});

test('the time until something is stale is set once', () => {
  mirror.notify(topic);
  expect(() => mirror.notify(topic, { staleAfter: Duration.days(2) })).toThrow('set staleAfter in the first call only');
});

test('a topic of another account or app is told by its ARN', () => {
  mirror.notify(sns.Topic.fromTopicArn(stack, 'Imported', 'arn:aws:sns:eu-west-1:999999999999:trouble'), { alarms: [MirrorAlarm.FAILED] });
  expect(alarmsIn()[0].AlarmActions).toEqual(['arn:aws:sns:eu-west-1:999999999999:trouble']);
});

describe('a topic of another Region', () => {
  const arn = (region: string, account = '111122223333') => `arn:aws:sns:${region}:${account}:trouble`;
  let own: ImageMirror;
  beforeEach(() => {
    own = new ImageMirror(new Stack(app, 'Ireland', { env: { account: '111122223333', region: 'eu-west-1' } }), 'Mirror', { images: ['nginx:stable'] });
  });

  test('cannot be told, in words', () => {
    const message = 'is in the Region "us-east-1", but the mirror and its alarms are in "eu-west-1"; pass a topic in "eu-west-1"';
    expect(() => own.notify(sns.Topic.fromTopicArn(own, 'Imported', arn('us-east-1')))).toThrow(message);
    const virginia = new Stack(app, 'Virginia', { env: { account: '111122223333', region: 'us-east-1' } });
    expect(() => own.notify(new sns.Topic(virginia, 'Trouble', { topicName: 'trouble' }))).toThrow(`the topic "Virginia/Trouble" ${message}`);
  });

  test('is no topic of another account, and none of a Region that is not known', () => {
    own.notify(sns.Topic.fromTopicArn(own, 'Imported', arn('eu-west-1', '999999999999')));
    own.notify(sns.Topic.fromTopicArn(own, 'Unknown', Fn.importValue('Topic')));
    mirror.notify(sns.Topic.fromTopicArn(stack, 'Known', arn('us-east-1')));
    expect(alarmsIn()).toHaveLength(5);
  });
});

describe('a topic in another stack', () => {
  let team: Stack;
  beforeEach(() => {
    team = new Stack(app, 'Team');
  });
  const addImage = () => new MirroredImage(team, 'Image', { mirror, image: 'grafana/grafana:11.1.0' });

  test.each(['before', 'after'])('with images of the mirror, added %s the call, is an error that says what to do', (order) => {
    if (order === 'before') addImage();
    mirror.notify(new sns.Topic(team, 'Trouble'));
    if (order === 'after') addImage();
    expect(() => app.synth()).toThrow('the mirror\'s stack "Stack" would depend on the topic "Team/Trouble" in the stack "Team", which has images of the mirror and depends on the mirror\'s stack: '
      + 'a cyclic reference; define the topic in the mirror\'s stack, or in a stack without images of the mirror');
  });

  test('without images is told', () => {
    mirror.notify(new sns.Topic(team, 'Trouble'));
    app.synth();
    expect(stack.dependencies).toEqual([team]);
  });

  test('with images is told when the topic is imported there, or of those images alone', () => {
    const image = addImage();
    mirror.notify(sns.Topic.fromTopicArn(team, 'Imported', 'arn:aws:sns:eu-west-1:999999999999:trouble'));
    image.alarmFailed('Alarm').addAlarmAction(new actions.SnsAction(new sns.Topic(team, 'Own')));
    app.synth();
    expect(stack.dependencies).toEqual([]);
  });
});

test('further actions can be added to what it returns', () => {
  const handler = new lambda.Function(stack, 'Handler', { code: lambda.Code.fromInline('exports.handler = () => {}'), handler: 'index.handler', runtime: lambda.Runtime.NODEJS_LATEST });
  for (const alarm of mirror.notify(topic, { alarms: [MirrorAlarm.FAILED] })) {
    alarm.addAlarmAction(new actions.LambdaAction(handler));
    alarm.addOkAction(new actions.SnsAction(topic));
  }
  expect(alarmsIn()).toEqual([expect.objectContaining({ AlarmActions: [expect.any(String), expect.stringContaining('function:')], OKActions: [expect.any(String)] })]);
});

test('logical ids do not depend on the order of calls', () => {
  const ids = (...calls: MirrorNotifyOptions['alarms'][]) => {
    const own = new Stack(new App(), 'Stack');
    const ownMirror = new ImageMirror(own, 'Mirror', { images: ['nginx:stable'] });
    const ownTopic = new sns.Topic(own, 'Trouble');
    for (const alarms of calls) ownMirror.notify(ownTopic, { alarms });
    return Object.keys(Template.fromStack(own).findResources(ALARM)).sort();
  };
  expect(ids([MirrorAlarm.STALE], [MirrorAlarm.FAILED])).toEqual(ids([MirrorAlarm.FAILED], [MirrorAlarm.STALE]));
});

describe('the policy of the topic', () => {
  const MAY_TELL = {
    Effect: 'Allow',
    Principal: { Service: 'cloudwatch.amazonaws.com' },
    Action: 'sns:Publish',
    Resource: { Ref: expect.stringMatching(/^Trouble/) },
    Condition: {
      ArnLike: { 'aws:SourceArn': expect.objectContaining({ 'Fn::Join': expect.anything() }) },
      StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
    },
  };
  const statements = () => Object.values(Template.fromStack(stack).findResources('AWS::SNS::TopicPolicy')).flatMap(({ Properties }) => Properties.PolicyDocument.Statement);

  test('lets alarms tell it', () => {
    mirror.notify(topic);
    expect(statements()).toEqual([expect.objectContaining(MAY_TELL)]);
  });

  test('lets alarms tell it beside rules, whose targets give the topic a policy', () => {
    mirror.notify(topic);
    mirror.onMirrorFailed('Failed', { target: new targets.SnsTopic(topic) });
    expect(statements()).toEqual([expect.objectContaining(MAY_TELL), expect.objectContaining({ Principal: { Service: 'events.amazonaws.com' } })]);
  });

  test('says so once, however many mirrors tell it', () => {
    mirror.notify(topic);
    new ImageMirror(stack, 'Other', { images: ['postgres:16'], repositoryPrefix: 'other' }).notify(topic);
    expect(statements()).toEqual([expect.objectContaining(MAY_TELL)]);
  });

  test('stays as it is where the app does not define the topic', () => {
    mirror.notify(sns.Topic.fromTopicArn(stack, 'Imported', 'arn:aws:sns:eu-west-1:111122223333:trouble'));
    expect(statements()).toEqual([]);
  });
});

test('an image of another mirror is refused', () => {
  const other = new ImageMirror(stack, 'Other', { images: ['postgres:16'], repositoryPrefix: 'other' });
  expect(() => mirror.notify(topic, { images: [other.image('postgres:16')] }))
    .toThrow('"docker.io/library/postgres:16" ("Stack/Other/docker.io:library:postgres:16") is not an image of the mirror "Stack/Mirror"; call notify() of its own mirror');
});

test('a mirror without images is told that alone', () => {
  const empty = new Stack(app, 'Empty');
  new ImageMirror(empty, 'Mirror').notify(new sns.Topic(empty, 'Topic'));
  expect(() => app.synth()).toThrow(expect.objectContaining({ message: expect.not.stringContaining('stale') }));
});
