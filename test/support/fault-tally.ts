import { IMAGE, OLD, RegistryPair } from './registry-pair';
import type { FailureReason, MirrorResult } from '../../src/engine/result';

/** Judges how runs ended that faults befell, and counts those that ended as they must. */
export class FaultTally {
  private injected = 0;
  private completed = 0;
  private failed = 0;

  /** The run got over its faults: the target holds the whole image under the tag. */
  isCompleted(pair: RegistryPair, result: MirrorResult, faults: number): void {
    expect(result).toMatchObject({ outcome: 'copied', targetDigest: IMAGE.digest });
    expect(pair.tagDigest).toBe(IMAGE.digest);
    expect(pair.holds(IMAGE)).toBe(true);
    this.injected += faults;
    this.completed += 1;
  }

  /**
   * The run failed in words, for one of the reasons given, and the target's tag is as it was.
   *
   * @param tagAnswerLost whether an answer to the PUT of the tag was lost: nobody can know of it then, unless the registry tells afterward
   */
  isFailed(pair: RegistryPair, result: MirrorResult, faults: number, reasons: readonly FailureReason[], tagAnswerLost = false): void {
    expect(result).toMatchObject({ outcome: 'failed', reason: expect.any(String), message: expect.stringMatching(/./) });
    expect(reasons).toContain(result.reason);
    const moved = tagAnswerLost && pair.tagDigest === IMAGE.digest;
    expect(pair.tagDigest).toBe(moved ? IMAGE.digest : OLD.digest);
    expect(pair.holds(moved ? IMAGE : OLD)).toBe(true);
    this.injected += faults;
    this.failed += 1;
  }

  /** Says at the end of a suite what was counted. */
  print(): void {
    const completed = `${this.completed} runs completed with the right digest`;
    const failed = `${this.failed} failed with the right reason and the tag unchanged`;
    console.info(`${this.injected} faults injected: ${completed}, ${failed}`);
  }
}
