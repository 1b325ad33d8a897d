import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UpstreamRegistries } from './upstream-registries';
import { ImageReference, parseImageReference } from '../../src/image/image-reference';
import { Certificates, createCertificates } from '../../test/support/certificate';
import { synthesize } from '../../test/support/cloud-assembly';
import { BuildResult, LocalCodeBuild } from '../../test/support/local-code-build';
import { LocalEcr } from '../../test/support/local-ecr';
import { LocalEventBridge } from '../../test/support/local-event-bridge';
import { BuildSchedule, LocalScheduler } from '../../test/support/local-scheduler';
import { LoopbackNetwork } from '../../test/support/loopback-network';
import { templateRepositories } from '../../test/support/template-repositories';
import { Deployment, TemplateResolver } from '../../test/support/template-resolver';

const DEPLOYMENT: Deployment = { partition: 'aws', account: '123456789012', region: 'us-east-1', urlSuffix: 'amazonaws.com' };

/** The names of AWS that the engine talks to. */
const AWS_HOSTS = {
  registry: '123456789012.dkr.ecr.us-east-1.amazonaws.com',
  ecrApi: 'api.ecr.us-east-1.amazonaws.com',
  layers: 'prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com',
  events: 'events.us-east-1.amazonaws.com',
};

/** An account of AWS on this machine, with the sample app deployed into it, and the internet around it. */
export class LocalAws {
  /**
   * Deploys an app.
   *
   * @param realUpstream whether upstream registries are the real ones
   */
  static async deploy(appFolder: string, realUpstream: boolean): Promise<LocalAws> {
    const folder = await mkdtemp(join(tmpdir(), 'local-aws-'));
    const assembly = await synthesize(appFolder, join(folder, 'cdk.out'));
    const [stack] = await assembly.stacks();
    const template = await assembly.template(stack, DEPLOYMENT);
    const registries = template.ids('AWS::Scheduler::Schedule').map((id) => imageOf(template.properties(id).Target.Input).registry);
    const hosts = realUpstream ? [] : UpstreamRegistries.hosts(registries);
    const certificates = await createCertificates([...Object.values(AWS_HOSTS), ...hosts], await ownAuthorities());
    const aws = new LocalAws(folder, template, certificates, realUpstream);
    if (!realUpstream) aws.upstream = await new UpstreamRegistries().start(registries, certificates.server);
    await aws.connect();
    const machine = aws.network.environment(certificates.authorityFile);
    aws.scheduler = new LocalScheduler(template, new LocalCodeBuild({ assembly, template, deployment: DEPLOYMENT, machine }));
    return aws;
  }

  readonly ecr: LocalEcr;
  readonly events: LocalEventBridge;
  /** Undefined when upstream registries are the real ones. */
  upstream: UpstreamRegistries | undefined;
  private readonly network: LoopbackNetwork;
  private scheduler: LocalScheduler | undefined;

  private constructor(private readonly folder: string, template: TemplateResolver, private readonly certificates: Certificates, realUpstream: boolean) {
    const certificate = certificates.server;
    // Real images are large: of those, only digests and sizes are kept.
    this.ecr = new LocalEcr(templateRepositories(template), { certificate, blobOrigin: `https://${AWS_HOSTS.layers}`, discardUploads: realUpstream });
    this.events = new LocalEventBridge({ certificate });
    this.network = new LoopbackNetwork({ passThrough: realUpstream, upstreamProxy: process.env.HTTPS_PROXY ?? process.env.https_proxy });
  }

  get schedules(): readonly BuildSchedule[] {
    return this.scheduler!.schedules;
  }

  /** Lets a schedule's time come, and waits for the build that it starts. */
  async invoke(schedule: BuildSchedule): Promise<BuildResult> {
    return this.scheduler!.invoke(schedule);
  }

  async close(): Promise<void> {
    await Promise.all([this.ecr.close(), this.events.close(), this.upstream?.close(), this.network.close()]);
    await Promise.all([this.certificates.dispose(), rm(this.folder, { recursive: true, force: true })]);
  }

  private async connect(): Promise<void> {
    await Promise.all([this.ecr.start(), this.events.start(), this.network.start()]);
    this.network.route(AWS_HOSTS.registry, this.ecr.port);
    this.network.route(AWS_HOSTS.ecrApi, this.ecr.port);
    this.network.route(AWS_HOSTS.layers, this.ecr.blobStorage.port);
    this.network.route(AWS_HOSTS.events, this.events.port);
    for (const { host, port } of this.upstream?.routes() ?? []) this.network.route(host, port);
  }
}

/** The image that a schedule's input asks for. */
function imageOf(input: string): ImageReference {
  const { environmentVariablesOverride } = JSON.parse(input) as { environmentVariablesOverride: { name: string; value: string }[] };
  return parseImageReference(environmentVariablesOverride.find(({ name }) => name === 'IMAGE')!.value);
}

/** What this machine trusts besides, so that a company's own proxy works with `--upstream`. */
async function ownAuthorities(): Promise<string> {
  const file = process.env.NODE_EXTRA_CA_CERTS;
  return file ? readFile(file, 'utf8') : '';
}
