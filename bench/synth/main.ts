/** Measures what fleets of images cost at synthesis, beside cdk-ecr-deployment: `npm run bench:synth -- --help`. */
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import * as path from 'node:path';
import { MeasuredApp, readTemplates, runApp, TemplateSizes } from './app-run';
import { compileLibrary } from './compiled-library';
import { FLEET_CASES, QUICK_CASES } from './fleet-cases';
import { verdictsOn } from './fleet-targets';
import { readOptions, SynthOptions } from './options';
import { installPeer } from './peer';
import { AppTimes, CaseResult, FleetCase, LibraryResult, OURS, PEER, SynthReport } from './report';
import { tableOf } from './table';
import { median, Spread, spread } from '../statistics';

const say = (line: string) => process.stderr.write(`${line}\n`);

/** An app on its way through the runs; without a case it is the empty one. */
interface Entry {
  readonly name: string;
  readonly app: MeasuredApp;
  readonly fleet: FleetCase;
  readonly runs: AppTimes[];
  sizes?: TemplateSizes;
  problem?: string;
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const folder = await mkdtemp(path.join(tmpdir(), 'cdk-ecr-mirror-synth-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  const report = await measureAll(options, path.join(folder, 'cdk.out'));
  process.stdout.write(options.json ? `${JSON.stringify({ ...report, verdicts: verdictsOn(report) }, undefined, 2)}\n` : tableOf(report));
}

async function measureAll(options: SynthOptions, folder: string): Promise<SynthReport> {
  const fileOf = await compileLibrary();
  const peer = options.peer ? installPeer(say) : undefined;
  const empty: Entry = { name: 'empty app', app: { file: fileOf('empty-app') }, fleet: { images: 0, stacks: 1 }, runs: [] };
  const entries = (options.quick ? QUICK_CASES : FLEET_CASES).flatMap((fleet): Entry[] => [
    { name: OURS, app: { file: fileOf('mirror-app') }, fleet, runs: [] },
    ...peer === undefined
      ? []
      : [{ name: PEER, app: { file: fileOf('deployment-app'), environment: { PEERS_FOLDER: peer.folder } }, fleet, runs: [], problem: peer.problem }],
  ]);
  await runInTurns([empty, ...entries], options.runs, folder);
  if (empty.problem !== undefined) throw new Error(`the empty app ${empty.problem}`);
  return {
    machine: `${process.platform}, ${cpus().length} processors (${cpus()[0]?.model ?? 'unknown'}), ${(totalmem() / 1e9).toFixed(0)} GB of memory`,
    runs: options.runs,
    quick: options.quick,
    versions: { 'Node': process.versions.node, 'aws-cdk-lib': cdkVersion(), ...peer && { [PEER]: peer.version } },
    empty: timesOf(empty, 'totalMilliseconds', 'threadMilliseconds'),
    results: resultsOf(entries, empty),
  };
}

/** A warm-up each, from which the templates are read, then in turns, so that a noisy minute hits all alike. */
async function runInTurns(entries: readonly Entry[], runs: number, folder: string): Promise<void> {
  for (const entry of entries) {
    await attempt(entry, async () => {
      await runApp(entry.app, entry.fleet, folder);
      entry.sizes = await readTemplates(folder);
    });
  }
  for (let run = 0; run < runs; run++) {
    // Another one begins each time.
    for (const entry of [...entries.slice(run % entries.length), ...entries.slice(0, run % entries.length)]) {
      await attempt(entry, async () => {
        const times = await runApp(entry.app, entry.fleet, folder);
        entry.runs.push(times);
        say(`run ${run + 1}: ${entry.name}, ${entry.fleet.images} images: ${times.totalMilliseconds.toFixed(0)} ms`);
      });
    }
  }
}

/** An app that fails once is out, and the table says why. */
async function attempt(entry: Entry, task: () => Promise<void>): Promise<void> {
  if (entry.problem !== undefined) return;
  try {
    await task();
  } catch (error) {
    entry.problem = `failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function resultsOf(entries: readonly Entry[], empty: Entry): CaseResult[] {
  const cases = [...new Set(entries.map(({ fleet }) => fleet))];
  return cases.map((fleet) => ({ ...fleet, libraries: entries.filter((entry) => entry.fleet === fleet).map((entry) => resultOf(entry, empty)) }));
}

function resultOf({ name, runs, sizes, problem }: Entry, empty: Entry): LibraryResult {
  if (problem !== undefined) return { name, problem, runs };
  const without = (key: keyof AppTimes) => spread(runs.map((times) => times[key] - median(empty.runs.map((one) => one[key]))));
  return {
    name,
    runs,
    synthMilliseconds: without('totalMilliseconds'),
    threadMilliseconds: without('threadMilliseconds'),
    peakMegabytes: spread(runs.map(({ peakMegabytes }) => peakMegabytes)),
    ...sizes,
  };
}

function timesOf<K extends keyof AppTimes>({ runs }: Entry, ...keys: K[]): Record<K, Spread> {
  return Object.fromEntries(keys.map((key) => [key, spread(runs.map((times) => times[key]))])) as Record<K, Spread>;
}

function cdkVersion(): string {
  return JSON.parse(readFileSync(require.resolve('aws-cdk-lib/package.json'), 'utf8')).version;
}

main().catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
