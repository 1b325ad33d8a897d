import type { Measure } from './template-limits';
import type { Spread } from '../statistics';

/** What a process that synthesizes an app took. */
export interface AppTimes {
  /** From the start of the process until everything was loaded. */
  readonly loadMilliseconds: number;
  /** For the constructs. */
  readonly defineMilliseconds: number;
  /** For `app.synth()`. */
  readonly synthMilliseconds: number;
  /** From the start of the process until the templates were written. */
  readonly totalMilliseconds: number;
  /** Time of the processor that the program's own thread had: what the wall time is on a machine that does nothing else. */
  readonly threadMilliseconds: number;
  readonly peakMegabytes: number;
}

/** How many images in how many stacks of one app. */
export interface FleetCase {
  readonly images: number;
  readonly stacks: number;
  /** Whether the mirror is in a stack besides. */
  readonly apart?: boolean;
}

/** One library at one case. Without numbers it could not be had, or failed. */
export interface LibraryResult {
  readonly name: string;
  readonly problem?: string;
  readonly runs: readonly AppTimes[];
  /** Wall time from the start of the process, without that of the empty app. */
  readonly synthMilliseconds?: Spread;
  /** The same of the processor's time, which other programs on the machine disturb less. */
  readonly threadMilliseconds?: Spread;
  readonly peakMegabytes?: Spread;
  /** Of all stacks together. */
  readonly resources?: number;
  /** Of all stacks together, as they are uploaded. */
  readonly templateBytes?: number;
  /** Each limit of AWS, and the largest that any stack has of it. */
  readonly measures?: readonly Measure[];
}

export interface CaseResult extends FleetCase {
  readonly libraries: readonly LibraryResult[];
}

/** Everything that one run of the benchmark found. */
export interface SynthReport {
  readonly machine: string;
  readonly runs: number;
  readonly quick: boolean;
  readonly versions: Readonly<Record<string, string>>;
  /** The app without anything. */
  readonly empty: { readonly totalMilliseconds: Spread; readonly threadMilliseconds: Spread };
  readonly results: readonly CaseResult[];
}

export const OURS = 'cdk-ecr-mirror';
export const PEER = 'cdk-ecr-deployment';
