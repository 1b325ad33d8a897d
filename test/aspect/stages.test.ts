/** The aspect in apps with stages: it reaches everything in its scope, or synthesis fails. */
import { App, Aspects, CfnResource, IAspect, NestedStack, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as codecommit from 'aws-cdk-lib/aws-codecommit';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as pipelines from 'aws-cdk-lib/pipelines';
import { Construct, IConstruct } from 'constructs';
import { ImageMirror, MirroredImagesAspect } from '../../src';

const ENV = { account: '111122223333', region: 'eu-west-1' };
const MIRRORED = '/mirror/nginx:stable';

function defineTask(scope: Construct, image = 'nginx:stable'): CfnResource {
  const task = new ecs.FargateTaskDefinition(scope, 'Task');
  task.addContainer('Web', { image: ecs.ContainerImage.fromRegistry(image) });
  return task.node.defaultChild as CfnResource;
}

/** The image of a task definition in the synthesized template. */
function imageOf(task: CfnResource): string {
  const { Resources } = Template.fromStack(Stack.of(task)).toJSON();
  return JSON.stringify(Resources[Stack.of(task).resolve(task.logicalId)].Properties.ContainerDefinitions[0].Image);
}

const imported = (scope: Construct) => ImageMirror.fromImageMirrorAttributes(new Stack(scope, 'Imported'), 'Mirror', { images: ['nginx:stable'] });
const owned = (scope: Construct) => new ImageMirror(new Stack(scope, 'Platform'), 'Mirror', { images: ['nginx:stable'] });

/** A tree with a task definition, and the construct that gets the aspect. */
interface Tree {
  readonly task: CfnResource;
  readonly scope: IConstruct;
}

const TREES: Record<string, (app: App) => Tree> = {
  'an app with a stack': (app) => ({ task: defineTask(new Stack(app, 'Web')), scope: app }),
  'an app with a stage': (app) => ({ task: defineTask(new Stack(new Stage(app, 'Production'), 'Web')), scope: app }),
  'an app with a stage in a stage': (app) => ({ task: defineTask(new Stack(new Stage(new Stage(app, 'Outer'), 'Inner'), 'Web')), scope: app }),
  'a stage': (app) => {
    const scope = new Stage(app, 'Production');
    return { task: defineTask(new Stack(scope, 'Web')), scope };
  },
  'a stage with a stage': (app) => {
    const scope = new Stage(app, 'Outer');
    return { task: defineTask(new Stack(new Stage(scope, 'Inner'), 'Web')), scope };
  },
  'a stack with a stage': (app) => {
    const scope = new Stack(app, 'Pipeline');
    return { task: defineTask(new Stack(new Stage(scope, 'Production'), 'Web')), scope };
  },
  'a construct with a stage': (app) => {
    const scope = new Construct(app, 'Group');
    return { task: defineTask(new Stack(new Stage(scope, 'Production'), 'Web')), scope };
  },
  'an app with a nested stack in a stage': (app) => {
    return { task: defineTask(new NestedStack(new Stack(new Stage(app, 'Production'), 'Web'), 'Nested')), scope: app };
  },
  'a construct in a stage': (app) => {
    const scope = new Construct(new Stack(new Stage(app, 'Production'), 'Web'), 'Service');
    return { task: defineTask(scope), scope };
  },
};

describe.each(Object.entries(TREES))('an aspect of %s', (_, define) => {
  test('replaces images with those of an imported mirror', () => {
    const app = new App();
    const mirror = imported(app);
    const { task, scope } = define(app);
    Aspects.of(scope).add(new MirroredImagesAspect({ mirrors: [mirror], enforce: true }));
    expect(imageOf(task)).toContain(MIRRORED);
  });

  test('with enforce lets no other public image pass', () => {
    const app = new App();
    const mirror = ImageMirror.fromImageMirrorAttributes(new Stack(app, 'Imported'), 'Mirror', { images: ['redis:7'] });
    const { scope } = define(app);
    Aspects.of(scope).add(new MirroredImagesAspect({ mirrors: [mirror], enforce: true }));
    expect(() => app.synth()).toThrow('runs the public image "nginx:stable", which is not in a mirror; add it in the app that defines the mirror "Imported/Mirror"');
  });

  test('with enforce and without mirrors lets no public image pass', () => {
    const app = new App();
    const { scope } = define(app);
    Aspects.of(scope).add(new MirroredImagesAspect({ enforce: true }));
    expect(() => app.synth()).toThrow('"nginx:stable"');
  });

  test('with enforce that is added before the rest of the app lets no public image pass', () => {
    const app = new App();
    Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [imported(app)], enforce: true }));
    const { task } = define(app);
    const isVisited = Stage.of(task) === app;
    if (isVisited) expect(imageOf(task)).toContain(MIRRORED);
    else expect(() => app.synth()).toThrow(/MirroredImagesAspect did not visit the stage ".*", which runs the public image "nginx:stable"/);
  });
});

test('without enforce, a stage that is not visited is an error too', () => {
  const app = new App();
  Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [imported(app)] }));
  defineTask(new Stack(new Stage(app, 'Production'), 'Web'));
  expect(() => app.synth()).toThrow('MirroredImagesAspect did not visit the stage "Production", which runs the public image "nginx:stable" in '
    + '"Production/Web/Task/Resource", because the CDK synthesized the stage before the aspect was added; define the stage before the aspect, '
    + 'add the aspect before pipeline.addStage(), or add it to the stage: Aspects.of(stage).add(...)');
});

test('a stage that is not visited may run images in Amazon ECR, and excluded images', () => {
  const app = new App();
  Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [imported(app)], enforce: true }));
  defineTask(new Stack(new Stage(app, 'Ecr'), 'Web'), '111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1');
  const excluded = new Stage(app, 'Excluded');
  MirroredImagesAspect.exclude(excluded);
  defineTask(new Stack(excluded, 'Web'));
  expect(() => app.synth()).not.toThrow();
});

test('a stage with a mirror of its own is reached, also when it is defined after the aspect', () => {
  const app = new App();
  const stage = new Stage(app, 'Production');
  const mirror = owned(stage);
  Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [mirror], enforce: true }));
  expect(imageOf(defineTask(new Stack(stage, 'Web')))).toContain(MIRRORED);
});

test('one aspect of an app serves each stage from the mirror in it', () => {
  const app = new App();
  const stages = ['Test', 'Production'].map((name) => new Stage(app, name));
  const mirrors = stages.map(owned);
  const tasks = stages.map((stage) => defineTask(new Stack(stage, 'Web')));
  Aspects.of(app).add(new MirroredImagesAspect({ mirrors, enforce: true }));
  for (const task of tasks) expect(imageOf(task)).toContain(MIRRORED);
});

test('a mirror that another stage defines is refused, and the error says how to import it', () => {
  const app = new App();
  const mirror = owned(new Stage(app, 'Shared'));
  defineTask(new Stack(new Stage(app, 'Production'), 'Web'));
  Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [mirror], enforce: true }));
  expect(() => app.synth()).toThrow('"Shared/Platform/Mirror" has it in another stage; define a mirror in each stage, or import the mirror with '
    + 'ImageMirror.fromImageMirrorAttributes() or ImageMirror.fromLookup()');
});

test('the imported mirror of the account and Region of a resource comes first', () => {
  const app = new App();
  const accounts = ['444455556666', '111122223333'];
  const mirrors = accounts.map((account) => ImageMirror.fromImageMirrorAttributes(new Stack(app, `Imported${account}`), 'Mirror', {
    account, region: 'eu-west-1', images: account === accounts[0] ? ['nginx:stable', 'redis:7'] : ['nginx:stable'],
  }));
  const near = defineTask(new Stack(app, 'Near', { env: ENV }));
  const far = defineTask(new Stack(app, 'Far', { env: ENV }), 'redis:7');
  Aspects.of(app).add(new MirroredImagesAspect({ mirrors, enforce: true }));
  expect(imageOf(near)).toContain('111122223333.dkr.ecr.eu-west-1');
  expect(imageOf(far)).toContain('444455556666.dkr.ecr.eu-west-1');
});

test('images that are already in the mirror stay, in stacks with and without env', () => {
  for (const props of [{}, { env: ENV }]) {
    const app = new App();
    const mirror = new ImageMirror(new Stack(app, 'Platform', props), 'Mirror', { images: ['nginx:stable'] });
    new ecs.FargateTaskDefinition(new Stack(app, 'Web', props), 'Task').addContainer('Web', { image: mirror.image('nginx:stable').toContainerImage() });
    Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [mirror], enforce: true }));
    expect(() => app.synth()).not.toThrow();
  }
});

test('the first pass of a lookup passes with enforce, and needs no image to be known', () => {
  const app = new App();
  const stack = new Stack(app, 'Web', { env: ENV });
  defineTask(stack, 'quay.io/any/image:1');
  Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [ImageMirror.fromLookup(stack, 'Mirror')], enforce: true }));
  expect(app.synth().manifest.missing).toHaveLength(1);
});

describe('a task definition that another aspect adds where all aspects have been', () => {
  class AddTask implements IAspect {
    constructor(private readonly when: IConstruct, private readonly target: Stack) {}

    public visit(node: IConstruct): void {
      if (node === this.when && this.target.node.tryFindChild('Task') === undefined) defineTask(this.target);
    }
  }

  const define = (enforce: boolean, aspectStabilization = false) => {
    const app = new App({ context: { '@aws-cdk/core:aspectStabilization': aspectStabilization } });
    const mirror = imported(app);
    const [early, late] = [new Stack(app, 'Early'), new Stack(app, 'Late')];
    Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [mirror], enforce }));
    Aspects.of(late).add(new AddTask(late, early));
    return { app, early };
  };

  test('is an error with enforce', () => {
    expect(() => define(true).app.synth()).toThrow('MirroredImagesAspect did not visit "Early/Task/Resource", which runs the public image "nginx:stable", because '
      + 'another aspect added it; set the feature flag "@aws-cdk/core:aspectStabilization" to true in cdk.json');
  });

  test('is a warning without enforce', () => {
    Annotations.fromStack(define(false).early).hasWarning('/Early/Task/Resource', Match.stringLikeRegexp('did not visit'));
  });

  test('is replaced with the feature flag', () => {
    const { app, early } = define(true, true);
    expect(() => app.synth()).not.toThrow();
    expect(JSON.stringify(Template.fromStack(early).toJSON())).toContain(MIRRORED);
  });
});

describe('a pipeline', () => {
  class Service extends Stage {
    public readonly task: CfnResource;

    constructor(scope: Construct, id: string) {
      super(scope, id, { env: ENV });
      this.task = defineTask(new Stack(this, 'Web'));
    }
  }

  const definePipeline = (app: App) => {
    const stack = new Stack(app, 'Pipeline', { env: ENV });
    const repository = new codecommit.Repository(stack, 'Repository', { repositoryName: 'app' });
    const synth = new pipelines.ShellStep('Synth', { input: pipelines.CodePipelineSource.codeCommit(repository, 'main'), commands: ['npx cdk synth'] });
    return { stack, pipeline: new pipelines.CodePipeline(stack, 'Pipeline', { synth }) };
  };
  const aspect = (app: App) => new MirroredImagesAspect({ mirrors: [imported(app)], enforce: true });

  test('deploys stages with replaced images, if the aspect was there before addStage()', () => {
    const app = new App();
    const { stack, pipeline } = definePipeline(app);
    const service = new Service(stack, 'Production');
    Aspects.of(app).add(aspect(app));
    pipeline.addStage(service);
    expect(imageOf(service.task)).toContain(MIRRORED);
  });

  test.each<[string, (app: App, pipeline: Construct) => void]>([
    ['of the app', (app) => Aspects.of(app).add(aspect(app))],
    ['of the stack of the pipeline', (app, stack) => Aspects.of(stack).add(aspect(app))],
  ])('fails if the aspect %s comes after addStage(), because the stage is synthesized then', (_, add) => {
    const app = new App();
    const { stack, pipeline } = definePipeline(app);
    pipeline.addStage(new Service(stack, 'Production'));
    add(app, stack);
    expect(() => app.synth()).toThrow('MirroredImagesAspect did not visit the stage "Pipeline/Production"');
  });

  test.each<[string, (stage: Service) => IConstruct]>([
    ['the stage', (stage) => stage], ['a stack in the stage', ({ task }) => Stack.of(task)],
  ])('fails if the aspect is added to %s after addStage()', (_, scopeOf) => {
    const app = new App();
    const { stack, pipeline } = definePipeline(app);
    const service = new Service(stack, 'Production');
    pipeline.addStage(service);
    Aspects.of(scopeOf(service)).add(aspect(app));
    expect(() => app.synth()).toThrow(/MirroredImagesAspect was added to "Pipeline\/Production.*" after the CDK had synthesized it; add the aspect before/);
  });
});
