import type { RegistryClient } from '../registry/registry-client';
import type { RetryContext } from '../registry/retry';
import type { ProgressListener } from '../report/progress';

/** The counts of one copy. */
export interface CopyStatistics {
  bytesCopied: number;
  blobsCopied: number;
  blobsSkipped: number;
  referrersCopied: number;
  /** Problems that did not affect the image itself. */
  readonly warnings: string[];
}

/** The state that all parts of one image's copy share. */
export interface CopyContext {
  readonly source: RegistryClient;
  readonly target: RegistryClient;
  readonly retryContext: RetryContext;
  readonly progress: ProgressListener;
  readonly statistics: CopyStatistics;
  /** Limits concurrent transfers of blobs. */
  readonly transfers: Semaphore;
  /** Limits concurrent lookups: requests for manifests, and whether blobs exist. */
  readonly lookups: Semaphore;
}

/** The maximum number of concurrent transfers: enough to fill a connection with high latency. It also bounds the memory for socket buffers. */
export const DEFAULT_TRANSFERS = 12;
/** The maximum number of concurrent lookups. Manifests are small, and an index may list sixty. */
export const DEFAULT_LOOKUPS = 16;

/** Limits the number of concurrent tasks. The other tasks wait in order. */
export class Semaphore {
  private readonly waiting: (() => void)[] = [];
  private free: number;

  constructor(permits: number) {
    this.free = permits;
  }

  /** Runs a task as soon as there is a free permit. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resume) => this.waiting.push(resume));
    try {
      return await task();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free++;
    }
  }
}
