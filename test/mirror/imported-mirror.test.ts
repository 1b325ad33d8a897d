/** Mirrors that another app defines, by their attributes. */
import { App, CfnOutput, Stack, StackProps, Stage } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { ImageMirror, ImageMirrorAttributes, MirroredImage } from '../../src';
import { TemplateResolver } from '../support/template-resolver';

const ENV = { account: '111122223333', region: 'eu-west-1' };
const REGISTRY = '111122223333.dkr.ecr.eu-west-1.amazonaws.com';
const { LINUX_AMD64, LINUX_ARM64 } = ecr_assets.Platform;

function teamStack(props: StackProps = { env: ENV }) {
  return new Stack(new App(), 'Team', props);
}

function importMirror(attributes: ImageMirrorAttributes, stack: Stack = teamStack()) {
  return { stack, mirror: ImageMirror.fromImageMirrorAttributes(stack, 'Mirror', attributes) };
}

/** The text of an image URI as CloudFormation resolves it. */
function resolved(stack: Stack, uri: string): string {
  new CfnOutput(stack, 'Uri', { value: uri });
  const template = Template.fromStack(stack).toJSON();
  return new TemplateResolver({ ...template, Resources: { Uri: { Type: 'Test', Properties: { uri: template.Outputs.Uri.Value } } } }).properties('Uri').uri;
}

describe('a mirror by its attributes', () => {
  test.each<[string, ImageMirrorAttributes, string, string]>([
    ['an image', { images: ['nginx:stable'] }, 'docker.io/library/nginx:stable', `${REGISTRY}/mirror/nginx:stable`],
    ['an image without a tag', { images: ['docker.io/library/nginx'] }, 'nginx', `${REGISTRY}/mirror/nginx:latest`],
    ['another prefix', { images: ['quay.io/a/b:1'], repositoryPrefix: 'team/up' }, 'quay.io/a/b:1', `${REGISTRY}/team/up/quay.io/a/b:1`],
    ['another account', { images: ['nginx:stable'], account: '444455556666' }, 'nginx:stable', '444455556666.dkr.ecr.eu-west-1.amazonaws.com/mirror/nginx:stable'],
    ['another Region', { images: ['nginx:stable'], region: 'us-east-1' }, 'nginx:stable', '111122223333.dkr.ecr.us-east-1.amazonaws.com/mirror/nginx:stable'],
    ['a chosen repository', { imageAttributes: [{ image: 'nginx:stable', repositoryName: 'web' }] }, 'nginx:stable', `${REGISTRY}/web:stable`],
    ['a chosen tag', { imageAttributes: [{ image: 'nginx:stable', tag: 'x' }] }, 'nginx:stable', `${REGISTRY}/mirror/nginx:x`],
    ['a digest', { images: [`nginx@sha256:${'ab'.repeat(32)}`] }, `nginx@sha256:${'ab'.repeat(32)}`, `${REGISTRY}/mirror/nginx:digest-abababababab`],
    [
      'a customized image', { imageAttributes: [{ image: 'hashicorp/vault:1.14', customizationDigest: '4f1c0e2a9b7d' }] }, 'hashicorp/vault:1.14',
      `${REGISTRY}/mirror/custom/hashicorp/vault:1.14-4f1c0e2a9b7d`,
    ],
  ])('has the URI of %s', (_, attributes, name, uri) => {
    const { mirror, stack } = importMirror(attributes);
    expect(mirror.images).toHaveLength(1);
    expect(resolved(stack, mirror.image(name).imageUri)).toBe(uri);
  });

  test('works in a stack without an account and a Region', () => {
    const { mirror, stack } = importMirror({ images: ['nginx:stable'] }, teamStack({}));
    expect(resolved(stack, mirror.image('nginx:stable').imageUri)).toBe(`${REGISTRY}/mirror/nginx:stable`);
  });

  test('knows the unchanged copy of a customized image', () => {
    const { mirror, stack } = importMirror({ imageAttributes: [{ image: 'vault:1.14', customizationDigest: '4f1c0e2a9b7d' }] });
    expect(resolved(stack, mirror.image('vault:1.14').original.imageUri)).toBe(`${REGISTRY}/mirror/vault:1.14`);
  });

  test('knows the tags of a tag filter only by name', () => {
    const { mirror, stack } = importMirror({ imageAttributes: [{ image: 'nginx', hasTagFilter: true }] });
    expect(() => mirror.image('nginx').imageUri).toThrow('"docker.io/library/nginx" uses a tag filter, so it has no single tag; use imageUriForTag()');
    expect(resolved(stack, mirror.image('nginx').imageUriForTag('1.27.0'))).toBe(`${REGISTRY}/mirror/nginx:1.27.0`);
  });

  test('suggests images for one that is not there, and says who can add it', () => {
    const { mirror } = importMirror({ images: ['nginx:stable'] });
    expect(() => mirror.image('nginx:stabel')).toThrow('"nginx:stabel" is not in the mirror; add it in the app that defines the mirror, and to the '
      + 'attributes of the imported mirror, or use one of the mirrored images: "nginx:stable"');
  });

  test('takes an image that is there twice once, with a warning', () => {
    const { mirror, stack } = importMirror({ images: ['nginx:stable', 'docker.io/library/nginx:stable'] });
    expect(mirror.images).toHaveLength(1);
    Annotations.fromStack(stack).hasWarning('/Team/Mirror', Match.stringLikeRegexp('"nginx:stable" is in the attributes of the imported mirror more than once'));
  });

  test.each<[string, ImageMirrorAttributes, string]>([
    ['no images', {}, 'the mirror has no images; set images or imageAttributes'],
    ['an account that is none', { images: ['nginx'], account: '123' }, '"123" is not a valid account ID'],
    ['a Region that is none', { images: ['nginx'], region: 'Ireland' }, '"Ireland" is not a valid Region'],
    ['a prefix that is none', { images: ['nginx'], repositoryPrefix: 'Mirror' }, 'repositoryPrefix "Mirror"'],
    ['a repository name that is none', { imageAttributes: [{ image: 'nginx', repositoryName: 'A' }] }, 'repositoryName "A" is not valid'],
    ['a digest of a recipe that is none', { imageAttributes: [{ image: 'nginx', customizationDigest: 'sha256:1' }] }, 'customizationDigest "sha256:1" must be'],
    ['an unchanged image of none', { imageAttributes: [{ image: 'nginx', originalRepositoryName: 'aa' }] }, 'originalRepositoryName is set without'],
    ['a filter with a tag', { imageAttributes: [{ image: 'nginx:1', hasTagFilter: true }] }, 'a tag filter selects the tags; write "nginx"'],
    ['an image that is none', { images: ['Nginx:stable'] }, 'repository names must be lowercase'],
  ])('is refused with %s', (_, attributes, message) => {
    expect(() => importMirror(attributes)).toThrow(message);
  });

  test('defines nothing by itself', () => {
    const { stack } = importMirror({ images: ['nginx:stable'] });
    expect(Template.fromStack(stack).toJSON().Resources).toBeUndefined();
  });
});

describe('consumers of an imported mirror', () => {
  const attributes = { imageAttributes: [{ image: 'team/worker:1.4.2', platformTags: [LINUX_ARM64] }, { image: 'redis:7', platforms: [LINUX_ARM64] }] };

  test('a task gets the image, and its role may pull it', () => {
    const { mirror, stack } = importMirror(attributes);
    new ecs.FargateTaskDefinition(stack, 'Task').addContainer('Web', { image: mirror.image('team/worker:1.4.2').toContainerImage() });
    const template = Template.fromStack(stack);
    const [policy] = Object.values(template.findResources('AWS::IAM::Policy'));
    expect(policy.Properties.PolicyDocument.Statement).toContainEqual({
      Effect: 'Allow',
      Action: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
      Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':ecr:eu-west-1:111122223333:repository/mirror/team/worker']] },
    });
    expect(JSON.stringify(template.toJSON())).not.toContain('DependsOn":["Mirror');
  });

  test('a build gets the image of its platform', () => {
    const { mirror, stack } = importMirror(attributes);
    const project = (id: string, platform: ecr_assets.Platform) => new codebuild.Project(stack, id, {
      buildSpec: codebuild.BuildSpec.fromObject({}), environment: { buildImage: mirror.image('redis:7').toBuildImage({ platform }) },
    });
    project('Arm', LINUX_ARM64);
    expect(() => project('Intel', LINUX_AMD64)).toThrow('is mirrored only for linux/arm64, but linux/amd64 is needed; add it in the app that defines the mirror');
    Template.fromStack(stack).hasResourceProperties('AWS::CodeBuild::Project', { Environment: { ImagePullCredentialsType: 'SERVICE_ROLE' } });
  });

  test('a function gets the tag of its platform, if the mirror keeps it', () => {
    const { mirror, stack } = importMirror(attributes);
    const define = (id: string, architecture: lambda.Architecture) => {
      new lambda.DockerImageFunction(stack, id, { code: mirror.image('team/worker:1.4.2').toLambdaCode(), architecture });
    };
    define('Arm', lambda.Architecture.ARM_64);
    const resolver = new TemplateResolver(Template.fromStack(stack).toJSON());
    const [id] = resolver.ids('AWS::Lambda::Function');
    expect(resolver.properties(id).Code.ImageUri).toBe(`${REGISTRY}/mirror/team/worker:1.4.2-linux-arm64`);
    expect(() => define('Intel', lambda.Architecture.X86_64)).toThrow('the mirror has no separate tag for linux/amd64 of "docker.io/team/worker:1.4.2", '
      + 'but AWS Lambda doesn\'t support multi-platform images; in the app that defines the mirror, set singlePlatformTags for this image and deploy');
  });

  test('a function of another Region is refused', () => {
    const { mirror, stack } = importMirror({ ...attributes, region: 'us-east-1' });
    expect(() => new lambda.DockerImageFunction(stack, 'Function', {
      code: mirror.image('team/worker:1.4.2').toLambdaCode(), architecture: lambda.Architecture.ARM_64,
    })).toThrow('Lambda functions support only images in their own Region');
  });

  test('Dockerfiles get contexts', () => {
    const { mirror } = importMirror({ images: ['nginx:stable'] });
    expect(mirror.dockerBuildContexts(['nginx:stable'])).toMatchObject({ 'nginx:stable': `docker-image://${REGISTRY}/mirror/nginx:stable` });
    expect(mirror.dockerBuildContexts()).toHaveProperty(['docker.io/library/nginx:stable']);
  });

  test('a role of another account needs the owner too, and one warning says so', () => {
    const { mirror, stack } = importMirror({ images: ['nginx:stable', 'redis:7'], account: '444455556666' });
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
    for (const image of mirror.images) image.grantPull(role);
    const warnings = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('importedFromOtherAccount'));
    expect(warnings.map(({ entry }) => String(entry.data))).toEqual([expect.stringContaining('call grantPullToAccounts(["111122223333"])')]);
  });

  test('a principal without policies is refused', () => {
    const { mirror } = importMirror({ images: ['nginx:stable'] });
    expect(() => mirror.image('nginx:stable').grantPull(new iam.AccountPrincipal('444455556666'))).toThrow('has no IAM policies that this app can change');
  });

  test('events and metrics are with the owner', () => {
    const image = importMirror({ images: ['nginx:stable'] }).mirror.image('nginx:stable');
    for (const call of [() => image.onImageMirrored('Rule'), () => image.metricCopied(), () => image.alarmFailed('Alarm')]) {
      expect(call).toThrow('another app defines the mirror of "docker.io/library/nginx:stable"');
    }
  });

  test('images are added by the owner', () => {
    const { mirror, stack } = importMirror({ images: ['nginx:stable'] });
    expect(() => new MirroredImage(stack, 'Redis', { mirror, image: 'redis:7' })).toThrow('this app does not define the mirror "Team/Mirror"');
  });

  test('another stage may use an imported mirror', () => {
    const { mirror, stack } = importMirror({ images: ['nginx:stable'] });
    const web = new Stack(new Stage(stack.node.root, 'Production', { env: ENV }), 'Web');
    new ecs.FargateTaskDefinition(web, 'Task').addContainer('Web', { image: mirror.image('nginx:stable').toContainerImage() });
    expect(JSON.stringify(Template.fromStack(web).toJSON())).toContain('mirror/nginx:stable');
  });
});
