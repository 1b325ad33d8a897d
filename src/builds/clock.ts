/** Time and chance, as far as builds are started and followed by them. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Waits so many milliseconds. */
  sleep(milliseconds: number): Promise<void>;
  /** A number from 0 to 1, the latter excluded. */
  random(): number;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  random: () => Math.random(),
};
