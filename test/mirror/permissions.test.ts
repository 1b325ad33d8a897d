import { runSimulation } from '@cloud-copilot/iam-simulate';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { ImageMirror, MirroredImage, RegistryCredentials } from '../../src';
import { RUN_ENVIRONMENT } from '../../src/image/contract/environment';
import { MAX_INLINE_POLICY_LENGTH } from '../../src/repositories/repository-arns';
import { foreignStarts, ownStarts, startedProject } from '../support/start-build-calls';
import { COMMERCIAL, TemplateResolver } from '../support/template-resolver';

const { account, region } = COMMERCIAL;

/** One call that a role makes. */
interface Call {
  readonly action: string;
  readonly resource: string;
  readonly context?: Record<string, string | string[]>;
}

/** A deployed mirror with an image in each of two stacks, credentials by the secret's name, and everything else by default. */
function deployMirror() {
  const app = new App();
  const stack = new Stack(app, 'Platform');
  const mirror = new ImageMirror(stack, 'Mirror', {
    images: ['nginx:stable', 'quay.io/prometheus/prometheus:v2.53.0'],
    credentials: [RegistryCredentials.dockerHub(secretsmanager.Secret.fromSecretNameV2(stack, 'DockerHub', 'docker-hub'))],
  });
  new MirroredImage(new Stack(app, 'Team'), 'Odd', { mirror, image: 'team/odd__name:1.0.0' });
  return new TemplateResolver(Template.fromStack(stack).toJSON());
}

const deployed = deployMirror();
const [buildRole] = deployed.ids('AWS::IAM::Role').filter((id) => id.includes('BuildRole'));
const [schedulerRole] = deployed.ids('AWS::IAM::Role').filter((id) => id.includes('SchedulerRole'));
const [project] = deployed.ids('AWS::CodeBuild::Project').map((id) => deployed.arn(id));
const [deadLetterQueue] = deployed.ids('AWS::SQS::Queue').map((id) => deployed.arn(id));
const [logGroup] = deployed.ids('AWS::Logs::LogGroup').map((id) => deployed.arn(id).replace(/:\*$/, ''));
const [assetBucket, ...assetKey] = String(deployed.properties(deployed.ids('AWS::CodeBuild::Project')[0]).Source.Location).split('/');

const started = startedProject(deployed, deployed.ids('AWS::CodeBuild::Project')[0], Object.values(RUN_ENVIRONMENT));

const repository = (name: string) => `arn:aws:ecr:${region}:${account}:repository/${name}`;
const secret = (name: string) => `arn:aws:secretsmanager:${region}:${account}:secret:${name}`;
const bus = (name: string) => `arn:aws:events:${region}:${account}:event-bus/${name}`;

/** Whether the policies of a role, and nothing else, allow a call. */
async function judge(roleId: string, { action, resource, context = {} }: Call): Promise<string> {
  const policies: { PolicyName: string; PolicyDocument: unknown }[] = deployed.properties(roleId).Policies;
  const response = await runSimulation({
    identityPolicies: policies.map(({ PolicyName, PolicyDocument }) => ({ name: PolicyName, policy: PolicyDocument })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    request: {
      action,
      principal: deployed.arn(roleId),
      resource: { resource, accountId: account },
      contextVariables: context,
    },
  }, {});
  if (response.resultType === 'error') throw new Error(`the simulator refuses ${action} on ${resource}: ${JSON.stringify(response.errors)}`);
  return response.overallResult;
}

describe('the build role', () => {
  const MIRRORED = ['mirror/nginx', 'mirror/quay.io/prometheus/prometheus', 'mirror/team/odd__name'];
  const REQUESTS = [
    'ecr:BatchGetImage', // HEAD and GET of a manifest
    'ecr:BatchCheckLayerAvailability', // HEAD of a blob
    'ecr:GetDownloadUrlForLayer', // HEAD and GET of a blob, and its mount from another repository
    'ecr:InitiateLayerUpload',
    'ecr:UploadLayerPart',
    'ecr:CompleteLayerUpload',
    'ecr:PutImage',
    'ecr:DescribeImages', // whether a tag that is not found is archived, and which images nothing needs
  ];

  test.each<Call>([
    { action: 'ecr:GetAuthorizationToken', resource: '*' },
    ...MIRRORED.flatMap((name) => REQUESTS.map((action) => ({ action, resource: repository(name) }))),
    { action: 'events:PutEvents', resource: bus('default'), context: { 'events:source': ['cdk-ecr-mirror'] } },
    { action: 'logs:CreateLogStream', resource: `${logGroup}:log-stream:1234` },
    { action: 'logs:PutLogEvents', resource: `${logGroup}:log-stream:1234` },
    { action: 's3:GetObject', resource: `arn:aws:s3:::${assetBucket}/${assetKey.join('/')}` },
    { action: 's3:GetObjectVersion', resource: `arn:aws:s3:::${assetBucket}/${assetKey.join('/')}` },
    { action: 's3:GetBucketAcl', resource: `arn:aws:s3:::${assetBucket}` },
    { action: 's3:GetBucketLocation', resource: `arn:aws:s3:::${assetBucket}` },
    { action: 'secretsmanager:GetSecretValue', resource: secret('docker-hub-AbCdEf') },
  ])('may do what a run does: $action on $resource', async (call) => {
    expect(await judge(buildRole, call)).toBe('Allowed');
  });

  test.each<Call>([
    ...REQUESTS.map((action) => ({ action, resource: repository('mirror/nginx-but-not-mine') })),
    { action: 'ecr:PutImage', resource: repository('production/app') },
    { action: 'ecr:PutImage', resource: `arn:aws:ecr:us-east-1:${account}:repository/mirror/nginx` },
    { action: 'ecr:PutImage', resource: `arn:aws:ecr:${region}:444455556666:repository/mirror/nginx` },
    { action: 'ecr:DeleteRepository', resource: repository('mirror/nginx') },
    { action: 'ecr:BatchDeleteImage', resource: repository('mirror/nginx') },
    { action: 'ecr:SetRepositoryPolicy', resource: repository('mirror/nginx') },
    { action: 'ecr:PutImageTagMutability', resource: repository('mirror/nginx') },
    { action: 'ecr:PutLifecyclePolicy', resource: repository('mirror/nginx') },
    { action: 'ecr:DeleteLifecyclePolicy', resource: repository('mirror/nginx') },
    { action: 'ecr:UpdateImageStorageClass', resource: repository('mirror/nginx') },
    { action: 'ecr:CreateRepository', resource: repository('mirror/another') },
    { action: 'codebuild:StartBuild', resource: project },
    { action: 'codebuild:UpdateProject', resource: project },
    { action: 'events:PutEvents', resource: bus('default'), context: { 'events:source': ['com.example.orders'] } },
    { action: 'events:PutEvents', resource: bus('default'), context: { 'events:source': ['cdk-ecr-mirror', 'com.example.orders'] } },
    { action: 'events:PutEvents', resource: bus('default') },
    { action: 'events:PutEvents', resource: bus('orders'), context: { 'events:source': ['cdk-ecr-mirror'] } },
    { action: 'logs:PutLogEvents', resource: `arn:aws:logs:${region}:${account}:log-group:another:log-stream:1234` },
    { action: 'logs:DeleteLogGroup', resource: logGroup },
    { action: 's3:GetObject', resource: `arn:aws:s3:::${assetBucket}/another.zip` },
    { action: 's3:PutObject', resource: `arn:aws:s3:::${assetBucket}/${assetKey.join('/')}` },
    { action: 's3:ListBucket', resource: `arn:aws:s3:::${assetBucket}` },
    { action: 'secretsmanager:GetSecretValue', resource: secret('another-AbCdEf') },
    { action: 'secretsmanager:GetSecretValue', resource: secret('docker-hub-of-another-team-AbCdEf') },
    { action: 'secretsmanager:PutSecretValue', resource: secret('docker-hub-AbCdEf') },
    { action: 'sqs:SendMessage', resource: deadLetterQueue },
    { action: 'iam:PassRole', resource: deployed.arn(buildRole) },
    { action: 'sts:AssumeRole', resource: deployed.arn(schedulerRole) },
    { action: 'ec2:CreateNetworkInterface', resource: `arn:aws:ec2:${region}:${account}:network-interface/eni-1234567890abcdef0` },
  ])('may do nothing else: $action on $resource', async (call) => {
    expect(await judge(buildRole, call)).toBe('ImplicitlyDenied');
  });
});

describe('the scheduler role', () => {
  test.each<Call>([
    { action: 'codebuild:StartBuild', resource: project },
    { action: 'sqs:SendMessage', resource: deadLetterQueue },
  ])('may do what a schedule does: $action on $resource', async (call) => {
    expect(await judge(schedulerRole, call)).toBe('Allowed');
  });

  test.each(ownStarts(started))('may start a build with %s', async (_, context) => {
    expect(await judge(schedulerRole, { action: 'codebuild:StartBuild', resource: project, context })).toBe('Allowed');
  });

  test.each(foreignStarts(started))('may not start a build with %s, whatever else allows it', async (_, context) => {
    expect(await judge(schedulerRole, { action: 'codebuild:StartBuild', resource: project, context })).toBe('ExplicitlyDenied');
  });

  test('takes half of the characters that IAM allows, however many schedules there are', () => {
    const [{ PolicyDocument }] = deployed.properties(schedulerRole).Policies;
    expect(JSON.stringify(PolicyDocument).length).toBeLessThan(MAX_INLINE_POLICY_LENGTH / 2);
  });

  test.each<Call>([
    { action: 'codebuild:StartBuild', resource: `arn:aws:codebuild:${region}:${account}:project/another` },
    { action: 'codebuild:StopBuild', resource: project },
    { action: 'codebuild:UpdateProject', resource: project },
    { action: 'sqs:ReceiveMessage', resource: deadLetterQueue },
    { action: 'sqs:SendMessage', resource: `arn:aws:sqs:${region}:${account}:another` },
    { action: 'ecr:PutImage', resource: repository('mirror/nginx') },
    { action: 'ecr:GetAuthorizationToken', resource: '*' },
    { action: 'secretsmanager:GetSecretValue', resource: secret('docker-hub-AbCdEf') },
    { action: 'iam:PassRole', resource: deployed.arn(buildRole) },
    { action: 'sts:AssumeRole', resource: deployed.arn(buildRole) },
  ])('may do nothing else: $action on $resource', async (call) => {
    expect(await judge(schedulerRole, call)).toBe('ImplicitlyDenied');
  });
});

describe('who may take a role', () => {
  const trust = (roleId: string) => deployed.properties(roleId).AssumeRolePolicyDocument.Statement;

  test('CodeBuild takes the build role, for this account only', () => {
    expect(trust(buildRole)).toEqual([{
      Action: 'sts:AssumeRole',
      Effect: 'Allow',
      Principal: { Service: 'codebuild.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': account } },
    }]);
  });

  test('EventBridge Scheduler takes the scheduler role, for this mirror\'s schedules only', () => {
    const [scheduleGroup] = deployed.ids('AWS::Scheduler::ScheduleGroup').map((id) => deployed.arn(id));
    expect(trust(schedulerRole)).toEqual([{
      Action: 'sts:AssumeRole',
      Effect: 'Allow',
      Principal: { Service: 'scheduler.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': account, 'aws:SourceArn': scheduleGroup } },
    }]);
  });

  test('there are no other roles but those of deployments, no managed policies, and no policies beside the roles but the CDK framework\'s', () => {
    const roles = deployed.ids('AWS::IAM::Role');
    const ofDeployments = roles.filter((id) => id.includes('MirrorOnDeploy'));
    expect(roles.sort()).toEqual([buildRole, schedulerRole, ...ofDeployments].sort());
    const attachedTo = deployed.ids('AWS::IAM::Policy').flatMap((id) => deployed.properties(id).Roles as string[]);
    expect(attachedTo.filter((name) => !/Framework|waiterstatemachine/.test(name))).toEqual([]);
    expect(deployed.ids('AWS::IAM::ManagedPolicy')).toEqual([]);
    for (const id of roles) expect(deployed.properties(id)).not.toHaveProperty('ManagedPolicyArns');
  });
});
