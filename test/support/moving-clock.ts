import type { Clock } from '../../src/codebuild/aws-errors';

/** A clock that moves by what is slept, and by nothing else. */
export class MovingClock implements Clock {
  /** How long each sleep was. */
  readonly sleeps: number[] = [];

  constructor(private time = Date.UTC(2026, 0, 1), private readonly chance = 0) {}

  now(): number {
    return this.time;
  }

  async sleep(milliseconds: number): Promise<void> {
    this.sleeps.push(milliseconds);
    this.time += milliseconds;
  }

  random(): number {
    return this.chance;
  }

  /** Lets time pass. */
  pass(milliseconds: number): void {
    this.time += milliseconds;
  }
}
