/** Measures the engine beside its peers: `npm run bench -- --help`. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import * as path from 'node:path';
import { runCase } from './case-run';
import { benchCases, warmUpCase } from './cases';
import { writePerformanceDocs } from './docs';
import { buildLinkProgram } from './link';
import { checkLink, LinkCheck } from './link-check';
import { requireMeasure } from './measure';
import type { CertificateFiles } from './measured-registry';
import { BenchOptions, readOptions } from './options';
import { plotOf } from './plot';
import type { BenchReport, CaseResult } from './results';
import { benchFolder, Stage } from './stage';
import { tableOf } from './table';
import { ratioToFastestPeer, verdictsOn } from './targets';
import { allTools, OURS, PINNED_PEERS, Tool } from './tools';
import { createCertificates } from '../test/support/certificate';

const say = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  installPeers();
  const everything = allTools();
  const options = readOptions(process.argv.slice(2), everything.map(({ name }) => name).filter((name) => name !== OURS));
  requireMeasure();
  buildLinkProgram();
  const tools = everything.filter(({ name }) => name === OURS || (options.peers?.includes(name) ?? true));
  const folder = await benchFolder();
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  const report = await measureAll(options, tools, folder);
  process.stdout.write(options.json ? `${JSON.stringify(judged(report), undefined, 2)}\n` : tableOf(report));
  if (options.writeDocs) await writePerformanceDocs(report);
  if (options.plot !== undefined) await writeFile(options.plot, plotOf(report));
}

/** Builds the pinned peers, or only those that --peers names: each takes minutes on a new machine. */
function installPeers(): void {
  const named = process.argv.find((_, index) => process.argv[index - 1] === '--peers')?.split(',');
  const pinned = PINNED_PEERS.filter((name) => named?.includes(name) ?? true);
  if (pinned.length > 0) spawnSync(process.execPath, [path.join(__dirname, '..', 'test', 'tools', 'install.mjs'), ...pinned], { stdio: ['ignore', 2, 2] });
}

async function measureAll(options: BenchOptions, tools: readonly Tool[], folder: string): Promise<BenchReport> {
  say(`data in ${folder}`);
  const linkChecks: LinkCheck[] = [];
  for (const link of options.links) if (link !== 'loopback') linkChecks.push(await checkLink(link, options.quick));
  return {
    machine: machine(),
    registry: `docker-registry ${registryVersion()} on both sides`,
    scheme: options.plainHttp ? 'http' : 'https',
    runs: options.runs,
    quick: options.quick,
    tools: tools.map(({ name, version }) => ({ name, version })),
    linkChecks,
    results: await measureCases(options, tools, folder),
  };
}

/** With what the table says under each case. */
function judged(report: BenchReport): object {
  const results = report.results.map((result) => ({ ...result, ratioToFastestPeer: ratioToFastestPeer(result), verdicts: verdictsOn(result) }));
  return { ...report, results };
}

function machine(): string {
  const [first] = cpus();
  return `Linux, ${cpus().length} processors (${first?.model ?? 'unknown'}), ${(totalmem() / 1e9).toFixed(0)} GB of memory`;
}

function registryVersion(): string {
  const { stdout } = spawnSync('docker-registry', ['--version'], { encoding: 'utf8' });
  return / ([0-9][0-9.]*)/.exec(stdout ?? '')?.[1] ?? '(unknown version)';
}

async function measureCases(options: BenchOptions, tools: readonly Tool[], folder: string): Promise<CaseResult[]> {
  const certificates = await createCertificates([]);
  const results: CaseResult[] = [];
  try {
    const files: CertificateFiles = { certificate: path.join(folder, 'certificate.pem'), key: path.join(folder, 'key.pem') };
    await Promise.all([writeFile(files.certificate, certificates.server.cert), writeFile(files.key, certificates.server.key)]);
    for (const bench of benchCases(options.cases, options.quick)) {
      const images = [...bench.images, ...warmUpCase().images];
      const stage = await Stage.set(path.join(folder, bench.name), images, bench.before, options.plainHttp ? undefined : files);
      try {
        for (const link of options.links) {
          const context = { stage, bench, link, folder, plainHttp: options.plainHttp, authorityFile: certificates.authorityFile };
          results.push(await runCase(context, tools, options.runs, say));
        }
      } finally {
        await stage.clear();
      }
    }
  } finally {
    await certificates.dispose();
  }
  return results;
}

main().catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
