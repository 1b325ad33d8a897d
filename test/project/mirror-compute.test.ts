import { App, Duration, Lazy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { ComputeArchitecture, ImageMirror, MirrorCompute } from '../../src';

function newStack() {
  return new Stack(new App(), 'Stack');
}

function synthesize(compute: MirrorCompute | undefined, stack: Stack = newStack()) {
  new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'], compute });
  return Template.fromStack(stack);
}

function projectOf(template: Template) {
  const [project] = Object.values(template.findResources('AWS::CodeBuild::Project'));
  return project.Properties;
}

function buildSpecOf(template: Template) {
  return JSON.parse(projectOf(template).Source.BuildSpec);
}

function deadlineOf(template: Template) {
  const variables: { Name: string; Value: string }[] = projectOf(template).Environment.EnvironmentVariables;
  return variables.find(({ Name }) => Name === 'MIRROR_DEADLINE_SECONDS')?.Value;
}

const BUILD = { commands: ['NODE_OPTIONS= node mirror.js'] };

describe('EC2 compute', () => {
  test('is a small x86 machine with a curated image by default, told to use Node 22', () => {
    const template = synthesize(undefined);
    expect(projectOf(template).Environment).toMatchObject({
      Type: 'LINUX_CONTAINER', ComputeType: 'BUILD_GENERAL1_SMALL', Image: 'aws/codebuild/amazonlinux-x86_64-standard:5.0', ImagePullCredentialsType: 'CODEBUILD',
    });
    expect(buildSpecOf(template)).toEqual({ version: '0.2', phases: { install: { 'runtime-versions': { nodejs: 22 } }, build: BUILD } });
  });

  test('is a small ARM machine when asked', () => {
    const template = synthesize(MirrorCompute.ec2({ architecture: ComputeArchitecture.ARM_64 }));
    expect(projectOf(template).Environment).toMatchObject({
      Type: 'ARM_CONTAINER', ComputeType: 'BUILD_GENERAL1_SMALL', Image: 'aws/codebuild/amazonlinux-aarch64-standard:3.0',
    });
    expect(buildSpecOf(template).phases.install).toEqual({ 'runtime-versions': { nodejs: 22 } });
  });

  test('stops a build after an hour by default, and the engine a minute before', () => {
    const template = synthesize(undefined);
    expect(projectOf(template).TimeoutInMinutes).toBe(60);
    expect(deadlineOf(template)).toBe('3540');
  });

  test('takes another size and another timeout', () => {
    const template = synthesize(MirrorCompute.ec2({ computeType: codebuild.ComputeType.MEDIUM, timeout: Duration.minutes(5) }));
    expect(projectOf(template)).toMatchObject({ TimeoutInMinutes: 5, Environment: { ComputeType: 'BUILD_GENERAL1_MEDIUM' } });
    expect(deadlineOf(template)).toBe('240');
  });

  test('selects no Node in an image that is not curated, for CodeBuild would refuse', () => {
    const template = synthesize(MirrorCompute.ec2({ buildImage: codebuild.LinuxBuildImage.fromDockerRegistry('node:22') }));
    expect(buildSpecOf(template)).toEqual({ version: '0.2', phases: { build: BUILD } });
  });

  test('selects Node in another curated image', () => {
    const template = synthesize(MirrorCompute.ec2({ buildImage: codebuild.LinuxBuildImage.STANDARD_7_0 }));
    expect(buildSpecOf(template).phases.install).toEqual({ 'runtime-versions': { nodejs: 22 } });
  });

  test('may pull a build image from Amazon ECR', () => {
    const stack = newStack();
    const repository = new ecr.Repository(stack, 'BuildImages');
    const template = synthesize(MirrorCompute.ec2({ buildImage: codebuild.LinuxBuildImage.fromEcrRepository(repository, 'v1') }), stack);
    template.hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('BuildRole') }],
      PolicyDocument: {
        Statement: Match.arrayWith([Match.objectLike({
          Action: ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'],
          Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('BuildImages'), 'Arn'] },
        })]),
      },
    });
  });

  test('may read the credentials of a build image', () => {
    const stack = newStack();
    const secretsManagerCredentials = new secretsmanager.Secret(stack, 'Pull');
    const buildImage = codebuild.LinuxBuildImage.fromDockerRegistry('registry.example.com/node:22', { secretsManagerCredentials });
    synthesize(MirrorCompute.ec2({ buildImage }), stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Resource: { Ref: Match.stringLikeRegexp('Pull') } })]) },
    });
  });

  test('runs in a VPC, with the network permissions that CodeBuild documents', () => {
    const stack = newStack();
    const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 1 });
    const template = synthesize(MirrorCompute.ec2({ vpc }), stack);
    expect(projectOf(template).VpcConfig.Subnets).toHaveLength(1);
    template.hasResourceProperties('AWS::IAM::Role', {
      Policies: [{
        PolicyName: 'Mirror',
        PolicyDocument: {
          Statement: Match.arrayWith([
            Match.objectLike({
              Action: 'ec2:CreateNetworkInterfacePermission',
              Condition: { StringEquals: { 'ec2:Subnet': [Match.anyValue()], 'ec2:AuthorizedService': 'codebuild.amazonaws.com' } },
            }),
            Match.objectLike({ Action: Match.arrayWith(['ec2:CreateNetworkInterface', 'ec2:DescribeVpcs']), Resource: '*' }),
          ]),
        },
      }],
    });
    const attached = template.findResources('AWS::IAM::Policy', { Properties: { Roles: [{ Ref: Match.stringLikeRegexp('BuildRole') }] } });
    expect(Object.keys(attached)).toEqual([]);
  });

  test('takes security groups and subnets of the VPC', () => {
    const stack = newStack();
    const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 1 });
    const securityGroup = new ec2.SecurityGroup(stack, 'Group', { vpc });
    const subnetSelection = { subnetType: ec2.SubnetType.PUBLIC };
    const template = synthesize(MirrorCompute.ec2({ vpc, securityGroups: [securityGroup], subnetSelection }), stack);
    expect(projectOf(template).VpcConfig).toMatchObject({
      SecurityGroupIds: [{ 'Fn::GetAtt': [expect.stringContaining('Group'), 'GroupId'] }],
      Subnets: [{ Ref: expect.stringContaining('PublicSubnet1') }],
    });
  });

  test('needs no network permission without a VPC', () => {
    expect(JSON.stringify(synthesize(undefined).toJSON())).not.toContain('ec2:');
  });
});

describe('Lambda compute', () => {
  test('is ARM with 1 GB and Node 22 by default', () => {
    expect(projectOf(synthesize(MirrorCompute.awsLambda())).Environment).toMatchObject({
      Type: 'ARM_LAMBDA_CONTAINER', ComputeType: 'BUILD_LAMBDA_1GB', Image: 'aws/codebuild/amazonlinux-aarch64-lambda-standard:nodejs22',
    });
  });

  test('is x86 with more memory when asked', () => {
    const compute = MirrorCompute.awsLambda({ architecture: ComputeArchitecture.X86_64, computeType: codebuild.ComputeType.LAMBDA_2GB });
    expect(projectOf(synthesize(compute)).Environment).toMatchObject({
      Type: 'LINUX_LAMBDA_CONTAINER', ComputeType: 'BUILD_LAMBDA_2GB', Image: 'aws/codebuild/amazonlinux-x86_64-lambda-standard:nodejs22',
    });
  });

  test('sets nothing that it does not support', () => {
    const template = synthesize(MirrorCompute.awsLambda());
    for (const property of ['TimeoutInMinutes', 'QueuedTimeoutInMinutes', 'VpcConfig']) expect(projectOf(template)).not.toHaveProperty(property);
    expect(buildSpecOf(template)).toEqual({ version: '0.2', phases: { build: BUILD } });
  });

  test('gives the engine a minute less than its 15', () => {
    expect(deadlineOf(synthesize(MirrorCompute.awsLambda()))).toBe('840');
  });
});

test.each([MirrorCompute.ec2(), MirrorCompute.ec2({ architecture: ComputeArchitecture.ARM_64 }), MirrorCompute.awsLambda()])(
  'never runs in privileged mode and never limits concurrent builds (%#)', (compute) => {
    const project = projectOf(synthesize(compute));
    expect(project.Environment.PrivilegedMode).toBe(false);
    expect(project).not.toHaveProperty('ConcurrentBuildLimit');
  },
);

describe('fails', () => {
  const arm = codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0;

  test.each<[string, () => unknown, string]>([
    ['when the architecture contradicts the build image', () => MirrorCompute.ec2({ architecture: ComputeArchitecture.X86_64, buildImage: arm }),
      'the build image "aws/codebuild/amazonlinux-aarch64-standard:3.0" is for arm64, but architecture is "x86_64"; remove architecture'],
    ['when the build image is one of Lambda', () => MirrorCompute.ec2({ buildImage: codebuild.LinuxLambdaBuildImage.AMAZON_LINUX_2023_NODE_22 }),
      'is for Lambda compute; use MirrorCompute.awsLambda()'],
    ['when the build image is one of Windows', () => MirrorCompute.ec2({ buildImage: codebuild.WindowsBuildImage.WIN_SERVER_CORE_2019_BASE }),
      'use a Linux image'],
    ['when the size is one of Lambda', () => MirrorCompute.ec2({ computeType: codebuild.ComputeType.LAMBDA_1GB }),
      '"BUILD_LAMBDA_1GB" is a compute type of Lambda compute; use MirrorCompute.awsLambda(), or another compute type'],
    ['when the size is none of Lambda', () => MirrorCompute.awsLambda({ computeType: codebuild.ComputeType.SMALL }),
      '"BUILD_GENERAL1_SMALL" is not a compute type of Lambda compute; use a LAMBDA_ compute type, or MirrorCompute.ec2()'],
    ['when there are subnets and no VPC', () => MirrorCompute.ec2({ subnetSelection: { subnetType: ec2.SubnetType.PUBLIC } }),
      'subnetSelection and securityGroups need a VPC; set vpc, or remove them'],
    ['when the timeout is too short', () => MirrorCompute.ec2({ timeout: Duration.minutes(4) }), 'timeout "4 minutes" must be whole minutes, from 5 minutes to 1 day 12 hours'],
    ['when the timeout is too long', () => MirrorCompute.ec2({ timeout: Duration.hours(37) }), 'must be whole minutes, from 5 minutes'],
    ['when the timeout has half a minute', () => MirrorCompute.ec2({ timeout: Duration.seconds(330) }), 'must be whole minutes'],
    ['when the timeout is a token', () => MirrorCompute.ec2({ timeout: Duration.minutes(Lazy.number({ produce: () => 60 })) }),
      'timeout must be known at synthesis, but it is a token; write for example Duration.hours(1)'],
  ])('%s', (_, define, message) => {
    expect(define).toThrow(message);
  });
});
