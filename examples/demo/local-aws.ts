import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UpstreamRegistries } from './upstream-registries';
import { parseImageReference } from '../../src/image/image-reference';
import { Certificates, createCertificates } from '../../test/support/certificate';
import { CloudAssembly, synthesize } from '../../test/support/cloud-assembly';
import { Fault } from '../../test/support/fault';
import { BuildResult, LocalCodeBuild } from '../../test/support/local-code-build';
import { LocalCodeBuildApi } from '../../test/support/local-code-build-api';
import { LocalEcr } from '../../test/support/local-ecr';
import { LocalEventBridge } from '../../test/support/local-event-bridge';
import { LocalParameterStore } from '../../test/support/local-parameter-store';
import { BuildSchedule, buildSchedules } from '../../test/support/local-scheduler';
import { LoopbackNetwork } from '../../test/support/loopback-network';
import { PublicGalleryApi } from '../../test/support/public-gallery-api';
import { StandInDocker } from '../../test/support/stand-in-docker';
import { creationTemplates, templateRepositories } from '../../test/support/template-repositories';
import { Deployment, TemplateResolver } from '../../test/support/template-resolver';

const DEPLOYMENT: Deployment = { partition: 'aws', account: '123456789012', region: 'us-east-1', urlSuffix: 'amazonaws.com' };

/** The names of AWS that the engine talks to. */
const AWS_HOSTS = {
  registry: '123456789012.dkr.ecr.us-east-1.amazonaws.com',
  ecrApi: 'api.ecr.us-east-1.amazonaws.com',
  layers: 'prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com',
  events: 'events.us-east-1.amazonaws.com',
  parameters: 'ssm.us-east-1.amazonaws.com',
  galleryApi: 'api.ecr-public.us-east-1.amazonaws.com',
};

/** What is deployed, and where. */
interface Deployed {
  readonly assembly: CloudAssembly;
  readonly template: TemplateResolver;
  readonly deployment: Deployment;
}

/** The services of an account, and the registries around it. */
interface Services {
  readonly ecr: LocalEcr;
  readonly events: LocalEventBridge;
  readonly parameters: LocalParameterStore;
  readonly galleryApi: PublicGalleryApi;
  readonly network: LoopbackNetwork;
  /** What `docker` is in the privileged builds. */
  readonly docker: StandInDocker;
  /** Undefined when upstream registries are the real ones. */
  readonly upstream?: UpstreamRegistries;
}

const NO_LOOK = { name: 'LATE_REFERRERS', value: 'false', type: 'PLAINTEXT' };

/** An account of AWS on this machine, with an app deployed into it, and the internet around it. */
export class LocalAws {
  /**
   * Synthesizes an app and starts the services that its template needs.
   *
   * @param appFolder the folder of the app's `cdk.json`
   * @param realUpstream whether upstream registries are the real ones
   */
  static async synthesize(appFolder: string, realUpstream: boolean): Promise<LocalAws> {
    const folder = await mkdtemp(join(tmpdir(), 'local-aws-'));
    return LocalAws.deploy(await synthesize(appFolder, join(folder, 'cdk.out')), realUpstream, folder);
  }

  /**
   * Starts the services that the template of a synthesized app needs.
   *
   * @param folder is removed when the account is closed
   */
  static async deploy(assembly: CloudAssembly, realUpstream = false, folder?: string): Promise<LocalAws> {
    const [stack] = await assembly.stacks();
    const template = await assembly.template(stack, DEPLOYMENT);
    const registries = registriesOf(template);
    const certificates = await createCertificates([...Object.values(AWS_HOSTS), ...UpstreamRegistries.hosts(registries)], await ownAuthorities());
    const services = await startServices(template, registries, certificates, realUpstream);
    const aws = new LocalAws({ assembly, template, deployment: DEPLOYMENT }, services, certificates, folder);
    await aws.codeBuildApi.start();
    return aws;
  }

  /** The template's own schedules of images. */
  readonly schedules: readonly BuildSchedule[];
  /** Its schedules of catalogs. */
  readonly catalogSchedules: readonly BuildSchedule[];
  readonly codeBuild: LocalCodeBuild;
  /** What starts builds other than schedules: deployments, and builds that start others. */
  readonly codeBuildApi: LocalCodeBuildApi;

  private constructor(
    readonly deployed: Deployed, private readonly services: Services, private readonly certificates: Certificates, private readonly folder?: string,
  ) {
    const schedules = buildSchedules(deployed.template);
    this.schedules = schedules.filter(({ variables }) => variables.IMAGE !== undefined);
    this.catalogSchedules = schedules.filter(({ variables }) => variables.CATALOG !== undefined);
    this.codeBuild = new LocalCodeBuild({
      ...deployed,
      machine: services.network.environment(certificates.authorityFile),
      machineOf: ({ privileged }) => ({ AWS_ENDPOINT_URL_CODEBUILD: this.codeBuildApi.url, ...privileged ? services.docker.machine() : {} }),
    });
    this.codeBuildApi = new LocalCodeBuildApi(this.codeBuild);
  }

  /** Deploys another version of the app into the account. From then on, the account is what is returned, and only that is closed. */
  async update(assembly: CloudAssembly): Promise<LocalAws> {
    const [stack] = await assembly.stacks();
    const template = await assembly.template(stack, DEPLOYMENT);
    await this.settled();
    await this.codeBuildApi.close();
    const aws = new LocalAws({ ...this.deployed, assembly, template }, this.services, this.certificates, this.folder);
    await aws.codeBuildApi.start();
    return aws;
  }

  get ecr(): LocalEcr {
    return this.services.ecr;
  }

  get events(): LocalEventBridge {
    return this.services.events;
  }

  get parameters(): LocalParameterStore {
    return this.services.parameters;
  }

  /** The certificate, in PEM, of the authority that signed the certificates of all servers. */
  get authority(): string {
    return this.certificates.authority;
  }

  get upstream(): UpstreamRegistries | undefined {
    return this.services.upstream;
  }

  /**
   * Starts the project of a schedule with the schedule's input, and waits for the end of the build.
   *
   * All rounds play on one day, and the first copies already brought the referrers. So no build looks for late referrers.
   */
  async invoke({ projectId, input }: BuildSchedule): Promise<BuildResult> {
    const environmentVariablesOverride = [...input.environmentVariablesOverride ?? [], NO_LOOK];
    return this.codeBuild.build(projectId, { ...input, environmentVariablesOverride });
  }

  /** Waits for the builds that others have started, those included that these start. */
  async settled(): Promise<void> {
    for (let seen = -1; seen !== this.codeBuildApi.builds.length;) {
      seen = this.codeBuildApi.builds.length;
      await this.codeBuildApi.settled();
    }
  }

  /** Stops everything and removes what it left on the disk. */
  async close(): Promise<void> {
    await this.settled();
    await Promise.all([this.codeBuildApi, ...Object.values(this.services)].map(async (server) => server?.close()));
    await this.certificates.dispose();
    if (this.folder !== undefined) await rm(this.folder, { recursive: true, force: true });
  }
}

/** The registries of all images that a template names. */
function registriesOf(template: TemplateResolver): string[] {
  const images = buildSchedules(template).flatMap(({ variables }) => variables.IMAGE ?? []);
  return [...images, ...listedImages(template).flatMap(({ images: listed }) => listed)].map((image) => parseImageReference(image).registry);
}

/** The lists of images of catalogs. The list that the mirror publishes for other apps has another type. */
function listedImages(template: TemplateResolver): { readonly parameterName: string; readonly images: string[] }[] {
  const lists = template.ids('AWS::SSM::Parameter').filter((id) => template.properties(id).Type === 'StringList');
  return lists.map((id) => ({
    parameterName: String(template.resolve({ Ref: id })), images: String(template.properties(id).Value).split(','),
  }));
}

async function startServices(template: TemplateResolver, registries: string[], certificates: Certificates, realUpstream: boolean): Promise<Services> {
  const certificate = certificates.server;
  const upstream = realUpstream ? undefined : await new UpstreamRegistries().start(registries, certificate);
  const ecr = await new LocalEcr(templateRepositories(template), {
    certificate,
    blobOrigin: `https://${AWS_HOSTS.layers}`,
    creationTemplates: creationTemplates(template),
    discardUploads: realUpstream, // real images are large: of those, only digests and sizes are kept
  }).start();
  const events = await new LocalEventBridge({ certificate }).start();
  const parameters = await new LocalParameterStore({ certificate }).start();
  for (const { parameterName, images } of listedImages(template)) parameters.parameters.set(parameterName, { value: images.join(',') });
  const galleryApi = await new PublicGalleryApi({ certificate }).start();
  // The credentials of this account mean nothing to a real gallery, so that access to it stays anonymous.
  galleryApi.fail({ action: Fault.status(400, {}, JSON.stringify({ __type: 'AccessDeniedException' })), times: Infinity });
  const outerProxy = process.env.HTTPS_PROXY ?? process.env.https_proxy;
  const network = await new LoopbackNetwork({ passThrough: realUpstream, upstreamProxy: outerProxy || undefined }).start();
  const servers = { registry: ecr, ecrApi: ecr, layers: ecr.blobStorage, events, parameters, galleryApi };
  for (const [name, { port }] of Object.entries(servers)) network.route(AWS_HOSTS[name as keyof typeof servers], port);
  for (const { host, port } of upstream?.routes() ?? []) network.route(host, port);
  return { ecr, events, parameters, galleryApi, network, docker: await new StandInDocker(ecr).start(), upstream };
}

/** What this machine trusts besides, so that a company's own proxy works with `--upstream`. */
async function ownAuthorities(): Promise<string> {
  const file = process.env.NODE_EXTRA_CA_CERTS;
  return file ? readFile(file, 'utf8') : '';
}
