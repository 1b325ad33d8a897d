/** Tools written in Go: crane with its registry, and regctl. They lie in `.tools/bin` of the project. */
import { ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const FOLDER = path.join(__dirname, '..', '..', '.tools', 'bin');

/** Tools that only read, by which what the engine made is judged. */
export type GoTool = 'crane' | 'regctl';

/** Whether a tool was built. Where it must be, on a build server, its absence is an error rather than a reason to skip a check. */
export function isBuilt(tool: GoTool): boolean {
  if (existsSync(path.join(FOLDER, tool))) return true;
  if (process.env.CI) throw new Error(`.tools/bin/${tool} is not built, and a build server must have it`);
  console.info(`NOTICE: .tools/bin/${tool} is not built, so what needs it is not tested here`);
  return false;
}

/** What a tool prints. The process goes on meanwhile, for the registry that the tool asks may live in it. */
export async function outputOf(program: string, words: readonly string[]): Promise<Buffer> {
  const file = existsSync(path.join(FOLDER, program)) ? path.join(FOLDER, program) : program;
  const { stdout } = await execute(file, [...words], { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024, timeout: 60_000 });
  return stdout;
}

/** The registry that crane is tested with, in memory, on a free port of 127.0.0.1. */
export class CraneRegistry {
  /** Starts one. */
  static async start(): Promise<CraneRegistry> {
    const child = spawn(path.join(FOLDER, 'crane'), ['registry', 'serve', '--address', '127.0.0.1:0'], { stdio: ['ignore', 'ignore', 'pipe'] });
    try {
      return new CraneRegistry(child, `127.0.0.1:${await port(child)}`);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  private constructor(
    private readonly child: ChildProcess,
    /** As an image reference names it. */
    readonly host: string,
  ) {}

  /** Ends the process. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.child.once('close', () => resolve()));
    this.child.kill('SIGKILL');
    await closed;
  }
}

/** The port that the registry says it serves on. */
function port(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let log = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      log = `${log}${chunk.toString()}`.slice(-2000);
      const found = /serving on port ([0-9]+)/.exec(log);
      if (found) resolve(found[1]);
    });
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`crane registry ended with code ${code}: ${log}`)));
  });
}
