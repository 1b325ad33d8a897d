/** Whether all random cases run, as in scheduled CI, rather than a fifth of them. */
export const ALL_CASES = process.env.RANDOM_CASES === 'full';

/** How many random cases a test tries, of the full number. */
export function randomCases(full: number): number {
  return ALL_CASES ? full : Math.ceil(full / 5);
}
