/** Customized images as templates have them. */
import { App, CfnResource, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ComputeArchitecture, ImageMirror, ImageMirrorProps, MirrorCompute, MirroredImage, MirroredImageOptions, OnDeploy, TagFilter } from '../../src';
import { TemplateResolver } from '../support/template-resolver';

const LINES = ['RUN mkdir /etc/vault', 'VOLUME ["/etc/vault"]'];
const { LINUX_AMD64, LINUX_ARM64 } = Platform;

let app: App;
let stack: Stack;
beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Platform');
});

const addVault = (options: MirroredImageOptions = { dockerfileLines: LINES }, props: ImageMirrorProps = {}, image = 'hashicorp/vault:1.14.0') => {
  return new ImageMirror(stack, 'Mirror', props).addImage(image, options);
};
const resolver = () => new TemplateResolver(Template.fromStack(stack).toJSON());

/** The properties of the project that builds customized images. */
function customProject(): Record<string, any> {
  const deployed = resolver();
  const found = deployed.ids('AWS::CodeBuild::Project').map((id) => deployed.properties(id)).filter(({ Environment }) => Environment.PrivilegedMode);
  expect(found).toHaveLength(1);
  return found[0];
}

/** What the mirror's own builds are told. */
function toldBuilds(): Record<string, any> {
  const deployed = resolver();
  const [plain] = deployed.ids('AWS::CodeBuild::Project').map((id) => deployed.properties(id)).filter(({ Environment }) => !Environment.PrivilegedMode);
  return JSON.parse(plain.Environment.EnvironmentVariables.find(({ Name }: { Name: string }) => Name === 'MIRROR_CUSTOM_BUILDS').Value);
}

/** What the image's schedule sets. */
function scheduled(): Record<string, string> {
  const deployed = resolver();
  const [input] = deployed.ids('AWS::Scheduler::Schedule').map((id) => JSON.parse(deployed.properties(id).Target.Input));
  return Object.fromEntries(input.environmentVariablesOverride.map(({ name, value }: { name: string; value: string }) => [name, value]));
}

const repositoryNames = () => Object.values(Template.fromStack(stack).findResources('AWS::ECR::Repository')).map(({ Properties }) => Properties.RepositoryName).sort();

describe('a mirror without customized images', () => {
  test('has nothing for them', () => {
    new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::CodeBuild::Project', 1);
    template.hasResourceProperties('AWS::CodeBuild::Project', { Environment: { PrivilegedMode: false } });
    // Whoever starts builds is told the names of all variables.
    const text = JSON.stringify(template.toJSON()).replace(/"CUSTOM_IMAGE",/g, '');
    expect(text).not.toMatch(/CUSTOM|Custom[^:]|mirror\/custom/);
  });

  test('has its image as its original', () => {
    const image = new ImageMirror(stack, 'Mirror').addImage('nginx:stable');
    expect(stack.resolve(image.original.imageUri)).toEqual(stack.resolve(image.imageUri));
    expect([image.original.tag, image.original.repository]).toEqual([image.tag, image.repository]);
  });
});

describe('a customized image', () => {
  test('is in a repository of its own, beside that of the original', () => {
    addVault();
    expect(repositoryNames()).toEqual(['mirror/custom/hashicorp/vault', 'mirror/hashicorp/vault']);
  });

  test.each([
    ['quay.io/team/app:1.0.0', 'mirror/custom/quay.io/team/app', 'mirror/quay.io/team/app'],
    ['nginx:1.27.0', 'mirror/custom/nginx', 'mirror/nginx'],
    ['localhost:5000/a/b:1.0.0', 'mirror/custom/localhost_5000/a/b', 'mirror/localhost_5000/a/b'],
  ])('%s is in %s, beside %s', (image, repository, original) => {
    addVault({ dockerfileLines: LINES }, {}, image);
    expect(repositoryNames()).toEqual([repository, original]);
  });

  test.each([['elsewhere', 'mirror/custom/elsewhere'], ['mirror/team/vault', 'mirror/custom/team/vault'], ['mirrors/vault', 'mirror/custom/mirrors/vault']])(
    'of an image that is mirrored to %s is in %s', (repositoryName, repository) => {
      addVault({ dockerfileLines: LINES, repositoryName });
      expect(repositoryNames().sort()).toEqual([repositoryName, repository].sort());
    },
  );

  test('has the same rules as the mirror\'s other repositories', () => {
    addVault({ dockerfileLines: LINES }, { untaggedImageExpiry: Duration.days(7), imageScanOnPush: false });
    const repositories = Object.values(Template.fromStack(stack).findResources('AWS::ECR::Repository'));
    const [custom, base] = repositories.map(({ Properties: { RepositoryName: _, ...rules }, ...others }) => ({ rules, others }));
    expect(custom).toEqual(base);
    expect(repositories).toHaveLength(2);
    expect(custom.rules).toMatchObject({ ImageTagMutability: 'IMMUTABLE' });
  });

  test('has the logical id of a repository that depends on its name alone', () => {
    addVault();
    expect(Object.keys(Template.fromStack(stack).findResources('AWS::ECR::Repository', { Properties: { RepositoryName: 'mirror/custom/hashicorp/vault' } })))
      .toEqual(['MirrorRepositoriesmirrorcustomhashicorpvault31B934A2']);
  });

  test('has a tag that is another for other lines, and the same each time', () => {
    const tags = [LINES, LINES, [...LINES].reverse()].map((dockerfileLines, index) => {
      return new ImageMirror(new Stack(app, `Stack${index}`), 'Mirror').addImage('hashicorp/vault:1.14.0', { dockerfileLines }).tag;
    });
    expect(tags[0]).toBe('1.14.0-e49cb74b0596');
    expect(tags[1]).toBe(tags[0]);
    expect(tags[2]).not.toBe(tags[0]);
  });

  test('floats where the original does, with the tags of its platforms, as one exception', () => {
    const { tag } = addVault({ dockerfileLines: LINES }, {}, 'hashicorp/vault:1.14');
    const made = tag.slice('1.14-'.length);
    Template.fromStack(stack).hasResourceProperties('AWS::ECR::Repository', {
      RepositoryName: 'mirror/custom/hashicorp/vault',
      ImageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
      ImageTagMutabilityExclusionFilters: [{ ImageTagMutabilityExclusionFilterType: 'WILDCARD', ImageTagMutabilityExclusionFilterValue: `1.14-${made}*` }],
    });
  });

  test('floats with all tags of a filter that float', () => {
    addVault({ dockerfileLines: LINES, tags: TagFilter.pattern('1.*') }, {}, 'hashicorp/vault');
    Template.fromStack(stack).hasResourceProperties('AWS::ECR::Repository', {
      RepositoryName: 'mirror/custom/hashicorp/vault',
      ImageTagMutabilityExclusionFilters: [Match.objectLike({ ImageTagMutabilityExclusionFilterValue: Match.stringLikeRegexp('^\\*-[0-9a-f]{12}\\*$') })],
    });
  });

  test('tells its builds the lines, the platforms and the repository, in the schedule and to the deployment alike', () => {
    addVault();
    const variables = scheduled();
    expect(JSON.parse(variables.CUSTOM_IMAGE)).toEqual({ repository: 'mirror/custom/hashicorp/vault', lines: LINES, platforms: ['linux/amd64'] });
    const deployed = resolver();
    expect(deployed.properties(deployed.ids('Custom::ImageMirror')[0]).Images).toEqual([variables]);
  });

  test('is awaited with its repository, its project and the role of that', () => {
    addVault();
    const [{ DependsOn }] = Object.values(Template.fromStack(stack).findResources('Custom::ImageMirror'));
    for (const name of [/^MirrorCustomImagesBuildRole/, /^MirrorCustomImagesProject/, /^MirrorRepositoriesmirrorcustomhashicorpvault/]) {
      expect(DependsOn).toContainEqual(expect.stringMatching(name));
    }
  });

  test('may be of another stack than its mirror', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
    const team = new Stack(app, 'Team');
    new MirroredImage(team, 'Vault', { mirror, image: 'hashicorp/vault:1.14.0', dockerfileLines: LINES });
    Template.fromStack(team).resourceCountIs('AWS::CodeBuild::Project', 0);
    Template.fromStack(team).resourceCountIs('AWS::ECR::Repository', 2);
    customProject();
    expect(team.dependencies).toEqual([stack]);
  });

  test('is customized without a deployment\'s help too', () => {
    addVault({ dockerfileLines: LINES }, { onDeploy: OnDeploy.OFF });
    customProject();
    expect(scheduled().CUSTOM_IMAGE).toBeDefined();
  });

  test('may be built from a repository that exists', () => {
    addVault({ dockerfileLines: LINES, repository: ecr.Repository.fromRepositoryName(stack, 'Existing', 'shared/vault') });
    expect(repositoryNames()).toEqual(['mirror/custom/shared/vault']);
    const roles = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Role', { Properties: { Description: 'Builds of customized images' } }));
    expect(JSON.stringify(roles[0].Properties.Policies[0].PolicyDocument.Statement[0])).toContain(':repository/shared/vault"');
  });
});

describe('the project that builds customized images', () => {
  test('is privileged, runs one command, and writes to the mirror\'s log', () => {
    addVault();
    const { Environment, LogsConfig, Source } = customProject();
    expect(Environment).toMatchObject({ Type: 'LINUX_CONTAINER', Image: 'aws/codebuild/amazonlinux-x86_64-standard:5.0', ComputeType: 'BUILD_GENERAL1_SMALL' });
    expect(JSON.parse(Source.BuildSpec)).toEqual({
      version: '0.2', phases: { install: { 'runtime-versions': { nodejs: 22 } }, build: { commands: ['NODE_OPTIONS= node customize.js'] } },
    });
    const deployed = resolver();
    expect(LogsConfig.CloudWatchLogs.GroupName).toBe(deployed.resolve({ Ref: deployed.ids('AWS::Logs::LogGroup').find((id) => id.startsWith('MirrorLogs')) }));
    expect(Environment.EnvironmentVariables.map(({ Name }: { Name: string }) => Name)).toEqual([
      'MIRROR_REGISTRY', 'MIRROR_EVENT_BUS', 'MIRROR_DEADLINE_SECONDS', 'MIRROR_KEEP_PREVIOUS', 'MIRROR_RECIPES',
    ]);
  });

  test('is one, however many images are customized', () => {
    const mirror = new ImageMirror(stack, 'Mirror');
    for (const image of ['redis:7.0.1', 'nginx:1.27.0']) mirror.addImage(image, { dockerfileLines: LINES });
    customProject();
    Template.fromStack(stack).resourceCountIs('AWS::CodeBuild::Project', 2);
  });

  test('is told to the mirror\'s builds, with what builds on the other processor run in', () => {
    addVault();
    expect(toldBuilds()).toEqual({
      project: customProject().Name ?? expect.stringContaining('MirrorCustomImagesProject'),
      processor: 'x86_64',
      otherEnvironment: { type: 'ARM_CONTAINER', image: 'aws/codebuild/amazonlinux-aarch64-standard:3.0', computeType: 'BUILD_GENERAL1_SMALL' },
    });
  });

  test('runs where the mirror\'s builds run, in the same network', () => {
    const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 1 });
    const compute = MirrorCompute.ec2({ vpc, architecture: ComputeArchitecture.ARM_64, timeout: Duration.minutes(20) });
    addVault({ dockerfileLines: LINES }, { compute });
    expect(customProject()).toMatchObject({ Environment: { Type: 'ARM_CONTAINER' }, TimeoutInMinutes: 20, VpcConfig: { VpcId: expect.anything() } });
    expect(JSON.parse(scheduled().CUSTOM_IMAGE).platforms).toEqual(['linux/arm64']);
    expect(toldBuilds()).toMatchObject({ processor: 'arm64', otherEnvironment: { type: 'LINUX_CONTAINER' } });
  });

  test('runs on EC2 where the mirror\'s builds run on Lambda, which has no Docker', () => {
    addVault({ dockerfileLines: LINES }, { compute: MirrorCompute.awsLambda() });
    expect(customProject()).toMatchObject({ Environment: { Type: 'ARM_CONTAINER', PrivilegedMode: true }, TimeoutInMinutes: 15 });
  });

  test('runs where its owner wants', () => {
    const customImageCompute = MirrorCompute.ec2({ computeType: codebuild.ComputeType.LARGE });
    addVault({ dockerfileLines: LINES }, { compute: MirrorCompute.awsLambda(), customImageCompute });
    expect(customProject()).toMatchObject({ Environment: { Type: 'LINUX_CONTAINER', ComputeType: 'BUILD_GENERAL1_LARGE' } });
    expect(toldBuilds().otherEnvironment.computeType).toBe('BUILD_GENERAL1_LARGE');
  });

  test('puts events that rules of the mirror take', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
    mirror.onImageMirrored('Mirrored');
    mirror.addImage('hashicorp/vault:1.14.0', { dockerfileLines: LINES });
    const deployed = resolver();
    const { EventPattern } = deployed.properties(deployed.ids('AWS::Events::Rule')[0]);
    expect(JSON.stringify(EventPattern.resources)).toMatch(/MirrorProject.*MirrorCustomImagesProject/);
  });
});

describe('platforms', () => {
  const platforms = (options: MirroredImageOptions) => {
    addVault({ dockerfileLines: LINES, ...options });
    return JSON.parse(scheduled().CUSTOM_IMAGE).platforms;
  };

  test('are those that are mirrored', () => {
    expect(platforms({ platforms: [LINUX_ARM64, LINUX_AMD64] })).toEqual(['linux/amd64', 'linux/arm64']);
  });

  test('are those that are chosen, in one spelling', () => {
    expect(platforms({ platforms: [LINUX_ARM64, LINUX_AMD64], customPlatforms: [Platform.custom('linux/arm64/v8')] })).toEqual(['linux/arm64']);
  });

  test('may be any where no command is run', () => {
    expect(platforms({ dockerfileLines: ['ENV A=1'], customPlatforms: [Platform.custom('linux/s390x')] })).toEqual(['linux/s390x']);
  });
});

test('nothing is in the template from a clock', () => {
  const templates = [0, 1].map(() => {
    const own = new Stack(new App(), 'Platform');
    new ImageMirror(own, 'Mirror').addImage('vault:1.14.0', { dockerfileLines: LINES });
    return Template.fromStack(own).toJSON();
  });
  expect(templates[0]).toEqual(templates[1]);
});

test('privileged mode is the customized images\' alone', () => {
  addVault();
  const projects = stack.node.findAll().filter((child) => CfnResource.isCfnResource(child) && child.cfnResourceType === 'AWS::CodeBuild::Project');
  expect(projects.map(({ node }) => node.path)).toEqual(['Platform/Mirror/Project/Resource', 'Platform/Mirror/CustomImages/Project/Resource']);
  expect(Object.values(Template.fromStack(stack).findResources('AWS::CodeBuild::Project')).map(({ Properties }) => Properties.Environment.PrivilegedMode)).toEqual([false, true]);
});
