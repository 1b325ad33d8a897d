import { Semaphore } from '../semaphore';

/** The concurrent transfers at the start: enough to fill a connection with high latency. */
export const FIRST_TRANSFERS = 8;
const MIN_LIMIT = 2;
/** Each transfer has two connections with buffers. */
const MAX_LIMIT = 24;
/** The part of the limit that one upstream host may use. The rest is free for the other hosts of the run. */
const HOST_SHARE = 0.75;
/** Milliseconds between changes of the limit. */
const INTERVAL = 1_000;
/** Bytes per second of one transfer. Amazon ECR accepts about 25 MB/s on one connection. Slower transfers leave room for more of them. */
const SLOW_TRANSFER = 30e6;
/** Bytes of resident memory above which the limit doesn't grow. */
const MAX_MEMORY = 95 * 1024 * 1024;

/** The conditions that change the limit. Tests replace them. */
export interface TransferConditions {
  /** Milliseconds. */
  readonly now: () => number;
  /** The resident memory in bytes. */
  readonly memory: () => number;
}

const PROCESS_CONDITIONS: TransferConditions = { now: () => performance.now(), memory: () => process.memoryUsage.rss() };

/**
 * Limits the concurrent transfers of blobs, in total and for each upstream host.
 *
 * The limit grows while each transfer is slow and memory is free, because the connection, not the network, is then the limit.
 * It shrinks when a registry asks for fewer requests.
 */
export class TransferLimit {
  private limit = FIRST_TRANSFERS;
  private readonly permits = new Semaphore(FIRST_TRANSFERS + spareOf(FIRST_TRANSFERS), FIRST_TRANSFERS);
  private running = 0;
  private bytes = 0;
  private intervalStart: number;

  constructor(private readonly conditions: TransferConditions = PROCESS_CONDITIONS) {
    this.intervalStart = conditions.now();
  }

  /** The maximum number of concurrent transfers from one upstream host. */
  get perHost(): number {
    return this.limit;
  }

  /** Runs a transfer as soon as there is a free permit. */
  run<T>(host: string, transfer: () => Promise<T>): Promise<T> {
    return this.permits.run(async () => {
      this.running++;
      try {
        return await transfer();
      } finally {
        this.running--;
      }
    }, host);
  }

  /** Counts bytes that were sent to the target. */
  countBytes(count: number): void {
    this.bytes += count;
    const elapsed = this.conditions.now() - this.intervalStart;
    if (elapsed < INTERVAL) return;
    const throughput = this.bytes / elapsed * 1000 / Math.max(1, this.running);
    this.restart();
    if (this.running >= this.limit && throughput < SLOW_TRANSFER && this.conditions.memory() < MAX_MEMORY) this.resize(this.limit + 2);
  }

  /** Halves the limit, because a registry asked for fewer requests. It grows again when the transfers that are left are slow. */
  slowDown(): void {
    if (this.conditions.now() - this.intervalStart < INTERVAL / 10) return; // parallel requests are refused together
    this.restart();
    this.resize(Math.floor(this.limit / 2));
  }

  private restart(): void {
    this.bytes = 0;
    this.intervalStart = this.conditions.now();
  }

  private resize(limit: number): void {
    this.limit = Math.min(MAX_LIMIT, Math.max(MIN_LIMIT, limit));
    this.permits.resize(this.limit + spareOf(this.limit), this.limit);
  }
}

/** The transfers in addition to those of one host. */
function spareOf(limit: number): number {
  return Math.ceil(limit / HOST_SHARE) - limit;
}
