import { setTimeout as sleep } from 'node:timers/promises';

/** Spreads the requests of a run to one registry evenly, so that no second has more of them than allowed. */
export class RequestRate {
  /** The time of the next request, in milliseconds. */
  private next = 0;

  /** @param perSecond the maximum number of requests in a second */
  constructor(private readonly perSecond: number) {}

  /**
   * Waits until the next request may be sent. Requests get their turns in the order of the calls.
   *
   * @throws the abort of the signal, also while it waits
   */
  async turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const now = performance.now();
    const time = Math.max(now, this.next);
    this.next = time + 1000 / this.perSecond;
    if (time > now) await sleep(time - now, undefined, { signal });
  }
}
