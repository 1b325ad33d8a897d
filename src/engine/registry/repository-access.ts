import { setMaxListeners } from 'node:events';
import type { ImageReference } from '../../image/image-reference';
import { signalOf } from '../failure';
import type { MirrorTools } from '../mirror-image';
import { endpointOf } from './endpoint';
import { RegistryClient } from './registry-client';
import type { RetryContext } from './retry';

/** Access to repositories for as long as the work on one image takes. */
export class RepositoryAccess {
  readonly run: RetryContext;
  private readonly stop = new AbortController();

  constructor(private readonly tools: MirrorTools) {
    const signal = signalOf(tools, this.stop.signal);
    setMaxListeners(0, signal); // each request under way listens
    this.run = {
      retry: tools.retry,
      deadline: tools.deadline,
      signal,
      onRetry: (error, seconds) => tools.progress.line(`${error.message}; trying again in ${seconds.toFixed(1)} s`),
    };
  }

  client({ registry, repository }: Pick<ImageReference, 'registry' | 'repository'>, access: 'pull' | 'pull,push'): RegistryClient {
    const { credentials, plainHttp, transport } = this.tools;
    const endpoint = endpointOf(registry, plainHttp(registry));
    return new RegistryClient({ endpoint, repository, access, transport, credentials, signal: this.run.signal });
  }

  /** Ends what is still under way. */
  close(): void {
    this.stop.abort();
  }
}
