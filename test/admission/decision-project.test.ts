/** Who can record decisions, and what the builds that record them can do, judged by a simulator of IAM. */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ImageCatalog, ImageMirror, MirrorCompute } from '../../src';
import { MirrorDecisions } from '../../src/admission/mirror-decisions';
import { MirrorBuilds } from '../../src/project/mirror-project';
import { judgeCall, rolePolicies } from '../support/policy-simulator';
import { foreignStarts, ownStarts, startedProject } from '../support/start-build-calls';
import { COMMERCIAL, TemplateResolver } from '../support/template-resolver';

const { account, region } = COMMERCIAL;
const VARIABLES = ['DECISION', 'IMAGE', 'LOCK', 'REASON', 'REPOSITORY'];
const repository = (name: string) => `arn:aws:ecr:${region}:${account}:repository/${name}`;

/** A mirror with a catalog, a customized image, a rule, and a grant, so that all roles of a mirror are there. */
function deployMirror(compute = MirrorCompute.ec2()) {
  const stack = new Stack(new App(), 'Platform');
  const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'], compute });
  mirror.addImage('redis:7.0.1', { dockerfileLines: ['RUN true'] });
  mirror.addCatalog('Catalog', ImageCatalog.fromParameter(ssm.StringParameter.fromStringParameterName(stack, 'List', '/images')));
  new events.Rule(stack, 'Rule', { eventPattern: { source: ['vendor'] } }).addTarget(mirror.image('nginx:stable').asRuleTarget());
  const starter = new iam.Role(stack, 'Starter', { assumedBy: new iam.AccountPrincipal(account) });
  mirror.image('nginx:stable').grantStart(starter);
  const [quarantine, decisions] = ['mirror-held', 'mirror-decisions'].map((repositoryName) => new ecr.Repository(stack, repositoryName, { repositoryName }));
  const mirrorDecisions = new MirrorDecisions(mirror, {
    builds: MirrorBuilds.of(mirror),
    compute: compute._bind(),
    logGroup: mirror.logGroup,
    quarantine: { quarantine, decisions, onceRequired: (listener) => listener({ quarantine, decisions }) },
  });
  const reviewer = new iam.Role(stack, 'Reviewer', { assumedBy: new iam.AccountPrincipal(account) });
  mirrorDecisions.grant(reviewer);
  return new TemplateResolver(Template.fromStack(stack).toJSON());
}

const deployed = deployMirror();
const roles = deployed.ids('AWS::IAM::Role');
const roleOf = (pattern: RegExp) => roles.find((id) => pattern.test(id))!;
const [decisionRole, buildRole, reviewer] = [/DecisionBuilds/, /^MirrorBuildRole/, /^Reviewer/].map(roleOf);
const projectId = deployed.ids('AWS::CodeBuild::Project').find((id) => /DecisionBuilds/.test(id))!;
const project = deployed.arn(projectId);

const judge = (role: string, action: string, resource: string, context?: Record<string, string | string[]>) => {
  return judgeCall({ principal: deployed.arn(role), action, resource, account, context }, { identity: rolePolicies(deployed, role) });
};

test.each(roles.filter((id) => id !== reviewer))('%s cannot start the project', async (role) => {
  expect(await judge(role, 'codebuild:StartBuild', project)).not.toBe('Allowed');
});

test('the roles of schedules, rules, deployments, builds, and starters are among them', () => {
  const others = [/Schedule/, /RuleTarget/, /OnEvent/, /IsComplete/, /^MirrorBuildRole/, /CustomImages/, /^Starter/];
  expect(others.filter((pattern) => !roles.some((id) => pattern.test(id)))).toEqual([]);
});

test.each(roles.filter((id) => id !== decisionRole))('%s cannot write decisions', async (role) => {
  for (const action of ['ecr:PutImage', 'ecr:InitiateLayerUpload', 'ecr:BatchDeleteImage']) {
    expect(await judge(role, action, repository('mirror-decisions'))).not.toBe('Allowed');
  }
});

test.each([
  ['ecr:PutImage', 'mirror-decisions'], ['ecr:UploadLayerPart', 'mirror-decisions'], ['ecr:DescribeImages', 'mirror-decisions'],
  ['ecr:DescribeImages', 'mirror-held'], ['ecr:DescribeImages', 'mirror/nginx'], ['ecr:BatchGetImage', 'mirror/nginx'],
])('the builds can %s in %s', async (action, name) => {
  expect(await judge(decisionRole, action, repository(name))).toBe('Allowed');
});

test.each([
  ['ecr:PutImage', 'mirror-held'], ['ecr:PutImage', 'mirror/nginx'], ['ecr:BatchDeleteImage', 'mirror-decisions'], ['ecr:BatchGetImage', 'other/app'],
  ['ecr:GetDownloadUrlForLayer', 'mirror/nginx'], ['ecr:CreateRepository', 'mirror-decisions'],
])('the builds cannot %s in %s', async (action, name) => {
  expect(await judge(decisionRole, action, repository(name))).not.toBe('Allowed');
});

test('the builds that mirror images and those that record decisions cannot start each other', async () => {
  const mirrorProject = deployed.arn(deployed.ids('AWS::CodeBuild::Project').find((id) => /^MirrorProject/.test(id))!);
  expect(await judge(decisionRole, 'codebuild:StartBuild', mirrorProject)).not.toBe('Allowed');
  expect(await judge(buildRole, 'codebuild:StartBuild', project)).not.toBe('Allowed');
});

describe('a principal that can release and refuse images', () => {
  const started = startedProject(deployed, projectId, VARIABLES);

  test.each(ownStarts(started))('can start the project %s', async (_, context) => {
    expect(await judge(reviewer, 'codebuild:StartBuild', project, context)).toBe('Allowed');
  });

  test.each(foreignStarts(started))('cannot start the project %s', async (_, context) => {
    expect(await judge(reviewer, 'codebuild:StartBuild', project, context)).toBe('ExplicitlyDenied');
  });

  test('cannot start the project that mirrors images, and cannot write decisions itself', async () => {
    const mirrorProject = deployed.arn(deployed.ids('AWS::CodeBuild::Project').find((id) => /^MirrorProject/.test(id))!);
    expect(await judge(reviewer, 'codebuild:StartBuild', mirrorProject)).not.toBe('Allowed');
    expect(await judge(reviewer, 'ecr:PutImage', repository('mirror-decisions'))).not.toBe('Allowed');
  });

  test('can follow the build', async () => {
    expect(await judge(reviewer, 'codebuild:BatchGetBuilds', project)).toBe('Allowed');
    expect(await judge(reviewer, 'codebuild:BatchGetProjects', project)).toBe('Allowed');
  });
});

test('the project of the mirror names the project of decisions', () => {
  const mirrorProject = deployed.properties(deployed.ids('AWS::CodeBuild::Project').find((id) => /^MirrorProject/.test(id))!);
  const { EnvironmentVariables } = mirrorProject.Environment;
  expect(EnvironmentVariables).toContainEqual({ Name: 'MIRROR_DECISION_PROJECT', Type: 'PLAINTEXT', Value: deployed.resolve({ Ref: projectId }) });
});

test('the project is small, has no prefix, and runs one command without options of Node.js', () => {
  const { Environment, Source, TimeoutInMinutes } = deployed.properties(projectId);
  const names = Environment.EnvironmentVariables.map(({ Name }: { Name: string }) => Name);
  expect([Environment.ComputeType, Environment.PrivilegedMode, TimeoutInMinutes]).toEqual(['BUILD_GENERAL1_SMALL', false, 10]);
  expect(names).not.toContain('MIRROR_REPOSITORY_PREFIX');
  expect(names).toEqual(expect.arrayContaining(['MIRROR_REGISTRY', 'MIRROR_QUARANTINE', 'MIRROR_DECISIONS', 'MIRROR_EVENT_BUS', 'MIRROR_DEADLINE_SECONDS']));
  expect(JSON.parse(Source.BuildSpec).phases.build.commands).toEqual(['NODE_OPTIONS= node decide.js']);
});

test('with Lambda compute, the project has Lambda compute too', () => {
  const lambda = deployMirror(MirrorCompute.awsLambda());
  const { Environment } = lambda.properties(lambda.ids('AWS::CodeBuild::Project').find((id) => /DecisionBuilds/.test(id))!);
  expect(Environment.ComputeType).toBe('BUILD_LAMBDA_1GB');
});

test('without checks, there is no project, and the mirror does not name one', () => {
  const stack = new Stack(new App(), 'Platform');
  const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
  const quarantine = { onceRequired: () => undefined } as never;
  new MirrorDecisions(mirror, { builds: MirrorBuilds.of(mirror), compute: MirrorCompute.ec2()._bind(), logGroup: mirror.logGroup, quarantine });
  const template = JSON.stringify(Template.fromStack(stack).toJSON());
  expect(template).not.toMatch(/Decision|MIRROR_DECISION_PROJECT/);
});
