import { createServer as createHttpServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { AddressInfo, Socket } from 'node:net';
import { Exchange, RecordedRequest } from './exchange';
import { FaultAction, FaultPlan, FaultRule, matches, RequestMatch } from './fault';

/** A server's private key and certificate in PEM; `createCertificates()` makes them. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
}

export interface LocalServerOptions {
  /** Serve https with this certificate. @default - plain http */
  readonly certificate?: ServerCertificate;
}

/** A server on a free port of 127.0.0.1 that records its requests and can be told to fail. */
export abstract class LocalServer {
  /** All requests in the order in which they arrived. */
  readonly requests: RecordedRequest[] = [];
  /** What went wrong in the server itself: always a defect of the instrument or of its use. */
  readonly errors: unknown[] = [];
  /** The faults that requests meet. */
  readonly faults = new FaultPlan();
  /** The highest number of requests that were being answered at one time. */
  mostConcurrent = 0;
  /** The number of connections that clients opened. */
  connectionCount = 0;
  private readonly server: Server;
  private readonly connections = new Map<number | undefined, Socket>();
  private readonly secureSockets = new Set<Socket>();
  private readonly scheme: string;
  private concurrent = 0;

  constructor(options: LocalServerOptions = {}) {
    const listener = (request: IncomingMessage, response: ServerResponse) => { void this.serve(request, response); };
    this.scheme = options.certificate ? 'https' : 'http';
    this.server = options.certificate ? createHttpsServer(options.certificate, listener) : createHttpServer(listener);
    this.server.requestTimeout = 0; // a held or slow request is the test's intention
    this.server.on('secureConnection', (socket: Socket) => {
      this.secureSockets.add(socket);
      socket.on('close', () => this.secureSockets.delete(socket));
    });
    this.server.on('connection', (socket: Socket) => {
      const port = socket.remotePort;
      this.connectionCount += 1;
      this.connections.set(port, socket);
      socket.on('error', () => undefined); // a client that goes away is no news
      socket.on('close', () => { if (this.connections.get(port) === socket) this.connections.delete(port); });
    });
  }

  /** `127.0.0.1` and the port, as an image reference names it. */
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The address without a slash at its end. */
  get url(): string {
    return `${this.scheme}://${this.host}`;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(0, '127.0.0.1', resolve);
    });
    this.server.removeAllListeners('error');
    return this;
  }

  /** Stops, and cuts what still hangs. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    // TLS first: a connection that is cut below it never ends for it.
    for (const socket of [...this.secureSockets, ...this.connections.values()]) socket.destroy();
    await closed;
  }

  /** Makes requests fail; returns how often the rule has hit, to be asked later. */
  fail(rule: FaultRule): () => number {
    return this.faults.add(rule);
  }

  /** The requests that match. */
  requestsTo(match: RequestMatch): RecordedRequest[] {
    return this.requests.filter((request) => matches(match, request));
  }

  /** How many requests arrived that match; all of them by default. */
  count(match?: RequestMatch): number {
    return this.requests.filter((request) => matches(match, request)).length;
  }

  /** Forgets the requests so far. */
  resetRequests(): void {
    this.requests.length = 0;
    this.mostConcurrent = 0;
  }

  /** Forgets everything that tests did to it: the server can start again, and is as new. */
  clear(): void {
    this.resetRequests();
    this.errors.length = 0;
    this.faults.clear();
  }

  /** Answers one request. */
  protected abstract handle(exchange: Exchange): Promise<void>;

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const record = recordOf(request);
    this.requests.push(record);
    this.mostConcurrent = Math.max(this.mostConcurrent, ++this.concurrent);
    response.once('close', () => { this.concurrent -= 1; });
    const fault = this.faults.take(record);
    record.fault = fault?.kind;
    const exchange = new Exchange(request, response, this.connections.get(request.socket.remotePort) ?? request.socket, record, fault);
    try {
      if (await this.strike(exchange, fault)) await this.handle(exchange);
    } catch (error) {
      if (request.socket.destroyed || request.aborted) return; // the client went away in mid-request
      this.errors.push(error);
      if (response.headersSent) exchange.reset();
      else await exchange.json(500, { errors: [{ code: 'UNKNOWN', message: String(error) }] });
    }
  }

  /** Does what a fault does before the request is handled; tells whether it is to be handled at all. */
  private async strike(exchange: Exchange, fault: FaultAction | undefined): Promise<boolean> {
    switch (fault?.kind) {
      case 'reset':
        exchange.reset();
        return false;
      case 'reset-while-receiving':
        for await (const _ of exchange.receive()) {
          if (exchange.record.receivedBytes >= fault.afterBytes) break;
        }
        exchange.reset();
        return false;
      case 'stall':
        return false;
      case 'status':
        await exchange.reply(fault.status, fault.headers, fault.body);
        return false;
      case 'hold':
        await fault.until;
        return true;
      default:
        return true;
    }
  }
}

function recordOf(request: IncomingMessage): RecordedRequest {
  const { pathname, search } = new URL(request.url ?? '/', 'http://local.invalid');
  const headers = Object.entries(request.headers).map(([name, value]) => [name, visible(name, String(value))]);
  return {
    method: request.method ?? '',
    path: decodeURIComponent(pathname),
    query: search.slice(1),
    host: request.headers.host ?? '',
    headers: Object.fromEntries(headers),
    receivedBytes: 0,
    sentBytes: 0,
  };
}

function visible(name: string, value: string): string {
  if (name === 'authorization') return `${value.split(' ')[0]} [hidden]`;
  return /authorization|cookie|security-token/.test(name) ? '[hidden]' : value;
}
