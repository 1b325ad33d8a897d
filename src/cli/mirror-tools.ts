import { isIP } from 'node:net';
import { ImageBar, ProgressBars, SILENT } from './output/progress-bars';
import { resultsTable } from './output/tables';
import { credentialChain } from '../engine/credentials/credential-source';
import { DockerConfigCredentials } from '../engine/credentials/docker-config-credentials';
import { EcrCredentials } from '../engine/credentials/ecr-credentials';
import { MirrorTools } from '../engine/mirror-image';
import type { RunsListener } from '../engine/mirror-all';
import { DEFAULT_RETRY } from '../engine/registry/retry';
import { Transport } from '../engine/registry/transport';
import { LogProgress, type ProgressListener } from '../engine/report/progress';
import { isSuccess, MirrorResult, summarize } from '../engine/result';
import { formatImageReference } from '../image/image-reference';

/** How a command speaks to registries and to people. */
export interface CommandOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly plainHttp?: boolean;
  /** Seconds. */
  readonly timeout: number;
}

/**
 * Mirrors with what a command has at hand: the credentials of Docker and of AWS, progress bars on a terminal, and an end on Ctrl-C.
 *
 * @param isOne whether there is one image, so that lines need not say which is meant
 */
export async function withMirrorTools<T>(options: CommandOptions, isOne: boolean, work: (listener: RunsListener) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const transport = new Transport();
  const bars = process.stderr.isTTY && !options.json && !options.quiet ? new ProgressBars(process.stderr) : undefined;
  const tools: MirrorTools = {
    transport,
    credentials: credentialChain(new DockerConfigCredentials(process.env), new EcrCredentials()),
    progress: plainProgress(options, ''),
    retry: DEFAULT_RETRY,
    deadline: Date.now() + options.timeout * 1000,
    signal: stop.signal,
    plainHttp: (registry: string) => options.plainHttp === true && isOwnRegistry(registry),
  };
  const running = new Map<string, ImageBar>();
  try {
    return await work({
      tools,
      toolsFor: ({ target }) => {
        const name = formatImageReference(target);
        const bar = bars?.for(name);
        if (bar) running.set(name, bar);
        return { ...tools, progress: bar ?? plainProgress(options, isOne ? '' : `${name}: `) };
      },
      finished: ({ target }) => running.get(target)?.remove(),
    });
  } finally {
    bars?.stop();
    await transport.close();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** Tells the results of several images, for people and with `--json` for programs. Returns the exit code. */
export function printResults(results: readonly MirrorResult[], { json }: CommandOptions): number {
  if (json) process.stdout.write(`${JSON.stringify({ ...summarize(results), results })}\n`);
  process.stderr.write(`${resultsTable(results)}\n`);
  return results.every(isSuccess) ? 0 : 1;
}

function plainProgress({ quiet }: CommandOptions, prefix: string): ProgressListener {
  return quiet ? SILENT : new LogProgress((line) => process.stderr.write(`${prefix}${line}\n`));
}

/**
 * Whether `--plain-http` means this registry.
 *
 * It is for registries of one's own: named by an address, by a name without a dot, or with a port. A public registry keeps TLS,
 * so that one command can copy from it to a local registry.
 */
export function isOwnRegistry(registry: string): boolean {
  const { hostname } = new URL(`http://${registry}`);
  return /:[0-9]+$/.test(registry) || !hostname.includes('.') || isIP(hostname.replace(/[[\]]/g, '')) !== 0;
}
