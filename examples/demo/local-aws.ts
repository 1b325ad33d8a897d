import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UpstreamRegistries } from './upstream-registries';
import { parseImageReference } from '../../src/image/image-reference';
import { createCertificates } from '../../test/support/certificate';
import { CloudAssembly, synthesize } from '../../test/support/cloud-assembly';
import { Fault } from '../../test/support/fault';
import { BuildResult, LocalCodeBuild } from '../../test/support/local-code-build';
import { LocalEcr } from '../../test/support/local-ecr';
import { LocalEventBridge } from '../../test/support/local-event-bridge';
import { BuildSchedule, buildSchedules } from '../../test/support/local-scheduler';
import { LoopbackNetwork } from '../../test/support/loopback-network';
import { PublicGalleryApi } from '../../test/support/public-gallery-api';
import { templateRepositories } from '../../test/support/template-repositories';
import { Deployment, TemplateResolver } from '../../test/support/template-resolver';

const DEPLOYMENT: Deployment = { partition: 'aws', account: '123456789012', region: 'us-east-1', urlSuffix: 'amazonaws.com' };

/** The names of AWS that the engine talks to. */
const AWS_HOSTS = {
  registry: '123456789012.dkr.ecr.us-east-1.amazonaws.com',
  ecrApi: 'api.ecr.us-east-1.amazonaws.com',
  layers: 'prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com',
  events: 'events.us-east-1.amazonaws.com',
  galleryApi: 'api.ecr-public.us-east-1.amazonaws.com',
};

/** An account of AWS on this machine, with an app deployed into it, and the internet around it. */
export class LocalAws {
  /**
   * Synthesises an app and starts what its template needs.
   *
   * @param appFolder where the app's `cdk.json` is
   * @param realUpstream whether upstream registries are the real ones
   */
  static async deploy(appFolder: string, realUpstream: boolean): Promise<LocalAws> {
    const folder = await mkdtemp(join(tmpdir(), 'local-aws-'));
    const assembly = await synthesize(appFolder, join(folder, 'cdk.out'));
    const [stack] = await assembly.stacks();
    const template = await assembly.template(stack, DEPLOYMENT);
    const schedules = buildSchedules(template);
    const registries = schedules.map(({ variables }) => parseImageReference(variables.IMAGE).registry);
    const names = [...Object.values(AWS_HOSTS), ...UpstreamRegistries.hosts(registries)];
    const certificates = await createCertificates(names, await ownAuthorities());
    const certificate = certificates.server;

    const upstream = realUpstream ? undefined : await new UpstreamRegistries().start(registries, certificate);
    // Real images are large: of those, only digests and sizes are kept.
    const ecrOptions = { certificate, blobOrigin: `https://${AWS_HOSTS.layers}`, discardUploads: realUpstream };
    const ecr = await new LocalEcr(templateRepositories(template), ecrOptions).start();
    const events = await new LocalEventBridge({ certificate }).start();
    const galleryApi = await new PublicGalleryApi({ certificate }).start();
    // The credentials of this account mean nothing to a real gallery, so that access to it stays anonymous.
    galleryApi.fail({ action: Fault.status(400, {}, JSON.stringify({ __type: 'AccessDeniedException' })), times: Infinity });
    const outerProxy = process.env.HTTPS_PROXY ?? process.env.https_proxy;
    const network = await new LoopbackNetwork({ passThrough: realUpstream, upstreamProxy: outerProxy || undefined }).start();
    network.route(AWS_HOSTS.registry, ecr.port);
    network.route(AWS_HOSTS.ecrApi, ecr.port);
    network.route(AWS_HOSTS.layers, ecr.blobStorage.port);
    network.route(AWS_HOSTS.events, events.port);
    network.route(AWS_HOSTS.galleryApi, galleryApi.port);
    for (const { host, port } of upstream?.routes() ?? []) network.route(host, port);

    const machine = network.environment(certificates.authorityFile);
    const codeBuild = new LocalCodeBuild({ assembly, template, deployment: DEPLOYMENT, machine });
    return new LocalAws({ assembly, template, deployment: DEPLOYMENT }, schedules, codeBuild, ecr, events, upstream, async () => {
      await Promise.all([ecr.close(), events.close(), galleryApi.close(), upstream?.close(), network.close()]);
      await Promise.all([certificates.dispose(), rm(folder, { recursive: true, force: true })]);
    });
  }

  private constructor(
    /** What is deployed, and where. */
    readonly deployed: { readonly assembly: CloudAssembly; readonly template: TemplateResolver; readonly deployment: Deployment },
    /** The template's own schedules. */
    readonly schedules: readonly BuildSchedule[],
    readonly codeBuild: LocalCodeBuild,
    readonly ecr: LocalEcr,
    readonly events: LocalEventBridge,
    /** Undefined when upstream registries are the real ones. */
    readonly upstream: UpstreamRegistries | undefined,
    /** Stops everything and removes what it left on the disk. */
    readonly close: () => Promise<void>,
  ) {}

  /** Lets a schedule's time come: starts its project with its own input, and waits for the build's end. */
  async invoke({ projectId, input }: BuildSchedule): Promise<BuildResult> {
    return this.codeBuild.build(projectId, input);
  }
}

/** What this machine trusts besides, so that a company's own proxy works with `--upstream`. */
async function ownAuthorities(): Promise<string> {
  const file = process.env.NODE_EXTRA_CA_CERTS;
  return file ? readFile(file, 'utf8') : '';
}
