import { Command, CommanderError, InvalidArgumentError } from 'commander';
import type { Check } from './check';

export interface VerifyOptions {
  /** Undefined with `--local`. */
  readonly region?: string;
  readonly local: boolean;
  readonly list: boolean;
  readonly yes: boolean;
  readonly keep: boolean;
  readonly json: boolean;
  /** The checks that run. */
  readonly checks: readonly Check[];
}

interface ParsedOptions extends Partial<Omit<VerifyOptions, 'checks'>> {
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
}

/** @throws CommanderError with the exit code 0 after `--help`, and with another one for options that are not valid */
export function readOptions(argv: readonly string[], checks: readonly Check[], output?: (text: string) => void): VerifyOptions {
  const ids = checks.map(({ id }) => id);
  const command = new Command('npm run verify:aws --')
    .description('Checks assumptions about AWS in your account. Deploys one stack, and deletes it at the end.')
    .option('--region <region>', 'the Region, for example eu-west-1', readRegion)
    .option('--local', 'run the checks that the stand-ins on this machine can answer')
    .option('--only <checks>', 'run only these checks, separated by commas', listOf(ids))
    .option('--skip <checks>', 'run all checks except these, separated by commas', listOf(ids))
    .option('--list', 'list the checks, with their costs and durations')
    .option('--yes', 'do not ask for confirmation')
    .option('--keep', 'do not delete the stack')
    .option('--json', 'print the results as JSON')
    .exitOverride()
    .configureOutput(output === undefined ? {} : { writeOut: output, writeErr: output })
    .parse([...argv], { from: 'user' });
  const { json = false, keep = false, list = false, local = false, only, region, skip = [], yes = false } = command.opts<ParsedOptions>();
  const refuse = (message: string): never => command.error(`error: ${message}`, { code: 'verify.usage', exitCode: 2 });
  if (local && region !== undefined) refuse('--local runs on this machine, so it has no Region; remove --local or --region');
  if (local && keep) refuse('--local creates nothing that stays; remove --keep');
  if (!local && !list && region === undefined) refuse('the Region is missing; add --region, for example --region eu-west-1, or --local');
  const chosen = checks.filter(({ id }) => (only?.includes(id) ?? true) && !skip.includes(id));
  if (chosen.length === 0) refuse('no check is left; remove an option --only or --skip');
  return { json, keep, list, local, region, yes, checks: chosen };
}

/** Whether an error ends the command with a message that was already printed. */
export function isUsageError(error: unknown): error is CommanderError {
  return error instanceof CommanderError;
}

function readRegion(text: string): string {
  if (!/^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$/.test(text)) throw new InvalidArgumentError('Use the name of a Region, for example eu-west-1.');
  return text;
}

function listOf(ids: readonly string[]): (text: string) => string[] {
  return (text) => text.split(',').map((id) => {
    if (!ids.includes(id)) throw new InvalidArgumentError(`${JSON.stringify(id)} is not a check. Use --list to see all checks.`);
    return id;
  });
}
