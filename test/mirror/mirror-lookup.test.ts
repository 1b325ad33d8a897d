/** The list that a mirror publishes, and apps that look it up. */
import { App, CfnOutput, Stack, StackProps, Tags } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { ImageMirror, ImageMirrorLookupOptions, MirroredImage, TagFilter } from '../../src';
import { TemplateResolver } from '../support/template-resolver';

const ENV = { account: '111122223333', region: 'eu-west-1' };
const { LINUX_ARM64 } = ecr_assets.Platform;

function teamStack(props: StackProps = { env: ENV }, context?: Record<string, unknown>) {
  return new Stack(new App({ context }), 'Team', props);
}

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
    expect(() => importIn(teamStack({}))).toThrow('the account and region of the stack "Team" are not known then; set env of the stack, pass account and region');
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
    ['a group that is none', { ...valid, images: [['nginx', { tag: 1 }]] }, 'the image "nginx:[object Object]" is not valid'],
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

  test('has the name of a repository once for all its tags', () => {
    const tags = Array.from({ length: 120 }, (_, index) => `1.0.${index}`);
    const parameters = publish((mirror) => tags.forEach((tag) => mirror.addImage(`example.com/${'a'.repeat(100)}:${tag}`)));
    expect(Object.keys(parameters)).toEqual(['/cdk-ecr-mirror/mirror']);
    let found: string[] = [];
    lookUp(parameters, (team) => {
      found = importIn(team).images.map(({ source }) => source.split(':')[1]);
    });
    expect(found.sort()).toEqual([...tags].sort());
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

  test.each([false, true])('is tagged like all other resources, with aspect stabilization: %s', (aspectStabilization) => {
    const stack = new Stack(new App({ context: { '@aws-cdk/core:aspectStabilization': aspectStabilization } }), 'Platform');
    const mirror = new ImageMirror(stack, 'Mirror');
    for (let index = 0; index < 60; index++) mirror.addImage(`example.com/team/${'application-'.repeat(6)}${index}:1.0.${index}`);
    Tags.of(stack).add('team', 'platform');
    const parameters = Object.values(Template.fromStack(stack).findResources('AWS::SSM::Parameter'));
    expect(parameters.length).toBeGreaterThan(1);
    for (const { Properties } of parameters) expect(Properties.Tags).toEqual({ team: 'platform' });
  });
});
