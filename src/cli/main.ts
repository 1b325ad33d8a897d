/** The entry point of the command `cdk-ecr-mirror`. */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { CommanderError } from 'commander';
import { EXIT_CODES, failedCommand, interruptionCode, interruptionSignal } from './exit-codes';
import { createProgram } from './program';
import { saveMemory, silenceVersionAdvice } from '../engine/build-tools';
import { exitSoon } from '../engine/report/run-report';
import { sanitizeForLog } from '../image/sanitize';

/** The bundle is two folders below the root of the package. */
const { version } = JSON.parse(readFileSync(path.join(__dirname, '..', '..', 'package.json'), 'utf8')) as { version: string };

const signal = interruptionSignal();

const end = process.argv.indexOf('--');

/** Whether stdout gets one JSON object, also when the arguments are not valid. */
const hasJson = process.argv.slice(2, end === -1 ? undefined : end).some((word) => /^--json(?:=|$)/.test(word));

/** Runs the command. Returns its exit code. */
async function main(): Promise<number> {
  let code: number = EXIT_CODES.FAILURE;
  let shown = '';
  const program = createProgram(version, (exitCode) => { code = exitCode; }, signal);
  for (const command of [program, ...program.commands]) {
    command.exitOverride();
    if (hasJson) command.configureOutput({ writeOut: (text) => { shown += text; } });
  }
  try {
    await program.parseAsync();
    return interruptionCode(signal) ?? code;
  } catch (error) {
    return reportError(error, shown);
  }
}

function reportError(error: unknown, shown: string): number {
  const interrupted = interruptionCode(signal);
  if (interrupted !== undefined) {
    process.stderr.write('interrupted; no image was copied or checked\n');
    return printFailed('interrupted', 'no image was copied or checked', interrupted);
  }
  if (error instanceof CommanderError) return reportUsage(error, shown);
  const message = sanitizeForLog(error instanceof Error ? error.message : String(error));
  process.stderr.write(`failed: ${message}\n`);
  return printFailed('internal-error', message, EXIT_CODES.FAILURE);
}

/** Reports how the arguments ended the command. People have read the message already. */
function reportUsage({ code, exitCode, message }: CommanderError, shown: string): number {
  if (exitCode === EXIT_CODES.SUCCESS) {
    if (hasJson) process.stdout.write(`${JSON.stringify(code === 'commander.version' ? { version: shown.trim() } : { help: shown })}\n`);
    return EXIT_CODES.SUCCESS;
  }
  const problem = code === 'commander.help' ? 'name a command, for example check; "cdk-ecr-mirror --help" lists all commands' : message.replace(/^error: /, '');
  return printFailed('invalid-configuration', problem, EXIT_CODES.USAGE);
}

function printFailed(reason: Parameters<typeof failedCommand>[0], message: string, exitCode: number): number {
  if (hasJson) process.stdout.write(`${JSON.stringify(failedCommand(reason, message))}\n`);
  return exitCode;
}

saveMemory();
silenceVersionAdvice();
// A reader that closes the pipe early, such as head, is not an error.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
void main().then((code) => { process.exitCode = code; }).finally(exitSoon);
