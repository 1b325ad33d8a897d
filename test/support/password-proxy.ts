import { createServer, IncomingMessage, Server } from 'node:http';
import { AddressInfo, connect } from 'node:net';
import { Duplex } from 'node:stream';

/** A proxy on 127.0.0.1 that connects only those who know its password, and hands them on to another proxy. */
export class PasswordProxy {
  /** `host:port` of each CONNECT, in order, and what it was answered. */
  readonly connections: { readonly address: string; readonly status: 200 | 407 }[] = [];
  private readonly sockets = new Set<Duplex>();
  private readonly server: Server;

  constructor(private readonly user: string, private readonly password: string, private readonly next: { readonly url: string }) {
    this.server = createServer((_, response) => response.writeHead(405).end());
    this.server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => this.tunnel(request, client, head));
    this.server.on('connection', (socket) => this.track(socket));
  }

  /** The proxy's address with a user and password in it, as HTTPS_PROXY takes it. */
  urlFor(user = this.user, password = this.password): string {
    return `http://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${this.host}`;
  }

  /** The proxy's host and port. */
  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private tunnel({ headers, url = '' }: IncomingMessage, client: Duplex, head: Buffer): void {
    const expected = `Basic ${Buffer.from(`${this.user}:${this.password}`).toString('base64')}`;
    const status = headers['proxy-authorization'] === expected ? 200 : 407;
    this.connections.push({ address: url, status });
    if (status === 407) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm="proxy"\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const remote = connect(Number(new URL(this.next.url).port), '127.0.0.1');
    this.track(remote);
    // The other proxy answers the CONNECT, and the client gets that answer.
    remote.once('connect', () => {
      remote.write(`CONNECT ${url} HTTP/1.1\r\nhost: ${url}\r\n\r\n`);
      remote.write(head);
      client.pipe(remote).pipe(client);
    });
    remote.once('close', () => client.destroy());
    client.once('close', () => remote.destroy());
  }

  private track(socket: Duplex): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined); // an end that goes away is no news
    socket.once('close', () => this.sockets.delete(socket));
  }
}
