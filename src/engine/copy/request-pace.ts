import { setTimeout as sleep } from 'node:timers/promises';
import { MirrorError } from '../mirror-error';

/**
 * The requests a second that Amazon ECR accepts from an account by default: `PutImage`, and `InitiateLayerUpload`.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
 */
const RATES = { manifest: 10, upload: 100 } as const;

type PacedAction = keyof typeof RATES;

/**
 * Spreads the requests of a run to its target, after the target has refused one as too many.
 *
 * Until then, there are no pauses: the quotas of an account can be higher, and other registries have other quotas.
 */
export class RequestPace {
  /** The time of the next request of each paced action, in milliseconds. */
  private readonly nextTimes = new Map<PacedAction, number>();

  async run<T>(action: PacedAction, signal: AbortSignal, send: () => Promise<T>): Promise<T> {
    await this.turn(action, signal);
    try {
      return await send();
    } catch (error) {
      if (error instanceof MirrorError && error.overloaded && !this.nextTimes.has(action)) this.nextTimes.set(action, performance.now());
      throw error;
    }
  }

  private async turn(action: PacedAction, signal: AbortSignal): Promise<void> {
    const next = this.nextTimes.get(action);
    if (next === undefined) return;
    const now = performance.now();
    const time = Math.max(now, next);
    this.nextTimes.set(action, time + 1000 / RATES[action]);
    if (time > now) await sleep(time - now, undefined, { signal });
  }
}
