import type { Traffic } from './access-log';
import type { CaseName } from './cases';
import type { LinkName } from './link';
import type { LinkCheck } from './link-check';
import type { Spread } from './statistics';

/** What one run of one tool cost. */
export interface RunResult {
  readonly wallSeconds: number;
  readonly processorSeconds: number;
  readonly peakMegabytes: number;
  readonly source: Traffic;
  readonly target: Traffic;
  /** Bytes that went into the target's link; only where there is one that counts. */
  readonly bytesToTarget?: number;
}

/** A tool's runs of one case over one link. Without numbers it could not be had, or failed. */
export interface ToolResult {
  readonly name: string;
  readonly title: string;
  readonly problem?: string;
  /** How it was run, where there was a choice. */
  readonly note?: string;
  readonly runs: readonly RunResult[];
  /** Seconds. */
  readonly wall?: Spread;
  /** Seconds. */
  readonly processor?: Spread;
  /** Megabytes. */
  readonly memory?: Spread;
  /** Of the run with the median wall time. */
  readonly source?: Traffic;
  readonly target?: Traffic;
  readonly bytesToTarget?: number;
}

export interface CaseResult {
  readonly case: CaseName;
  readonly title: string;
  readonly link: LinkName;
  /** Of all blobs that a cold copy moves. */
  readonly bytes: number;
  readonly tools: readonly ToolResult[];
}

/** Everything that one run of the benchmark found. */
export interface BenchReport {
  readonly machine: string;
  readonly registry: string;
  readonly scheme: 'http' | 'https';
  readonly runs: number;
  readonly quick: boolean;
  readonly tools: readonly { readonly name: string; readonly version?: string }[];
  /** Of each link that was used, other than the loopback. */
  readonly linkChecks: readonly LinkCheck[];
  readonly results: readonly CaseResult[];
}
