/** The rule for scans, against the events that the documentation of Amazon ECR and Amazon Inspector shows. */
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ImageCatalog, ImageMirror, OnScanFindingsOptions, ScanSeverity } from '../../src';
import { DeliveredEvent, matchesPattern } from '../support/event-pattern';
import { COMMERCIAL, TemplateResolver } from '../support/template-resolver';

const { account, region } = COMMERCIAL;
const DIGEST = `sha256:${'7f5b2640'.repeat(8)}`;

let stack: Stack;
let mirror: ImageMirror;
beforeEach(() => {
  stack = new Stack(new App(), 'Stack');
  mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
});

function ruleOf(options: OnScanFindingsOptions = {}): Record<string, any> {
  mirror.onScanFindings('Rule', options);
  const resolver = new TemplateResolver(Template.fromStack(stack).toJSON());
  const [id, ...surplus] = resolver.ids('AWS::Events::Rule');
  expect(surplus).toEqual([]);
  return resolver.properties(id);
}

test('takes the worst findings alone, in a pattern that EventBridge accepts', () => {
  const { EventPattern: { detail } } = ruleOf({ severity: ScanSeverity.CRITICAL });
  expect(detail).toEqual({ 'finding-severity-counts': { CRITICAL: [{ numeric: ['>', 0] }] } });
});

function eventOf(detailType: string, source: string, resource: string, detail: Record<string, unknown>): DeliveredEvent {
  return { 'version': '0', 'id': '85fc3613-e913-7fc4-a80c-a3753e4aa9ae', 'detail-type': detailType, source, account, 'time': '2026-11-22T02:36:48Z', region, 'resources': [resource], detail };
}

function arnOf(repository: string): string {
  return `arn:aws:ecr:${region}:${account}:repository/${repository}`;
}

type Counts = Partial<Record<string, number>>;

const EVENTS: Readonly<Record<string, (repository: string, counts: Counts) => DeliveredEvent>> = {
  basic: (repository, counts) => eventOf('ECR Image Scan', 'aws.ecr', arnOf(repository), {
    'scan-status': 'COMPLETE', 'repository-name': repository, 'finding-severity-counts': counts, 'image-digest': DIGEST, 'image-tags': ['stable'],
  }),
  enhanced: (repository, counts) => eventOf('Inspector2 Scan', 'aws.inspector2', arnOf(repository), {
    'scan-status': 'INITIAL_SCAN_COMPLETE', 'repository-name': arnOf(repository), 'finding-severity-counts': { ...counts, TOTAL: 9 }, 'image-digest': DIGEST, 'image-tags': ['stable'],
  }),
};

function finding(repository: string, severity: string, status = 'ACTIVE'): DeliveredEvent {
  const id = `${arnOf(repository)}/${DIGEST}`;
  const resources = [{ type: 'AWS_ECR_CONTAINER_IMAGE', id, details: { awsEcrContainerImage: { repositoryName: repository, imageHash: DIGEST, imageTags: ['stable'] } } }];
  return eventOf('Inspector2 Finding', 'aws.inspector2', id, { severity, status, type: 'PACKAGE_VULNERABILITY', resources });
}

describe.each(Object.keys(EVENTS))('with %s scanning, the rule', (scanning) => {
  const event = EVENTS[scanning];

  test('takes scans with findings of the severity HIGH and worse by default', () => {
    const { EventPattern } = ruleOf();
    expect([{ CRITICAL: 1 }, { HIGH: 2, LOW: 9 }, { CRITICAL: 0, HIGH: 1 }].map((counts) => matchesPattern(EventPattern, event('mirror/nginx', counts)))).toEqual([true, true, true]);
    expect([{}, { MEDIUM: 5, LOW: 9 }, { CRITICAL: 0, HIGH: 0 }].map((counts) => matchesPattern(EventPattern, event('mirror/nginx', counts)))).toEqual([false, false, false]);
  });

  test.each<[ScanSeverity, Counts[], Counts[]]>([
    [ScanSeverity.CRITICAL, [{ CRITICAL: 1 }], [{ HIGH: 1 }, { MEDIUM: 1 }, { LOW: 1 }]],
    [ScanSeverity.MEDIUM, [{ CRITICAL: 1 }, { HIGH: 1 }, { MEDIUM: 1 }], [{ LOW: 1 }]],
    [ScanSeverity.LOW, [{ CRITICAL: 1 }, { LOW: 1 }], [{ INFORMATIONAL: 1 }, { UNTRIAGED: 3 }]],
  ])('takes those of %s and worse', (severity, some, others) => {
    const { EventPattern } = ruleOf({ severity });
    expect(some.map((counts) => matchesPattern(EventPattern, event('mirror/nginx', counts)))).not.toContain(false);
    expect(others.map((counts) => matchesPattern(EventPattern, event('mirror/nginx', counts)))).not.toContain(true);
  });

  test('takes no scans of repositories that are not the mirror\'s', () => {
    const { EventPattern } = ruleOf();
    for (const repository of ['nginx', 'mirrored/nginx', 'team/mirror/nginx', 'mirror']) expect(matchesPattern(EventPattern, event(repository, { CRITICAL: 1 }))).toBe(false);
  });

  test('takes those of its repositories that have another name', () => {
    const repository = new ecr.Repository(stack, 'Repository');
    mirror.addImage('redis:7', { repositoryName: 'platform/redis' });
    mirror.addImage('httpd:2', { repository: ecr.Repository.fromRepositoryName(stack, 'Existing', 'team/httpd') });
    mirror.addImage('python:3', { repository });
    const { EventPattern } = ruleOf();
    const name = String(new TemplateResolver(Template.fromStack(stack).toJSON()).resolve(stack.resolve(repository.repositoryName)));
    for (const own of ['platform/redis', 'team/httpd', name]) expect(matchesPattern(EventPattern, event(own, { CRITICAL: 1 }))).toBe(true);
    for (const other of ['platform/redis-cluster', 'team/http']) expect(matchesPattern(EventPattern, event(other, { CRITICAL: 1 }))).toBe(false);
  });
});

test('scans of what a catalog mirrors are taken, floating tags included, and without one they are not', () => {
  const floating = EVENTS.basic('mirror-floating/nginx', { CRITICAL: 1 });
  const rule = mirror.onScanFindings('Without');
  mirror = new ImageMirror(stack, 'Second', { repositoryPrefix: 'second' });
  mirror.addCatalog('Catalog', ImageCatalog.fromParameter(ssm.StringParameter.fromStringParameterName(stack, 'Parameter', 'images')));
  mirror.onScanFindings('Rule');
  const resolver = new TemplateResolver(Template.fromStack(stack).toJSON());
  const [without, withOne] = [rule.node.id, 'Rule'].map((id) => resolver.properties(resolver.ids('AWS::Events::Rule').find((logicalId) => logicalId.includes(id))!));
  expect(matchesPattern(without.EventPattern, floating)).toBe(false);
  for (const repository of ['second/nginx', 'second-floating/nginx']) expect(matchesPattern(withOne.EventPattern, EVENTS.enhanced(repository, { HIGH: 1 }))).toBe(true);
});

describe('single findings', () => {
  test('are not taken unless they are asked for', () => {
    expect(matchesPattern(ruleOf().EventPattern, finding('mirror/nginx', 'CRITICAL'))).toBe(false);
  });

  test('are taken when they are asked for, as bad as the rule wants, of the mirror\'s repositories, and until they are settled', () => {
    mirror.addImage('redis:7', { repositoryName: 'platform/redis' });
    const { EventPattern } = ruleOf({ eachFinding: true });
    const taken = (event: DeliveredEvent) => matchesPattern(EventPattern, event);
    expect([finding('mirror/nginx', 'CRITICAL'), finding('mirror/nginx', 'HIGH'), finding('platform/redis', 'HIGH')].map(taken)).toEqual([true, true, true]);
    expect([finding('mirror/nginx', 'MEDIUM'), finding('other/nginx', 'CRITICAL'), finding('platform/redis-x', 'HIGH'), finding('mirror/nginx', 'HIGH', 'CLOSED')].map(taken)).toEqual([false, false, false, false]);
    expect(taken(EVENTS.basic('mirror/nginx', { HIGH: 1 }))).toBe(true);
  });
});

test('the rule is on the default bus, where Amazon ECR puts its events, also when the mirror has another', () => {
  mirror = new ImageMirror(stack, 'Second', { repositoryPrefix: 'second', images: ['nginx'], eventBus: new events.EventBus(stack, 'Bus') });
  const rule = ruleOf();
  expect(rule).not.toHaveProperty('EventBusName');
  expect(matchesPattern(rule.EventPattern, EVENTS.basic('second/nginx', { CRITICAL: 1 }))).toBe(true);
});

test('it takes a target, and a pattern besides', () => {
  const rule = ruleOf({ target: new targets.SnsTopic(new sns.Topic(stack, 'Topic')), eventPattern: { detail: { 'image-tags': ['stable'] } } });
  expect(rule.Targets).toHaveLength(1);
  expect(matchesPattern(rule.EventPattern, EVENTS.basic('mirror/nginx', { CRITICAL: 1 }))).toBe(true);
  const untagged = EVENTS.basic('mirror/nginx', { CRITICAL: 1 });
  expect(matchesPattern(rule.EventPattern, { ...untagged, detail: { ...untagged.detail, 'image-tags': [] } })).toBe(false);
});

test.each<[events.EventPattern, string]>([
  [{ resources: [arnOf('other')] }, '"resources"'],
  [{ detail: { $or: [{ 'finding-severity-counts': { LOW: [{ numeric: ['>', 0] }] } }] } }, '"detail.$or"'],
])('it is not widened by the pattern %j: its owner is told', (eventPattern, fields) => {
  expect(() => mirror.onScanFindings('Rule', { eventPattern })).toThrow(`eventPattern has ${fields}, which the rule sets itself`);
});

test('the account\'s scanning stays as it is', () => {
  mirror.onScanFindings('Rule');
  Template.fromStack(stack).resourceCountIs('AWS::ECR::RegistryScanningConfiguration', 0);
});

test('its pattern stays within EventBridge\'s limit, or an error says so', () => {
  for (let index = 0; index < 3; index++) mirror.addImage(`redis:${index}`, { repositoryName: `platform/team-with-a-long-name/redis-${index}` });
  const { EventPattern } = ruleOf({ severity: ScanSeverity.LOW, eachFinding: true });
  expect(JSON.stringify(EventPattern).length).toBeLessThan(2_048);
  expect([...Annotations.fromStack(stack).findError('*', Match.anyValue())]).toEqual([]);
});

test('too many repositories outside of the prefix are an error that says what to do', () => {
  for (let index = 0; index < 12; index++) mirror.addImage(`redis:${index}`, { repositoryName: `platform/team-with-a-long-name/redis-${index}` });
  mirror.onScanFindings('Rule');
  expect(() => (stack.node.root as App).synth()).toThrow(/EventBridge allows 2048: too many repositories are outside the mirror's repositoryPrefix; choose repository names under the prefix/);
});
