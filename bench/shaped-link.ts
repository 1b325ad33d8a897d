/**
 * A link with a long way to go, as a process of its own: a TCP proxy that delays each direction by half the round trip
 * and lets all connections together have so many bits a second. It knows nothing of HTTP.
 *
 * Told by its parent where to lead (`upstreamPort`); tells it where it listens, and what passed through.
 */
import { createConnection, createServer, Socket } from 'node:net';

/** What a link is like; zeros make it a plain proxy. */
export interface LinkShape {
  readonly roundTripMilliseconds: number;
  /** Each way. */
  readonly bitsPerSecond: number;
}

/** What the parent is told. */
export interface LinkReport {
  readonly listeningPort: number;
  readonly bytesToUpstream: number;
  readonly bytesToClient: number;
  readonly connections: number;
  /** Processor time of the proxy itself. */
  readonly processorSeconds: number;
}

/** Bytes wait here at most this long for their turn: the queue of a router. */
const QUEUE_MILLISECONDS = 25;
/** What one connection may have under way, each direction: Linux's usual largest TCP window. */
const WINDOW_BYTES = 4 * 1024 * 1024;

/** One direction of the link, shared by all connections. */
class Direction {
  bytes = 0;
  private free = 0;
  private readonly underWay: { readonly due: number; readonly deliver: () => void }[] = [];

  constructor(private readonly delay: number, private readonly bytesPerMillisecond: number) {}

  /** Sends some bytes on their way; returns for how long no more should be read. */
  send(size: number, deliver: () => void): number {
    const now = performance.now();
    this.bytes += size;
    this.free = Math.max(now, this.free) + (this.bytesPerMillisecond > 0 ? size / this.bytesPerMillisecond : 0);
    const due = this.free + this.delay;
    if (due <= now) {
      deliver();
    } else {
      this.underWay.push({ due, deliver });
      if (this.underWay.length === 1) this.schedule();
    }
    return this.free - now - QUEUE_MILLISECONDS;
  }

  private schedule(): void {
    if (this.underWay.length > 0) setTimeout(() => this.deliverDue(), Math.max(0, this.underWay[0].due - performance.now()));
  }

  private deliverDue(): void {
    const now = performance.now();
    const later = this.underWay.findIndex(({ due }) => due > now);
    for (const { deliver } of this.underWay.splice(0, later === -1 ? this.underWay.length : later)) deliver();
    this.schedule();
  }
}

/** Passes what one socket sends to another, in order, its end included. */
function pass(from: Socket, to: Socket, direction: Direction): void {
  let underWay = 0;
  let reading = true;
  const goOn = () => {
    if (!reading && underWay < WINDOW_BYTES) {
      reading = true;
      from.resume();
    }
  };
  from.on('data', (chunk: Buffer) => {
    underWay += chunk.length;
    const wait = direction.send(chunk.length, () => to.write(chunk, () => {
      underWay -= chunk.length;
      goOn();
    }));
    if (wait <= 0 && underWay < WINDOW_BYTES) return;
    reading = false;
    from.pause();
    if (wait > 0) setTimeout(goOn, wait);
  });
  from.on('end', () => direction.send(0, () => to.end()));
  from.on('error', () => to.destroy());
  from.on('close', () => direction.send(0, () => to.end()));
}

function serve(shape: LinkShape): void {
  const half = shape.roundTripMilliseconds / 2;
  const upward = new Direction(half, shape.bitsPerSecond / 8000);
  const downward = new Direction(half, shape.bitsPerSecond / 8000);
  let upstreamPort = 0;
  let connections = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    connections++;
    const upstream = createConnection({ port: upstreamPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    pass(upstream, client, downward);
    // The kernel has taken the connection at once; over a real link that costs the client one round trip before its first byte leaves.
    if (shape.roundTripMilliseconds > 0) setTimeout(() => pass(client, upstream, upward), shape.roundTripMilliseconds);
    else pass(client, upstream, upward);
    client.on('error', () => upstream.destroy());
  });
  const report = () => {
    const { user, system } = process.cpuUsage();
    const address = server.address();
    process.send?.({
      listeningPort: typeof address === 'object' && address ? address.port : 0,
      bytesToUpstream: upward.bytes,
      bytesToClient: downward.bytes,
      connections,
      processorSeconds: (user + system) / 1e6,
    } satisfies LinkReport);
  };
  process.on('message', (message: { upstreamPort?: number }) => {
    if (message.upstreamPort !== undefined) upstreamPort = message.upstreamPort;
    report();
  });
  process.on('disconnect', () => process.exit());
  process.on('SIGINT', () => undefined); // the parent says when
  server.listen(0, '127.0.0.1', report);
}

serve(JSON.parse(process.argv[2]) as LinkShape);
