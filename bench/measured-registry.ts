import { ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { trafficOf, Traffic } from './access-log';
import type { FixtureImage } from '../test/support/fixture-images';

/** Files of a certificate and its key. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Debian's docker-registry on a free port of 127.0.0.1, with its access log in a file. */
export class MeasuredRegistry {
  /** Starts one that keeps its data in a folder, empty or not. With a certificate it speaks TLS. */
  static async start(folder: string, tls?: CertificateFiles): Promise<MeasuredRegistry> {
    await mkdir(folder, { recursive: true });
    const configuration = {
      version: '0.1',
      log: { level: 'info', accesslog: { disabled: false } },
      storage: { filesystem: { rootdirectory: path.join(folder, 'data') }, maintenance: { uploadpurging: { enabled: false } } },
      // HTTP/1.1 only: over HTTP/2 all uploads of a client would share one connection, and its limit.
      http: { addr: '127.0.0.1:0', http2: { disabled: true }, ...tls ? { tls: { certificate: tls.certificate, key: tls.key } } : {} },
    };
    const file = path.join(folder, 'config.yml');
    await writeFile(file, JSON.stringify(configuration)); // JSON is YAML
    const logs = [openSync(path.join(folder, 'access.log'), 'w'), openSync(path.join(folder, 'registry.log'), 'w')];
    const child = spawn('docker-registry', ['serve', file], { stdio: ['ignore', ...logs], env: { PATH: process.env.PATH, OTEL_TRACES_EXPORTER: 'none' } });
    logs.forEach((log) => closeSync(log));
    // Nothing is left running when the benchmark is stopped half-way.
    const kill = () => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    return new MeasuredRegistry(child, folder, await portOf(child, path.join(folder, 'registry.log')));
  }

  private constructor(private readonly child: ChildProcess, private readonly folder: string, readonly port: number) {}

  /** Where the log is now; `traffic` counts from here. */
  logEnd(): number {
    return this.log().length;
  }

  /** What was asked of it since. */
  async traffic(since: number): Promise<Traffic> {
    await sleep(50); // the line of a request is written after its answer
    return trafficOf(this.log().slice(since));
  }

  /** What of an image is missing in a repository: looked up in the files, not asked for, so that no request is counted. */
  async missing(image: FixtureImage, repository: string, tag: string): Promise<string[]> {
    const root = path.join(this.folder, 'data', 'docker', 'registry', 'v2', 'repositories', ...repository.split('/'));
    const named = await readFile(path.join(root, '_manifests', 'tags', tag, 'current', 'link'), 'utf8').catch(() => 'nothing');
    const links = [
      ...image.manifests.map(({ digest }) => path.join('_manifests', 'revisions', digest.replace(':', path.sep), 'link')),
      ...image.blobs.map(({ digest }) => path.join('_layers', digest.replace(':', path.sep), 'link')),
    ];
    const absent = await Promise.all(links.map((link) => access(path.join(root, link)).then(() => [], () => [link])));
    return [...named === image.digest ? [] : [`${tag} names ${named} and not ${image.digest}`], ...absent.flat()];
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.child.once('close', () => resolve()));
    this.child.kill('SIGKILL');
    await closed;
  }

  private log(): string {
    return readFileSync(path.join(this.folder, 'access.log'), 'latin1');
  }
}

async function portOf(child: ChildProcess, log: string): Promise<number> {
  let problem = '';
  child.once('error', (error) => problem = error.message);
  child.once('exit', (code) => problem = `it ended with code ${code}`);
  for (let tries = 0; tries < 500 && problem === ''; tries++) {
    const found = /listening on 127\.0\.0\.1:([0-9]+)/.exec(await readFile(log, 'utf8'));
    if (found) return Number(found[1]);
    await sleep(20);
  }
  child.kill('SIGKILL');
  throw new Error(`docker-registry (Debian: apt-get install docker-registry) does not start: ${problem || 'it does not say where it listens'}\n${await readFile(log, 'utf8')}`);
}
