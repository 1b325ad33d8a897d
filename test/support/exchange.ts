import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { resetConnection } from './connection';
import { FaultAction } from './fault';

/** One request as the server saw it, without secrets. Filled further while it is answered. */
export interface RecordedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Without the question mark; empty when there is none. */
  readonly query: string;
  /** The `Host` that the client asked for. */
  readonly host: string;
  /** All headers in lower case; of `authorization` only the scheme is kept, for example `Basic [hidden]`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined while nothing was answered. */
  status?: number;
  /** The kind of fault that hit this request. */
  fault?: string;
  /** Bytes of the request's body that were read. */
  receivedBytes: number;
  /** Bytes of the answer's body that were written. */
  sentBytes: number;
}

/** What a server may answer with. */
export type ReplyBody = string | Buffer | Readable;

/** One request and its answer; faults are done here, so no server can forget them. */
export class Exchange {
  readonly url: URL;

  constructor(
    readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly connection: Socket,
    readonly record: RecordedRequest,
    private readonly fault: FaultAction | undefined,
  ) {
    this.url = new URL(request.url ?? '/', 'http://local.invalid');
  }

  get method(): string {
    return this.record.method;
  }

  get path(): string {
    return this.record.path;
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  /** The request's body as it arrives. Ends in an error when the client goes away. */
  async* receive(): AsyncGenerator<Buffer> {
    for await (const chunk of this.request) {
      this.record.receivedBytes += chunk.length;
      yield chunk;
    }
  }

  /** The whole body of a request that is known to be small. */
  async text(): Promise<string> {
    return (await this.bytes()).toString();
  }

  async bytes(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.receive()) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  /** Answers. A body that is a stream needs a `content-length` among the headers. */
  async reply(status: number, headers: Record<string, string> = {}, body: ReplyBody = ''): Promise<void> {
    if (this.fault?.kind === 'lose-response') {
      if (body instanceof Readable) body.destroy();
      return this.reset();
    }
    const length: Record<string, string> = body instanceof Readable ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    this.record.status = status;
    this.response.writeHead(status, changed({ ...length, ...headers }, this.fault));
    if (this.method === 'HEAD' || status === 204 || status === 304) {
      if (body instanceof Readable) body.destroy();
      this.response.end();
      return undefined;
    }
    const source = body instanceof Readable ? body : Readable.from([Buffer.from(body)], { objectMode: false });
    return this.send(source);
  }

  async json(status: number, value: unknown, headers: Record<string, string> = {}): Promise<void> {
    return this.reply(status, { 'content-type': 'application/json', ...headers }, JSON.stringify(value));
  }

  /** Resets the connection: the client sees ECONNRESET. */
  reset(): void {
    resetConnection(this.connection);
  }

  private async send(source: Readable): Promise<void> {
    try {
      await pipeline(source, (chunks: AsyncIterable<Buffer>) => this.faulty(chunks), this.response, { end: false });
    } catch (error) {
      if (!this.connection.destroyed) throw error;
      return; // the client went away, or a fault made it
    }
    this.response.end();
    if (this.fault?.kind === 'headers' && this.fault.headers['content-length'] !== undefined) this.connection.end();
  }

  private async* faulty(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const fault = this.fault;
    let sent = 0;
    for await (const chunk of chunks) {
      const end = fault && 'afterBytes' in fault ? Math.min(chunk.length, fault.afterBytes - sent) : chunk.length;
      const piece = chunk.subarray(0, end);
      const at = fault?.kind === 'flip-byte' ? fault.at - sent : -1;
      yield at >= 0 && at < piece.length ? flipped(piece, at) : piece;
      sent += piece.length;
      this.record.sentBytes = sent;
      if (fault && 'afterBytes' in fault && sent >= fault.afterBytes) await this.stopBody(fault);
    }
  }

  private async stopBody(fault: FaultAction): Promise<void> {
    // Only what was written can arrive: let it leave before the connection ends.
    await new Promise((resolve) => setImmediate(resolve));
    if (fault.kind === 'reset-body') this.reset();
    if (fault.kind === 'truncate') this.connection.end();
    await new Promise<void>((resolve) => this.connection.once('close', resolve));
    throw new Error('a fault ended the body');
  }
}

function flipped(piece: Buffer, at: number): Buffer {
  const copy = Buffer.from(piece);
  copy[at] = 255 - copy[at];
  return copy;
}

function changed(headers: Record<string, string>, fault: FaultAction | undefined): Record<string, string> {
  if (fault?.kind !== 'headers') return headers;
  const all: [string, string | undefined][] = Object.entries({ ...headers, ...fault.headers });
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
