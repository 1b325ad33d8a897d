import { spawn } from 'node:child_process';
import * as path from 'node:path';
import { Certificates, createCertificates } from './certificate';
import { EcrRepositoryDefinition, LocalEcr, LocalEcrOptions } from './local-ecr';
import { LocalEventBridge } from './local-event-bridge';
import { LocalObjectStore } from './local-object-store';
import { LocalParameterStore } from './local-parameter-store';
import { LocalRegistry } from './local-registry';
import { LoopbackNetwork } from './loopback-network';
import type { MirrorResult, RunSummary } from '../../src/engine/result';

const PROGRAMS = path.join(__dirname, '..', '..', 'assets');
const ENGINE = path.join(PROGRAMS, 'engine', 'mirror.js');
/** The program that records decisions. */
export const DECIDE = path.join(PROGRAMS, 'decide', 'decide.js');
export const UPSTREAM = 'registry.example.com';
export const ECR = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const ECR_API = 'api.ecr.eu-west-1.amazonaws.com';
const EVENTS = 'events.eu-west-1.amazonaws.com';
const SSM = 'ssm.eu-west-1.amazonaws.com';
const S3 = 's3.eu-west-1.amazonaws.com';
const BUCKET = 'prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com';
export const REPOSITORY = `mirror/${UPSTREAM}/team/app`;

/** How a run of the engine's bundle ended. */
export interface EngineRun {
  readonly code: number | null;
  /** What is on stdout, line by line, as JSON. */
  readonly lines: (MirrorResult & RunSummary)[];
  readonly log: string;
}

/** An account of AWS on this machine with some repositories, an upstream registry beside it, and the engine's bundle as CodeBuild runs it there. */
export class LocalAccount {
  /**
   * @param repositories its repositories, by name or as CloudFormation defines them
   * @param ecrOptions how its Amazon ECR differs from the usual
   */
  static async open(repositories: readonly (EcrRepositoryDefinition | string)[] = [REPOSITORY], ecrOptions: LocalEcrOptions = {}) {
    const certificates = await createCertificates([UPSTREAM, ECR, ECR_API, BUCKET, EVENTS, SSM, S3]);
    const certificate = certificates.server;
    const upstream = await new LocalRegistry({ certificate }).start();
    const ecr = await new LocalEcr(repositories, { certificate, blobOrigin: `https://${BUCKET}`, ...ecrOptions }).start();
    const events = await new LocalEventBridge({ certificate }).start();
    const parameters = await new LocalParameterStore({ certificate }).start();
    const objects = await new LocalObjectStore({ certificate }).start();
    const network = await new LoopbackNetwork().start();
    const services = [[EVENTS, events], [SSM, parameters], [S3, objects]] as const;
    const routes = [[UPSTREAM, upstream], [ECR, ecr], [ECR_API, ecr], [BUCKET, ecr.blobStorage], ...services] as const;
    for (const [host, { port }] of routes) network.route(host, port);
    upstream.repository('team/app');
    return new LocalAccount(certificates, network, upstream, ecr, events, parameters, objects);
  }

  private constructor(
    private readonly certificates: Certificates,
    readonly network: LoopbackNetwork,
    readonly upstream: LocalRegistry,
    readonly ecr: LocalEcr,
    readonly events: LocalEventBridge,
    readonly parameters: LocalParameterStore,
    readonly objects: LocalObjectStore,
  ) {}

  /** What went wrong in the account itself. */
  errors(): unknown[] {
    return [...[this.upstream, this.ecr, this.events, this.parameters, this.objects].flatMap(({ errors }) => errors), ...this.network.refused];
  }

  /** Variables of a machine whose programs reach the account. */
  machine(): Record<string, string> {
    return this.network.environment(this.certificates.authorityFile);
  }

  async close(): Promise<void> {
    await Promise.all([this.upstream, this.ecr, this.events, this.parameters, this.objects, this.network].map((server) => server.close()));
    await this.certificates.dispose();
  }

  /** Runs the engine, or another program, with variables over those that a project sets. */
  async run(
    variables: Record<string, string>, onStart?: (ended: Promise<unknown>, end: () => void) => Promise<void>, program: string = ENGINE,
  ): Promise<EngineRun> {
    const child = spawn(process.execPath, [program], {
      env: {
        PATH: process.env.PATH,
        AWS_REGION: 'eu-west-1',
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        ...this.machine(),
        MIRROR_REGISTRY: ECR,
        ...variables,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, log] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { log += text; });
    const ended = new Promise<EngineRun>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, lines: stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line)), log }));
    });
    const [ending] = await Promise.all([ended, onStart?.(ended, () => child.kill('SIGTERM'))]);
    return ending;
  }
}
