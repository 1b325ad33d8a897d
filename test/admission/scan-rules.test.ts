import { createHash } from 'node:crypto';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { AdmissionMode, FindingSeverity, ImageMirror, ImageMirrorProps, MirroredImageOptions, OnTagMoved, TagFilter } from '../../src';
import { heldTag, imageKey } from '../../src/image/admission/quarantine';
import { matchesPattern } from '../support/event-pattern';
import { mirrorStack } from '../support/mirror-stack';
import { COMMERCIAL, TemplateResolver } from '../support/template-resolver';

const SCAN = { maximumSeverity: FindingSeverity.HIGH };
const DIGEST = `sha256:${'1'.repeat(64)}`;
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

const { account, region } = COMMERCIAL;
const arn = (name: string) => `arn:aws:ecr:${region}:${account}:repository/${name}`;

/** The tag under which the engine puts an image into quarantine. */
const held = (source: string, repository: string, tag: string) => heldTag(imageKey({ source, repository, tag }, digestOf), DIGEST, '', digestOf);
const NGINX = held('docker.io/library/nginx', 'mirror/nginx', 'stable');

/** The events of basic and of enhanced scanning, as the documentation of Amazon ECR shows them. */
function scanEvents(tags: string[], { repository = 'mirror-held', status = ['COMPLETE', 'INITIAL_SCAN_COMPLETE'] } = {}) {
  const detail = { 'image-digest': DIGEST, 'image-tags': tags, 'finding-severity-counts': { HIGH: 1 } };
  return [
    { 'source': 'aws.ecr', 'detail-type': 'ECR Image Scan', 'resources': [arn(repository)], 'detail': { ...detail, 'scan-status': status[0], 'repository-name': repository } },
    {
      'source': 'aws.inspector2',
      'detail-type': 'Inspector2 Scan',
      'resources': [arn(repository)],
      'detail': { ...detail, 'scan-status': status[1], 'repository-name': arn(repository) },
    },
  ];
}

function rulesOf(props: ImageMirrorProps, ...images: [string, MirroredImageOptions?][]) {
  const { mirror, deploy } = mirrorStack(props);
  for (const [image, options] of images) mirror.addImage(image, options);
  const template = deploy();
  const started = (rule: Record<string, any>) => JSON.parse(rule.Targets[0].Input).environmentVariablesOverride[0].value as string;
  return template.ids('AWS::Events::Rule').map((id) => template.properties(id)).map((rule) => ({ pattern: rule.EventPattern, image: started(rule) }));
}

test('a complete scan of a held image starts a run of this image, with basic and with enhanced scanning', () => {
  const rules = rulesOf({ admission: SCAN }, ['nginx:stable'], ['redis:7']);
  for (const event of scanEvents([NGINX])) {
    expect(rules.filter(({ pattern }) => matchesPattern(pattern, event)).map(({ image }) => image)).toEqual(['docker.io/library/nginx:stable']);
  }
});

test('no run starts for other images, other repositories, and scans that are not complete', () => {
  const [{ pattern }] = rulesOf({ admission: SCAN }, ['nginx:stable']);
  const events = [
    ...scanEvents([held('docker.io/library/nginx', 'mirror/nginx', 'mainline')]),
    ...scanEvents([held('docker.io/library/nginx', 'team/nginx', 'stable')]),
    ...scanEvents(['stable']),
    ...scanEvents([]),
    ...scanEvents([NGINX], { repository: 'mirror/nginx' }),
    ...scanEvents([NGINX], { status: ['FAILED', 'ACTIVE'] }),
  ];
  expect(events.filter((event) => matchesPattern(pattern, event))).toEqual([]);
});

test.each<[string, string, MirroredImageOptions, string]>([
  ['a tag filter', 'nginx', { tags: TagFilter.patterns('stable', 'mainline') }, 'mainline'],
  ['a fixed tag that gets a suffix', 'nginx:1.27.0', { onTagMoved: OnTagMoved.SUFFIX }, '1.27.0-4f1c0e2a9b7d'],
])('%s starts a run for each tag of the image', (_, image, options, tag) => {
  const [{ pattern }] = rulesOf({ admission: SCAN }, [image, options]);
  for (const event of scanEvents([held('docker.io/library/nginx', 'mirror/nginx', tag)])) expect(matchesPattern(pattern, event)).toBe(true);
});

test.each<[string, MirroredImageOptions]>([
  ['in audit mode', { admission: { ...SCAN, scanMode: AdmissionMode.AUDIT } }],
  ['without a check of findings', { admission: { minimumAge: Duration.days(7) } }],
  ['that is not enabled', { admission: SCAN, enabled: false }],
])('an image %s has no rule', (_, options) => {
  expect(rulesOf({}, ['nginx:stable', options])).toEqual([]);
});

test('an image in a repository with a name that is not known at synthesis has no rule', () => {
  const { mirror, stack, deploy } = mirrorStack();
  mirror.addImage('nginx:1.27.0', { admission: SCAN, repository: new ecr.Repository(stack, 'Own') });
  expect(deploy().ids('AWS::Events::Rule')).toEqual([]);
});

test('the rule is on the default event bus, and its role starts builds of the mirror only', () => {
  const { mirror, stack } = mirrorStack({ admission: SCAN });
  mirror.addImage('nginx:stable');
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::Events::Rule', { EventBusName: Match.absent(), Targets: [Match.objectLike({ DeadLetterConfig: Match.anyValue() })] });
  const resolver = new TemplateResolver(template.toJSON());
  const [role] = resolver.ids('AWS::IAM::Role').filter((id) => id.includes('RuleTargetRole')).map((id) => resolver.properties(id));
  expect([...new Set(role.Policies[0].PolicyDocument.Statement.map(({ Action }: { Action: string }) => Action))]).toEqual(['codebuild:StartBuild']);
});

test('more than 50 such images have 50 rules and one warning', () => {
  const stack = new Stack(new App(), 'Stack');
  const images = Array.from({ length: 52 }, (_, index) => `example.com/app-${index}:1.0.0`);
  new ImageMirror(stack, 'Mirror', { images, admission: SCAN });
  expect(Object.keys(Template.fromStack(stack).findResources('AWS::Events::Rule'))).toHaveLength(50);
  const warnings = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('cdk-ecr-mirror:ImageMirror.scanRules'));
  expect(warnings).toHaveLength(1);
  expect(warnings[0].entry.data).toContain('50 images start a run as soon as their scan is complete, but 2 more images with maximumSeverity wait');
});
