import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import * as path from 'node:path';

/** What one process with all its children cost. */
export interface Usage {
  readonly wallSeconds: number;
  /** User and system time together. */
  readonly processorSeconds: number;
  /** The largest resident set of any one process among them. */
  readonly peakMegabytes: number;
}

/** Linux's account of a process, as GNU time prints it; other systems count memory otherwise. */
const GNU_TIME = '/usr/bin/time';
const LONGEST_RUN = '900';

/** @throws Error when this machine lacks what measures */
export function requireMeasure(): void {
  if (process.platform !== 'linux') throw new Error('the benchmark needs Linux: it reads what a process cost from wait4(2)');
  if (!existsSync(GNU_TIME)) throw new Error(`the benchmark needs GNU time as ${GNU_TIME} (Debian: apt-get install time)`);
}

/** Runs a command to its end. @throws Error with the end of its output when it fails */
export async function measure(command: readonly string[], environment: NodeJS.ProcessEnv, folder: string): Promise<Usage> {
  const account = path.join(folder, 'usage');
  const started = performance.now();
  const { code, output } = await run([GNU_TIME, '-q', '-f', '%U %S %M', '-o', account, 'timeout', '--foreground', LONGEST_RUN, ...command], environment, folder);
  const wallSeconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`exit code ${code}: ${output.trim().slice(-500)}`);
  const [user, system, kibibytes] = (await readFile(account, 'utf8')).trim().split(' ').map(Number);
  return { wallSeconds, processorSeconds: user + system, peakMegabytes: kibibytes * 1024 / 1e6 };
}

function run([program, ...args]: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk: Buffer) => output = (output + chunk.toString()).slice(-10_000);
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, output }));
  });
}
