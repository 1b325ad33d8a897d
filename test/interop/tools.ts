/** Programs of others: those that Debian packages, and those that `node test/tools/install.mjs` builds into `.tools/bin` of the project. */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const FOLDER = path.join(__dirname, '..', '..', '.tools', 'bin');

/** Whether a program is installed. Where it must be, on a build server, its absence is an error rather than a reason to skip a check. */
export function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0 || isMissing(`${program} is not installed`);
}

/** Tools that are built from Go modules: registries, and clients by which what the engine made is judged. */
export type GoTool = 'cosign' | 'crane' | 'distribution' | 'olareg' | 'oras' | 'reference' | 'regctl' | 'zot';

/** Whether a tool was built. Where it must be, on a build server, its absence is an error rather than a reason to skip a check. */
export function isBuilt(tool: GoTool): boolean {
  return existsSync(fileOf(tool)) || isMissing(`.tools/bin/${tool} is not built (install Go from https://go.dev/dl/, then run "node test/tools/install.mjs ${tool}")`);
}

/** Says that something is missing. On a build server this is an error. */
export function isMissing(what: string): false {
  if (process.env.CI) throw new Error(`${what}, and a build server must have it`);
  // Past the console, which jest does not show of a suite that is skipped as a whole.
  process.stderr.write(`NOTICE: ${what}, so what needs it is not tested here\n`);
  return false;
}

/** Where a built tool lies. */
export function fileOf(tool: GoTool): string {
  return path.join(FOLDER, tool);
}

/** What a tool prints. The process goes on meanwhile, for the registry that the tool asks may live in it. */
export async function outputOf(program: string, words: readonly string[], folder?: string): Promise<Buffer> {
  const built = path.join(FOLDER, program);
  const { stdout } = await execute(existsSync(built) ? built : program, [...words], {
    cwd: folder,
    encoding: 'buffer',
    maxBuffer: 64 * 1024 * 1024,
    timeout: 60_000,
  });
  return stdout;
}
