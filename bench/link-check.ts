import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Interface } from 'node:readline';
import { Link, LinkName, PLAIN, SHAPES, startLinkProgram } from './link';

/** What a link does with bare bytes: measured in the same run, so that nobody has to believe it. */
export interface LinkCheck {
  readonly link: LinkName;
  /** With shaping off; as many connections as with shaping on. */
  readonly unshapedBitsPerSecond: number;
  /** With shaping on; one connection that uploads, and several together. */
  readonly uploadBitsPerSecond: number;
  readonly sharedBitsPerSecond: number;
  readonly connections: number;
  /** There and back on a connection that is open. */
  readonly unshapedRoundTripMilliseconds: number;
  readonly shapedRoundTripMilliseconds: number;
}

/** The share by which a measured throughput may differ. */
const TOLERANCE = 0.05;
/** The proxy itself must carry at least this much more than the link, so that it is not the bottleneck. */
const LEAST_RESERVE = 1.5;
/** Fill every link: 13 uploads of 25 MB/s are more than 2.5 Gbit/s. */
const CONNECTIONS = 16;
const TRIES = 3;

/** Measures a link. @throws Error when the link is not what it says, or is itself the bottleneck */
export async function checkLink(link: Exclude<LinkName, 'loopback'>, quick: boolean): Promise<LinkCheck> {
  let problems: string[] = [];
  for (let tries = 0; tries < TRIES; tries++) {
    const check = await measureLink(link, quick);
    problems = problemsOf(check, quick);
    if (problems.length === 0) return check;
  }
  throw new Error(`the link "${link}" is not what it says, in ${TRIES} tries: ${problems.join('; ')}. Run the benchmark on a quiet machine.`);
}

/** What is wrong with a link. A quick run only finds out whether everything works, so it accepts each link. */
export function problemsOf(check: LinkCheck, quick: boolean): string[] {
  if (quick) return [];
  const shape = SHAPES[check.link as Exclude<LinkName, 'loopback'>];
  const differs = (name: string, measured: number, said: number) => Math.abs(measured / said - 1) > TOLERANCE
    ? [`${name} carries ${(measured / 1e6).toFixed(0)} Mbit/s instead of ${(said / 1e6).toFixed(0)}`]
    : [];
  const reserve = check.unshapedBitsPerSecond / shape.bitsPerSecond;
  return [
    ...differs('one upload', check.uploadBitsPerSecond, shape.bitsPerSecondEachUpload || shape.bitsPerSecond),
    ...differs('the whole link', check.sharedBitsPerSecond, shape.bitsPerSecond),
    ...reserve < LEAST_RESERVE ? [`the proxy carries only ${reserve.toFixed(1)} × the link`] : [],
  ];
}

async function measureLink(name: Exclude<LinkName, 'loopback'>, quick: boolean): Promise<LinkCheck> {
  const shape = SHAPES[name];
  const [meter, plain, shaped] = await Promise.all([LinkMeter.start(), Link.start(PLAIN), Link.start(shape)]);
  try {
    await Promise.all([plain, shaped].map((link) => link.leadTo(meter.port)));
    const bytesIn = (bitsPerSecond: number) => Math.round(bitsPerSecond / 8 * (quick ? 0.5 : 2));
    return {
      link: name,
      connections: CONNECTIONS,
      unshapedBitsPerSecond: await meter.bitsPerSecond(plain.port, 2e9, CONNECTIONS),
      uploadBitsPerSecond: await meter.bitsPerSecond(shaped.port, bytesIn(shape.bitsPerSecondEachUpload || shape.bitsPerSecond), 1),
      sharedBitsPerSecond: await meter.bitsPerSecond(shaped.port, bytesIn(shape.bitsPerSecond), CONNECTIONS),
      unshapedRoundTripMilliseconds: await meter.roundTripMilliseconds(plain.port),
      shapedRoundTripMilliseconds: await meter.roundTripMilliseconds(shaped.port),
    };
  } finally {
    await Promise.all([plain.stop(), shaped.stop()]);
    meter.stop();
  }
}

/** Sends bytes through a link to a server that it is itself. It is a process in Go, because Node.js would be the bottleneck. */
class LinkMeter {
  static async start(): Promise<LinkMeter> {
    const { child, lines } = startLinkProgram(['check']);
    const [line] = await once(lines, 'line') as [string];
    return new LinkMeter(child, lines, (JSON.parse(line) as { listeningPort: number }).listeningPort);
  }

  private constructor(private readonly child: ChildProcess, private readonly lines: Interface, readonly port: number) {}

  /** The time of an empty exchange is left out: two round trips, as for any new connection. */
  async bitsPerSecond(port: number, bytes: number, connections: number): Promise<number> {
    return bytes * 8 / await this.seconds({ port, bytes, connections });
  }

  async roundTripMilliseconds(port: number): Promise<number> {
    return await this.seconds({ port, bytes: 0, connections: 1 }) * 1000;
  }

  stop(): void {
    this.child.stdin?.end();
  }

  private async seconds(asked: { port: number; bytes: number; connections: number }): Promise<number> {
    const answer = once(this.lines, 'line');
    this.child.stdin?.write(`${JSON.stringify(asked)}\n`);
    const [line] = await answer as [string];
    return (JSON.parse(line) as { seconds: number }).seconds;
  }
}
