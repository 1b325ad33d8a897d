import { App, Duration, Lazy, Stack, Token } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ImageCatalog, ImageMirror, ImageMirrorProps, MirroredImage, MirroredImageOptions, OnDeploy, StaleAlarmOptions, TagFilter } from '../../src';
import { AlarmProperties, rings } from '../support/alarm-state';
import { TemplateResolver } from '../support/template-resolver';

const ALARM = 'AWS::CloudWatch::Alarm';
const _ = undefined;
const { cron, rate } = scheduler.ScheduleExpression;
const HOURS_OF_A_WEEK = 7 * 24;

let app: App;
let stack: Stack;
beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Stack');
});

function mirrorOf(props: ImageMirrorProps = {}): ImageMirror {
  return new ImageMirror(stack, 'Mirror', { images: ['nginx:stable', 'redis:7'], ...props });
}

type Alarm = Record<string, any> & AlarmProperties & { readonly Metrics: any[] };

/** The only alarm of a stack. */
function alarmIn(of = stack, ...exporters: Stack[]): Alarm {
  const others = exporters.map((one) => new TemplateResolver(Template.fromStack(one).toJSON()));
  const resolver = new TemplateResolver(Template.fromStack(of).toJSON(), undefined, others);
  const [id, ...surplus] = resolver.ids(ALARM);
  expect(surplus).toEqual([]);
  return resolver.properties(id) as Alarm;
}

/** The metrics that an alarm watches: their names, and the values of their dimensions. */
function watchedBy(alarm: Record<string, any>): [string, ...string[]][] {
  const watched: any[] = alarm.Metrics.filter(({ ReturnData }: any) => !ReturnData);
  for (const { MetricStat: { Period, Stat } } of watched) expect([Period, Stat]).toEqual([3_600, 'Sum']);
  return watched.map(({ MetricStat: { Metric: { MetricName, Dimensions = [] } } }) => [MetricName, ...Dimensions.map(({ Value }: any) => Value)]);
}

/** How the tag of a customized image of the tag 1.14 looks. */
const CUSTOM_TAG = /^1\.14-[0-9a-f]{12}$/;

function errors(): string[] {
  return [...Annotations.fromStack(stack).findError('*', Match.anyValue())].map(({ entry }) => String(entry.data));
}

test.each<[string, (mirror: ImageMirror) => cloudwatch.Alarm, string, RegExp]>([
  ['alarmFailed of a mirror', (mirror) => mirror.alarmFailed('Alarm'), 'FailedBuilds', /^A run of the mirror Stack\/Mirror failed\. /],
  ['alarmFailed of an image', (mirror) => mirror.image('redis:7').alarmFailed('Alarm'), 'Failed', /^A run of docker\.io\/library\/redis:7 failed\. /],
  ['alarmTagMoved of a mirror', (mirror) => mirror.alarmTagMoved('Alarm'), 'TagMoved', /^A fixed tag of the mirror Stack\/Mirror names a different image upstream /],
  ['alarmTagMoved of an image', (mirror) => mirror.image('redis:7').alarmTagMoved('Alarm'), 'TagMoved', /^A fixed tag of docker\.io\/library\/redis:7 names /],
  ['alarmRateLimited of a mirror', (mirror) => mirror.alarmRateLimited('Alarm'), 'RateLimited', /^A run of the mirror Stack\/Mirror failed because a registry limits/],
  ['alarmRateLimited of an image', (mirror) => mirror.image('redis:7').alarmRateLimited('Alarm'), 'RateLimited', /^A run of docker\.io\/library\/redis:7 failed because/],
])('%s rings within the hour of the first event, and no longer', (_name, define, metric, description) => {
  define(mirrorOf());
  const alarm = alarmIn();
  expect(watchedBy(alarm)).toEqual([[metric, ...watchedBy(alarm)[0].slice(1)]]);
  expect(alarm.AlarmDescription).toMatch(description);
  expect([rings(alarm, [_, 1]), rings(alarm, [1, _]), rings(alarm, [_]), rings(alarm, [0])]).toEqual([true, false, false, false]);
  // So that it tells of the next.
  expect([rings(alarm, [1, _, 2]), rings(alarm, [1, _, 2, _])]).toEqual([true, false]);
});

test('alarmFailed of a mirror needs no metric filter', () => {
  mirrorOf().alarmFailed('Alarm');
  expect(watchedBy(alarmIn())).toEqual([['FailedBuilds', expect.stringMatching(/^MirrorProject/)]]);
  Template.fromStack(stack).resourceCountIs('AWS::Logs::MetricFilter', 0);
});

test('alarms of an image count its own results', () => {
  mirrorOf().image('redis:7').alarmFailed('Alarm');
  expect(watchedBy(alarmIn())).toEqual([['Failed', 'mirror/redis', '7']]);
});

describe('where an image is customized', () => {
  function addVault(mirror: ImageMirror, options: MirroredImageOptions = {}): MirroredImage {
    return mirror.addImage('hashicorp/vault:1.14', { dockerfileLines: ['RUN mkdir /etc/vault'], ...options });
  }

  test.each(['before', 'after'])('alarmFailed of a mirror watches the builds of both projects, also when it is defined %s the image', (order) => {
    const mirror = mirrorOf();
    if (order === 'after') addVault(mirror);
    mirror.alarmFailed('Alarm');
    if (order === 'before') addVault(mirror);
    const alarm = alarmIn();
    const projects = [/^MirrorProject/, /^MirrorCustomImagesProject/];
    expect(watchedBy(alarm)).toEqual(projects.map((project) => ['FailedBuilds', expect.stringMatching(project)]));
    expect([rings(alarm, [1], [_]), rings(alarm, [_], [1]), rings(alarm, [_, 1], [1, _])]).toEqual([true, true, true]);
    expect([rings(alarm, [_], [_]), rings(alarm, [1, _], [_, _])]).toEqual([false, false]);
  });

  test('alarmFailed of the image rings for failures of what is mirrored and of what is built from it', () => {
    addVault(mirrorOf()).alarmFailed('Alarm');
    const alarm = alarmIn();
    const custom = ['Failed', 'mirror/custom/hashicorp/vault', expect.stringMatching(CUSTOM_TAG)];
    expect(watchedBy(alarm)).toEqual([['Failed', 'mirror/hashicorp/vault', '1.14'], custom]);
    expect([rings(alarm, [1], [_]), rings(alarm, [_], [1])]).toEqual([true, true]);
    expect([rings(alarm, [_], [_]), rings(alarm, [_, _], [1, _])]).toEqual([false, false]);
  });

  test('alarmStale of the image rings when neither run found it up to date nor build brought it there', () => {
    addVault(mirrorOf()).alarmStale('Alarm', { staleAfter: Duration.hours(3) });
    const alarm = alarmIn();
    const repositories = ['mirror/hashicorp/vault', 'mirror/custom/hashicorp/vault'];
    expect(watchedBy(alarm).map(([name, repository]) => [name, repository])).toEqual(repositories.map((repository) => ['Succeeded', repository]));
    expect([rings(alarm, [1, _, _], [_, _, _]), rings(alarm, [_, _, _], [1, _, _])]).toEqual([false, false]);
    expect(rings(alarm, [1, _, _, _], [1, _, _, _])).toBe(true);
  });

  test('whose tags a filter selects, alarms of it count both repositories', () => {
    mirrorOf().addImage('hashicorp/vault', { tags: TagFilter.semver('1.x'), dockerfileLines: ['RUN mkdir /etc/vault'] }).alarmFailed('Alarm');
    expect(watchedBy(alarmIn())).toEqual([['Failed', 'mirror/hashicorp/vault'], ['Failed', 'mirror/custom/hashicorp/vault']]);
  });

  test('a tag that moved is the mirrored image\'s alone', () => {
    addVault(mirrorOf()).alarmTagMoved('Alarm');
    expect(watchedBy(alarmIn())).toEqual([['TagMoved', 'mirror/hashicorp/vault', '1.14']]);
  });
});

test('an alarm takes a name', () => {
  mirrorOf().alarmTagMoved('Alarm', { alarmName: 'tag-moved' });
  expect(alarmIn().AlarmName).toBe('tag-moved');
});

test('an alarm of an image in another stack is there, and counts what its mirror counts', () => {
  const mirror = mirrorOf();
  const team = new Stack(app, 'Team');
  new MirroredImage(team, 'Image', { mirror, image: 'grafana/grafana:11.1.0' }).alarmStale('Alarm');
  const alarm = alarmIn(team, stack);
  expect(watchedBy(alarm)).toEqual([['Succeeded', 'mirror/grafana/grafana', '11.1.0']]);
  expect(alarm.Metrics[1].MetricStat.Metric.Namespace).toMatch(/^cdk-ecr-mirror\/MirrorProject/);
});

describe('alarmHeld', () => {
  test.each<[string, (mirror: ImageMirror) => cloudwatch.Alarm, RegExp]>([
    ['a mirror', (mirror) => mirror.alarmHeld('Alarm'), /^New images of a tag of the mirror Stack\/Mirror are held for 168 hours or more\. .*#an-image-is-held$/],
    ['an image', (mirror) => mirror.image('redis:7').alarmHeld('Alarm'), /^New images of a tag of docker\.io\/library\/redis:7 are held for 168 hours or more\. /],
  ])('of %s rings from 7 days on, after each run until nothing is held', (_name, define, description) => {
    define(mirrorOf());
    const alarm = alarmIn();
    const [{ MetricStat: { Metric, Period, Stat } }]: any[] = alarm.Metrics.filter(({ ReturnData }: any) => !ReturnData);
    expect([Metric.MetricName, Period, Stat, alarm.AlarmDescription]).toEqual(['HeldHours', 3_600, 'Maximum', expect.stringMatching(description)]);
    const hours = [[167.9], [168], [168, _], [_], [200, _, 224]];
    expect(hours.map((series) => rings(alarm, series))).toEqual([false, true, false, false, true]);
  });

  test('takes another time', () => {
    mirrorOf().alarmHeld('Alarm', { heldAfter: Duration.days(21), alarmName: 'held' });
    const alarm = alarmIn();
    expect([alarm.AlarmName, rings(alarm, [503]), rings(alarm, [504])]).toEqual(['held', false, true]);
  });

  test.each([Duration.minutes(90), Duration.hours(0), Duration.days(29), Duration.hours(Lazy.number({ produce: () => 3 }))])('refuses the time %s', (heldAfter) => {
    expect(() => mirrorOf().alarmHeld('Alarm', { heldAfter })).toThrow(/^heldAfter .* must be whole hours, from 1 hour to 28 days \(the records of held images expire after 30 days\); use for example Duration\.days\(3\)$/);
  });

  test('of a customized image watches the base image only', () => {
    mirrorOf().addImage('hashicorp/vault:1.14', { dockerfileLines: ['RUN mkdir /etc/vault'] }).alarmHeld('Alarm');
    expect(alarmIn().Metrics).toHaveLength(2);
  });
});

describe('alarmNotStarted', () => {
  test('rings while a run is in the dead-letter queue, and when one was dropped', () => {
    mirrorOf().alarmNotStarted('Alarm');
    const alarm = alarmIn();
    const metrics: Record<string, any>[] = alarm.Metrics;
    const watched = metrics.filter(({ ReturnData }) => !ReturnData);
    expect(watched.map(({ Id, MetricStat: { Metric, Stat } }) => [Id, Metric.Namespace, Metric.MetricName, Stat])).toEqual([
      ['waiting', 'AWS/SQS', 'ApproximateNumberOfMessagesVisible', 'Maximum'],
      ['dropped', 'AWS/Scheduler', 'InvocationDroppedCount', 'Sum'],
    ]);
    expect([rings(alarm, [1], [_]), rings(alarm, [0], [2]), rings(alarm, [3], [1])]).toEqual([true, true, true]);
    expect([rings(alarm, [0], [_]), rings(alarm, [_], [_]), rings(alarm, [0], [0])]).toEqual([false, false, false]);
    expect(rings(alarm, [1, 0], [_, _])).toBe(false);
  });

  test('watches the queue and the schedules of its own mirror', () => {
    mirrorOf().alarmNotStarted('Alarm');
    const dimensions = alarmIn().Metrics.flatMap(({ MetricStat }: any) => MetricStat?.Metric.Dimensions ?? []);
    expect(dimensions).toEqual([{ Name: 'QueueName', Value: expect.stringMatching(/^MirrorDeadLetterQueue/) }, { Name: 'ScheduleGroup', Value: expect.stringContaining('Mirror') }]);
  });
});

describe('alarmStale', () => {
  test('rings after three days without a success of a daily image, and not a minute before', () => {
    mirrorOf().image('redis:7').alarmStale('Alarm');
    const alarm = alarmIn();
    // Three days, the hour of the window, and an hour for the run.
    expect(alarm).toMatchObject({ EvaluationPeriods: 74, AlarmDescription: expect.stringMatching(/^No run of docker\.io\/library\/redis:7 succeeded for 74 hours\. /) });
    expect(watchedBy(alarm)).toEqual([['Succeeded', 'mirror/redis', '7']]);
    const silence = (hours: number) => [1, ...Array.from<undefined>({ length: hours })];
    expect([rings(alarm, silence(0)), rings(alarm, silence(73)), rings(alarm, silence(74))]).toEqual([false, false, true]);
  });

  test('rings while nothing has succeeded yet, and stops with the first success', () => {
    mirrorOf().image('redis:7').alarmStale('Alarm');
    const alarm = alarmIn();
    expect([rings(alarm, [_]), rings(alarm, Array.from<undefined>({ length: 80 }))]).toEqual([true, true]);
    expect([rings(alarm, [_, _, 1]), rings(alarm, [_, 1, _])]).toEqual([false, false]);
  });

  test.each<[string, Partial<ImageMirrorProps>, number]>([
    ['every hour, without a window', { schedule: rate(Duration.hours(1)), timeWindow: scheduler.TimeWindow.off() }, 4],
    ['every five minutes', { schedule: rate(Duration.minutes(5)), timeWindow: scheduler.TimeWindow.off() }, 2],
    ['every 90 minutes', { schedule: rate(Duration.minutes(90)), timeWindow: scheduler.TimeWindow.flexible(Duration.minutes(30)) }, 6],
    ['every day within six hours', { timeWindow: scheduler.TimeWindow.flexible(Duration.hours(6)) }, 79],
    ['every three days: two runs fit into the week that an alarm looks back', { schedule: rate(Duration.days(3)) }, 146],
    ['every six days: one run does', { schedule: rate(Duration.days(6)) }, 146],
  ])('%s', (_name, props, hours) => {
    mirrorOf(props).alarmStale('Alarm');
    expect(alarmIn().EvaluationPeriods).toBe(hours);
    expect(hours).toBeLessThanOrEqual(HOURS_OF_A_WEEK);
    expect(errors()).toEqual([]);
  });

  test('of a mirror goes by the image that runs most often, also by one that is added later', () => {
    const mirror = mirrorOf();
    mirror.alarmStale('Alarm');
    mirror.addImage('httpd:2', { schedule: rate(Duration.hours(6)) });
    mirror.addImage('python:3', { schedule: cron({ hour: '3', minute: '0' }) });
    expect(alarmIn()).toMatchObject({ EvaluationPeriods: 20, AlarmDescription: expect.stringContaining('for 20 hours') });
  });

  test('of a mirror goes by the schedule of a catalog too', () => {
    const mirror = mirrorOf({ images: [] });
    const catalog = ImageCatalog.fromParameter(ssm.StringParameter.fromStringParameterName(stack, 'Parameter', 'images'));
    mirror.addCatalog('Catalog', catalog, { schedule: rate(Duration.hours(6)), timeWindow: scheduler.TimeWindow.off() });
    mirror.alarmStale('Alarm');
    expect(alarmIn().EvaluationPeriods).toBe(19);
  });

  test('of an image goes by its own schedule', () => {
    const mirror = mirrorOf();
    mirror.addImage('httpd:2', { schedule: rate(Duration.hours(6)), timeWindow: scheduler.TimeWindow.off() }).alarmStale('Alarm');
    expect(alarmIn().EvaluationPeriods).toBe(19);
  });

  test.each<[string, scheduler.ScheduleExpression]>([
    ['cron', cron({ hour: '3', minute: '0' })],
    ['a week', rate(Duration.days(7))],
    ['a token', scheduler.ScheduleExpression.expression(Lazy.string({ produce: () => 'rate(1 day)' }))],
  ])('cannot tell from the schedule %s, and says what to do', (_name, schedule) => {
    mirrorOf({ schedule }).alarmStale('Alarm');
    expect(() => app.synth()).toThrow(/the stale alarm of the mirror Stack\/Mirror has no default for the schedule .*; set staleAfter, for example Duration\.days\(3\).*remove MirrorAlarm\.STALE from alarms/s);
  });

  test('takes another time, with any schedule', () => {
    mirrorOf({ schedule: cron({ hour: '3', minute: '0' }) }).alarmStale('Alarm', { staleAfter: Duration.days(7) });
    expect(alarmIn()).toMatchObject({ EvaluationPeriods: HOURS_OF_A_WEEK, AlarmDescription: expect.stringContaining('for 168 hours') });
  });

  test.each<[string, StaleAlarmOptions['staleAfter'] & object, string]>([
    ['longer than an alarm looks back', Duration.hours(169), 'staleAfter "7 days 1 hour" must be whole hours, from 1 hour to 7 days'],
    ['parts of an hour', Duration.minutes(90), 'staleAfter "1 hour 30 minutes" must be whole hours'],
    ['no time', Duration.hours(0), 'must be whole hours, from 1 hour'],
    ['a token', Duration.hours(Token.asNumber({ Ref: 'Hours' })), 'staleAfter (a token) must be whole hours'],
  ])('takes no time that is %s', (_name, staleAfter, message) => {
    expect(() => mirrorOf().alarmStale('Alarm', { staleAfter })).toThrow(message);
  });

  test('of an image waits for the image\'s first copy, which is its first success', () => {
    mirrorOf().image('redis:7').alarmStale('Alarm');
    const template = Template.fromStack(stack);
    const [trigger] = Object.keys(template.findResources('Custom::ImageMirror'));
    template.hasResource(ALARM, { DependsOn: Match.arrayWith([trigger]) });
  });

  test('of a mirror waits for the first copies of its own stack, and for no other stack', () => {
    const mirror = mirrorOf();
    mirror.alarmStale('Alarm');
    const team = new Stack(app, 'Team');
    new MirroredImage(team, 'Image', { mirror, image: 'grafana/grafana:11.1.0' });
    const template = Template.fromStack(stack);
    template.hasResource(ALARM, { DependsOn: Object.keys(template.findResources('Custom::ImageMirror')) });
    expect(stack.dependencies).toEqual([]);
  });

  test('of a mirror that a deployment does not fill waits for nothing', () => {
    mirrorOf({ onDeploy: OnDeploy.OFF }).alarmStale('Alarm');
    const [alarm] = Object.values(Template.fromStack(stack).findResources(ALARM));
    expect(alarm).not.toHaveProperty('DependsOn');
  });
});
