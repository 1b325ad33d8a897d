/** Images with the same timetable that one build mirrors. */
import { App, Duration, Stack, TimeZone } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { ScheduleExpression, TimeWindow } from 'aws-cdk-lib/aws-scheduler';
import { fleetImages } from '../../bench/synth/fleet-images';
import { ImageMirror, ImageMirrorProps, MirrorCompute, MirroredImage, OnDeploy } from '../../src';
import { buildSchedules } from '../support/local-scheduler';
import { mirrorStack } from '../support/mirror-stack';
import { TemplateResolver } from '../support/template-resolver';

const GROUPED: ImageMirrorProps = { groupRuns: true, onDeploy: OnDeploy.OFF };

type Entry = Readonly<Record<string, string>>;

/** The images that each schedule mirrors, by its logical id. */
function groupsOf(template: TemplateResolver): Record<string, Entry[]> {
  return Object.fromEntries(buildSchedules(template).map(({ logicalId, variables }) => [logicalId, JSON.parse(variables.IMAGES) as Entry[]]));
}

const sourcesOf = (template: TemplateResolver) => Object.values(groupsOf(template)).map((entries) => entries.map(({ IMAGE }) => IMAGE));

function groupsWith(images: string[], props: ImageMirrorProps = {}): Record<string, Entry[]> {
  return groupsOf(mirrorStack({ ...GROUPED, ...props, images }).deploy());
}

test('images with the same timetable have one schedule, whose build gets the variables of each', () => {
  const { mirror, deploy } = mirrorStack({ ...GROUPED, images: ['redis:7.4.0'] });
  mirror.addImage('nginx:stable', { platforms: [Platform.LINUX_AMD64], repositoryName: 'team/nginx' });
  const template = deploy();
  expect(Object.values(groupsOf(template))).toEqual([[
    { IMAGE: 'docker.io/library/nginx:stable', REPOSITORY: 'team/nginx', PLATFORMS: 'linux/amd64' },
    { IMAGE: 'docker.io/library/redis:7.4.0' },
  ]]);
  const [{ logicalId }] = buildSchedules(template);
  expect(template.properties(logicalId)).toMatchObject({
    Description: 'Mirrors 2 images: docker.io/library/nginx:stable, docker.io/library/redis:7.4.0',
    ScheduleExpression: 'rate(1 day)',
    FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 60 },
  });
});

test('images with another expression, time zone, or time window have a schedule of their own', () => {
  const { mirror, deploy } = mirrorStack({ ...GROUPED, images: ['a/a:1.0.0', 'a/b:1.0.0'] });
  const cron = (timeZone?: TimeZone) => ScheduleExpression.cron({ minute: '0', hour: '3', timeZone });
  mirror.addImage('b/a:1.0.0', { schedule: ScheduleExpression.rate(Duration.days(7)) });
  mirror.addImage('c/a:1.0.0', { schedule: cron(TimeZone.EUROPE_BERLIN) });
  mirror.addImage('c/b:1.0.0', { schedule: cron() });
  mirror.addImage('c/c:1.0.0', { schedule: cron(TimeZone.ETC_UTC) });
  mirror.addImage('d/a:1.0.0', { timeWindow: TimeWindow.off() });
  mirror.addImage('a/c:1.0.0', { schedule: ScheduleExpression.rate(Duration.days(1)), timeWindow: TimeWindow.flexible(Duration.minutes(60)) });
  const names = sourcesOf(deploy()).map((sources) => sources.map((source) => source.replace('docker.io/', '').replace(':1.0.0', '')));
  expect(names).toEqual([['a/a', 'a/b', 'a/c'], ['b/a'], ['c/a'], ['c/b', 'c/c'], ['d/a']]);
});

test('images of another stack have a schedule there', () => {
  const { app, mirror, deploy } = mirrorStack({ ...GROUPED, images: ['nginx:stable'] });
  const team = new Stack(app, 'Team');
  for (const tag of ['11.1.0', '11.2.0']) new MirroredImage(team, tag, { mirror, image: `grafana/grafana:${tag}` });
  expect(sourcesOf(deploy())).toEqual([['docker.io/library/nginx:stable']]);
  const schedules = Object.values(Template.fromStack(team).findResources('AWS::Scheduler::Schedule'));
  expect(schedules.map(({ Properties }) => Properties.Description)).toEqual(['Mirrors 2 images: docker.io/grafana/grafana:11.1.0, docker.io/grafana/grafana:11.2.0']);
});

test('without the option, each image has its own schedule', () => {
  expect(buildSchedules(mirrorStack({ images: ['nginx:stable', 'redis:7.4.0'] }).deploy())).toHaveLength(2);
});

describe('the ids of schedules', () => {
  const ids = (images: string[]) => Object.keys(groupsWith(images));

  test('never change', () => {
    expect(ids(['nginx:stable'])).toEqual(['MirrorGroupedSchedulesrate1dayEtcUTCFLEXIBLE60ScheduleD51F9661']);
  });

  test('do not depend on the images or their order', () => {
    expect(ids(['redis:7.4.0', 'nginx:stable'])).toEqual(ids(['nginx:stable']));
    expect(groupsWith(['redis:7.4.0', 'nginx:stable'])).toEqual(groupsWith(['nginx:stable', 'redis:7.4.0']));
  });
});

describe('more images than one build can have', () => {
  const IMAGES = fleetImages(300);
  const groups = groupsWith(IMAGES.slice(0, 250));

  test('are divided, each in exactly one build, and each list fits into a variable', () => {
    const sources = Object.values(groups).flat().map(({ IMAGE }) => IMAGE);
    expect(new Set(sources).size).toBe(250);
    expect(sources).toHaveLength(250);
    for (const entries of Object.values(groups)) {
      expect(entries.length).toBeGreaterThan(0);
      expect(JSON.stringify(entries).length).toBeLessThanOrEqual(4_000);
    }
  });

  test('take about twice the builds that they need at the most', () => {
    const needed = JSON.stringify(Object.values(groups).flat()).length / 4_000;
    expect(Object.keys(groups).length).toBeLessThan(2 * needed + 1);
  });

  test('do not depend on the order of the images', () => {
    expect(groupsWith(IMAGES.slice(0, 250).reverse())).toEqual(groups);
  });

  test('one more image changes one build, or divides one', () => {
    let changes = 0;
    for (const image of IMAGES.slice(250, 253)) {
      const more = groupsWith([...IMAGES.slice(0, 250), image]);
      const changed = Object.keys(more).filter((id) => JSON.stringify(more[id]) !== JSON.stringify(groups[id]));
      expect(changed.length).toBeGreaterThan(0);
      expect(changed.length).toBeLessThanOrEqual(2);
      expect(Object.keys(groups).filter((id) => more[id] === undefined).length).toBeLessThanOrEqual(1);
      changes += changed.length;
    }
    expect(changes).toBeLessThan(6);
  });

  test('a build that CodeBuild stops early gets fewer images', () => {
    const short = groupsWith(IMAGES.slice(0, 60), { compute: MirrorCompute.ec2({ timeout: Duration.minutes(5) }) });
    for (const entries of Object.values(short)) expect(entries.length).toBeLessThanOrEqual(20);
    expect(Object.values(short).flat()).toHaveLength(60);
  });

  test('tags of single platforms that functions need later are counted', () => {
    const { stack, mirror, deploy } = mirrorStack({ ...GROUPED, images: IMAGES.slice(0, 70) });
    const before = mirror.images;
    for (const [index, image] of before.entries()) {
      for (const architecture of [lambda.Architecture.ARM_64, lambda.Architecture.X86_64]) {
        new lambda.DockerImageFunction(stack, `${architecture.name}${index}`, { code: image.toLambdaCode(), architecture });
      }
    }
    const divided = Object.values(groupsOf(deploy()));
    expect(divided.flat().filter(({ PLATFORM_TAGS }) => PLATFORM_TAGS === 'linux/amd64,linux/arm64')).toHaveLength(70);
    for (const entries of divided) expect(JSON.stringify(entries).length).toBeLessThanOrEqual(4_000);
  });

  test('two customized images with long instructions are in two builds', () => {
    const { mirror, deploy } = mirrorStack(GROUPED);
    for (const image of ['alpine:3.20.1', 'alpine:3.20.2']) mirror.addImage(image, { dockerfileLines: [`RUN echo ${'a'.repeat(2_500)}`] });
    expect(sourcesOf(deploy())).toHaveLength(2);
  });

  test('cause no warning about start times, because few builds start', () => {
    const stack = new Stack(new App(), 'Platform');
    new ImageMirror(stack, 'Mirror', { ...GROUPED, images: IMAGES.slice(0, 100), timeWindow: TimeWindow.off() });
    expect(Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('startTimes'))).toEqual([]);
  });
});

test('a build with several runs a day looks for late referrers of all its images in one of them', () => {
  const { mirror, deploy } = mirrorStack({ ...GROUPED, images: ['nginx:stable'], schedule: ScheduleExpression.rate(Duration.hours(6)) });
  mirror.addImage('redis:7.4.0', { lateReferrers: false });
  const template = deploy();
  const [{ variables }] = buildSchedules(template);
  expect(variables.LATE_REFERRERS).toMatch(/^\d\d:00-\d\d:00$/);
  expect(Object.values(groupsOf(template))).toEqual([[
    { IMAGE: 'docker.io/library/nginx:stable' },
    { IMAGE: 'docker.io/library/redis:7.4.0', LATE_REFERRERS: 'false' },
  ]]);
});

test('the name of a repository that CloudFormation generates is in the list', () => {
  const { stack, mirror, deploy } = mirrorStack({ ...GROUPED, images: ['redis:7.4.0'] });
  mirror.addImage('nginx:stable', { repository: new ecr.Repository(stack, 'Own') });
  const template = deploy();
  const [entries] = Object.values(groupsOf(template));
  expect(entries[0].REPOSITORY).toBe(template.resolve({ Ref: template.ids('AWS::ECR::Repository').find((id) => id.startsWith('Own'))! }));
});

test('the stale alarm of the mirror knows the timetable', () => {
  const { mirror, deploy } = mirrorStack({ ...GROUPED, images: ['nginx:stable', 'redis:7.4.0'] });
  mirror.alarmStale('Stale');
  const template = deploy();
  expect(template.properties(template.ids('AWS::CloudWatch::Alarm')[0]).EvaluationPeriods).toBe(74);
});

test('a value that is not a Boolean throws an error', () => {
  expect(() => mirrorStack({ groupRuns: 'yes' as unknown as boolean })).toThrow('groupRuns');
});
