import { ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';
import { createInterface, Interface } from 'node:readline';

export const LINK_NAMES = ['loopback', 'shaped', 'ecr'] as const;
export type LinkName = typeof LINK_NAMES[number];

/** What a link is like; zeros make it a plain proxy. */
export interface LinkShape {
  readonly roundTripMilliseconds: number;
  /** Each way, of all connections together. */
  readonly bitsPerSecond: number;
  /** Of what one connection sends to the registry. */
  readonly bitsPerSecondEachUpload: number;
}

/** What the program of the link reports. */
export interface LinkReport {
  readonly listeningPort: number;
  readonly bytesToUpstream: number;
  readonly bytesToClient: number;
  readonly connections: number;
  /** CPU time of the proxy itself. */
  readonly processorSeconds: number;
}

export const PLAIN: LinkShape = { roundTripMilliseconds: 0, bitsPerSecond: 0, bitsPerSecondEachUpload: 0 };

/** The links that are not the loopback itself. `ecr` is what a build near Amazon ECR has: one upload carries 25 MB/s. */
export const SHAPES: Readonly<Record<Exclude<LinkName, 'loopback'>, LinkShape>> = {
  shaped: { roundTripMilliseconds: 40, bitsPerSecond: 200e6, bitsPerSecondEachUpload: 0 },
  ecr: { roundTripMilliseconds: 4, bitsPerSecond: 2.5e9, bitsPerSecondEachUpload: 200e6 },
};

const ROOT = path.join(__dirname, '..');
const PROGRAM = path.join(ROOT, '.tools', 'bin', 'bench-link');

/** Builds the program of links and of the registry's front. It is in Go: a proxy in Node.js would carry less than the link `ecr`. */
export function buildLinkProgram(): void {
  const words = ['build', '-trimpath', '-buildvcs=false', '-o', PROGRAM, '.'];
  const { status, error } = spawnSync('go', words, { cwd: path.join(__dirname, 'link-program'), stdio: ['ignore', 2, 2], env: { ...process.env, CGO_ENABLED: '0' } });
  if (status !== 0) throw new Error(`the benchmark needs Go to build its link (bench/link-program)${error ? `: ${error.message}` : ''}`);
}

/** Starts the program; it ends with this process. */
export function startLinkProgram(words: readonly string[]): { child: ChildProcess; lines: Interface } {
  const child = spawn(PROGRAM, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  return { child, lines: createInterface({ input: child.stdout }) };
}

/** A proxy process as its parent sees it. */
export class Link {
  static async start(shape: LinkShape): Promise<Link> {
    const { child, lines } = startLinkProgram([JSON.stringify(shape)]);
    const link = new Link(child, lines);
    link.port = (await link.report()).listeningPort;
    return link;
  }

  port = 0;

  private constructor(private readonly child: ChildProcess, private readonly lines: Interface) {}

  /** Where new connections lead from now on. */
  async leadTo(upstreamPort: number): Promise<LinkReport> {
    return this.ask({ upstreamPort });
  }

  async report(): Promise<LinkReport> {
    return this.ask({});
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.stdin?.end();
    await ended;
  }

  private async ask(message: { upstreamPort?: number }): Promise<LinkReport> {
    const answer = once(this.lines, 'line');
    this.child.stdin?.write(`${JSON.stringify(message)}\n`);
    const [line] = await answer as [string];
    return JSON.parse(line) as LinkReport;
  }
}
