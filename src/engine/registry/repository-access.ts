import { setMaxListeners } from 'node:events';
import { endpointOf } from './endpoint';
import { RegistryClient } from './registry-client';
import { RetryContext, RetryPolicy } from './retry';
import type { Transport } from './transport';
import { formatRetry } from '../../image/backoff';
import type { ImageReference } from '../../image/image-reference';
import type { CredentialSource } from '../credentials/credential-source';
import { RunLimits, signalOf } from '../failure';
import type { ProgressListener } from '../report/progress';

/** What requests to registries are sent with. */
export interface RegistryTools extends RunLimits {
  readonly transport: Transport;
  readonly credentials: CredentialSource;
  readonly progress: Pick<ProgressListener, 'line'>;
  readonly retry: RetryPolicy;
  /** Whether requests to a registry go over HTTP without TLS. */
  readonly plainHttp: (registry: string) => boolean;
}

/**
 * The limits of retries: the deadline, and the signals that end them. Each retry is a line of the progress.
 *
 * @param others signals that end the retries too, in addition to that of the tools
 */
export function retryContext(tools: Pick<RegistryTools, 'retry' | 'deadline' | 'signal' | 'progress'>, ...others: AbortSignal[]): RetryContext {
  const { deadline, progress, retry } = tools;
  const signal = signalOf(tools, ...others);
  setMaxListeners(0, signal); // each concurrent request adds a listener
  return { retry, deadline, signal, onRetry: (error, seconds) => progress.line(formatRetry(error.message, seconds)) };
}

/** Clients for repositories, with one signal that cancels the requests of all of them. */
export class RepositoryAccess {
  readonly retryContext: RetryContext;
  private readonly stop = new AbortController();

  constructor(private readonly tools: RegistryTools) {
    this.retryContext = retryContext(tools, this.stop.signal);
  }

  client({ registry, repository }: Pick<ImageReference, 'registry' | 'repository'>, access: 'pull' | 'pull,push'): RegistryClient {
    const { credentials, plainHttp, transport } = this.tools;
    const endpoint = endpointOf(registry, plainHttp(registry));
    return new RegistryClient({ endpoint, repository, access, transport, credentials, signal: this.retryContext.signal });
  }

  /** Cancels requests that are in progress. */
  close(): void {
    this.stop.abort();
  }
}
