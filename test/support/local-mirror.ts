import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { CloudAssembly } from './cloud-assembly';
import { ECR, LocalAccount } from './local-account';
import { LocalCloudFormationApi } from './local-cloud-formation-api';
import { LocalCodeBuild } from './local-code-build';
import { ApiBuild, LocalCodeBuildApi } from './local-code-build-api';
import { LocalLambda } from './local-lambda';
import { LocalLogsApi } from './local-logs-api';
import { CustomResourceAnswer, CustomResourceRequest, LocalProvider } from './local-provider';
import { buildSchedules } from './local-scheduler';
import { StandInDocker } from './stand-in-docker';
import { templateRepositories } from './template-repositories';
import { Deployment, stackId, TemplateResolver } from './template-resolver';
import { ImageMirror, ImageMirrorProps } from '../../src';

export const DEPLOYMENT: Deployment = { partition: 'aws', account: '123456789012', region: 'eu-west-1', urlSuffix: 'amazonaws.com' };

/** A mirror with customized images, synthesized and deployed on this machine, where a stand-in takes the place of Docker. */
export class LocalMirror {
  /** @param define adds the images */
  static async deploy(define: (mirror: ImageMirror) => void, props: ImageMirrorProps = {}): Promise<LocalMirror> {
    const folder = await mkdtemp(join(tmpdir(), 'local-mirror-'));
    const { assembly, template } = await synthesize(folder, define, props);
    const account = await LocalAccount.open(templateRepositories(template));
    const docker = await new StandInDocker(account.ecr).start();
    const mirror = new LocalMirror(folder, account, docker, await new LocalCloudFormationApi().start());
    await mirror.use(assembly, template);
    return mirror;
  }

  template!: TemplateResolver;
  codeBuild!: LocalCodeBuildApi;
  private logs!: LocalLogsApi;
  private lambda!: LocalLambda;
  private readonly closed: { close(): Promise<void> }[] = [];

  private constructor(
    private readonly folder: string,
    readonly account: LocalAccount,
    readonly docker: StandInDocker,
    private readonly cloudFormation: LocalCloudFormationApi,
  ) {}

  /** Deploys another version of the app, without what a deployment starts. */
  async update(define: (mirror: ImageMirror) => void, props: ImageMirrorProps = {}): Promise<void> {
    const { assembly, template } = await synthesize(join(this.folder, randomUUID()), define, props);
    await this.use(assembly, template);
  }

  /** The properties of the custom resource. */
  get properties(): Record<string, any> {
    return this.template.properties(this.template.ids('Custom::ImageMirror')[0]);
  }

  /** All builds of the two projects, in the order in which they were started. */
  get builds(): readonly ApiBuild[] {
    return this.codeBuild.builds;
  }

  /** Those of customized images. */
  get customBuilds(): readonly ApiBuild[] {
    return this.builds.filter(({ project }) => this.template.properties(project.logicalId).Environment.PrivilegedMode);
  }

  /** What CloudFormation asks of the custom resource. */
  async request(RequestType: 'Create' | 'Update', before?: Record<string, any>): Promise<CustomResourceAnswer> {
    const more = RequestType === 'Create' ? {} : { PhysicalResourceId: 'ImageMirror-Images', OldResourceProperties: before };
    const StackId = stackId(DEPLOYMENT, 'DeployedStack');
    const request: CustomResourceRequest = {
      RequestType, RequestId: randomUUID(), StackId, LogicalResourceId: 'Images', ResourceProperties: this.properties, ...more,
    };
    return new LocalProvider(this.lambda, this.template).request(request);
  }

  /** Starts what the schedules of all images start. */
  async startSchedules(): Promise<void> {
    for (const { projectId, input } of buildSchedules(this.template)) {
      await this.start({ projectName: String(this.template.resolve({ Ref: projectId })), ...input });
    }
  }

  /** Starts a build of a project by hand, with variables. */
  async startBuild(projectId: string, variables: Record<string, string>): Promise<void> {
    const environmentVariablesOverride = Object.entries(variables).map(([name, value]) => ({ name, value, type: 'PLAINTEXT' }));
    await this.start({ projectName: String(this.template.resolve({ Ref: projectId })), environmentVariablesOverride });
  }

  /** Does so, and waits for the end of everything that follows. */
  async runSchedules(): Promise<void> {
    await this.startSchedules();
    await this.settled();
  }

  /** Waits until no build is running, those included that builds have started. */
  async settled(): Promise<void> {
    for (let seen = -1; seen !== this.builds.length;) {
      seen = this.builds.length;
      await this.codeBuild.settled();
    }
  }

  /** What the lines of JSON in the logs of all builds tell, of one customized image or the other. */
  results(builds: readonly ApiBuild[] = this.builds): Record<string, any>[] {
    const lines = builds.flatMap(({ running }) => running.lines).filter((line) => line.startsWith('{'));
    return lines.map((line) => JSON.parse(line)).filter(({ target }) => target !== undefined);
  }

  /** The index that a tag names. */
  index(repository: string, tag: string): Record<string, any> {
    return JSON.parse(this.account.ecr.repository(repository).find(tag)!.bytes.toString());
  }

  errors(): unknown[] {
    return [...this.account.errors(), ...this.docker.errors, ...this.codeBuild.errors, ...this.logs.errors, ...this.cloudFormation.errors];
  }

  async close(): Promise<void> {
    await this.settled();
    await Promise.all([this.account, this.docker, this.cloudFormation, ...this.closed].map((server) => server.close()));
    await rm(this.folder, { recursive: true, force: true });
  }

  private async start(request: object): Promise<void> {
    const response = await fetch(this.codeBuild.url, {
      method: 'POST',
      headers: { 'x-amz-target': 'CodeBuild_20161006.StartBuild', 'authorization': 'AWS4-HMAC-SHA256 Credential=local' },
      body: JSON.stringify(request),
    });
    if (response.status !== 200) throw new Error(await response.text());
  }

  private async use(assembly: CloudAssembly, template: TemplateResolver): Promise<void> {
    this.template = template;
    const machineOf = ({ privileged, type }: { privileged: boolean; type: string }) => ({
      AWS_ENDPOINT_URL_CODEBUILD: this.codeBuild.url,
      ...privileged ? this.docker.machine(type === 'ARM_CONTAINER' ? 'linux/arm64' : 'linux/amd64') : {},
    });
    const codeBuild = new LocalCodeBuild({ assembly, template, deployment: DEPLOYMENT, machine: this.account.machine(), machineOf });
    const earlier = this.codeBuild?.builds ?? [];
    this.codeBuild = await new LocalCodeBuildApi(codeBuild).start();
    this.codeBuild.builds.push(...earlier);
    this.logs = await new LocalLogsApi((group, stream) => this.codeBuild.logLines(group, stream)).start();
    this.closed.push(this.codeBuild, this.logs);
    this.lambda = new LocalLambda({
      assembly,
      template,
      deployment: DEPLOYMENT,
      machine: {
        AWS_ENDPOINT_URL_CODEBUILD: this.codeBuild.url,
        AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: this.logs.url,
        AWS_ENDPOINT_URL_CLOUDFORMATION: this.cloudFormation.url,
      },
    });
    this.cloudFormation.statuses.set(stackId(DEPLOYMENT, 'DeployedStack'), 'UPDATE_IN_PROGRESS');
  }
}

/** The registry's host, and a repository in it. */
export const inEcr = (repository: string) => `${ECR}/${repository}`;

async function synthesize(folder: string, define: (mirror: ImageMirror) => void, props: ImageMirrorProps) {
  const app = new App({ outdir: folder });
  define(new ImageMirror(new Stack(app, 'Platform'), 'Mirror', props));
  app.synth();
  const assembly = new CloudAssembly(folder);
  return { assembly, template: await assembly.template('Platform', DEPLOYMENT) };
}
