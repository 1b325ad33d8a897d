import { setTimeout as wait } from 'node:timers/promises';
import { Clock, SYSTEM_CLOCK } from '../../codebuild/aws-errors';
import { escapeControlCharacters, sanitizeForLog } from '../../image/sanitize';
import { AwsClients, awsClients } from '../deployed/aws-clients';
import { familiarItemName, findDeployedItems, MirrorLocation } from '../deployed/deployed-items';
import { followBuilds } from '../deployed/followed-builds';
import { chooseItems, requireValidNames } from '../deployed/start-arguments';
import { allSucceeded, endedReport, formatReport, startedReport, StartReport } from '../deployed/start-report';
import { StartedMirrorBuild, startMirrorBuilds } from '../deployed/started-builds';

/** Options of `start`. */
export interface StartCommandOptions extends MirrorLocation {
  readonly all?: boolean;
  /** Whether to wait for the builds. */
  readonly wait: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** The exit code of a shell for a command that a signal ended. */
const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

const MAX_LINE_LENGTH = 1_000;

/**
 * Starts builds of a deployed mirror, and follows them until they have ended.
 *
 * @param names the images and catalogs to start
 * @returns the exit code
 * @throws UsageError when a name or an option is not valid
 */
export async function startCommand(names: readonly string[], options: StartCommandOptions): Promise<number> {
  requireValidNames(names, options.all === true);
  const stop = new AbortController();
  const interrupts = Object.entries(SIGNAL_CODES).map(([name, code]) => [name as keyof typeof SIGNAL_CODES, () => stop.abort(code)] as const);
  for (const [name, interrupt] of interrupts) process.once(name, interrupt);
  const clients = awsClients(stop.signal);
  const started: StartedMirrorBuild[] = [];
  try {
    const context = { clients, started, signal: stop.signal };
    await start(names, options, context);
    return options.wait ? await follow(options, context) : printStarted(started, options);
  } catch (error) {
    if (stop.signal.aborted) return printInterrupted(started, options, Number(stop.signal.reason));
    for (const build of started) writeLine(`the build ${build.id} continues to run${linkOf(build)}`);
    throw error;
  } finally {
    clients.destroy();
    for (const [name, interrupt] of interrupts) process.off(name, interrupt);
  }
}

interface StartContext {
  readonly clients: AwsClients;
  readonly started: StartedMirrorBuild[];
  readonly signal: AbortSignal;
}

async function start(names: readonly string[], options: StartCommandOptions, { clients, started, signal }: StartContext): Promise<void> {
  const deployed = await findDeployedItems(options, clients);
  const items = chooseItems(deployed, names, options.all === true);
  const log = progressLog(options);
  log(`starting ${[...new Set(items.map(familiarItemName))].join(', ')} of the stack ${deployed.stack}`);
  await startMirrorBuilds(items, {
    client: clients.starter,
    log,
    clock: clockUntil(signal),
    signal,
    onStart: (build) => {
      started.push(build);
      if (build.link !== undefined) log(`build log: ${build.link}`);
    },
  });
}

async function follow(options: StartCommandOptions, { clients: { codeBuild, logs }, started, signal }: StartContext): Promise<number> {
  const report = endedReport(await followBuilds(started, { codeBuild, logs, clock: clockUntil(signal), log: progressLog(options), signal }));
  printJson(report, options);
  process.stderr.write(`${formatReport(report)}\n`);
  return allSucceeded(report) ? 0 : 1;
}

/** Prints the builds that run without the command. Returns the exit code. */
function printStarted(started: readonly StartedMirrorBuild[], options: StartCommandOptions): number {
  printJson(startedReport(started), options);
  if (!options.json) for (const { id, link } of started) process.stdout.write(`${escapeControlCharacters([id, link].filter(Boolean).join(' '))}\n`);
  return 0;
}

function printInterrupted(started: readonly StartedMirrorBuild[], options: StartCommandOptions, code: number): number {
  printJson(startedReport(started), options);
  if (started.length === 0) writeLine('interrupted; no build was started');
  for (const build of started) writeLine(`interrupted; the build ${build.id} continues to run${linkOf(build)}`);
  return code;
}

function printJson(report: StartReport, { json }: StartCommandOptions): void {
  if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
}

function progressLog({ quiet }: StartCommandOptions): (line: string) => void {
  return quiet ? () => undefined : writeLine;
}

/** Writes a line to stderr. The line can come from the log of a build, so it is sanitized. */
function writeLine(line: string): void {
  process.stderr.write(`${sanitizeForLog(line, MAX_LINE_LENGTH)}\n`);
}

function linkOf({ link }: StartedMirrorBuild): string {
  return link === undefined ? '' : `: ${link}`;
}

/** A clock that stops a sleep when the signal aborts. */
function clockUntil(signal: AbortSignal): Clock {
  return { ...SYSTEM_CLOCK, sleep: (milliseconds) => wait(milliseconds, undefined, { signal }) };
}
