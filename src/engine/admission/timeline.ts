/**
 * The markers of one tag as a timeline: which digests upstream served, as far as runs saw it.
 *
 * Only runs that hold an image add a marker, so a gap also means that upstream served the same image as the mirror for a while.
 */

/** A run that saw a digest upstream. */
export interface Observation {
  readonly digest: string;
  /** The time of the run, in milliseconds since the epoch. */
  readonly at: number;
  /** The time that counts for the age: the later of the run and the push to Amazon ECR. */
  readonly since: number;
}

/** Runs one after the other that saw the same digest. */
interface Stretch {
  readonly digest: string;
  /** From when the digest was seen. */
  readonly since: number;
  /** The last run that saw it. */
  readonly until: number;
}

/** The unbroken part of a timeline up to now. */
export class Timeline {
  private readonly stretches: readonly Stretch[];

  /**
   * @param observations the observations of one tag, in any order
   * @param maximumGap the time between two runs, in milliseconds, after which the timeline starts again
   * @param now in milliseconds since the epoch
   */
  constructor(observations: readonly Observation[], maximumGap: number, private readonly now: number) {
    this.stretches = stretchesOf(observations, maximumGap, now);
  }

  /** The time since when every run saw a digest; undefined when the last run did not see it. */
  firstSeen(digest: string): number | undefined {
    const last = this.stretches.at(-1);
    return last?.digest === digest ? last.since : undefined;
  }

  /** Whether a run saw a digest less than a time ago, and no run saw another one after it. */
  sawRecently(digest: string, time: number): boolean {
    const last = this.stretches.at(-1);
    return last?.digest === digest && this.now - last.until < time;
  }

  /** The time since when each run saw an image that the mirror did not serve. */
  get heldSince(): number | undefined {
    return this.stretches[0]?.since;
  }

  /**
   * The digests that upstream replaced before they were served, the newest first, each with the time when it was first seen.
   *
   * A digest is withdrawn, and not in the list, if the tag later returned to a digest that was seen before it. That withdraws all digests between.
   *
   * @param current the digest that upstream serves now
   * @param served the digest that the mirror serves; older digests are not in the list
   */
  superseded(current: string, served: string | undefined): { readonly digest: string; readonly since: number }[] {
    const found: { readonly digest: string; readonly since: number }[] = [];
    const start = this.stretches.map(({ digest }) => digest as string | undefined).lastIndexOf(served) + 1;
    const later = new Set([current]);
    for (let index = this.stretches.length - 1; index >= start; index--) {
      const { digest, since } = this.stretches[index];
      const isWithdrawn = this.stretches.slice(0, index).some((earlier) => later.has(earlier.digest)) || later.has(digest);
      if (!isWithdrawn) found.push({ digest, since });
      later.add(digest);
    }
    return found;
  }
}

function stretchesOf(observations: readonly Observation[], maximumGap: number, now: number): Stretch[] {
  const stretches: Stretch[] = [];
  let previous = now;
  for (const { at, digest, since } of [...observations].sort((one, other) => other.at - one.at)) {
    if (previous - at >= maximumGap) break;
    const [next] = stretches;
    if (next?.digest === digest) stretches[0] = { ...next, since };
    else stretches.unshift({ digest, since, until: at });
    previous = at;
  }
  return stretches;
}
