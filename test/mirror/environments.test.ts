import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { App, Environment, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ImageMirror, MirroredImage } from '../../src';
import { Deployment, TemplateJson, TemplateResolver } from '../support/template-resolver';

const ACCOUNT = '111122223333';

/** Where a template may be deployed, and what a stack that is bound to that place says. */
const PLACES: [name: string, deployment: Deployment][] = [
  ['aws', { partition: 'aws', account: ACCOUNT, region: 'eu-west-1', urlSuffix: 'amazonaws.com' }],
  ['aws-cn', { partition: 'aws-cn', account: ACCOUNT, region: 'cn-north-1', urlSuffix: 'amazonaws.com.cn' }],
  ['aws-us-gov', { partition: 'aws-us-gov', account: ACCOUNT, region: 'us-gov-west-1', urlSuffix: 'amazonaws.com' }],
];

function synthesize(env?: Environment, context: Record<string, unknown> = {}) {
  const app = new App({ context });
  const platform = new Stack(app, 'Platform', { env });
  const team = new Stack(app, 'Team', { env });
  const mirror = new ImageMirror(platform, 'Mirror', { images: ['nginx:stable'] });
  new MirroredImage(team, 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
  return [Template.fromStack(platform).toJSON(), Template.fromStack(team).toJSON()];
}

const BOUND = PLACES.map(([name, deployment]) => [`bound to ${name}`, deployment, { account: ACCOUNT, region: deployment.region }] as const);
const FREE = PLACES.map(([name, deployment]) => [`bound to nothing and deployed in ${name}`, deployment, undefined] as const);

describe.each([...BOUND, ...FREE])('a stack %s', (_, deployment, env) => {
  const { partition, region, urlSuffix } = deployment;
  const [platformTemplate, teamTemplate] = synthesize(env);
  const platform = new TemplateResolver(platformTemplate, deployment);
  const team = new TemplateResolver(teamTemplate, deployment, [platform]);

  test('lets builds push to the registry of that place', () => {
    const [project] = platform.ids('AWS::CodeBuild::Project');
    const variables: { Name: string; Value: string }[] = platform.properties(project).Environment.EnvironmentVariables;
    expect(variables).toContainEqual({ Name: 'MIRROR_REGISTRY', Type: 'PLAINTEXT', Value: `${ACCOUNT}.dkr.ecr.${region}.${urlSuffix}` });
    expect(variables).toContainEqual({ Name: 'MIRROR_EVENT_BUS', Type: 'PLAINTEXT', Value: `arn:${partition}:events:${region}:${ACCOUNT}:event-bus/default` });
  });

  test('names every resource in the partition of that place', () => {
    const resolved = JSON.stringify([
      ...platform.ids('AWS::IAM::Role').map((id) => platform.properties(id)),
      ...team.ids('AWS::Scheduler::Schedule').map((id) => team.properties(id)),
    ]);
    const partitions = new Set([...resolved.matchAll(/arn:([a-z-]+):/g)].map(([, found]) => found));
    expect([...partitions]).toEqual([partition]);
    expect(resolved).toContain(`arn:${partition}:ecr:${region}:${ACCOUNT}:repository/mirror/grafana/grafana`);
  });
});

test('a stack bound to nothing names no partition, no account, no Region and no URL suffix', () => {
  expect(JSON.stringify(synthesize())).not.toMatch(/arn:aws|111122223333|eu-west-1|(?<!(?:codebuild|lambda|scheduler|states)\.)amazonaws\.com/);
});

test('the feature flags that `cdk init` sets change nothing that is allowed or defined', () => {
  const flags = path.join(path.dirname(require.resolve('aws-cdk-lib/package.json')), 'recommended-feature-flags.json');
  const context: Record<string, unknown> = JSON.parse(readFileSync(flags, 'utf8'));
  expect(context).toHaveProperty('@aws-cdk/aws-iam:minimizePolicies', true);
  expect(synthesize(undefined, context).map(withPermissions)).toEqual(synthesize().map(withPermissions));
});

/** A template, in which each policy beside a role is what it allows: the CDK writes them, and a flag lets it join their statements. */
function withPermissions(template: TemplateJson) {
  return Object.entries(template.Resources ?? {}).map(([id, { Type, Properties, ...rest }]) => {
    const { PolicyDocument: document, ...others } = Properties as Record<string, any>;
    return [id, Type, Type === 'AWS::IAM::Policy' ? { ...others, allowed: permissions(document.Statement) } : Properties, rest];
  });
}

function permissions(statements: { Effect: string; Action: string | string[]; Resource: unknown }[]): string[] {
  const each = ({ Effect, Action, Resource }: typeof statements[number]) => [Action].flat()
    .flatMap((action) => [Resource].flat().map((resource) => JSON.stringify([Effect, action, resource])));
  return statements.flatMap(each).sort();
}
