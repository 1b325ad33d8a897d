import { createServer, IncomingMessage, Server } from 'node:http';
import { AddressInfo, connect, Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { resetConnection } from './connection';

export interface LoopbackNetworkOptions {
  /** Connect to hosts without a route for real instead of refusing them. @default false */
  readonly passThrough?: boolean;
  /** The proxy through which real hosts are reached, as `http://[user:password@]host:port`. @default - directly */
  readonly upstreamProxy?: string;
}

/**
 * A proxy on 127.0.0.1 behind which real host names lead to local servers.
 *
 * A program that honors HTTPS_PROXY and NODE_EXTRA_CA_CERTS then talks to `registry-1.docker.io:443` as it always does, TLS included,
 * and reaches a server of this process: nothing in the program knows about the test. A host without a route is refused with 502,
 * so nothing leaves the machine by mistake.
 */
export class LoopbackNetwork {
  /** `host:port` of all connections that were asked for, in order. */
  readonly connections: string[] = [];
  /** Those of them that were refused. */
  readonly refused: string[] = [];
  private readonly routes = new Map<string, number>();
  private readonly sockets = new Set<Duplex>();
  private readonly server: Server;

  constructor(private readonly options: LoopbackNetworkOptions = {}) {
    this.server = createServer((request, response) => {
      this.refused.push(request.url ?? '');
      response.writeHead(502).end('this proxy takes CONNECT only');
    });
    this.server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => this.tunnel(request.url ?? '', client, head));
    this.server.on('connection', (socket: Socket) => this.track(socket));
  }

  /** Lets a host's port 443 (or the one that it names) lead to a local port. */
  route(host: string, port: number): void {
    this.routes.set(host.includes(':') ? host : `${host}:443`, port);
  }

  /** The proxy's address. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What a process needs in its environment to live in this network. */
  environment(authorityFile: string): Record<string, string> {
    return { HTTPS_PROXY: this.url, https_proxy: this.url, NO_PROXY: '', no_proxy: '', NODE_EXTRA_CA_CERTS: authorityFile };
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

  private tunnel(address: string, client: Duplex, head: Buffer): void {
    this.connections.push(address);
    const port = this.routes.get(address);
    if (port !== undefined) return this.join(client, connect(port, '127.0.0.1'), head);
    if (!this.options.passThrough) {
      this.refused.push(address);
      client.end(`HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nx-refused: no route to ${address}\r\n\r\n`);
      return undefined;
    }
    if (this.options.upstreamProxy === undefined) {
      const [host, real = '443'] = address.split(/:(?=[0-9]+$)/);
      return this.join(client, connect(Number(real), host), head);
    }
    const { hostname, port: proxyPort, username, password } = new URL(this.options.upstreamProxy);
    const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
    const credentials = username === '' ? '' : `proxy-authorization: Basic ${login}\r\n`;
    const remote = connect(Number(proxyPort || 80), hostname);
    // The other proxy answers the CONNECT itself, and the client gets that answer.
    return this.join(client, remote, head, () => remote.write(`CONNECT ${address} HTTP/1.1\r\nhost: ${address}\r\n${credentials}\r\n`));
  }

  private join(client: Duplex, remote: Socket, head: Buffer, greet = () => client.write('HTTP/1.1 200 Connection Established\r\n\r\n')): void {
    this.track(remote);
    let connected = false;
    remote.once('connect', () => {
      connected = true;
      greet();
      remote.write(head);
      client.pipe(remote).pipe(client);
    });
    remote.once('error', () => {
      if (connected) reset(client);
      else client.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n');
    });
    remote.once('close', () => client.end());
    client.once('close', () => remote.destroy());
  }

  private track(socket: Duplex): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined); // an end that goes away is no news
    socket.once('close', () => this.sockets.delete(socket));
  }
}

/** Hands a reset on, so that the client sees what it would see without the proxy. */
function reset(socket: Duplex): void {
  if (socket instanceof Socket) resetConnection(socket);
  else socket.destroy();
}
