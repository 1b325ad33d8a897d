import type { Context } from './check';

/** Where the checks run: an AWS account, or stand-ins on this machine. */
export interface Environment {
  /** For example `account 123456789012, Region eu-west-1`. */
  readonly description: string;
  /** Deploys the stack. The signal is aborted when the run is interrupted. */
  open(signal: AbortSignal): Promise<Context>;
  /** Deletes everything, also after a failure of `open()`. Returns the commands that delete what remains. */
  close(): Promise<readonly string[]>;
}
