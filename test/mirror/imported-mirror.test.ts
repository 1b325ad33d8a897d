/** Mirrors that another app defines: by attributes, and by the list that the other app publishes. */
import { App, CfnOutput, Stack, StackProps, Stage, Tags } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { ImageMirror, ImageMirrorAttributes, ImageMirrorLookupOptions, MirroredImage, TagFilter } from '../../src';
import { TemplateResolver } from '../support/template-resolver';

const ENV = { account: '111122223333', region: 'eu-west-1' };
const REGISTRY = '111122223333.dkr.ecr.eu-west-1.amazonaws.com';
const { LINUX_AMD64, LINUX_ARM64 } = ecr_assets.Platform;

function teamStack(props: StackProps = { env: ENV }, context?: Record<string, unknown>) {
  return new Stack(new App({ context }), 'Team', props);
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
    template.hasResourceProperties('AWS::IAM::Policy', { PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({
      Action: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
      Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':ecr:eu-west-1:111122223333:repository/mirror/team/worker']] },
    })]) } });
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

/** The parameters that an app publishes, by their names, as deployed in the account. */
function publish(define: (mirror: ImageMirror, stack: Stack) => void, props: StackProps = {}): Record<string, string> {
  const stack = new Stack(new App(), 'Platform', props);
  const mirror = new ImageMirror(stack, 'Mirror');
  define(mirror, stack);
  const resolver = new TemplateResolver(Template.fromStack(stack).toJSON());
  return Object.fromEntries(resolver.ids('AWS::SSM::Parameter').map((id) => [resolver.properties(id).Name, resolver.properties(id).Value]));
}

/** Looks a mirror up as the CDK CLI does it: it synthesizes until no value is missing. */
function lookUp(parameters: Record<string, string>, use: (stack: Stack) => void, props: StackProps = { env: ENV }) {
  const context: Record<string, unknown> = {};
  for (let passes = 1; ; passes++) {
    const stack = teamStack(props, context);
    use(stack);
    const { missing = [] } = (stack.node.root as App).synth().manifest;
    if (missing.length === 0) return { passes, stack };
    for (const { key, props: { parameterName } } of missing as { key: string; props: { parameterName: string } }[]) {
      if (context[key] !== undefined) throw new Error(String(Object(context[key]).$providerError));
      context[key] = parameters[parameterName] ?? { $providerError: `SSM parameter not available in account: ${parameterName}` };
    }
  }
}

const importIn = (stack: Stack, options?: ImageMirrorLookupOptions) => ImageMirror.fromLookup(stack, 'Mirror', options);

describe('a mirror by lookup', () => {
  test('has the images that the other app publishes, with all that consumers need', () => {
    const parameters = publish((mirror, stack) => {
      mirror.addImage('nginx:stable');
      mirror.addImage('redis', { tags: TagFilter.semver('>=7') });
      mirror.addImage('team/worker:1.4.2', { singlePlatformTags: [LINUX_ARM64], repositoryName: 'apps/worker' });
      mirror.addImage('hashicorp/vault:1.14', { dockerfileLines: ['LABEL a=b'] });
      mirror.addImage('busybox:1.36.1', { platforms: [LINUX_ARM64] });
      mirror.addImage('alpine:3.20.1', { repository: new ecr.Repository(stack, 'Generated') });
      new MirroredImage(new Stack(stack.node.root as App, 'Other'), 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
    });
    expect(Object.keys(parameters)).toEqual(['/cdk-ecr-mirror/mirror']);
    let uris: string[] = [];
    const { passes, stack } = lookUp(parameters, (team) => {
      const mirror = importIn(team);
      uris = ['nginx:stable', 'grafana/grafana:11.1.0', 'hashicorp/vault:1.14', 'team/worker:1.4.2'].map((name) => mirror.image(name).imageUri);
      uris.push(mirror.image('redis').imageUriForTag('7.2.5'));
      new lambda.DockerImageFunction(team, 'Function', { code: mirror.image('team/worker:1.4.2').toLambdaCode(), architecture: lambda.Architecture.ARM_64 });
      new CfnOutput(team, 'Busybox', { value: mirror.image('busybox:1.36.1').imageUri });
    });
    expect(passes).toBe(2);
    expect(uris.map((uri) => stack.resolve(uri)).map((uri) => JSON.stringify(uri).replace(/^.*"\/?(.*?)"\]\]\}$/, '$1'))).toEqual([
      'mirror/nginx:stable', 'mirror/grafana/grafana:11.1.0', expect.stringMatching(/^mirror\/custom\/hashicorp\/vault:1\.14-[0-9a-f]{12}$/),
      'apps/worker:1.4.2', 'mirror/redis:7.2.5',
    ]);
    expect(ImageMirror.fromLookup(stack, 'Again').images.map(({ source }) => source)).not.toContain('docker.io/library/alpine:3.20.1');
  });

  test('of several parts needs one more pass', () => {
    const names = Array.from({ length: 110 }, (_, index) => `example.com/team/${'application-'.repeat(6)}${index}:1.0.${index}`);
    const parameters = publish((mirror) => names.forEach((name) => mirror.addImage(name)));
    expect(Object.keys(parameters).length).toBeGreaterThan(2);
    for (const value of Object.values(parameters)) expect(value.length).toBeLessThanOrEqual(4_096);
    let found: string[] = [];
    const { passes } = lookUp(parameters, (team) => {
      const mirror = importIn(team);
      for (const name of names) mirror.image(name).toContainerImage();
      found = mirror.images.map(({ source }) => source);
    });
    expect([passes, found.sort()]).toEqual([3, [...names].sort()]);
  });

  test('may be in a stack without an account and a Region, if it gets both', () => {
    const parameters = publish((mirror) => mirror.addImage('nginx:stable'));
    const { stack } = lookUp(parameters, (team) => importIn(team, ENV).image('nginx:stable').toContainerImage(), {});
    expect(stack.account).not.toBe(ENV.account);
    expect(() => importIn(teamStack({}))).toThrow('the account and region of the stack "Team" is not known then; set env of the stack, pass account and region');
  });

  test('says for an image that is not there how to see a newer list', () => {
    const parameters = publish((mirror) => mirror.addImage('nginx:stable'));
    expect(() => lookUp(parameters, (team) => importIn(team).image('nginx:stabel'))).toThrow('add it in the app that defines the mirror, deploy that app, '
      + 'and remove the old list of this app with "cdk context --clear", or use one of the mirrored images: "nginx:stable"');
  });

  test('that is not deployed is an error that says what to deploy', () => {
    const context = { 'ssm:account=111122223333:parameterName=/cdk-ecr-mirror/mirror:region=eu-west-1': { $providerError: 'not available' } };
    const stack = teamStack({ env: ENV }, context);
    importIn(stack).image('nginx');
    Annotations.fromStack(stack).hasError('/Team', Match.stringLikeRegexp('no mirror with the repositoryPrefix "mirror" was found .* Deploy the app that defines the mirror first'));
  });

  const valid = { version: 1, registry: '111122223333.eu-west-1', prefix: 'mirror', digest: 'abcdefabcdef', parts: 1, images: ['nginx:stable'] };
  test.each<[string, unknown, string]>([
    ['no JSON', 'nginx', 'it is not a JSON object'],
    ['a newer version', { ...valid, version: 2 }, 'its version is "2", but this version of cdk-ecr-mirror reads version 1; update cdk-ecr-mirror in both apps'],
    ['the mirror of another account', { ...valid, registry: '444455556666.eu-west-1' }, 'it is the list of the mirror "mirror" in "444455556666.eu-west-1"'],
    ['another mirror', { ...valid, prefix: 'other' }, 'it is the list of the mirror "other"'],
    ['an unknown field', { ...valid, extra: 1 }, 'it has the unknown field "extra"'],
    ['an unknown field of an image', { ...valid, images: [{ image: 'nginx', run: 'x' }] }, 'it has the unknown field "run"'],
    ['an image that is none', { ...valid, images: ['Nginx; rm -rf'] }, 'the image "Nginx; rm -rf" is not valid'],
    ['a repository that is none', { ...valid, images: [{ image: 'nginx', repository: 'a/${Token[x.1]}' }] }, 'the image "nginx" is not valid'],
    ['a platform that is none', { ...valid, images: [{ image: 'nginx', platforms: ['x y'] }] }, 'the image "nginx" is not valid'],
    ['a null image', { ...valid, images: [null] }, 'an image has no name'],
    ['too many parts', { ...valid, parts: 1e6 }, '"parts" must be a number from 1 to 200'],
    ['no images', { ...valid, images: {} }, '"images" must be a list'],
  ])('is refused with %s', (_, value, message) => {
    const parameters = { '/cdk-ecr-mirror/mirror': typeof value === 'string' ? value : JSON.stringify(value) };
    expect(() => lookUp(parameters, (team) => importIn(team))).toThrow(message);
  });

  test('with parts of two deployments is refused', () => {
    const parameters = {
      '/cdk-ecr-mirror/mirror': JSON.stringify({ ...valid, parts: 2 }),
      '/cdk-ecr-mirror/mirror/Part2': JSON.stringify({ version: 1, digest: '000000000000', part: 2, images: [] }),
    };
    expect(() => lookUp(parameters, (team) => importIn(team))).toThrow('the parts of the list are from different deployments; after a change in the app '
      + 'that defines the mirror, remove the old value with "cdk context --clear"');
  });
});

describe('the list that a mirror publishes', () => {
  test('does not depend on the order of images', () => {
    const one = publish((mirror) => ['nginx:stable', 'redis:7.2.5'].forEach((name) => mirror.addImage(name)));
    const other = publish((mirror) => ['redis:7.2.5', 'nginx:stable'].forEach((name) => mirror.addImage(name)));
    expect(one).toEqual(other);
    expect(JSON.parse(one['/cdk-ecr-mirror/mirror'])).toEqual({
      version: 1, registry: '111122223333.eu-west-1', prefix: 'mirror', digest: expect.stringMatching(/^[0-9a-f]{12}$/), parts: 1, images: ['nginx:stable', 'redis:7.2.5'],
    });
  });

  test('has the tags of platforms that functions of the app use', () => {
    const parameters = publish((mirror, stack) => {
      new lambda.DockerImageFunction(stack, 'Function', { code: mirror.addImage('team/worker:1.4.2').toLambdaCode() });
    });
    expect(JSON.parse(parameters['/cdk-ecr-mirror/mirror']).images).toEqual([{ image: 'team/worker:1.4.2', platformTags: ['linux/amd64'] }]);
  });

  test('warns about images in repositories without a known name', () => {
    const stack = new Stack(new App(), 'Platform');
    const repository = new ecr.Repository(stack, 'Generated');
    new ImageMirror(stack, 'Mirror', { images: ['redis:7'] }).addImage('nginx:stable', { repository });
    Annotations.fromStack(stack).hasWarning('/Platform/Mirror/PublishedImages', Match.stringLikeRegexp('1 of 2 images are in repositories with names that are not known'));
  });

  test('can be turned off', () => {
    const stack = new Stack(new App(), 'Platform');
    new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'], published: false });
    Template.fromStack(stack).resourceCountIs('AWS::SSM::Parameter', 0);
  });

  test('is published once for each prefix of an account and Region', () => {
    const app = new App();
    const define = (id: string, published?: boolean) => {
      const stack = new Stack(app, id);
      new ImageMirror(stack, 'Mirror', { images: [`${id.toLowerCase()}:stable`], published });
      return stack;
    };
    const [one, two] = [define('One'), define('Two')];
    expect(() => define('Three', true)).toThrow('the prefix "mirror" already has a published list of images, which "One/Mirror" defines, but the name of '
      + 'its parameter is unique in an account and Region; set another repositoryPrefix for one of them, or omit published');
    Template.fromStack(one).resourceCountIs('AWS::SSM::Parameter', 1);
    Template.fromStack(two).resourceCountIs('AWS::SSM::Parameter', 0);
    Annotations.fromStack(two).hasWarning('/Two/Mirror', Match.stringLikeRegexp('the mirror is not published for other apps, because "One/Mirror"'));
  });

  test('is tagged like all other resources', () => {
    const stack = new Stack(new App(), 'Platform');
    const mirror = new ImageMirror(stack, 'Mirror');
    for (let index = 0; index < 60; index++) mirror.addImage(`example.com/team/${'application-'.repeat(6)}${index}:1.0.${index}`);
    Tags.of(stack).add('team', 'platform');
    const parameters = Object.values(Template.fromStack(stack).findResources('AWS::SSM::Parameter'));
    expect(parameters.length).toBeGreaterThan(1);
    for (const { Properties } of parameters) expect(Properties.Tags).toEqual({ team: 'platform' });
  });
});
