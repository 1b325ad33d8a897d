import { AddressInfo, connect, createServer, Server, Socket } from 'node:net';

/** Lets a server on 127.0.0.1 be reached on ::1, byte for byte. */
export class Ipv6Front {
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  /** @param port where the server listens on 127.0.0.1, asked for each connection: what is behind may be told this address before it starts */
  constructor(port: () => number) {
    this.server = createServer((client) => {
      const remote = connect(port(), '127.0.0.1');
      for (const [socket, other] of [[client, remote], [remote, client]]) {
        this.sockets.add(socket);
        socket.on('error', () => undefined); // an end that goes away is no news
        socket.once('close', () => {
          this.sockets.delete(socket);
          other.destroy();
        });
      }
      client.pipe(remote).pipe(client);
    });
  }

  /** `[::1]` and the port, as an image reference names it. */
  get host(): string {
    return `[::1]:${(this.server.address() as AddressInfo).port}`;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', (error) => {
        const remedy = 'these tests need the loopback address of IPv6; enable it with "sysctl net.ipv6.conf.lo.disable_ipv6=0", in a container as its option --sysctl';
        reject(new Error(`cannot listen on ::1 (${error.message}): ${remedy}`));
      });
      this.server.listen(0, '::1', resolve);
    });
    return this;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}
