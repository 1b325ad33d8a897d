/** Whether all random cases run, as in scheduled CI, rather than a fifth of them. */
export const ALL_CASES = process.env.RANDOM_CASES === 'full';

/** The share of random cases that run. */
const DIVISOR = ALL_CASES ? 1 : 5;

/** How many random cases a test tries, of the full number. */
export function randomCases(full: number): number {
  return Math.ceil(full / DIVISOR);
}
