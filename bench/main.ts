/** Measures the engine beside its peers: `npm run bench -- --help`. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import * as path from 'node:path';
import { runCase } from './case-run';
import { benchCases, warmUpCase } from './cases';
import { checkLink } from './link-check';
import { requireMeasure } from './measure';
import type { CertificateFiles } from './measured-registry';
import { BenchOptions, readOptions } from './options';
import { plotOf } from './plot';
import type { BenchReport, CaseResult } from './results';
import { benchFolder, Stage } from './stage';
import { tableOf } from './table';
import { ratioToFastestPeer, verdictsOn } from './targets';
import { allTools, OURS, Tool } from './tools';
import { createCertificates } from '../test/support/certificate';

const say = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  spawnSync(process.execPath, [path.join(__dirname, '..', 'test', 'tools', 'install.mjs')], { stdio: ['ignore', 2, 2] });
  const everything = allTools();
  const options = readOptions(process.argv.slice(2), everything.map(({ name }) => name).filter((name) => name !== OURS));
  requireMeasure();
  const tools = everything.filter(({ name }) => name === OURS || (options.peers?.includes(name) ?? true));
  const folder = await benchFolder();
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  const report = await measureAll(options, tools, folder);
  process.stdout.write(options.json ? `${JSON.stringify(judged(report), undefined, 2)}\n` : tableOf(report));
  if (options.plot !== undefined) await writeFile(options.plot, plotOf(report));
}

async function measureAll(options: BenchOptions, tools: readonly Tool[], folder: string): Promise<BenchReport> {
  say(`data in ${folder}`);
  const linkCheck = options.links.includes('shaped') ? await checkLink(options.quick) : undefined;
  return {
    machine: machine(),
    registry: `docker-registry ${registryVersion()} on both sides`,
    scheme: options.tls ? 'https' : 'http',
    runs: options.runs,
    quick: options.quick,
    tools: tools.map(({ name, version }) => ({ name, version })),
    ...linkCheck ? { linkCheck } : {},
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
      const stage = await Stage.set(path.join(folder, bench.name), images, bench.before, options.tls ? files : undefined);
      try {
        for (const link of options.links) {
          const context = { stage, bench, link, folder, plainHttp: !options.tls, authorityFile: certificates.authorityFile };
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
