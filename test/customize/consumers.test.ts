/** Who uses a customized image gets that, and not the original. */
import { App, Aspects, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { ImageMirror, MirroredImage, MirroredImageOptions, MirroredImagesAspect, TagFilter } from '../../src';

const LINES = ['RUN mkdir /etc/vault', 'VOLUME ["/etc/vault"]'];
const { LINUX_AMD64, LINUX_ARM64 } = Platform;

let app: App;
let stack: Stack;
beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Platform');
});

const addVault = (options: MirroredImageOptions = { dockerfileLines: LINES }, image = 'hashicorp/vault:1.14.0') => {
  return new ImageMirror(stack, 'Mirror').addImage(image, options);
};

describe('those who use a customized image', () => {
  const uriOf = (image: MirroredImage) => stack.resolve(image.imageUri);

  test('get the customized one, and the original where they ask for it', () => {
    const image = addVault();
    expect(JSON.stringify(uriOf(image))).toContain(`:${image.tag}`);
    expect(image._repositoryName).toBe('mirror/custom/hashicorp/vault');
    expect(image.original.tag).toBe('1.14.0');
    expect(JSON.stringify(stack.resolve(image.original.imageUri))).toMatch(/:1\.14\.0"/);
    expect(image.original.repository).not.toBe(image.repository);
  });

  test('get that of a tag of a filter', () => {
    const image = addVault({ dockerfileLines: LINES, tags: TagFilter.semver('>=1') }, 'hashicorp/vault');
    expect(JSON.stringify(stack.resolve(image.imageUriForTag('1.14.0')))).toMatch(/:1\.14\.0-[0-9a-f]{12}"/);
    expect(() => image.original.tag).toThrow('"docker.io/hashicorp/vault" uses a tag filter, so it has no single tag; '
      + 'use original.repository.repositoryUriForTag() with the tag that you need');
  });

  test.each([
    ['it, and not the original', (image: MirroredImage, role: iam.Role) => image.grantPull(role), 'custom'],
    ['the original, and not it', (image: MirroredImage, role: iam.Role) => image.original.grantPull(role), ''],
  ])('may pull %s', (_, grant, kind) => {
    grant(addVault(), new iam.Role(stack, 'Role', { assumedBy: new iam.AccountRootPrincipal() }));
    const [[, { Properties }]] = Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Policy')).filter(([id]) => id.startsWith('Role'));
    const repositories = JSON.stringify(Properties.PolicyDocument).match(/MirrorRepositoriesmirror[a-z]+/g);
    expect(repositories).toEqual([`MirrorRepositoriesmirror${kind}hashicorpvault`]);
  });

  test('are containers of Amazon ECS', () => {
    const image = addVault();
    const definition = new ecs.FargateTaskDefinition(stack, 'Task');
    definition.addContainer('Vault', { image: image.toContainerImage() });
    const [task] = Object.values(Template.fromStack(stack).findResources('AWS::ECS::TaskDefinition'));
    expect(task.Properties.ContainerDefinitions[0].Image).toEqual(uriOf(image));
    expect(task.DependsOn).toEqual(expect.arrayContaining([expect.stringMatching(/^MirrorOnDeployImages/), expect.stringMatching(/^MirrorRepositoriesmirrorcustom/)]));
  });

  test('are what an aspect replaces, also where a digest of the original is written', () => {
    const image = addVault({ dockerfileLines: LINES }, `hashicorp/vault@sha256:${'a'.repeat(64)}`);
    const definition = new ecs.FargateTaskDefinition(stack, 'Task');
    definition.addContainer('Vault', { image: ecs.ContainerImage.fromRegistry(`hashicorp/vault@sha256:${'a'.repeat(64)}`) });
    Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [image.node.scope as ImageMirror] }));
    const [task] = Object.values(Template.fromStack(stack).findResources('AWS::ECS::TaskDefinition'));
    expect(task.Properties.ContainerDefinitions[0].Image).toEqual(uriOf(image));
  });

  test('are functions of AWS Lambda, with the image of their architecture', () => {
    const image = addVault({ dockerfileLines: LINES, customPlatforms: [LINUX_AMD64, LINUX_ARM64] });
    new lambda.DockerImageFunction(stack, 'Function', { code: image.toLambdaCode(), architecture: lambda.Architecture.ARM_64 });
    const [{ Properties: { Code } }] = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function', { Properties: { PackageType: 'Image' } }));
    expect(JSON.stringify(Code.ImageUri)).toContain(`:${image.tag}-linux-arm64"`);
    expect(JSON.stringify(Template.fromStack(stack).findResources('AWS::Scheduler::Schedule'))).not.toContain('PLATFORM_TAGS');
  });

  test('are no functions of an architecture that it is not built for', () => {
    const code = addVault().toLambdaCode();
    expect(() => new lambda.DockerImageFunction(stack, 'Function', { code, architecture: lambda.Architecture.ARM_64 }))
      .toThrow('"docker.io/hashicorp/vault:1.14.0" is customized only for linux/amd64, but linux/arm64 is needed; add it to customPlatforms');
  });

  test('are builds, of a platform that it is built for', () => {
    const image = addVault();
    const source = codebuild.Source.gitHub({ owner: 'a', repo: 'b' });
    new codebuild.Project(stack, 'Build', { source, environment: { buildImage: image.toBuildImage() } });
    const [project] = Object.entries(Template.fromStack(stack).findResources('AWS::CodeBuild::Project')).filter(([id]) => id.startsWith('Build')).map(([, one]) => one);
    expect(project.Properties.Environment.Image).toEqual(uriOf(image));
    expect(() => image.toBuildImage({ platform: LINUX_ARM64 })).toThrow('linux/arm64 is needed; add it to customPlatforms');
  });

  test.each([
    ['container images', (image: MirroredImage) => image.toContainerImage()],
    ['build images', (image: MirroredImage) => image.toBuildImage()],
  ])('are no %s where a filter selects the tags, for nobody can know what those end in', (_, use) => {
    const image = addVault({ dockerfileLines: LINES, tags: TagFilter.semver('^1') }, 'hashicorp/vault');
    expect(() => use(image)).toThrow('"docker.io/hashicorp/vault" uses a tag filter, so it has no single tag; also mirror the tag that you need with addImage(), and use that image');
  });

  test('may be of an organization', () => {
    const image = addVault();
    (image.node.scope as ImageMirror).grantPullToOrganization('o-abcde12345');
    const policies = Object.values(Template.fromStack(stack).findResources('AWS::ECR::Repository')).map(({ Properties }) => JSON.stringify(Properties.RepositoryPolicyText));
    expect(policies).toHaveLength(2);
    for (const policy of policies) expect(policy).toContain('o-abcde12345');
  });
});
