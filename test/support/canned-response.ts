import { Readable } from 'node:stream';
import type { HttpResponse } from '../../src/engine/registry/transport';

/** An answer as the transport would hand it over, without a server. */
export function cannedResponse(status: number, body: string | Buffer | Iterable<Buffer> = '', headers: HttpResponse['headers'] = {}): HttpResponse {
  const pieces = typeof body === 'string' || Buffer.isBuffer(body) ? [Buffer.from(body)] : body;
  const stream = Readable.from(pieces);
  const url = new URL('https://registry.test/');
  return { url, status, headers, throughputWindow: 60_000, body: Object.assign(stream, { dump: async () => { stream.destroy(); } }) };
}
