/** Consumers in other stacks than their images: no stack exports a name that is known, so one deployment can remove an image from both stacks. */
import { App, Aspects, CfnOutput, CfnResource, NestedStack, Stack, StackProps, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { ImageMirror, IMirroredImage, MirroredImage, MirroredImagesAspect } from '../../src';

type Consume = (stack: Stack, image: IMirroredImage, mirror: ImageMirror) => void;

const role = (stack: Stack) => new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });

const CONSUMERS: Record<string, Consume> = {
  'a container': (stack, image) => {
    new ecs.FargateTaskDefinition(stack, 'Task').addContainer('Web', { image: image.toContainerImage() });
  },
  'a build': (stack, image) => {
    new codebuild.Project(stack, 'Project', { buildSpec: codebuild.BuildSpec.fromObject({}), environment: { buildImage: image.toBuildImage() } });
  },
  'a function': (stack, image) => {
    new lambda.DockerImageFunction(stack, 'Function', { code: image.toLambdaCode() });
  },
  'a public image that the aspect replaces': (stack, _, mirror) => {
    new ecs.FargateTaskDefinition(stack, 'Task').addContainer('Web', { image: ecs.ContainerImage.fromRegistry('nginx:1.27.0') });
    Aspects.of(stack).add(new MirroredImagesAspect({ mirrors: [mirror], enforce: true }));
  },
  'an output': (stack, image) => {
    new CfnOutput(stack, 'Uri', { value: image.imageUri });
  },
  'an output with another tag': (stack, image) => {
    new CfnOutput(stack, 'Uri', { value: image.imageUriForTag('1.27.1') });
  },
  'an output with a digest': (stack, image) => {
    new CfnOutput(stack, 'Uri', { value: image.imageUriForDigest(`sha256:${'a'.repeat(64)}`) });
  },
  'an output with the unchanged image': (stack, image) => {
    new CfnOutput(stack, 'Uri', { value: image.original.imageUri });
  },
  'a role': (stack, image) => {
    image.grantPull(role(stack));
  },
  'a role that pulls the unchanged image': (stack, image) => {
    image.original.grantPull(role(stack));
  },
  'a nested stack': (stack, image) => {
    new ecs.FargateTaskDefinition(new NestedStack(stack, 'Nested'), 'Task').addContainer('Web', { image: image.toContainerImage() });
  },
};

const IMAGES: Record<string, (mirror: ImageMirror, stack: Stack) => IMirroredImage> = {
  'an image': (mirror) => mirror.addImage('nginx:1.27.0'),
  'a customized image': (mirror) => mirror.addImage('nginx:1.27.0', { dockerfileLines: ['LABEL a=b'] }),
  'an image with a name that the CDK rejects': (mirror) => mirror.addImage('nginx:1.27.0', { repositoryName: 'mirror/odd__name' }),
  'an image in a repository of the app': (mirror, stack) => {
    return mirror.addImage('nginx:1.27.0', { repository: new ecr.Repository(stack, 'Shared', { repositoryName: 'shared/nginx' }) });
  },
  'an image in an existing repository': (mirror, stack) => {
    return mirror.addImage('nginx:1.27.0', { repository: ecr.Repository.fromRepositoryName(stack, 'Shared', 'shared/nginx') });
  },
};

const ENVIRONMENTS: [string, object][] = [['without env', {}], ['with env', { env: { account: '111122223333', region: 'eu-west-1' } }]];

const cases = Object.keys(IMAGES).flatMap((image) => (
  ENVIRONMENTS.map(([environment, props]): [string, string, object] => [image, environment, props])
));

test.each(cases)('consumers in other stacks import nothing of %s, in stacks %s, and are deployed after it', (kind, _, props) => {
  const app = new App();
  const platform = new Stack(app, 'Platform', props);
  const mirror = new ImageMirror(platform, 'Mirror');
  const image = IMAGES[kind](mirror, platform);
  const teams = Object.entries(CONSUMERS).map(([consumer, consume], index) => {
    const stack = new Stack(app, `Team${index}`, props);
    consume(stack, image, mirror);
    return { consumer, stack };
  });
  const templates = app.synth().stacks.map(({ template }) => JSON.stringify(template));
  expect(templates.filter((text) => text.includes('ImportValue') || text.includes('"Export"'))).toEqual([]);
  const independent = teams.filter(({ stack }) => !stack.dependencies.includes(platform)).map(({ consumer }) => consumer);
  expect(independent).toEqual(Object.keys(CONSUMERS).filter((consumer) => {
    return consumer.startsWith('a role') || (kind === 'an image in an existing repository' && consumer.startsWith('an output'));
  }));
});

test('a removed image leaves no export behind that another stack still imports', () => {
  const templates = (withNginx: boolean) => {
    const app = new App();
    const platform = new Stack(app, 'Platform');
    const mirror = new ImageMirror(platform, 'Mirror', { images: ['redis:7.2.5'] });
    const team = new Stack(app, 'Team');
    new CfnResource(team, 'Other', { type: 'Test::Any' });
    if (withNginx) CONSUMERS['a container'](team, mirror.addImage('nginx:1.27.0'), mirror);
    return { platform: Template.fromStack(platform).toJSON(), team: Template.fromStack(team).toJSON() };
  };
  const [before, after] = [templates(true), templates(false)];
  expect([before.platform.Outputs, after.platform.Outputs]).toEqual([undefined, undefined]);
  expect(JSON.stringify(before.team)).toContain('/mirror/nginx:1.27.0');
});

test('in the stack of the image, templates refer to the repository', () => {
  const stack = new Stack(new App(), 'Platform');
  const image = new ImageMirror(stack, 'Mirror').addImage('nginx:1.27.0');
  new CfnOutput(stack, 'Uri', { value: image.imageUri });
  expect(JSON.stringify(Template.fromStack(stack).toJSON().Outputs)).toContain('{"Ref":"MirrorRepositoriesmirrornginx003F0248"}');
});

test('image.repository is the repository that the mirror defines', () => {
  const image = new ImageMirror(new Stack(new App(), 'Platform'), 'Mirror').addImage('nginx:1.27.0');
  expect(image.repository).toBeInstanceOf(ecr.Repository);
});

describe('a mirror of another stage', () => {
  const define = () => {
    const app = new App();
    const mirror = new ImageMirror(new Stack(new Stage(app, 'Platform'), 'Images'), 'Mirror');
    const image = mirror.addImage('nginx:1.27.0', { dockerfileLines: ['LABEL a=b'] });
    return { app, mirror, image, stack: new Stack(new Stage(app, 'Team'), 'Web') };
  };
  const synthesis = Object.keys(CONSUMERS).filter((consumer) => !consumer.includes('aspect'));

  test.each(synthesis)('is not for %s, and the error says how to import it', (consumer) => {
    const { app, mirror, image, stack } = define();
    const synthesize = () => {
      CONSUMERS[consumer](stack, image, mirror);
      app.synth();
    };
    expect(synthesize).toThrow('which is in another stage or app, and the CDK allows no references between them; import the mirror in the stack that '
      + 'uses it: ImageMirror.fromImageMirrorAttributes() or ImageMirror.fromLookup()');
  });

  test('is not for images that another stage defines', () => {
    const { mirror, stack } = define();
    expect(() => new MirroredImage(stack, 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' })).toThrow('which is in another stage or app');
  });
});

test('a consumer of another account or Region imports nothing', () => {
  const app = new App();
  const platform = new Stack(app, 'Platform', { env: { account: '111122223333', region: 'eu-west-1' } });
  const image = new ImageMirror(platform, 'Mirror').addImage('team/odd__name:1.27.0');
  const teams = [['111122223333', 'us-east-1'], ['444455556666', 'eu-west-1']].map(([account, region]) => {
    const team = new Stack(app, `Team-${account}-${region}`, { env: { account, region } });
    CONSUMERS['a container'](team, image, undefined as never);
    return team;
  });
  for (const team of teams) {
    const text = JSON.stringify(Template.fromStack(team).toJSON());
    expect(text).toContain('111122223333.dkr.ecr.eu-west-1.');
    expect(text).toContain(':ecr:eu-west-1:111122223333:repository/mirror/team/odd__name"');
  }
});

const [ONE, OTHER] = [{ account: '111122223333', region: 'eu-west-1' }, { account: '444455556666', region: 'eu-west-1' }];

test.each<[string, StackProps, StackProps]>([
  ['another account', { env: ONE }, { env: OTHER }],
  ['another Region', { env: ONE }, { env: { ...ONE, region: 'us-east-1' } }],
  ['an account that is known, unlike that of the mirror', {}, { env: ONE }],
  ['an account that is not known, unlike that of the mirror', { env: ONE }, {}],
])('consumers in %s are synthesized, or refused in words', (kind, platformProps, teamProps) => {
  const app = new App();
  const mirror = new ImageMirror(new Stack(app, 'Platform', platformProps), 'Mirror');
  const image = mirror.addImage('nginx:1.27.0', { dockerfileLines: ['LABEL a=b'] });
  for (const [index, [consumer, consume]] of Object.entries(CONSUMERS).entries()) {
    const stack = new Stack(app, `Team${index}`, teamProps);
    if (consumer === 'a nested stack' && kind !== 'another Region') {
      expect(() => consume(stack, image, mirror)).toThrow('so the repository policy cannot name it; import the mirror in the stack that uses it');
    } else if (!consumer.includes('aspect') && !(kind === 'another Region' && consumer === 'a function')) {
      consume(stack, image, mirror);
    }
  }
  expect(app.synth().stacks.filter(({ template }) => JSON.stringify(template).includes('ImportValue'))).toEqual([]);
});
