import { ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';
import type { LinkReport, LinkShape } from './shaped-link';

export type LinkName = 'loopback' | 'shaped';

/** The shaped link of the benchmark. */
export const SHAPED: LinkShape = { roundTripMilliseconds: 40, bitsPerSecond: 200e6 };

/** A proxy process as its parent sees it. */
export class Link {
  static async start(shape: LinkShape): Promise<Link> {
    const child = fork(path.join(__dirname, 'shaped-link.ts'), [JSON.stringify(shape)]);
    const [report] = await once(child, 'message') as [LinkReport];
    return new Link(child, report.listeningPort);
  }

  private constructor(private readonly child: ChildProcess, readonly port: number) {}

  /** Where new connections lead from now on. */
  async leadTo(upstreamPort: number): Promise<LinkReport> {
    return this.ask({ upstreamPort });
  }

  async report(): Promise<LinkReport> {
    return this.ask({});
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.disconnect();
    await ended;
  }

  private async ask(message: { upstreamPort?: number }): Promise<LinkReport> {
    const answer = once(this.child, 'message');
    this.child.send(message);
    const [report] = await answer as [LinkReport];
    return report;
  }
}
