import { Check, CheckResult, Context, NotChecked } from './check';
import type { Environment } from './environment';

/** A check may take this many times its usual duration, and five minutes more. */
const PATIENCE = 3;

/** What a run does other than return its results. */
export interface RunTools {
  /** Is aborted when the run is interrupted. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Whether the stack stays. */
  readonly keep: boolean;
}

export interface RunResult {
  /** A result for each check that was reached. */
  readonly results: readonly CheckResult[];
  /** The commands that delete what remains. */
  readonly remains: readonly string[];
  /** The reason why not all checks were reached. */
  readonly problem?: string;
}

/** Deploys the stack, runs checks one after the other, and deletes everything, also after a failure and after an interruption. */
export async function runChecks(checks: readonly Check[], environment: Environment, { keep, say, signal }: RunTools): Promise<RunResult> {
  const results: CheckResult[] = [];
  let problem: string | undefined;
  try {
    const context = await environment.open(signal);
    for (const check of checks) {
      signal.throwIfAborted();
      const result = await runCheck(check, context);
      if (signal.aborted) break;
      results.push(result);
      say(`${result.status}: ${check.id}${result.detail === undefined ? '' : ` (${result.detail})`}`);
    }
  } catch (error) {
    problem = messageOf(error);
  }
  if (signal.aborted) problem = 'interrupted';
  if (problem !== undefined) say(problem);
  return { results, problem, remains: keep ? [] : await deleteAll(environment, say) };
}

async function deleteAll(environment: Environment, say: (line: string) => void): Promise<readonly string[]> {
  try {
    return await environment.close();
  } catch (error) {
    say(`the deletion failed: ${messageOf(error)}`);
    return ['# the deletion failed before the remaining resources were listed; delete the stack in the console of CloudFormation'];
  }
}

async function runCheck(check: Check, context: Context): Promise<CheckResult> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout((check.minutes * PATIENCE + 5) * 60_000)]);
  try {
    const { detail, seen } = await check.run({ ...context, signal, pause: (seconds) => pauseUnlessAborted(context, signal, seconds) });
    return { check, seen, detail, status: seen === check.expected ? 'as expected' : 'different' };
  } catch (error) {
    const isTimeout = signal.aborted && !context.signal.aborted;
    const detail = isTimeout ? `no answer in ${Math.round(check.minutes * PATIENCE + 5)} minutes` : messageOf(error);
    return { check, detail, status: error instanceof NotChecked ? 'not checked' : 'failed' };
  }
}

async function pauseUnlessAborted(context: Context, signal: AbortSignal, seconds: number): Promise<void> {
  await context.pause(seconds);
  signal.throwIfAborted();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
