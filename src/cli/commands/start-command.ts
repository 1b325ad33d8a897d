import { setTimeout as wait } from 'node:timers/promises';
import { Clock, SYSTEM_CLOCK } from '../../codebuild/aws-errors';
import { escapeControlCharacters } from '../../image/sanitize';
import { AwsClients, awsClients } from '../deployed/aws-clients';
import { chooseSources, requireKnownSources } from '../deployed/start-arguments';
import { familiarSourceName, findDeployedSources, MirrorLocation } from '../deployed/deployed-sources';
import { followBuilds } from '../deployed/followed-builds';
import { endedReport, allSucceeded, reportText, startedReport, StartReport } from '../deployed/start-report';
import { StartedMirrorBuild, startMirrorBuilds } from '../deployed/started-builds';

/** Options of `start`. */
export interface StartCommandOptions extends MirrorLocation {
  readonly all?: boolean;
  /** Whether to follow the builds. */
  readonly wait: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** What a shell knows as the exit code of a command that a signal ended. */
const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

const LONGEST_LINE = 1_000;

/**
 * Starts builds of a deployed mirror, and follows them to their end. Returns the exit code.
 *
 * @throws UsageError when what is named cannot be started
 */
export async function startCommand(words: readonly string[], options: StartCommandOptions): Promise<number> {
  requireKnownSources(words, options.all === true);
  const stop = new AbortController();
  const interrupts = Object.entries(SIGNAL_CODES).map(([name, code]) => [name as keyof typeof SIGNAL_CODES, () => stop.abort(code)] as const);
  for (const [name, interrupt] of interrupts) process.once(name, interrupt);
  const clients = awsClients(stop.signal);
  const started: StartedMirrorBuild[] = [];
  try {
    const work = { clients, started, signal: stop.signal };
    await start(words, options, work);
    return options.wait ? await follow(options, work) : leave(started, options);
  } catch (error) {
    if (stop.signal.aborted) return interrupted(started, options, Number(stop.signal.reason));
    for (const run of started) write(`the build ${run.id} goes on${linkOf(run)}`);
    throw error;
  } finally {
    clients.destroy();
    for (const [name, interrupt] of interrupts) process.off(name, interrupt);
  }
}

interface Start {
  readonly clients: AwsClients;
  readonly started: StartedMirrorBuild[];
  readonly signal: AbortSignal;
}

async function start(words: readonly string[], options: StartCommandOptions, { clients, started, signal }: Start): Promise<void> {
  const deployed = await findDeployedSources(options, clients);
  const chosen = chooseSources(deployed, words, options.all === true);
  const tell = teller(options);
  tell(`starting ${[...new Set(chosen.map(familiarSourceName))].join(', ')} of the stack ${deployed.stack}`);
  await startMirrorBuilds(chosen, {
    client: clients.starter,
    tell,
    clock: clockUntil(signal),
    signal,
    started: (run) => {
      started.push(run);
      if (run.link !== undefined) tell(`its log: ${run.link}`);
    },
  });
}

async function follow(options: StartCommandOptions, { clients: { codeBuild, logs }, started, signal }: Start): Promise<number> {
  const report = endedReport(await followBuilds(started, { codeBuild, logs, clock: clockUntil(signal), tell: teller(options), signal }));
  print(report, options);
  process.stderr.write(`${reportText(report)}\n`);
  return allSucceeded(report) ? 0 : 1;
}

/** Says where the builds are that nobody waits for. */
function leave(started: readonly StartedMirrorBuild[], options: StartCommandOptions): number {
  print(startedReport(started), options);
  if (!options.json) for (const { id, link } of started) process.stdout.write(`${escapeControlCharacters([id, link].filter(Boolean).join(' '))}\n`);
  return 0;
}

function interrupted(started: readonly StartedMirrorBuild[], options: StartCommandOptions, code: number): number {
  print(startedReport(started), options);
  if (started.length === 0) write('interrupted; no build was started');
  for (const run of started) write(`interrupted; the build ${run.id} goes on${linkOf(run)}`);
  return code;
}

function print(report: StartReport, { json }: StartCommandOptions): void {
  if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
}

function teller({ quiet }: StartCommandOptions): (line: string) => void {
  return quiet ? () => undefined : write;
}

/** Anything may be in the log of a build. */
function write(line: string): void {
  process.stderr.write(`${escapeControlCharacters(line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}...` : line)}\n`);
}

function linkOf({ link }: StartedMirrorBuild): string {
  return link === undefined ? '' : `: ${link}`;
}

/** The time, in which nobody sleeps on when the signal ends it. */
function clockUntil(signal: AbortSignal): Clock {
  return { ...SYSTEM_CLOCK, sleep: (milliseconds) => wait(milliseconds, undefined, { signal }) };
}
