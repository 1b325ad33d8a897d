import { escapeControlCharacters, sanitizeForLog } from '../../image/sanitize';
import { AwsClients, awsClients, awsFailureReason } from '../deployed/aws-clients';
import { clockUntil, linkOf, progressLog, writeLine } from '../deployed/build-output';
import { familiarItemName, findDeployedItems, MirrorLocation } from '../deployed/deployed-items';
import { followBuilds } from '../deployed/followed-builds';
import { chooseItems, requireValidNames } from '../deployed/start-arguments';
import { allSucceeded, endedReport, formatReport, startedReport, StartReport } from '../deployed/start-report';
import { StartedMirrorBuild, startMirrorBuilds } from '../deployed/started-builds';
import { EXIT_CODES, failedCommand, interruptionCode } from '../exit-codes';
import { isUsageError } from '../usage-error';

/** Options of `start`. */
export interface StartCommandOptions extends MirrorLocation {
  readonly all?: boolean;
  /** Whether to wait for the builds. */
  readonly wait: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/**
 * Starts builds of a deployed mirror, and follows them until they have ended.
 *
 * @param names the images and catalogs to start
 * @param signal interrupts the command; the started builds continue
 * @returns the exit code
 * @throws UsageError when a name or an option is not valid
 */
export async function startCommand(names: readonly string[], options: StartCommandOptions, signal: AbortSignal): Promise<number> {
  requireValidNames(names, options.all === true);
  const clients = awsClients(signal);
  const started: StartedMirrorBuild[] = [];
  try {
    const context = { clients, started, signal };
    await start(names, options, context);
    return options.wait ? await follow(options, context) : printStarted(started, options);
  } catch (error) {
    const interrupted = interruptionCode(signal);
    if (interrupted !== undefined) return printInterrupted(started, options, interrupted);
    if (isUsageError(error)) throw error;
    return printFailed(error, started, options);
  } finally {
    clients.destroy();
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
  return allSucceeded(report) ? EXIT_CODES.SUCCESS : EXIT_CODES.FAILURE;
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

function printFailed(error: unknown, started: readonly StartedMirrorBuild[], options: StartCommandOptions): number {
  const message = error instanceof Error ? error.message : String(error);
  printJson({ ...failedCommand(awsFailureReason(error), sanitizeForLog(message)), ...startedReport(started) }, options);
  for (const build of started) writeLine(`the build ${build.id} continues to run${linkOf(build)}`);
  writeLine(`failed: ${message}`);
  return EXIT_CODES.FAILURE;
}

function printJson(report: StartReport, { json }: StartCommandOptions): void {
  if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
}
