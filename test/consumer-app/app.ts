/**
 * An app of a user: it only has the published package, and writes the same stacks in an app, in a Stage, and in a CDK pipeline.
 *
 * `scripts/consumer-app.mjs` compiles and runs it outside of this repository, and checks what it writes into the folder that is its argument.
 */
import * as path from 'node:path';
import { App, Stack, StackProps, Stage } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as pipelines from 'aws-cdk-lib/pipelines';
import { Construct } from 'constructs';
import { ImageCatalog, ImageMirror, ImageMirrorProps, IImageMirror, MirroredImage, TagFilter } from 'cdk-ecr-mirror';

const env = { account: '111122223333', region: 'eu-west-1' };
const outputFolder = process.argv[2];

/** The team that owns the mirror. */
class Platform extends Stack {
  readonly mirror: ImageMirror;

  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    const mirrorProps: ImageMirrorProps = { images: ['nginx:stable', 'quay.io/prometheus/prometheus:v2.53.0'] };
    this.mirror = new ImageMirror(this, 'Mirror', mirrorProps);
    this.mirror.addImage('redis', { tags: TagFilter.semver('>=7.2 <8', { latest: 3 }) });
    this.mirror.addCatalog('Teams', ImageCatalog.fromFile(path.join(__dirname, 'images.yaml')));
  }
}

/** A team that adds an image of its own, and runs two. */
class Workload extends Stack {
  constructor(scope: Construct, id: string, mirror: IImageMirror, props: StackProps) {
    super(scope, id, props);
    const grafana = new MirroredImage(this, 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
    const task = new ecs.FargateTaskDefinition(this, 'Task');
    task.addContainer('web', { image: mirror.image('nginx:stable').toContainerImage() });
    task.addContainer('grafana', { image: grafana.toContainerImage() });
    new codebuild.Project(this, 'Build', {
      buildSpec: codebuild.BuildSpec.fromObject({ version: '0.2', phases: { build: { commands: ['true'] } } }),
      environment: { buildImage: mirror.image('nginx:stable').toBuildImage() },
    });
  }
}

function defineStacks(scope: Construct): void {
  const { mirror } = new Platform(scope, 'Platform', { env });
  new Workload(scope, 'Workload', mirror, { env });
}

function defineStage(scope: Construct): Stage {
  const stage = new Stage(scope, 'Production', { env });
  defineStacks(stage);
  return stage;
}

function definePipeline(app: App): void {
  const stack = new Stack(app, 'Pipeline', { env });
  const source = pipelines.CodePipelineSource.s3(s3.Bucket.fromBucketName(stack, 'Source', 'source-of-the-app'), 'app.zip');
  const pipeline = new pipelines.CodePipeline(stack, 'Pipeline', { synth: new pipelines.ShellStep('Synth', { input: source, commands: ['npx cdk synth'] }) });
  pipeline.addStage(defineStage(stack));
}

const forms: Record<string, (app: App) => void> = { app: defineStacks, stage: defineStage, pipeline: definePipeline };
for (const [name, define] of Object.entries(forms)) {
  const app = new App({ outdir: path.join(outputFolder, name), analyticsReporting: false });
  define(app);
  app.synth();
}
