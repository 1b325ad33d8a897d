import type { RegistryClient } from '../registry/registry-client';
import type { RetryContext } from '../registry/retry';
import type { ProgressListener } from '../report/progress';

/** Numbers of one copy, counted while it runs. */
export interface CopyStatistics {
  bytesCopied: number;
  blobsCopied: number;
  blobsSkipped: number;
  referrersCopied: number;
  /** What went wrong and did no harm to the image. */
  readonly warnings: string[];
}

/** What all parts of one image's copy share. */
export interface CopyContext {
  readonly source: RegistryClient;
  readonly target: RegistryClient;
  readonly run: RetryContext;
  readonly progress: ProgressListener;
  readonly statistics: CopyStatistics;
  /** Transfers of blobs at a time. */
  readonly transfers: Semaphore;
  /** Requests for manifests, and whether blobs are there, at a time. */
  readonly lookups: Semaphore;
}

/** Enough to fill a connection with a long way to go; memory is at most this many times a socket's buffers. */
export const DEFAULT_TRANSFERS = 12;
/** Manifests are small, and an index may list sixty. */
export const DEFAULT_LOOKUPS = 16;

/** Lets a bounded number of tasks run at a time; the others wait in order. */
export class Semaphore {
  private readonly waiting: (() => void)[] = [];
  private free: number;

  constructor(permits: number) {
    this.free = permits;
  }

  /** Runs a task when there is room for it. */
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
