/** Images and catalogs that are frozen, and those that only deployments mirror. */
import { Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { ScheduleExpression, TimeWindow } from 'aws-cdk-lib/aws-scheduler';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ImageCatalog, ImageMirror, ImageMirrorProps, MirroredImage, OnDeploy } from '../../src';
import { mirrorStack } from '../support/mirror-stack';
import { TemplateResolver } from '../support/template-resolver';

const OFF = { onDeploy: OnDeploy.OFF };
const NGINX = { IMAGE: 'docker.io/library/nginx:stable' };
const REDIS = { IMAGE: 'docker.io/library/redis:7.4.0' };

/** The states of schedules by what they mirror. */
function states(template: TemplateResolver): Record<string, string> {
  return Object.fromEntries(template.ids('AWS::Scheduler::Schedule').map((id) => {
    const { Description, State } = template.properties(id);
    return [Description.replace('Mirrors ', ''), State];
  }));
}

/** What deployments mirror. */
function deployed(template: TemplateResolver): unknown[] {
  return template.ids('Custom::ImageMirror').flatMap((id) => template.properties(id).Images);
}

function alarmOf(template: TemplateResolver): Record<string, unknown> {
  return template.properties(template.ids('AWS::CloudWatch::Alarm')[0]);
}

function catalogOf(mirror: ImageMirror): ImageCatalog {
  return ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(mirror, 'List', '/platform/images'));
}

function problemsOf(props: ImageMirrorProps, define: (mirror: ImageMirror) => void = () => undefined): string {
  const { mirror, deploy } = mirrorStack({ images: ['nginx:stable'], ...props });
  define(mirror);
  try {
    deploy();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('an image with enabled: false', () => {
  test('keeps its repository and its schedule, which starts nothing, and deployments do not mirror it', () => {
    const { mirror, deploy } = mirrorStack({ images: ['nginx:stable'] });
    mirror.addImage('redis:7.4.0', { enabled: false });
    const template = deploy();
    expect(states(template)).toEqual({ 'docker.io/library/nginx:stable': 'ENABLED', 'docker.io/library/redis:7.4.0': 'DISABLED' });
    expect(deployed(template)).toEqual([NGINX]);
    expect(template.ids('AWS::ECR::Repository')).toHaveLength(2);
  });

  test('changes nothing but its state, so a freeze and its end replace no resource', () => {
    const templateWith = (enabled: boolean) => {
      const { stack, mirror } = mirrorStack({ ...OFF, images: ['nginx:stable'] });
      mirror.addImage('redis:7.4.0', { enabled });
      return JSON.stringify(Template.fromStack(stack).toJSON());
    };
    expect(templateWith(false).replace('"DISABLED"', '"ENABLED"')).toBe(templateWith(true));
  });

  test('lets its consumers be deployed without waiting', () => {
    const { stack, mirror } = mirrorStack({ images: ['nginx:stable'] });
    const frozen = mirror.addImage('redis:7.4.0', { enabled: false });
    for (const [id, image] of Object.entries({ Waits: mirror.image('nginx:stable'), Goes: frozen })) {
      new ecs.FargateTaskDefinition(stack, id).addContainer('Main', { image: image.toContainerImage() });
    }
    const tasks = Template.fromStack(stack).findResources('AWS::ECS::TaskDefinition');
    const waits = Object.entries(tasks).map(([id, { DependsOn = [] }]) => [id.slice(0, 4), JSON.stringify(DependsOn).includes('OnDeployImages')]);
    expect(Object.fromEntries(waits)).toEqual({ Wait: true, Goes: false });
  });
});

test('an image can be enabled in a mirror that is not', () => {
  const { mirror, deploy } = mirrorStack({ ...OFF, enabled: false, images: ['nginx:stable'] });
  mirror.addImage('redis:7.4.0', { enabled: true });
  expect(states(deploy())).toEqual({ 'docker.io/library/nginx:stable': 'DISABLED', 'docker.io/library/redis:7.4.0': 'ENABLED' });
});

test('a mirror of which everything is frozen has valid policies and no custom resource', () => {
  const { mirror, deploy } = mirrorStack({ enabled: false, images: ['nginx:stable'] });
  mirror.addCatalog('Teams', catalogOf(mirror));
  const template = deploy();
  expect(template.ids('Custom::ImageMirror')).toEqual([]);
  expect(Object.values(states(template))).toEqual(['DISABLED', 'DISABLED']);
  const policies = template.ids('AWS::IAM::Role').flatMap((id) => template.properties(id).Policies ?? []);
  for (const { PolicyDocument } of policies) {
    for (const { Resource } of PolicyDocument.Statement) expect([Resource].flat().length).toBeGreaterThan(0);
  }
});

test('frozen images of groups have a schedule of their own, and the schedule of the others keeps its id', () => {
  const idsWith = (enabled: boolean) => {
    const { mirror, deploy } = mirrorStack({ ...OFF, groupRuns: true, images: ['nginx:stable'] });
    mirror.addImage('redis:7.4.0', { enabled });
    const template = deploy();
    return [states(template), template.ids('AWS::Scheduler::Schedule')[0]];
  };
  expect(idsWith(false)[0]).toEqual({ 'docker.io/library/nginx:stable': 'ENABLED', 'docker.io/library/redis:7.4.0': 'DISABLED' });
  expect(idsWith(false)[1]).toBe(idsWith(true)[1]);
});

describe('an image with scheduled: false', () => {
  test('has no schedule, and deployments mirror it', () => {
    const { mirror, deploy } = mirrorStack({ images: ['nginx:stable'] });
    mirror.addImage('redis:7.4.0', { scheduled: false });
    const template = deploy();
    expect(states(template)).toEqual({ 'docker.io/library/nginx:stable': 'ENABLED' });
    expect(deployed(template)).toEqual([NGINX, REDIS]);
  });

  test.each([true, false])('has none with groupRuns: %s and the setting of the mirror', (groupRuns) => {
    const { mirror, deploy } = mirrorStack({ groupRuns, scheduled: false, images: ['nginx:stable'] });
    mirror.addImage('redis:7.4.0', { scheduled: true, schedule: ScheduleExpression.rate(Duration.days(7)) });
    expect(states(deploy())).toEqual({ 'docker.io/library/redis:7.4.0': 'ENABLED' });
  });

  test('keeps the ids of other resources', () => {
    const idsWith = (scheduled: boolean) => {
      const { stack, mirror } = mirrorStack({ images: ['nginx:stable'] });
      mirror.addImage('redis:7.4.0', { scheduled });
      return Object.keys(Template.fromStack(stack).toJSON().Resources);
    };
    const [without, all] = [idsWith(false), idsWith(true)];
    expect(all.filter((id) => !without.includes(id))).toEqual([expect.stringContaining('dockeriolibraryredis740Schedule')]);
    expect(without.filter((id) => !all.includes(id))).toEqual([]);
  });

  test.each([
    ['schedule', { schedule: ScheduleExpression.rate(Duration.days(7)) }],
    ['timeWindow', { timeWindow: TimeWindow.off() }],
  ])('cannot have %s', (name, option) => {
    const { mirror } = mirrorStack();
    expect(() => mirror.addImage('redis:7.4.0', { scheduled: false, ...option }))
      .toThrow(`${name} has no effect, because scheduled is false; remove ${name}, or remove scheduled`);
    const { mirror: unscheduled } = mirrorStack({ scheduled: false });
    expect(() => unscheduled.addImage('redis:7.4.0', option))
      .toThrow(`${name} has no effect, because scheduled is false for the whole mirror; remove ${name}, or set scheduled: true here`);
    expect(() => unscheduled.addCatalog('Teams', catalogOf(unscheduled), option)).toThrow(`${name} has no effect`);
  });

  test('is an error when deployments mirror nothing either', () => {
    expect(problemsOf({ ...OFF, scheduled: false })).toContain('nothing mirrors "docker.io/library/nginx:stable", because scheduled is false and onDeploy is OFF; '
      + 'remove one of the two settings, or set enabled: false');
    expect(problemsOf({ ...OFF, scheduled: false, enabled: false })).toBe('');
    expect(problemsOf(OFF, (mirror) => mirror.addCatalog('Teams', catalogOf(mirror), { scheduled: false }))).toContain('nothing mirrors the catalog "Platform/Mirror/Teams"');
  });
});

test.each([
  ['enabled', { enabled: false }, ['DISABLED', 'DISABLED'], 0],
  ['scheduled', { scheduled: false }, [], 1],
] as const)('a catalog follows %s', (_, options, schedules, firstRuns) => {
  const { mirror, deploy } = mirrorStack({ images: ['nginx:stable'] });
  mirror.addCatalog('Teams', catalogOf(mirror), { shards: 2, ...options });
  const template = deploy();
  expect(Object.entries(states(template)).filter(([name]) => name.includes('catalog')).map(([, state]) => state)).toEqual(schedules);
  expect(template.ids('Custom::ImageMirror').filter((id) => id.includes('FirstRun'))).toHaveLength(firstRuns);
});

test('the same image with another setting is not the same declaration', () => {
  const { mirror } = mirrorStack({ images: ['nginx:stable'] });
  expect(() => mirror.addImage('nginx:stable', { enabled: false })).toThrow('enabled true and false');
  expect(() => mirror.addImage('nginx:stable', { scheduled: false })).toThrow('scheduled true and false');
});

test.each(['enabled', 'scheduled'])('%s must be a Boolean', (name) => {
  expect(() => mirrorStack({ [name]: 'no' })).toThrow(name);
  expect(() => mirrorStack().mirror.addImage('nginx:stable', { [name]: 'no' })).toThrow(name);
});

describe('the stale alarm', () => {
  const NEVER = { Threshold: 0, TreatMissingData: 'notBreaching', ComparisonOperator: 'LessThanThreshold', EvaluationPeriods: 1 };

  test.each([{ enabled: false }, { scheduled: false }])('of an image with %j stays off, whatever staleAfter says', (options) => {
    for (const stale of [{}, { staleAfter: Duration.days(3) }]) {
      const { mirror, deploy } = mirrorStack({ images: ['nginx:stable'] });
      mirror.addImage('redis:7.4.0', options).alarmStale('Stale', stale);
      expect(alarmOf(deploy())).toMatchObject({
        ...NEVER, AlarmDescription: expect.stringContaining('This alarm stays off, because docker.io/library/redis:7.4.0 has no enabled schedule. '),
      });
    }
  });

  test('of another image, and of the mirror, goes off as before', () => {
    const { stack, mirror, deploy } = mirrorStack({ images: ['nginx:stable'] });
    mirror.addImage('redis:7.4.0', { enabled: false, schedule: ScheduleExpression.rate(Duration.hours(1)) });
    mirror.notify(new sns.Topic(stack, 'Topic'), { images: [mirror.image('nginx:stable')] });
    const template = deploy();
    const stale = template.ids('AWS::CloudWatch::Alarm').map((id) => template.properties(id)).filter(({ AlarmDescription }) => AlarmDescription.includes('succeeded for'));
    // The hourly schedule of the frozen image would make it 5 hours.
    expect(stale.map(({ EvaluationPeriods, Threshold, TreatMissingData }) => [EvaluationPeriods, Threshold, TreatMissingData])).toEqual([[74, 1, 'breaching'], [74, 1, 'breaching']]);
  });

  test('of a frozen mirror with a cron schedule needs no staleAfter, and stays off', () => {
    const { mirror, deploy } = mirrorStack({ enabled: false, images: ['nginx:stable'], schedule: ScheduleExpression.cron({ minute: '0', hour: '3' }) });
    mirror.alarmStale('Stale');
    expect(alarmOf(deploy())).toMatchObject(NEVER);
  });

  test('counts images that are added later', () => {
    const { mirror, deploy } = mirrorStack({ enabled: false, images: ['nginx:stable'] });
    mirror.alarmStale('Stale');
    mirror.addImage('redis:7.4.0', { enabled: true });
    expect(alarmOf(deploy())).toMatchObject({ Threshold: 1, TreatMissingData: 'breaching', EvaluationPeriods: 74 });
  });
});

test('the images of another stack are described there, with the project of the mirror', () => {
  const { app, mirror, deploy } = mirrorStack({ images: ['nginx:stable'] });
  const team = new Stack(app, 'Team');
  new MirroredImage(team, 'Grafana', { mirror, image: 'grafana/grafana:11.1.0', scheduled: false });
  const [{ Metadata }] = Object.values(Template.fromStack(team).findResources('Custom::ImageMirror'));
  expect(Metadata['cdk-ecr-mirror:Unscheduled']).toEqual({
    project: { 'Fn::ImportValue': expect.stringContaining('MirrorProject') },
    images: [{ IMAGE: 'docker.io/grafana/grafana:11.1.0' }],
  });
  for (const id of deploy().ids('Custom::ImageMirror')) expect(id).toContain('OnDeploy');
});
