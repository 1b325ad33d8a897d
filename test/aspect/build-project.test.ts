import { Aspects, SecretValue, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { DeployedStack, REGISTRY } from './deployed-stack';
import { ImageMirror, MirroredImage, MirroredImagesAspect } from '../../src';
import { mirrorAndWorkload } from '../support/mirror-stack';

const MIRRORED = 'arn:aws:ecr:eu-west-1:111122223333:repository/mirror/nginx';

let platform: Stack;
let stack: Stack;
let mirror: ImageMirror;
beforeEach(() => {
  const { app, ...stacks } = mirrorAndWorkload('Builds');
  ({ platform, stack, mirror } = stacks);
  // In the stack that runs it, so that all that matters is in one template.
  new MirroredImage(stack, 'Nginx', { mirror, image: 'nginx:stable' });
  Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [mirror] }));
});

function defineProject(buildImage: codebuild.IBuildImage, props: Partial<codebuild.ProjectProps> = {}): codebuild.Project {
  return new codebuild.Project(stack, 'Team', { buildSpec: codebuild.BuildSpec.fromObject({ version: '0.2' }), environment: { buildImage }, ...props });
}

function teamProject(deployed: DeployedStack): Record<string, any> {
  return deployed.only('AWS::CodeBuild::Project');
}

/** The repositories that policies say something about. */
function repositories({ resolver }: DeployedStack): string[] {
  const statements = resolver.ids('AWS::IAM::Policy').flatMap((id) => resolver.properties(id).PolicyDocument.Statement);
  return statements.flatMap(({ Resource }) => Resource).filter((arn: string) => arn.includes(':repository/'));
}

describe('a build project', () => {
  test.each([
    ['x86', codebuild.LinuxBuildImage.fromDockerRegistry('nginx:stable'), 'LINUX_CONTAINER'],
    ['ARM', codebuild.LinuxArmBuildImage.fromDockerRegistry('nginx:stable'), 'ARM_CONTAINER'],
    ['Windows', codebuild.WindowsBuildImage.fromDockerRegistry('nginx:stable'), 'WINDOWS_CONTAINER'],
  ])('on %s is built in the mirror\'s image, which its role pulls', (_, buildImage, type) => {
    defineProject(buildImage);
    const deployed = new DeployedStack(stack, platform);
    expect(teamProject(deployed).Environment).toMatchObject({ Type: type, Image: `${REGISTRY}/mirror/nginx:stable`, ImagePullCredentialsType: 'SERVICE_ROLE' });
    expect(repositories(deployed)).toEqual([MIRRORED]);
  });

  test('takes no credentials for the public registry to the mirror', () => {
    const secretsManagerCredentials = new secretsmanager.Secret(stack, 'DockerHub', { secretStringValue: SecretValue.unsafePlainText('none') });
    defineProject(codebuild.LinuxBuildImage.fromDockerRegistry('nginx:stable', { secretsManagerCredentials }));
    expect(teamProject(new DeployedStack(stack, platform)).Environment).not.toHaveProperty('RegistryCredential');
  });

  test('waits for the first copy of its image', () => {
    defineProject(codebuild.LinuxBuildImage.fromDockerRegistry('nginx:stable'));
    expect(new DeployedStack(stack, platform).waits('AWS::CodeBuild::Project', mirror.image('nginx:stable'))).toBe(true);
  });

  test.each([
    ['Linux', codebuild.LinuxBuildImage.STANDARD_7_0],
    ['Lambda', codebuild.LinuxLambdaBuildImage.AMAZON_LINUX_2023_NODE_20],
    ['Windows', codebuild.WindowsBuildImage.WIN_SERVER_CORE_2019_BASE_3_0],
  ])('in an image of CodeBuild\'s own for %s stays as it is', (_, buildImage) => {
    defineProject(buildImage);
    const deployed = new DeployedStack(stack, platform);
    expect(teamProject(deployed).Environment.Image).toBe(buildImage.imageId);
    expect(deployed.warnings()).toEqual([]);
    expect(repositories(deployed)).toEqual([]);
  });

  test('in an image of the account stays as it is, and so do its credentials', () => {
    const repository = ecr.Repository.fromRepositoryName(stack, 'Repository', 'builder');
    defineProject(codebuild.LinuxBuildImage.fromEcrRepository(repository, 'stable'));
    const deployed = new DeployedStack(stack, platform);
    expect(teamProject(deployed).Environment).toMatchObject({ Image: `${REGISTRY}/builder:stable`, ImagePullCredentialsType: 'SERVICE_ROLE' });
    expect(repositories(deployed)).toEqual(['arn:aws:ecr:eu-west-1:111122223333:repository/builder']);
    expect(deployed.warnings()).toEqual([]);
  });

  test('of a pipeline is built in the mirror\'s image, too', () => {
    new codebuild.PipelineProject(stack, 'Team', { environment: { buildImage: codebuild.LinuxBuildImage.fromDockerRegistry('nginx:stable') } });
    expect(teamProject(new DeployedStack(stack, platform)).Environment.Image).toBe(`${REGISTRY}/mirror/nginx:stable`);
  });

  test('with a role that the app must not change gets no policy', () => {
    const role = iam.Role.fromRoleArn(stack, 'Role', 'arn:aws:iam::111122223333:role/builds', { mutable: false });
    defineProject(codebuild.LinuxBuildImage.fromDockerRegistry('nginx:stable'), { role });
    const deployed = new DeployedStack(stack, platform);
    expect(teamProject(deployed).Environment.Image).toBe(`${REGISTRY}/mirror/nginx:stable`);
    expect(repositories(deployed)).toEqual([]);
  });

  test('of CloudFormation\'s own is built in the mirror\'s image, which its role pulls', () => {
    const role = new iam.Role(stack, 'TeamRole', { assumedBy: new iam.ServicePrincipal('codebuild.amazonaws.com') });
    new codebuild.CfnProject(stack, 'Team', {
      artifacts: { type: 'NO_ARTIFACTS' },
      source: { type: 'NO_SOURCE', buildSpec: '{}' },
      serviceRole: role.roleArn,
      environment: {
        type: 'LINUX_CONTAINER',
        computeType: 'BUILD_GENERAL1_SMALL',
        image: 'docker.io/nginx:stable',
        imagePullCredentialsType: 'CODEBUILD',
        registryCredential: { credential: 'docker-hub', credentialProvider: 'SECRETS_MANAGER' },
      },
    });
    const deployed = new DeployedStack(stack, platform);
    expect(teamProject(deployed).Environment).toEqual({
      Type: 'LINUX_CONTAINER', ComputeType: 'BUILD_GENERAL1_SMALL', Image: `${REGISTRY}/mirror/nginx:stable`, ImagePullCredentialsType: 'SERVICE_ROLE',
    });
    expect(repositories(deployed)).toEqual([MIRRORED]);
  });
});
