/** A task that waits for a permit. */
interface WaitingTask {
  readonly key: string;
  readonly start: () => void;
}

/**
 * Limits the number of concurrent tasks, in total and for each key, such as the host of an upstream registry.
 *
 * A free permit goes to the waiting key with the fewest permits. So a slow host with many tasks doesn't block the tasks of other hosts.
 */
export class Semaphore {
  private readonly waiting: WaitingTask[] = [];
  private readonly running = new Map<string, number>();
  private total = 0;

  /**
   * @param limit the maximum number of concurrent tasks
   * @param share the maximum number of concurrent tasks of one key
   */
  constructor(private limit: number, private share: number = limit) {}

  /** Runs a task as soon as there is a free permit. */
  async run<T>(task: () => Promise<T>, key: string = ''): Promise<T> {
    const release = await this.acquire(key);
    try {
      return await task();
    } finally {
      release();
    }
  }

  /**
   * Waits for a permit.
   *
   * @returns the function that releases it
   */
  async acquire(key: string = ''): Promise<() => void> {
    if (this.canStart(key)) this.take(key);
    else await new Promise<void>((start) => this.waiting.push({ key, start }));
    return () => this.release(key);
  }

  /** Takes a permit and returns the function that releases it; undefined when none is free. */
  tryAcquire(key: string = ''): (() => void) | undefined {
    if (!this.canStart(key)) return undefined;
    this.take(key);
    return () => this.release(key);
  }

  /** Changes the limits. Tasks that are running continue. */
  resize(limit: number, share: number): void {
    this.limit = limit;
    this.share = share;
    this.startWaiting();
  }

  private canStart(key: string): boolean {
    return this.total < this.limit && this.countOf(key) < this.share;
  }

  private countOf(key: string): number {
    return this.running.get(key) ?? 0;
  }

  private take(key: string): void {
    this.total++;
    this.running.set(key, this.countOf(key) + 1);
  }

  private release(key: string): void {
    this.total--;
    this.running.set(key, this.countOf(key) - 1);
    this.startWaiting();
  }

  private startWaiting(): void {
    for (let next = this.nextWaiting(); next !== undefined; next = this.nextWaiting()) {
      this.waiting.splice(this.waiting.indexOf(next), 1);
      this.take(next.key);
      next.start();
    }
  }

  /** The first waiting task of the key with the fewest permits; undefined when none can start. */
  private nextWaiting(): WaitingTask | undefined {
    let next: WaitingTask | undefined;
    for (const task of this.waiting) {
      if (this.canStart(task.key) && (next === undefined || this.countOf(task.key) < this.countOf(next.key))) next = task;
    }
    return next;
  }
}
