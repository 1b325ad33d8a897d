import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import { needsOf } from './first-copy';
import { ImageMirror, TagFilter } from '../../src';
import { mirrorStack } from '../support/mirror-stack';
import { TemplateResolver } from '../support/template-resolver';

const { LINUX_AMD64, LINUX_ARM64 } = ecr_assets.Platform;
const BUILD_SPEC = codebuild.BuildSpec.fromObject({ version: '0.2', phases: { build: { commands: ['true'] } } });

let stack: Stack;
let mirror: ImageMirror;
beforeEach(() => {
  ({ stack, mirror } = mirrorStack({ images: ['node:22.11.0'] }));
});

/** A project that builds in an image, and its resource. */
function build(buildImage: codebuild.IBuildImage, environment: codebuild.BuildEnvironment = {}) {
  new codebuild.Project(stack, 'Tests', { buildSpec: BUILD_SPEC, environment: { buildImage, ...environment } });
  const template = Template.fromStack(stack);
  const [[id, { DependsOn }]] = Object.entries(template.findResources('AWS::CodeBuild::Project')).filter(([one]) => one.startsWith('Tests'));
  return { template, dependsOn: DependsOn as string[], properties: new TemplateResolver(template.toJSON()).properties(id) };
}

describe.each([
  ['x86 by default', undefined, 'LINUX_CONTAINER', 'BUILD_GENERAL1_SMALL'],
  ['x86', LINUX_AMD64, 'LINUX_CONTAINER', 'BUILD_GENERAL1_SMALL'],
  ['ARM', LINUX_ARM64, 'ARM_CONTAINER', 'BUILD_GENERAL1_LARGE'],
])('a build on %s', (_, platform, type, computeType) => {
  test('runs in the mirror\'s copy, which the project\'s own role pulls', () => {
    expect(build(mirror.image('node:22.11.0').toBuildImage({ platform })).properties.Environment).toMatchObject({
      Type: type,
      ComputeType: computeType,
      Image: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/node:22.11.0',
      ImagePullCredentialsType: 'SERVICE_ROLE',
    });
  });

  test('waits for the first copy', () => {
    const image = mirror.image('node:22.11.0');
    expect(build(image.toBuildImage({ platform })).dependsOn).toEqual(expect.arrayContaining(needsOf(image, stack)));
  });

  test('lets the project\'s role pull from that repository alone', () => {
    const { template } = build(mirror.image('node:22.11.0').toBuildImage({ platform }));
    const [policy] = Object.values(template.findResources('AWS::IAM::Policy')).filter(({ Properties }) => JSON.stringify(Properties.Roles).includes('TestsRole'));
    const statements: { Action: string | string[]; Resource: unknown }[] = policy.Properties.PolicyDocument.Statement;
    expect(statements.filter(({ Action }) => JSON.stringify(Action).includes('ecr:'))).toEqual([
      {
        Action: ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'],
        Effect: 'Allow',
        Resource: { 'Fn::GetAtt': [expect.stringMatching(/mirrornode/), 'Arn'] },
      },
      { Action: 'ecr:GetAuthorizationToken', Effect: 'Allow', Resource: '*' },
    ]);
  });

  test('refuses the compute of AWS Lambda, as the CDK\'s own images do', () => {
    expect(() => build(mirror.image('node:22.11.0').toBuildImage({ platform }), { computeType: codebuild.ComputeType.LAMBDA_1GB })).toThrow(/Lambda/);
  });
});

test('a pipeline\'s project takes the image as well', () => {
  const image = mirror.image('node:22.11.0');
  new codebuild.PipelineProject(stack, 'Tests', { buildSpec: BUILD_SPEC, environment: { buildImage: image.toBuildImage() } });
  const [[, project]] = Object.entries(Template.fromStack(stack).findResources('AWS::CodeBuild::Project')).filter(([id]) => id.startsWith('Tests'));
  expect(project.DependsOn).toEqual(expect.arrayContaining(needsOf(image, stack)));
});

test('a script is run as in the CDK\'s own images', () => {
  const script = (image: codebuild.IBuildImage) => JSON.stringify(stack.resolve(image.runScriptBuildspec('run.sh').toBuildSpec()));
  expect(script(mirror.image('node:22.11.0').toBuildImage())).toBe(script(codebuild.LinuxBuildImage.STANDARD_7_0));
});

describe('fails', () => {
  test('when the platform is not mirrored', () => {
    const image = mirror.addImage('golang:1.23.3', { platforms: [LINUX_ARM64] });
    expect(() => image.toBuildImage()).toThrow(
      '"docker.io/library/golang:1.23.3" is mirrored only for linux/arm64, but linux/amd64 is needed; add it to platforms, or omit platforms to mirror all',
    );
    expect(image.toBuildImage({ platform: LINUX_ARM64 }).type).toBe('ARM_CONTAINER');
  });

  test('when no build runs on the platform', () => {
    expect(() => mirror.image('node:22.11.0').toBuildImage({ platform: ecr_assets.Platform.custom('linux/riscv64') })).toThrow(
      'CodeBuild does not support the platform "linux/riscv64"; use ecr_assets.Platform.LINUX_AMD64 or ecr_assets.Platform.LINUX_ARM64',
    );
  });

  test('when a filter selects the image\'s tags', () => {
    const image = mirror.addImage('golang', { tags: TagFilter.semver('>=1.23') });
    expect(() => image.toBuildImage()).toThrow('"docker.io/library/golang" uses a tag filter, so it has no single tag; use codebuild.LinuxBuildImage.fromEcrRepository(image.repository, tag), and make the project depend on the image');
  });
});

test('a platform is the same in its long spelling', () => {
  const image = mirror.addImage('golang:1.23.3', { platforms: [ecr_assets.Platform.custom('linux/arm64/v8')] });
  expect(image.toBuildImage({ platform: LINUX_ARM64 }).type).toBe('ARM_CONTAINER');
});
