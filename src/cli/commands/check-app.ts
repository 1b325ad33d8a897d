import { Configuration, readConfiguration } from '../../engine/configuration';
import { credentialChain } from '../../engine/credentials/credential-source';
import { DockerConfigCredentials } from '../../engine/credentials/docker-config-credentials';
import { EcrCredentials } from '../../engine/credentials/ecr-credentials';
import { checkCustomImage } from '../../engine/customize/custom-builds';
import { describeImage, ImageDescription } from '../../engine/describe-image';
import { MirrorError } from '../../engine/mirror-error';
import { MirrorRequest, MirrorTools } from '../../engine/mirror-image';
import { mirrorImages } from '../../engine/mirror-all';
import { endpointOf } from '../../engine/registry/endpoint';
import { RegistryClient } from '../../engine/registry/registry-client';
import { DEFAULT_RETRY } from '../../engine/registry/retry';
import { Transport } from '../../engine/registry/transport';
import { isSuccess, MirrorResult, summarize, notAttempted } from '../../engine/result';
import type { PlannedImages as EngineRun } from '../../engine/run-plan';
import { listTags } from '../../engine/tags';
import { PROJECT_ENVIRONMENT, RUN_ENVIRONMENT } from '../../image/contract/environment';
import { AppCatalogs } from '../app/app-catalogs';
import { SynthesizedRun, readSynthesizedRuns } from '../app/cloud-assembly';
import { isOwnRegistry } from '../mirror-tools';
import { SILENT } from '../output/progress-bars';
import { appTable, CheckedImage } from '../output/tables';
import { UsageError } from '../usage-error';

/** Options of `check --app`. */
export interface CheckAppOptions {
  /** The folder of the synthesized app. */
  readonly app: string;
  /** The registry to look in, instead of the one that the app names. */
  readonly registry?: string;
  readonly json?: boolean;
  readonly plainHttp?: boolean;
  /** The file that stands for a list which is not part of the app. */
  readonly catalog?: string;
  /** Seconds. */
  readonly timeout: number;
}

/** An app for any account does not know its registry. */
const NO_REGISTRY = 'the app is synthesized for any account and Region; set AWS_ACCOUNT_ID and AWS_REGION, or --registry';

/**
 * Tells for every image of a synthesized app what its next run would do. Returns the exit code.
 *
 * @throws UsageError when there is no such app, or no stack of it knows its registry
 */
export async function checkApp(options: CheckAppOptions): Promise<number> {
  const { AWS_ACCOUNT_ID, CDK_DEFAULT_ACCOUNT, CDK_DEFAULT_REGION, AWS_REGION } = process.env;
  const runs = readSynthesizedRuns(options.app, { account: AWS_ACCOUNT_ID ?? CDK_DEFAULT_ACCOUNT, region: AWS_REGION ?? CDK_DEFAULT_REGION });
  if (options.registry === undefined && !runs.some(({ environment }) => environment[PROJECT_ENVIRONMENT.REGISTRY])) throw new UsageError(NO_REGISTRY);
  const catalogs = new AppCatalogs(options.app, runs, options.catalog);
  const transport = new Transport();
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  const tools: MirrorTools = {
    transport,
    credentials: credentialChain(new DockerConfigCredentials(process.env), new EcrCredentials()),
    progress: SILENT,
    retry: DEFAULT_RETRY,
    deadline: Date.now() + options.timeout * 1000,
    signal: stop.signal,
    plainHttp: (registry) => options.plainHttp === true && isOwnRegistry(registry),
  };
  try {
    const checked = (await Promise.all(runs.map((run) => checkRun(run, options, { tools, catalogs })))).flat();
    if (options.json) process.stdout.write(`${JSON.stringify({ ...summarize(checked), results: checked, ...listsOf(catalogs) })}\n`);
    process.stderr.write(`${[appTable(checked), ...catalogs.readAsFirst.map(firstLine), ...catalogs.unread.map(unreadLine)].join('\n')}\n`);
    return checked.every(isSuccess) ? 0 : 1;
  } finally {
    await transport.close();
    process.off('SIGINT', interrupt);
  }
}

/** What the images of a run are checked with. */
interface Check {
  readonly tools: MirrorTools;
  readonly catalogs: AppCatalogs;
}

async function checkRun(run: SynthesizedRun, { registry }: CheckAppOptions, check: Check): Promise<CheckedImage[]> {
  const { stack } = run;
  const environment: Record<string, string> = { ...run.environment, ...registry === undefined ? {} : { [PROJECT_ENVIRONMENT.REGISTRY]: registry } };
  try {
    const results = await Promise.all(plannedIn(run, environment, check).map((planned) => checkPlanned(planned, check.tools)));
    return results.flat().map((result) => ({ ...result, stack }));
  } catch (error) {
    if (!(error instanceof MirrorError)) throw error;
    const source = environment[RUN_ENVIRONMENT.IMAGE] ?? environment[RUN_ENVIRONMENT.CATALOG];
    return [{ ...notAttempted(source, '', error.reason, environment[PROJECT_ENVIRONMENT.REGISTRY] ? error.message : NO_REGISTRY), stack }];
  }
}

/** The engine itself reads what the build would read. */
function plannedIn(run: SynthesizedRun, environment: Record<string, string>, { catalogs }: Check): EngineRun[] {
  if (environment[RUN_ENVIRONMENT.CATALOG] === undefined) return [{ configuration: readConfiguration(environment) }];
  if (!environment[PROJECT_ENVIRONMENT.REGISTRY]) throw new MirrorError('invalid-configuration', 'the app names no registry');
  return catalogs.runsOf(run, environment);
}

async function checkPlanned(run: EngineRun, tools: MirrorTools): Promise<Omit<CheckedImage, 'stack'>[]> {
  if ('result' in run) return [run.result];
  const requests = await requestsOf(run.configuration, tools);
  if ('outcome' in requests) return [requests];
  const results = await mirrorImages(requests, { toolsFor: () => tools, finished: () => undefined });
  const descriptions = await Promise.all(results.map((result, index) => describe(requests[index], result, tools)));
  const custom = await Promise.all(results.map((result, index) => checkCustomImage(requests[index], result, tools)));
  return [...results.map((result, index) => ({ ...result, description: descriptions[index] })), ...custom.flat()];
}

/** The images of a run, or the result that says why they are not known. */
async function requestsOf({ image, tags, requestFor }: Configuration, tools: MirrorTools): Promise<MirrorRequest[] | MirrorResult> {
  try {
    const sources = tags === undefined ? [image] : (await listTags(image, tags, tools)).map((tag) => ({ ...image, tag }));
    return sources.map((source) => ({ ...requestFor(source), dryRun: true }));
  } catch (error) {
    if (!(error instanceof MirrorError)) throw error;
    return notAttempted(`${image.registry}/${image.repository}`, '', error.reason, error.message);
  }
}

/** The lists that are not told by the results; nothing where there are none. */
function listsOf({ readAsFirst, unread }: AppCatalogs) {
  return {
    ...readAsFirst.length === 0 ? {} : { firstCatalogs: readAsFirst },
    ...unread.length === 0 ? {} : { unreadCatalogs: unread },
  };
}

function firstLine(location: string): string {
  return `the catalog ${location} was checked as the app deploys it first, and may hold another list by now; check that with --catalog FILE`;
}

function unreadLine(location: string): string {
  return `the catalog ${location} is not part of the app; check its images with --catalog FILE`;
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
