import { ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';

/** Whether a program is installed. Where it must be, on a build server, its absence is an error rather than a reason to skip a check. */
export function isInstalled(program: string): boolean {
  if (spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0) return true;
  if (process.env.CI) throw new Error(`${program} is not installed, and a build server must have it`);
  console.info(`NOTICE: ${program} is not installed, so what needs it is not tested here`);
  return false;
}

export interface DockerRegistryOptions {
  /** Lines of an htpasswd file with bcrypt hashes. @default - anyone may do anything */
  readonly htpasswd?: string;
}

/** The distribution project's registry, as Debian packages it, on a free port of 127.0.0.1 with a data folder of its own. */
export class DockerRegistry {
  /** Starts one. */
  static async start({ htpasswd }: DockerRegistryOptions = {}): Promise<DockerRegistry> {
    const folder = await mkdtemp(path.join(tmpdir(), 'docker-registry-'));
    const configuration = {
      version: '0.1',
      log: { level: 'info', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: path.join(folder, 'data') }, maintenance: { uploadpurging: { enabled: false } } },
      http: { addr: '127.0.0.1:0' },
      ...htpasswd === undefined ? {} : { auth: { htpasswd: { realm: 'local', path: path.join(folder, 'htpasswd') } } },
    };
    await writeFile(path.join(folder, 'config.yml'), JSON.stringify(configuration)); // JSON is YAML
    await writeFile(path.join(folder, 'htpasswd'), htpasswd ?? '');
    const child = spawn('docker-registry', ['serve', path.join(folder, 'config.yml')], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH, OTEL_TRACES_EXPORTER: 'none' } });
    try {
      return new DockerRegistry(child, folder, await address(child));
    } catch (error) {
      child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    /** As an image reference names it. */
    readonly host: string,
  ) {}

  /** Ends the process and removes its data. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.child.once('close', () => resolve()));
    this.child.kill('SIGKILL');
    await closed;
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The address that the registry says it listens on. */
function address(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let log = '';
    const read = (chunk: Buffer) => {
      log += chunk.toString();
      const found = /listening on (127\.0\.0\.1:[0-9]+)/.exec(log);
      if (found) resolve(found[1]);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`docker-registry ended with code ${code}: ${log}`)));
  });
}
