import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { CommandOptions, Ending, runCommand } from './command';
import { DeployedProjectsApi, ScriptedBuild } from './deployed-projects-api';
import { DeployedStacksApi } from './deployed-stacks-api';
import { LocalLogsApi } from './local-logs-api';
import { LocalServerOptions } from './local-server';
import { COMMERCIAL, TemplateJson, TemplateResolver } from './template-resolver';
import { ImageMirror, ImageMirrorProps, OnDeploy } from '../../src';
import type { StartReport } from '../../src/cli/deployed/start-report';
import { MirrorResult, NO_TRANSFER, summarize, notAttempted } from '../../src/engine/result';

export const ENVIRONMENT = { account: '111122223333', region: 'eu-west-1' };
export const NGINX = 'docker.io/library/nginx:stable';
export const REDIS = 'docker.io/library/redis:7.4.0';
const IMAGES = { images: ['nginx:stable', 'redis:7.4.0'] };
const REGISTRY = '111122223333.dkr.ecr.eu-west-1.amazonaws.com';

/** An account of AWS in which an app is deployed, and the command that is run against it. */
export class DeployedAccount {
  static async open(options: LocalServerOptions = {}): Promise<DeployedAccount> {
    const codeBuild = await new DeployedProjectsApi(options).start();
    codeBuild.onStart = succeed;
    const logs = await new LocalLogsApi((group, stream) => codeBuild.logLines(group, stream), options).start();
    return new DeployedAccount(await new DeployedStacksApi(options).start(), codeBuild, logs);
  }

  private constructor(readonly cloudFormation: DeployedStacksApi, readonly codeBuild: DeployedProjectsApi, readonly logs: LocalLogsApi) {}

  /** Deploys all stacks of an app, in the order of their definition. */
  deploy(app: App, deployment = COMMERCIAL): void {
    const exporters: TemplateResolver[] = [];
    app.synth();
    for (const stack of app.node.findAll().filter((one) => Stack.isStack(one))) {
      const template = Template.fromStack(stack).toJSON() as TemplateJson;
      const resolver = new TemplateResolver(template, deployment, [...exporters]);
      exporters.push(resolver);
      this.cloudFormation.stacks.push({ name: stack.stackName, template, resolver });
      for (const id of resolver.ids('AWS::CodeBuild::Project')) {
        const variables = resolver.properties(id).Environment.EnvironmentVariables as { Name: string; Value: string }[];
        const name = String(resolver.resolve({ Ref: id }));
        const values = Object.fromEntries(variables.map(({ Name, Value }) => [Name, Value]));
        this.codeBuild.projects.push({ name, arn: resolver.arn(id), variables: values });
      }
    }
  }

  /** Deploys a mirror in a stack of its own, `Images`, and what else there is to be. */
  deployMirror(props: ImageMirrorProps = IMAGES, more: (mirror: ImageMirror, app: App) => void = () => undefined): void {
    const app = new App();
    more(new ImageMirror(new Stack(app, 'Images', { env: ENVIRONMENT }), 'Mirror', { onDeploy: OnDeploy.OFF, ...props }), app);
    this.deploy(app);
  }

  /** The images of each build that was started. */
  started(): ScriptedBuild['images'][] {
    return this.codeBuild.builds.map(({ images }) => images);
  }

  /** The page of a build of the first project. */
  linkTo(id: string): string {
    const { name } = this.codeBuild.projects[0];
    return `https://eu-west-1.console.aws.amazon.com/codesuite/codebuild/111122223333/projects/${name}/build/${encodeURIComponent(id)}/log?region=eu-west-1`;
  }

  /** Runs `start` to its end. */
  async start(words: readonly string[], { environment = {}, ...options }: CommandOptions = {}): Promise<Ending> {
    return runCommand(['start', ...words], { ...options, environment: { ...this.environment(), ...environment } });
  }

  environment(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL_CODEBUILD: this.codeBuild.url,
      AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: this.logs.url,
      AWS_ENDPOINT_URL_CLOUDFORMATION: this.cloudFormation.url,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'example-secret-key',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_MAX_ATTEMPTS: '1',
    };
  }

  /** What went wrong in the account itself. */
  errors(): unknown[] {
    return [...this.cloudFormation.errors, ...this.codeBuild.errors, ...this.logs.errors];
  }

  async close(): Promise<void> {
    await Promise.all([this.cloudFormation, this.codeBuild, this.logs].map((server) => server.close()));
  }
}

/** What `--json` printed. */
export function reportOf({ stdout }: Ending): StartReport {
  return JSON.parse(stdout);
}

/** The result of an image that was copied. */
export function copied(source: string): MirrorResult {
  return { ...NO_TRANSFER, source, target: targetOf(source), outcome: 'copied', bytesCopied: 1_500_000, blobsCopied: 2, seconds: 1.5 };
}

/** The result of an image that upstream does not have. */
export function missing(source: string): MirrorResult {
  return notAttempted(source, targetOf(source), 'not-found', `there is no ${source}`);
}

export function targetOf(source: string): string {
  return `${REGISTRY}/mirror/${source.replace(/^docker\.io\/(library\/)?/, '')}`;
}

/** What the engine logs last. */
export function resultLines(results: readonly MirrorResult[]): string[] {
  return [...results, summarize(results)].map((line) => JSON.stringify(line));
}

/** Has a build copy all of its images. */
export function succeed(build: ScriptedBuild): void {
  const results = build.images.map(({ IMAGE }) => copied(IMAGE));
  build.write('[Container] 2026/01/01 00:00:00 Entering phase BUILD', 'put manifest sha256:0123', ...resultLines(results)).end('SUCCEEDED');
}
