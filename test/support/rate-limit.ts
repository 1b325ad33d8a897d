/** As many requests a second as a service allows: a bucket that holds one second's worth and is refilled steadily. */
export class RateLimit {
  private tokens: number;
  private filled: number;

  /** @param now the time in milliseconds */
  constructor(private readonly perSecond: number, private readonly now: () => number) {
    this.tokens = perSecond;
    this.filled = now();
  }

  /** Whether one more request is allowed now; one that is not costs nothing. */
  take(): boolean {
    const time = this.now();
    this.tokens = Math.min(this.perSecond, this.tokens + (time - this.filled) / 1000 * this.perSecond);
    this.filled = time;
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }
}
