import { RequestPace } from './request-pace';
import { ImageBlobs, SharedBlobs } from './shared-blobs';
import { TransferLimit } from './transfer-limit';
import type { RegistryClient } from '../registry/registry-client';
import { RetryContext, withRetries } from '../registry/retry';
import type { ProgressListener } from '../report/progress';
import { Semaphore } from '../semaphore';

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
  readonly transfers: TransferLimit;
  /** Limits concurrent lookups: requests for manifests, and whether blobs exist. */
  readonly lookups: Semaphore;
  /** Spreads requests to the target. */
  readonly pace: RequestPace;
  /** The blobs that other images of the run upload too. */
  readonly blobs: ImageBlobs;
}

/** The state that the images of a run share. */
export interface SharedLimits {
  readonly transfers: TransferLimit;
  readonly lookups: Semaphore;
  readonly pace: RequestPace;
  readonly blobs: SharedBlobs;
}

/** New limits, for a run that starts. */
export function sharedLimits(): SharedLimits {
  return { transfers: new TransferLimit(), lookups: lookupLimit(), pace: new RequestPace(), blobs: new SharedBlobs() };
}

/** Manifests are small, and an index may list sixty. */
export const LOOKUPS_PER_HOST = 16;
const MAX_LOOKUPS = 32;

/** The limit of concurrent lookups. Its keys are the hosts of registries. */
export function lookupLimit(): Semaphore {
  return new Semaphore(MAX_LOOKUPS, LOOKUPS_PER_HOST);
}

/** Sends a small request to a registry, with retries. The permit is free during the pauses between them. */
export function lookUp<T>(
  { lookups, retryContext }: Pick<CopyContext, 'lookups' | 'retryContext'>, client: RegistryClient, attempt: (number: number) => Promise<T>,
): Promise<T> {
  return withRetries(retryContext, (number) => lookups.run(() => attempt(number), client.endpoint.registry));
}

/** Adds a warning to the result, and to the progress. */
export function warn({ progress, statistics }: Pick<CopyContext, 'progress' | 'statistics'>, warning: string): void {
  statistics.warnings.push(warning);
  progress.line(warning);
}
