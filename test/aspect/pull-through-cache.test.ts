import { App, Aspects, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { DeployedStack, REGISTRY } from './deployed-stack';
import { ImageMirror, MirroredImagesAspect, PullThroughCache, UpstreamRegistry } from '../../src';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const IMAGE = 'quay.io/prometheus/prometheus:v2.53.0';

let app: App;
let platform: Stack;
let web: Stack;
let cache: PullThroughCache;
beforeEach(() => {
  app = new App();
  platform = new Stack(app, 'Platform');
  web = new Stack(app, 'Web');
  cache = new PullThroughCache(platform, 'Quay', { upstream: UpstreamRegistry.QUAY });
});

function runs(aspect: MirroredImagesAspect, ...images: string[]): DeployedStack {
  const definition = new ecs.FargateTaskDefinition(web, 'Task');
  images.forEach((image, index) => definition.addContainer(`container${index}`, { image: ecs.ContainerImage.fromRegistry(image) }));
  Aspects.of(app).add(aspect);
  return new DeployedStack(web, platform);
}

describe('a pull-through cache', () => {
  test('replaces the images of its registry, and of no other', () => {
    const deployed = runs(new MirroredImagesAspect({ pullThroughCaches: [cache] }), IMAGE, 'nginx:stable');
    expect(deployed.images()).toEqual({ container0: `${REGISTRY}/quay/prometheus/prometheus:v2.53.0`, container1: 'nginx:stable' });
    expect(deployed.warnings()).toEqual([expect.stringContaining('"nginx:stable"')]);
  });

  test('lets the execution role pull for the first time, from the image\'s repository only', () => {
    const { Statement } = runs(new MirroredImagesAspect({ pullThroughCaches: [cache] }), IMAGE).only('AWS::IAM::Policy').PolicyDocument;
    expect(Statement).toContainEqual(expect.objectContaining({
      Action: expect.arrayContaining(['ecr:BatchGetImage', 'ecr:BatchImportUpstreamImage', 'ecr:CreateRepository']),
      Resource: 'arn:aws:ecr:eu-west-1:111122223333:repository/quay/prometheus/prometheus',
    }));
    expect(Statement.flatMap(({ Resource }: { Resource: string }) => Resource)).not.toContain('arn:aws:ecr:eu-west-1:111122223333:repository/quay/*');
  });

  test('is there before the workload', () => {
    runs(new MirroredImagesAspect({ pullThroughCaches: [cache] }), IMAGE);
    expect(web.dependencies).toEqual([platform]);
  });

  test('is asked after the mirrors', () => {
    const mirror = new ImageMirror(platform, 'Mirror', { images: [IMAGE] });
    const deployed = runs(new MirroredImagesAspect({ mirrors: [mirror], pullThroughCaches: [cache] }), IMAGE, 'quay.io/prometheus/node-exporter:v1.8.1');
    expect(deployed.images()).toEqual({
      container0: `${REGISTRY}/mirror/quay.io/prometheus/prometheus:v2.53.0`, container1: `${REGISTRY}/quay/prometheus/node-exporter:v1.8.1`,
    });
  });

  test('does not replace an image that is pinned to a digest, for it may not be there', () => {
    const deployed = runs(new MirroredImagesAspect({ pullThroughCaches: [cache] }), `${IMAGE}@${DIGEST}`);
    expect(deployed.images()).toEqual({ container0: `${IMAGE}@${DIGEST}` });
    expect(deployed.warnings()).toHaveLength(1);
  });

  test('serves builds', () => {
    new codebuild.Project(web, 'Project', {
      buildSpec: codebuild.BuildSpec.fromObject({}), environment: { buildImage: codebuild.LinuxBuildImage.fromDockerRegistry(IMAGE) },
    });
    Aspects.of(app).add(new MirroredImagesAspect({ pullThroughCaches: [cache] }));
    expect(new DeployedStack(web, platform).only('AWS::CodeBuild::Project').Environment)
      .toMatchObject({ Image: `${REGISTRY}/quay/prometheus/prometheus:v2.53.0`, ImagePullCredentialsType: 'SERVICE_ROLE' });
  });

  test('in another stage serves nobody', () => {
    const elsewhere = new MirroredImagesAspect({ pullThroughCaches: [new PullThroughCache(new Stack(app, 'Elsewhere', { env: { region: 'us-east-1' } }), 'Quay', { upstream: UpstreamRegistry.QUAY })] });
    const deployed = runs(elsewhere, IMAGE);
    expect(deployed.images()).toEqual({ container0: IMAGE });
    expect(deployed.warnings()).toEqual([expect.stringContaining('"Elsewhere/Quay" has it in another Region')]);
  });
});
