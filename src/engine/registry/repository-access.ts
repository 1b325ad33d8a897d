import type { ImageReference } from '../../image/image-reference';
import type { MirrorTools } from '../mirror-image';
import { endpointOf } from './endpoint';
import { RegistryClient } from './registry-client';
import { type RetryContext, retryContextOf } from './retry';

/** Clients for the repositories of one image. `close()` aborts their requests. */
export class RepositoryAccess {
  readonly run: RetryContext;
  private readonly stop = new AbortController();

  constructor(private readonly tools: MirrorTools) {
    this.run = retryContextOf(tools, this.stop.signal);
  }

  /** Creates a client for a repository. */
  client({ registry, repository }: Pick<ImageReference, 'registry' | 'repository'>, access: 'pull' | 'pull,push'): RegistryClient {
    const { credentials, plainHttp, transport } = this.tools;
    const endpoint = endpointOf(registry, plainHttp(registry));
    return new RegistryClient({ endpoint, repository, access, transport, credentials, signal: this.run.signal });
  }

  /** Aborts all active requests. */
  close(): void {
    this.stop.abort();
  }
}
