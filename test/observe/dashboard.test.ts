import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Body, DASHBOARD, dashboardIn, problems, widget } from './dashboard-body';
import { ImageMirror, ImageMirrorProps, MirrorAlarm, MirrorDashboard, MirrorDashboardProps, MirroredImage } from '../../src';
import { FRESHNESS_QUERY, HELD_QUERY, LAST_RESULTS_QUERY, PROBLEMS_QUERY } from '../../src/observe/log-queries';
import { TemplateResolver } from '../support/template-resolver';

let stack: Stack;
beforeEach(() => {
  stack = new Stack(new App(), 'Stack');
});

function bodyOf(props: Partial<MirrorDashboardProps> = {}, mirrorProps: ImageMirrorProps = {}): Body {
  const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'], ...mirrorProps });
  new MirrorDashboard(stack, 'Dashboard', { mirror, ...props });
  return dashboardIn(stack);
}

test('a dashboard shows freshness, results, failures, bytes, costs and the last results of its mirror', () => {
  const body = bodyOf();
  expect(problems(body)).toEqual([]);
  expect(body.widgets.map(({ type, properties }) => [type, properties.title ?? properties.markdown.split('\n')[0]])).toEqual([
    ['text', '# Stack/Mirror'],
    ['metric', 'Totals in the time range'],
    ['log', 'Last success of each image, oldest first'],
    ['metric', 'Results per hour'],
    ['log', 'Images that are held, or gone upstream'],
    ['metric', 'Problems per hour'],
    ['metric', 'Bytes copied per hour'],
    ['metric', 'Estimated build cost in US dollars, cumulative'],
    ['log', 'Problems, newest first'],
    ['log', 'Latest results'],
  ]);
});

test('it has as many widgets and filters for 200 images as for one', () => {
  const one = bodyOf();
  const large = new Stack(new App(), 'Large');
  const mirror = new ImageMirror(large, 'Mirror', { images: Array.from({ length: 200 }, (_, index) => `team${index}/app:1.0.0`) });
  new MirrorDashboard(large, 'Dashboard', { mirror });
  const many = dashboardIn(large);
  expect(problems(many)).toEqual([]);
  expect(many.widgets).toHaveLength(one.widgets.length);
  for (const of of [stack, large]) Template.fromStack(of).resourceCountIs('AWS::Logs::MetricFilter', 7);
});

test('its metrics and queries are those of its own mirror, whose names CloudFormation chooses', () => {
  const body = bodyOf();
  const resolver = new TemplateResolver(Template.fromStack(stack).toJSON());
  const [logGroup] = resolver.ids('AWS::Logs::LogGroup').filter((id) => id.startsWith('MirrorLogs')).map((id) => resolver.resolve({ Ref: id }));
  const [project] = resolver.ids('AWS::CodeBuild::Project').map((id) => resolver.resolve({ Ref: id }));
  expect(body.widgets.filter(({ type }) => type === 'log').map(({ properties }) => properties.query.split('\'')[1])).toEqual([logGroup, logGroup, logGroup, logGroup]);
  const [[namespace]] = widget(body, /Results/).properties.metrics;
  expect(namespace).toBe(`cdk-ecr-mirror/${project}`);
});

test('it can be in another stack than its mirror', () => {
  const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
  const operations = new Stack(stack.node.root as App, 'Operations');
  new MirrorDashboard(operations, 'Dashboard', { mirror });
  expect(problems(dashboardIn(operations, stack))).toEqual([]);
});

test('it takes a name and the time that it looks back, and more widgets', () => {
  const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
  const { dashboard } = new MirrorDashboard(stack, 'Dashboard', { mirror, dashboardName: 'mirror', timeRange: Duration.days(3) });
  dashboard.addWidgets(new cloudwatch.GraphWidget({ title: 'More', left: [mirror.image('nginx:stable').metricSeconds()] }));
  const body = dashboardIn(stack);
  expect([body.start, body.periodOverride]).toEqual(['-P3D', 'inherit']);
  expect(widget(body, /^More$/)).toBeDefined();
  Template.fromStack(stack).hasResourceProperties(DASHBOARD, { DashboardName: 'mirror' });
});

test('it shows the state of alarms that it is given', () => {
  const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
  new MirrorDashboard(stack, 'Dashboard', { mirror, alarms: mirror.notify(new sns.Topic(stack, 'Trouble')) });
  const body = dashboardIn(stack);
  expect(problems(body)).toEqual([]);
  expect(widget(body, /^Alarms$/).properties.alarms).toHaveLength(5);
});

test('it shows many alarms in widgets of a hundred, each as high as it must be', () => {
  const operations = new Stack(stack.node.root as App, 'Operations');
  const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
  const alarms = Array.from({ length: 230 }, (_, index) => cloudwatch.Alarm.fromAlarmName(operations, `Alarm${index}`, `alarm-${index}`));
  new MirrorDashboard(operations, 'Dashboard', { mirror, alarms });
  const body = dashboardIn(operations, stack);
  expect(problems(body)).toEqual([]);
  const widgets = body.widgets.filter(({ type }) => type === 'alarm');
  expect(widgets.map(({ properties: { title, alarms: shown } }) => [title, shown.length])).toEqual([['Alarms (1 of 3)', 100], ['Alarms (2 of 3)', 100], ['Alarms (3 of 3)', 30]]);
  expect(widgets[0].height).toBeGreaterThan(widgets[2].height);
  expect(new Set(widgets.flatMap(({ properties }) => properties.alarms)).size).toBe(230);
});

describe('alarms of images in other stacks', () => {
  const REFUSAL = /the mirror's stack "Stack" would depend on the alarm "Team\/Image\/Alarms\/Failed" in the stack "Team", .* a cyclic reference; define the dashboard in a stack of its own, or without the alarms of these images/;
  let mirror: ImageMirror;
  let alarms: cloudwatch.Alarm[];
  beforeEach(() => {
    mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
    const image = new MirroredImage(new Stack(stack.node.root as App, 'Team'), 'Image', { mirror, image: 'redis:7' });
    alarms = mirror.notify(new sns.Topic(stack, 'Trouble'), { images: [image], alarms: [MirrorAlarm.FAILED] });
  });

  test('are an error in the stack of the mirror, which says what to do', () => {
    new MirrorDashboard(stack, 'Dashboard', { mirror, alarms });
    expect(() => (stack.node.root as App).synth()).toThrow(REFUSAL);
  });

  test('are shown in a stack after those', () => {
    const operations = new Stack(stack.node.root as App, 'Operations');
    new MirrorDashboard(operations, 'Dashboard', { mirror, alarms });
    expect((stack.node.root as App).synth().getStackArtifact(operations.artifactId).dependencies.map(({ id }) => id)).toEqual(expect.arrayContaining(['Stack', 'Team']));
  });

  test('are shown when they are imported', () => {
    new MirrorDashboard(stack, 'Dashboard', { mirror, alarms: [cloudwatch.Alarm.fromAlarmName(stack.node.tryFindChild('Trouble')!, 'Imported', 'alarm')] });
    (stack.node.root as App).synth();
  });
});

test('in another Region, its queries and metrics are those of the mirror\'s', () => {
  const app = new App();
  const [account, region] = ['111122223333', 'eu-west-1'];
  const own = new Stack(app, 'Own', { env: { account, region }, crossRegionReferences: true });
  const abroad = new Stack(app, 'Abroad', { env: { account, region: 'us-east-1' }, crossRegionReferences: true });
  new MirrorDashboard(abroad, 'Dashboard', { mirror: new ImageMirror(own, 'Mirror', { images: ['nginx:stable'] }) });
  const [dashboard] = Object.values(Template.fromStack(abroad).findResources(DASHBOARD));
  const { widgets }: Body = JSON.parse(abroad.resolve(dashboard.Properties.DashboardBody)['Fn::Join'][1].map((part: unknown) => typeof part === 'string' ? part : 'token').join(''));
  expect(widgets.filter(({ type }) => type === 'log').map(({ properties }) => properties.region)).toEqual([region, region, region, region]);
  const metrics: any[][] = widgets.flatMap(({ properties }) => properties.metrics ?? []);
  expect(metrics.map((metric) => metric.at(-1)).filter((options) => options.expression === undefined && options.region !== region)).toEqual([]);
});

test('it links the runbook', () => {
  expect(bodyOf().widgets[0].properties.markdown).toMatch(/\(https:\/\/\S+\/docs\/runbook\.md\)/);
});

describe('queries', () => {
  test.each([['freshness', FRESHNESS_QUERY], ['held images', HELD_QUERY], ['trouble', PROBLEMS_QUERY], ['last results', LAST_RESULTS_QUERY]])('for %s take lines that are results from their start, and nothing that is quoted in others', (_name, lines) => {
    expect(lines.join('\n')).toContain('filter @message like /^\\{/ and ispresent(bytesCopied)');
    for (const line of lines) expect(line).toMatch(/^(fields|filter|parse|stats|sort|limit) /);
  });

  test('are the only ones that its log group needs', () => {
    const queries = bodyOf().widgets.flatMap(({ type, properties }) => type === 'log' ? [properties.query.replace(/^SOURCE '[^']+' \| /, '')] : []);
    expect(queries).toEqual([FRESHNESS_QUERY, HELD_QUERY, PROBLEMS_QUERY, LAST_RESULTS_QUERY].map((lines) => lines.join('\n| ')));
  });
});

test('the same code gives the same dashboard', () => {
  const bodies = [1, 2].map(() => {
    const own = new Stack(new App(), 'Stack');
    new MirrorDashboard(own, 'Dashboard', { mirror: new ImageMirror(own, 'Mirror', { images: ['nginx:stable'] }) });
    return JSON.stringify(Template.fromStack(own).findResources(DASHBOARD));
  });
  expect(bodies[0]).toBe(bodies[1]);
});
