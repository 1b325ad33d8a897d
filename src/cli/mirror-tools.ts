import { isIP } from 'node:net';
import { ProgressBars } from './output/progress-bars';
import { resultsTable, tagFilterLines } from './output/tables';
import { credentialChain, CredentialSource, withAllowedRealms } from '../engine/credentials/credential-source';
import { DockerConfigCredentials } from '../engine/credentials/docker-config-credentials';
import { EcrCredentials } from '../engine/credentials/ecr-credentials';
import type { ImageCallbacks } from '../engine/mirror-all';
import type { MirrorTools } from '../engine/mirror-request';
import { DEFAULT_RETRY } from '../engine/registry/retry';
import { Transport } from '../engine/registry/transport';
import { UpstreamSettings } from '../engine/registry/upstream-settings';
import { LogProgress, type ProgressListener, SILENT } from '../engine/report/progress';
import { isSuccess, MirrorResult, summarize } from '../engine/result';
import type { TagPreview } from '../engine/tag-preview';
import type { RegistryRule } from '../image/contract/environment';
import { formatImageReference } from '../image/image-reference';

/** Options of each command that sends requests to registries. */
export interface CommandOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly plainHttp?: boolean;
  /** The hosts of token services on other domains that may receive credentials. */
  readonly allowRealm?: readonly string[];
  /** The other endpoints of registries. */
  readonly endpoint?: readonly RegistryRule[];
  /** In seconds. */
  readonly timeout: number;
  /** Interrupts the command. The images that are not done then have the result `interrupted`. */
  readonly signal: AbortSignal;
}

/** A task with the tools of a command, and callbacks that show the progress of each image. */
export type MirrorCommandTask<T> = (tools: MirrorTools, callbacks: ImageCallbacks) => Promise<T>;

/**
 * Runs a task with the tools of a command: credentials of Docker and AWS, and progress bars on a terminal.
 *
 * @param isSingle whether there is one image, so that its lines don't start with its name
 */
export async function withMirrorTools<T>(options: CommandOptions, isSingle: boolean, task: MirrorCommandTask<T>): Promise<T> {
  const transport = new Transport();
  const bars = process.stderr.isTTY && !options.json && !options.quiet ? new ProgressBars(process.stderr) : undefined;
  const progress = lineProgress(options, '');
  const tools: MirrorTools = {
    transport,
    credentials: commandCredentials(options, (warning) => progress.line(`warning: ${warning}`)),
    progress,
    retry: DEFAULT_RETRY,
    deadline: Date.now() + options.timeout * 1000,
    signal: options.signal,
    upstreams: new UpstreamSettings(options.endpoint),
    plainHttp: (registry: string) => options.plainHttp === true && isOwnRegistry(registry),
  };
  const callbacks: ImageCallbacks = {
    onStart: ({ target }) => {
      const name = formatImageReference(target);
      return { ...tools, progress: bars?.add(name) ?? lineProgress(options, isSingle ? '' : `${name}: `) };
    },
    onResult: (result) => {
      bars?.remove(result.target);
      return result;
    },
  };
  try {
    return await task(tools, callbacks);
  } finally {
    bars?.stop();
    await transport.close();
  }
}

function commandCredentials({ allowRealm = [] }: CommandOptions, onWarning: (warning: string) => void): CredentialSource {
  const credentials = credentialChain(new DockerConfigCredentials(process.env, onWarning), new EcrCredentials());
  return allowRealm.length === 0 ? credentials : withAllowedRealms(credentials, allowRealm);
}

/**
 * Prints the results of several images: as a table, and with `--json` as JSON. Returns the exit code.
 *
 * @param tagFilters what the tag filters of a dry run select
 */
export function printResults(results: readonly MirrorResult[], { json }: CommandOptions, tagFilters: readonly TagPreview[] = []): number {
  const previews = tagFilters.length === 0 ? {} : { tagFilters };
  if (json) process.stdout.write(`${JSON.stringify({ ...summarize(results), results, ...previews })}\n`);
  process.stderr.write(`${[...tagFilterLines(tagFilters), resultsTable(results)].join('\n')}\n`);
  return results.every(isSuccess) ? 0 : 1;
}

function lineProgress({ quiet }: CommandOptions, prefix: string): ProgressListener {
  return quiet ? SILENT : new LogProgress((line) => process.stderr.write(`${prefix}${line}\n`));
}

/**
 * Whether `--plain-http` applies to a registry: one with an IP address, with a name without a dot, or with a port.
 *
 * Other registries keep TLS, so that one command can copy from a public registry to a local one.
 */
export function isOwnRegistry(registry: string): boolean {
  const { hostname } = new URL(`http://${registry}`);
  return /:[0-9]+$/.test(registry) || !hostname.includes('.') || isIP(hostname.replace(/[[\]]/g, '')) !== 0;
}
