import { once } from 'node:events';
import { createConnection, createServer, Server, Socket } from 'node:net';
import { Link, SHAPED } from './link';
import type { LinkShape } from './shaped-link';
import { median } from './statistics';

/** What the proxy does with bare bytes: measured in the same run, so that nobody need believe it. */
export interface LinkCheck {
  /** With shaping off; one connection. */
  readonly unshapedBitsPerSecond: number;
  /** With shaping on; one connection, and six together. */
  readonly shapedBitsPerSecond: number;
  readonly sharedBitsPerSecond: number;
  /** There and back on a connection that is open. */
  readonly unshapedRoundTripMilliseconds: number;
  readonly shapedRoundTripMilliseconds: number;
  /** From the start of a new connection to the first byte that came back: two round trips. */
  readonly firstByteMilliseconds: number;
}

const PLAIN: LinkShape = { roundTripMilliseconds: 0, bitsPerSecond: 0 };

/** Sends bytes through the proxy to a server that counts them, and bytes that come back. */
export async function checkLink(quick: boolean): Promise<LinkCheck> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const [plain, shaped] = await Promise.all([Link.start(PLAIN), Link.start(SHAPED)]);
  try {
    await Promise.all([plain, shaped].map((link) => link.leadTo(portOf(server))));
    const bytes = quick ? 10e6 : 50e6;
    return {
      unshapedBitsPerSecond: await throughput(plain.port, 400e6, 1),
      shapedBitsPerSecond: await throughput(shaped.port, bytes, 1),
      sharedBitsPerSecond: await throughput(shaped.port, bytes, 6),
      unshapedRoundTripMilliseconds: (await roundTrips(plain.port)).later,
      ...await roundTrips(shaped.port).then(({ first, later }) => ({ firstByteMilliseconds: first, shapedRoundTripMilliseconds: later })),
    };
  } finally {
    await Promise.all([plain.stop(), shaped.stop()]);
    server.close();
  }
}

/** Sends a ping back at once; of anything longer only the end is answered. */
function answer(socket: Socket): void {
  socket.on('data', (chunk) => {
    if (chunk.length === 1) socket.write(chunk);
  });
  socket.on('end', () => socket.end());
  socket.on('error', () => socket.destroy());
}

/** Bits a second, the time of an empty exchange left out: two round trips, as for any new connection. */
async function throughput(port: number, bytes: number, connections: number): Promise<number> {
  const timed = async (task: Promise<unknown>, started = performance.now()) => {
    await task;
    return performance.now() - started;
  };
  const empty = await timed(push(port, 1));
  const full = await timed(Promise.all(Array.from({ length: connections }, () => push(port, bytes / connections))));
  return bytes * 8000 / (full - empty);
}

async function push(port: number, bytes: number): Promise<void> {
  const socket = createConnection({ port, host: '127.0.0.1' });
  const block = Buffer.alloc(Math.min(bytes, 200_000), 'x');
  socket.resume();
  for (let left = bytes; left > 0; left -= block.length) {
    if (!socket.write(block)) await once(socket, 'drain');
  }
  socket.end();
  await once(socket, 'close');
}

async function roundTrips(port: number): Promise<{ first: number; later: number }> {
  const started = performance.now();
  const socket = createConnection({ port, host: '127.0.0.1', noDelay: true });
  const times: number[] = [];
  for (let count = 0; count < 9; count++) {
    const sent = performance.now();
    socket.write('x');
    await once(socket, 'data');
    times.push(performance.now() - (count === 0 ? started : sent));
  }
  socket.destroy();
  return { first: times[0], later: median(times.slice(1)) };
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server does not listen');
  return address.port;
}
