/** The limits of a run. */
export interface RunLimits {
  /** The deadline, in milliseconds since the epoch. */
  readonly deadline: number;
  /** Interrupts the run, for example on Ctrl-C. */
  readonly signal: AbortSignal;
}

/** The maximum delay of a Node.js timer, in milliseconds. */
const MAX_TIMER = 2 ** 31 - 1;

/**
 * A signal that aborts at the deadline of the run, when the run is interrupted, or when the work is done.
 *
 * It holds its timer and its listener until it is closed. `AbortSignal.any()` and `AbortSignal.timeout()` hold theirs weakly: on some versions
 * of Node.js, a garbage collection removes them, and the deadline never comes.
 *
 * @see https://github.com/nodejs/node/issues/57736
 */
export class RunSignal {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private readonly abort: () => void;

  constructor(private readonly limits: RunLimits) {
    const { deadline, signal } = limits;
    this.abort = () => this.close();
    this.timer = setTimeout(this.abort, Math.min(MAX_TIMER, Math.max(0, deadline - Date.now() + 1)));
    signal.addEventListener('abort', this.abort, { once: true });
    if (signal.aborted) this.close();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Aborts what still uses the signal, and releases the timer. */
  close(): void {
    clearTimeout(this.timer);
    this.limits.signal.removeEventListener('abort', this.abort);
    this.controller.abort();
  }
}

/**
 * Waits for a promise until a signal aborts, whatever the promise waits for itself: a name server, the AWS SDK, or a program.
 *
 * @throws the abort of the signal
 */
export async function untilAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Runs a task with the signal of a run. */
export async function withRunSignal<T>(limits: RunLimits, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const runSignal = new RunSignal(limits);
  try {
    return await untilAborted(runSignal.signal, task(runSignal.signal));
  } finally {
    runSignal.close();
  }
}
