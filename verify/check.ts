import type { CodeBuildClient } from '@aws-sdk/client-codebuild';
import type { ECRClient } from '@aws-sdk/client-ecr';
import type { Names, Outputs } from './stack/names';
import type { RegistryClient } from '../src/engine/registry/registry-client';

/** An assumption about AWS that the tests of this repository cannot check. */
export interface Check {
  /** For `--only` and `--skip`. Must not change, because `docs/verified.json` refers to it. */
  readonly id: string;
  /** One sentence: the behavior of AWS that the library relies on. */
  readonly assumption: string;
  /** The part of AWS that the assumption is about. */
  readonly section: Section;
  /** The answer if the assumption is right. */
  readonly expected: string;
  /** One sentence: the consequence for users if the assumption is wrong. */
  readonly otherwise: string;
  /** The costs in US dollars, in us-east-1. */
  readonly dollars: number;
  /** The usual duration. */
  readonly minutes: number;
  /** Whether the local stand-ins can answer. */
  readonly local: boolean;
  /** Asks AWS, and returns the answer. Throws `NotChecked` if there is no answer in this account. */
  run(context: Context): Promise<Answer>;
}

export type Section = 'Amazon ECR' | 'CodeBuild and Scheduler' | 'IAM condition keys' | 'CloudFormation';

/** What AWS answered. */
export interface Answer {
  /** Is compared with `expected`. */
  readonly seen: string;
  /** More about the answer, for example an error message. It is only shown. */
  readonly detail?: string;
}

/** The account that the checks run in, or its stand-ins on this machine. */
export interface Context {
  readonly account: string;
  readonly names: Names;
  readonly outputs: Outputs;
  readonly ecr: ECRClient;
  readonly codeBuild: CodeBuildClient;
  /** Is aborted when the run is interrupted, and when a check takes too long. */
  readonly signal: AbortSignal;
  /**
   * A client of the engine for one repository of the registry.
   *
   * @param role the output with the role that it uses. @default - the credentials of the run
   */
  registry(repository: string, role?: 'ListerRole'): Promise<RegistryClient>;
  /** A client with the permissions that schedules have. */
  starter(): Promise<CodeBuildClient>;
  /** Waits for the next run of the schedules. On this machine, starts what they would start. */
  startSchedules(): Promise<void>;
  /** Updates the stack, so that its deployment makes the first copies and waits for them. */
  deployWithCopies(): Promise<void>;
  /** Lets time pass: the first number of seconds on AWS, and a moment on this machine. */
  pause(seconds: number): Promise<void>;
}

/** The reason why an assumption was not checked. */
export class NotChecked extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'NotChecked';
  }
}

/** The result of a check. */
export interface CheckResult {
  readonly check: Check;
  readonly status: 'as expected' | 'different' | 'failed' | 'not checked';
  /** The answer. Undefined if there is none. */
  readonly seen?: string;
  /** More about the answer, or the reason why there is none. */
  readonly detail?: string;
}
