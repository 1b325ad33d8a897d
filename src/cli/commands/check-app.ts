import { readConfiguration } from '../../engine/configuration';
import { firstOf } from '../../engine/credentials/credential-source';
import { DockerConfigCredentials } from '../../engine/credentials/docker-config-credentials';
import { EcrCredentials } from '../../engine/credentials/ecr-credentials';
import { describeImage, ImageDescription } from '../../engine/describe-image';
import { listTags } from '../../engine/list-tags';
import { MirrorError } from '../../engine/mirror-error';
import { MirrorRequest, MirrorTools } from '../../engine/mirror-image';
import { mirrorImages } from '../../engine/mirror-images';
import { endpointOf } from '../../engine/registry/endpoint';
import { RegistryClient } from '../../engine/registry/registry-client';
import { DEFAULT_RETRY } from '../../engine/registry/retry';
import { Transport } from '../../engine/registry/transport';
import { isGood, MirrorResult, summarize, untried } from '../../engine/result';
import { PROJECT_ENVIRONMENT, RUN_ENVIRONMENT } from '../../image/environment';
import { appTable } from '../app-table';
import { PlannedRun, readPlannedRuns } from '../cloud-assembly';
import { isOwnRegistry } from '../plain-http';
import { SILENT } from '../silent-progress';

/** Options of `check --app`. */
export interface CheckAppOptions {
  /** The folder of the synthesised app. */
  readonly app: string;
  /** The registry to look in, instead of the one that the app names. */
  readonly registry?: string;
  readonly json?: boolean;
  readonly plainHttp?: boolean;
  /** Seconds. */
  readonly timeout: number;
}

/** What would happen to one image of an app, and what the mirror holds of it. */
export type CheckedImage = MirrorResult & { readonly stack: string; readonly description?: ImageDescription };

/** Tells for every image of a synthesised app what its next run would do. Returns the exit code. */
export async function checkApp(options: CheckAppOptions): Promise<number> {
  const { AWS_ACCOUNT_ID, CDK_DEFAULT_ACCOUNT, CDK_DEFAULT_REGION, AWS_REGION } = process.env;
  const runs = readPlannedRuns(options.app, { account: AWS_ACCOUNT_ID ?? CDK_DEFAULT_ACCOUNT, region: AWS_REGION ?? CDK_DEFAULT_REGION });
  const transport = new Transport();
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  const tools: MirrorTools = {
    transport,
    credentials: firstOf(new DockerConfigCredentials(process.env), new EcrCredentials()),
    progress: SILENT,
    retry: DEFAULT_RETRY,
    deadline: Date.now() + options.timeout * 1000,
    signal: stop.signal,
    plainHttp: (registry) => options.plainHttp === true && isOwnRegistry(registry),
  };
  try {
    const checked = (await Promise.all(runs.map((run) => checkRun(run, options, tools)))).flat();
    if (options.json) process.stdout.write(`${JSON.stringify({ ...summarize(checked), results: checked })}\n`);
    process.stderr.write(`${appTable(checked)}\n`);
    return checked.every(isGood) ? 0 : 1;
  } finally {
    await transport.close();
    process.off('SIGINT', interrupt);
  }
}

async function checkRun({ stack, environment }: PlannedRun, { registry }: CheckAppOptions, tools: MirrorTools): Promise<CheckedImage[]> {
  const place: Record<string, string> = registry === undefined ? {} : { [PROJECT_ENVIRONMENT.REGISTRY]: registry };
  try {
    const requests = await requestsOf({ ...environment, ...place }, tools);
    const results = await mirrorImages(requests, { toolsFor: () => tools, finished: () => undefined });
    const descriptions = await Promise.all(results.map((result, index) => describe(requests[index], result, tools)));
    return results.map((result, index) => ({ ...result, stack, description: descriptions[index] }));
  } catch (error) {
    if (!(error instanceof MirrorError)) throw error;
    return [{ ...untried(environment[RUN_ENVIRONMENT.IMAGE], '', error.reason, hint(error, environment)), stack }];
  }
}

/** The engine itself reads what the build would read. */
async function requestsOf(environment: Record<string, string>, tools: MirrorTools): Promise<MirrorRequest[]> {
  const { image, tags, requestFor } = readConfiguration(environment);
  const sources = tags === undefined ? [image] : (await listTags(image, tags, tools)).map((tag) => ({ ...image, tag }));
  return sources.map((source) => ({ ...requestFor(source), dryRun: true }));
}

async function describe({ target }: MirrorRequest, { targetDigest }: MirrorResult, tools: MirrorTools): Promise<ImageDescription | undefined> {
  if (targetDigest === undefined) return undefined;
  const { credentials, deadline, plainHttp, retry, signal, transport } = tools;
  const endpoint = endpointOf(target.registry, plainHttp(target.registry));
  const client = new RegistryClient({ endpoint, repository: target.repository, access: 'pull', transport, credentials, signal });
  try {
    return await describeImage(client, { retry, deadline, signal }, targetDigest);
  } catch (error) {
    if (error instanceof MirrorError) return undefined; // the digests are told all the same
    throw error;
  }
}

/** An app for any account does not know its registry. */
function hint(error: MirrorError, environment: Readonly<Record<string, string>>): string {
  if (environment[PROJECT_ENVIRONMENT.REGISTRY]) return error.message;
  return 'the app is synthesised for any account and Region; set AWS_ACCOUNT_ID and AWS_REGION, or --registry';
}
