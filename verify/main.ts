/**
 * Checks assumptions about AWS: `npm run verify:aws -- --help`. See docs/verified.md.
 *
 * Exits with 0 if everything is as expected, 1 if a check differs or fails or something remains, 2 for options that are not valid,
 * and 130 after an interruption.
 */
import { AwsEnvironment } from './aws/aws-environment';
import { type CheckResult, NotChecked } from './check';
import { CHECKS } from './checks';
import { confirm, NoTerminalError, requireTerminal } from './confirm';
import type { Environment } from './environment';
import { LocalEnvironment } from './local/local-environment';
import { isUsageError, readOptions, VerifyOptions } from './options';
import { checksTable, estimate, resultsTable } from './report/results-table';
import { writeVerified } from './report/write-verified';
import { runChecks, RunResult } from './run';

const say = (line: string) => { process.stderr.write(`${line}\n`); };
const print = (text: string) => { process.stdout.write(`${text}\n`); };

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), CHECKS);
  if (options.list) {
    print(options.json ? JSON.stringify(options.checks.map(({ run: _, ...check }) => check), undefined, 2) : checksTable(options.checks));
    return 0;
  }
  const interruption = interruptible();
  if (options.local) return report(options, await verifyLocally(options, interruption));
  if (!options.yes) requireTerminal(process.stdin);
  const environment = await AwsEnvironment.prepare(options.region!, say);
  say(planOf(options, environment));
  const answer = options.yes ? 'yes' : await confirm('Continue?', { input: process.stdin, output: process.stderr });
  if (answer !== 'yes') return answer === 'no' ? 0 : 130;
  const run = await runChecks(options.checks, environment, { keep: options.keep, say, signal: interruption });
  if (options.keep) say(`The stack is kept. To delete everything:\n${environment.deletionCommands().join('\n')}`);
  if (run.results.length > 0) await writeVerified(run.results, { region: options.region!, date: new Date().toISOString().slice(0, 10) });
  return report(options, run);
}

/** Runs the checks that the stand-ins can answer. The others have a result too. */
async function verifyLocally({ checks }: VerifyOptions, signal: AbortSignal): Promise<RunResult> {
  const environment: Environment = new LocalEnvironment();
  const shown = checks.map((check) => check.local ? check : { ...check, run: async () => { throw new NotChecked('needs AWS'); } });
  const { results, ...others } = await runChecks(shown, environment, { keep: false, say: () => undefined, signal });
  return { ...others, results: results.map((result, index) => ({ ...result, check: checks[index] })) };
}

/** What a run creates, and its costs. */
function planOf({ checks, keep }: VerifyOptions, { description, prefix }: AwsEnvironment): string {
  const { dollars, minutes } = estimate(checks);
  return [
    `${checks.length} checks in ${description}: about ${minutes} minutes, and less than $${(dollars + 0.05).toFixed(2)}.`,
    `Creates the stack ${prefix}: ECR repositories, CodeBuild projects, schedules, roles, log groups, queues, a secret, and a creation template.`,
    'Changes no setting of the account or the registry. The bucket of the CDK bootstrap stack keeps the assets of the stack, about 2 MB.',
    keep ? 'Deletes nothing at the end (--keep).' : 'Deletes everything else at the end, also after a failure or Ctrl-C.',
  ].join('\n');
}

function report({ checks, json, local }: VerifyOptions, { problem, remains, results }: RunResult): number {
  if (json) print(JSON.stringify({ results: results.map(resultJson), remains, problem }, undefined, 2));
  else print(resultsTable(checks, results));
  if (remains.length > 0) say(`The deletion is not complete. To delete what remains:\n${remains.join('\n')}`);
  if (!json && local) print('The stand-ins answered, not AWS. docs/verified.json is unchanged.');
  if (problem === 'interrupted') return 130;
  const isGood = problem === undefined && remains.length === 0 && results.every(({ status }) => status === 'as expected' || status === 'not checked');
  return isGood ? 0 : 1;
}

function resultJson({ check: { expected, id }, detail, seen, status }: CheckResult) {
  return { id, status, expected, seen, detail };
}

/** Is aborted by the first Ctrl-C. A second one does not stop the deletion. */
function interruptible(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      say(controller.signal.aborted ? 'Deletion is in progress. Wait until it is complete.' : `\n${name}: stops, and deletes everything. Wait for the end.`);
      controller.abort(new Error('interrupted'));
    });
  }
  return controller.signal;
}

main().then((exitCode) => { process.exitCode = exitCode; }, (error: unknown) => {
  if (isUsageError(error)) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
    return;
  }
  say(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = error instanceof NoTerminalError ? 2 : 1;
});
