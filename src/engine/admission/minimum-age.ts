import type { Verdict } from './check';
import { Observation, Timeline } from './timeline';
import type { MinimumAgePolicy } from '../../image/admission/admission-policy';
import { shortDigest } from '../../image/image-reference';

const MILLISECONDS_PER_HOUR = 3_600_000;

/** The facts about an image for the check of its age. */
export interface AgeCheckOptions {
  readonly policy: MinimumAgePolicy;
  readonly observations: readonly Observation[];
  /** The time of this run, in milliseconds since the epoch. */
  readonly now: number;
}

/** The age of the digests of one tag, counted from when the mirror first saw them. */
export class MinimumAge {
  readonly timeline: Timeline;
  private readonly age: number;

  constructor(private readonly options: AgeCheckOptions) {
    const { now, observations, policy } = options;
    this.age = policy.hours * MILLISECONDS_PER_HOUR;
    this.timeline = new Timeline(observations, policy.maximumGapHours * MILLISECONDS_PER_HOUR, now);
  }

  /** Whether a digest that upstream serves now is old enough. */
  check(digest: string): Verdict {
    const since = this.timeline.firstSeen(digest) ?? this.options.now;
    const eligibleAt = since + this.age;
    if (eligibleAt <= this.options.now) return { passed: true, note: `seen since ${formatTime(since)}` };
    const message = `the mirror saw ${shortDigest(digest)} first at ${formatTime(since)}, and the minimum age is `
      + `${formatHours(this.options.policy.hours)}, so it is served from ${formatTime(eligibleAt)} if upstream still has it`;
    return { passed: false, heldBy: 'minimum-age', message, eligibleAt };
  }

  /**
   * The digests that upstream has already replaced and that are old enough, the newest first.
   *
   * @param current the digest that upstream serves now
   * @param served the digest that the mirror serves
   */
  oldEnough(current: string, served: string | undefined): readonly string[] {
    const { now } = this.options;
    return this.timeline.superseded(current, served).filter(({ since }) => since + this.age <= now).map(({ digest }) => digest);
  }

  /** Whether images of the tag are held for longer than the age, because upstream replaces them before they are old enough. */
  isStarved(current: string): boolean {
    const { heldSince } = this.timeline;
    const { now } = this.options;
    return heldSince !== undefined && heldSince + this.age <= now && (this.timeline.firstSeen(current) ?? now) > heldSince;
  }
}

/** A time in results and messages: `2027-03-31T12:00:00Z`. */
export function formatTime(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

/** A duration in words: `3 days`, `36 hours`. */
function formatHours(hours: number): string {
  const [count, unit] = hours % 24 === 0 ? [hours / 24, 'day'] : [hours, 'hour'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
