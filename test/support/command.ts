import { ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';

/** The bundled command line, as people run it. */
export const COMMAND = path.join(__dirname, '..', '..', 'assets', 'cli', 'cdk-ecr-mirror.js');

/** How a child process ended. */
export interface Ending {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Added to an environment without proxies, credentials and Docker's configuration. */
  readonly environment?: Record<string, string>;
  /** Arguments for Node itself. */
  readonly nodeArguments?: readonly string[];
  /** Is given the process as soon as it runs, with what tells that it has ended. What it throws, the command's run throws. */
  readonly onStart?: (child: ChildProcess, ended: Promise<unknown>) => Promise<void>;
}

/** Runs the command to its end. */
export async function runCommand(commandArguments: readonly string[], options: CommandOptions = {}): Promise<Ending> {
  const { environment = {}, nodeArguments = [], onStart } = options;
  if (!existsSync(COMMAND)) throw new Error('the command line is not built; run "node scripts/prepare.mjs"');
  const home = await mkdtemp(path.join(tmpdir(), 'command-line-'));
  try {
    const child = spawn(process.execPath, [...nodeArguments, COMMAND, ...commandArguments], {
      env: { PATH: process.env.PATH, HOME: home, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const texts = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => { texts.stdout += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { texts.stderr += text; });
    const ended = new Promise<Ending>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined, ...texts }));
    });
    const [ending] = await Promise.all([ended, onStart?.(child, ended)]);
    return ending;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** A folder with Docker's configuration file, as DOCKER_CONFIG names it. */
export async function dockerConfig(content: string | object): Promise<{ folder: string; dispose(): Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'docker-config-'));
  await writeFile(path.join(folder, 'config.json'), typeof content === 'string' ? content : JSON.stringify(content));
  return { folder, dispose: () => rm(folder, { recursive: true, force: true }) };
}
