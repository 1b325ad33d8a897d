import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** How a registry is started. */
export interface RegistryCommand {
  readonly program: string;
  readonly words: readonly string[];
  /** The port that it listens on: where in its log it tells, or the number that it was given because it does not tell. */
  readonly port: RegExp | number;
}

/** Memory is let go of seldom: the registries live for a minute, and share the processors with what they are tested with. */
const ENVIRONMENT = { PATH: process.env.PATH, GOGC: '400', OTEL_TRACES_EXPORTER: 'none' };

/** A registry in a process of its own on a free port of 127.0.0.1, with a data folder of its own. */
export class RegistryProcess {
  /**
   * Starts one.
   *
   * @param command is given an empty folder, for the data and for what the registry reads at its start
   */
  static async start(command: (folder: string) => Promise<RegistryCommand>): Promise<RegistryProcess> {
    const folder = await mkdtemp(path.join(tmpdir(), 'registry-'));
    let child: ChildProcess | undefined;
    try {
      const { program, words, port } = await command(folder);
      child = spawn(program, words, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: ENVIRONMENT });
      return new RegistryProcess(child, folder, `127.0.0.1:${await listening(child, port)}`);
    } catch (error) {
      child?.kill('SIGKILL');
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
    const closed = once(this.child, 'close');
    this.child.kill('SIGKILL');
    await closed;
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The port on which the registry listens, once it does. What it prints later is let go. */
async function listening(child: ChildProcess, port: RegExp | number): Promise<string> {
  let log = '';
  const ready = new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      log += chunk.toString();
      const found = typeof port === 'number' ? undefined : port.exec(log)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`${child.spawnfile} ended with code ${code}: ${log}`)));
    if (typeof port === 'number') accepting(child, port).then(() => resolve(String(port)), reject);
  });
  const found = await ready;
  for (const stream of [child.stdout, child.stderr]) stream?.removeAllListeners('data').resume();
  return found;
}

/** Waits until a port is connected to, as long as the process lives. */
async function accepting(child: ChildProcess, port: number): Promise<void> {
  while (child.exitCode === null) {
    const socket = connect(port, '127.0.0.1');
    const connected = await once(socket, 'connect').then(() => true, () => false);
    socket.destroy();
    if (connected) return;
    await pause(20);
  }
}
