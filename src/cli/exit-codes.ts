import { FailureReason, RunSummary, summarize } from '../engine/result';

/** The exit codes of the command. Those of signals are 128 and the number of the signal, as in shells. */
export const EXIT_CODES = { SUCCESS: 0, FAILURE: 1, USAGE: 2, SIGINT: 130, SIGTERM: 143 } as const;

/** The exit codes in the help of each command. */
export const EXIT_CODES_HELP = `
Exit codes:
  0    all images are as they should be
  1    an image failed, or the command could not be completed
  2    the arguments, or a file that they name, are not valid
  130  interrupted with Ctrl-C (SIGINT)
  143  terminated (SIGTERM)`;

/** The reason of an interrupted command. */
export class Interruption extends Error {
  constructor(readonly exitCode: number) {
    super('interrupted');
    this.name = 'Interruption';
  }
}

/** A signal that aborts with an `Interruption` when the process receives SIGINT or SIGTERM. A second SIGINT ends the process at once. */
export function interruptionSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort(new Interruption(EXIT_CODES[name])));
  return controller.signal;
}

/** The exit code of an interrupted command; undefined when it was not interrupted. */
export function interruptionCode({ aborted, reason }: AbortSignal): number | undefined {
  return aborted ? (reason as Interruption).exitCode : undefined;
}

/** The JSON object of a command that failed before it had results. Its fields are those of a run of several images. */
export interface FailedCommand extends RunSummary {
  readonly results: readonly never[];
  readonly reason: FailureReason;
  readonly message: string;
}

/** Describes a failed command for `--json`. */
export function failedCommand(reason: FailureReason, message: string): FailedCommand {
  return { ...summarize([]), results: [], outcome: 'failed', reason, message };
}
