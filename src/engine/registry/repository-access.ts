import { setMaxListeners } from 'node:events';
import { endpointOf } from './endpoint';
import { ReadBudget } from './read-budget';
import { RegistryClient } from './registry-client';
import { RetryContext, RetryPolicy } from './retry';
import type { Transport } from './transport';
import type { UpstreamSettings } from './upstream-settings';
import { formatRetry } from '../../image/backoff';
import type { ImageReference } from '../../image/image-reference';
import type { CredentialSource } from '../credentials/credential-source';
import type { ProgressListener } from '../report/progress';
import { RunLimits, RunSignal } from '../run-signal';
import type { Semaphore } from '../semaphore';

/** The connection and the settings of requests to registries. */
export interface RegistryTools extends RunLimits {
  readonly transport: Transport;
  readonly credentials: CredentialSource;
  readonly progress: Pick<ProgressListener, 'line'>;
  readonly retry: RetryPolicy;
  /** How upstream registries are used. By default, each is used itself. */
  readonly upstreams?: UpstreamSettings;
  /** Whether requests to a registry go over HTTP without TLS. */
  readonly plainHttp: (registry: string) => boolean;
  /** The permit that an image needs to read large documents, for all images that share it. By default each image has a separate permit. */
  readonly largeDocuments?: Semaphore;
}

/** The limits of retries: the deadline, and the signal that ends them. Each retry is a line of the progress. */
export function retryContext(tools: Pick<RegistryTools, 'retry' | 'deadline' | 'progress'>, signal: AbortSignal): RetryContext {
  const { retry, deadline, progress } = tools;
  return { retry, deadline, signal, onRetry: (error, seconds) => progress.line(formatRetry(error.message, seconds)) };
}

/** Clients for repositories, with one signal that cancels the requests of all of them, and one budget for what they read. */
export class RepositoryAccess {
  readonly retryContext: RetryContext;
  private readonly runSignal: RunSignal;
  private readonly budget: ReadBudget;

  constructor(private readonly tools: RegistryTools) {
    this.runSignal = new RunSignal(tools);
    setMaxListeners(0, this.runSignal.signal, tools.signal); // each concurrent request adds a listener
    this.retryContext = retryContext(tools, this.runSignal.signal);
    this.budget = new ReadBudget(tools.largeDocuments);
  }

  /** A client for a repository. The settings of registries apply to a repository that is only pulled from. */
  client(location: Pick<ImageReference, 'registry' | 'repository'>, access: 'pull' | 'pull,push'): RegistryClient {
    const { budget, retryContext: { signal }, tools: { credentials, plainHttp, transport, upstreams } } = this;
    const { registry, repository } = (access === 'pull' ? upstreams?.locate(location) : undefined) ?? location;
    const endpoint = endpointOf(registry, plainHttp(registry));
    const rate = access === 'pull' ? upstreams?.requestRate(registry) : undefined;
    const pulls = access === 'pull' ? upstreams?.pullReserve(registry)?.forClient(endpoint) : undefined;
    return new RegistryClient({ endpoint, repository, access, transport, credentials, signal, budget, rate, pulls });
  }

  /** Cancels requests that are in progress. */
  close(): void {
    this.runSignal.close();
    this.budget.close();
  }
}
