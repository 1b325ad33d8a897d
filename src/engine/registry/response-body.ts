import { pipeline, Readable } from 'node:stream';
import { createBrotliDecompress, createUnzip } from 'node:zlib';
import { headerValue, HttpResponse, networkError } from './transport';
import { sanitizeForLog } from '../../image/sanitize';
import { MirrorError } from '../mirror-error';

/**
 * Reads a whole document: JSON or text. Undefined when it is longer than the limit in bytes.
 *
 * @param onBytes runs for each part before it is kept. An error from it ends the transfer.
 * @throws MirrorError when the connection breaks, or is too slow
 */
export async function readBody(response: HttpResponse, limit: number, onBytes?: (count: number) => void): Promise<Buffer | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of decodedBody(response)) {
      length += part.length;
      if (length > limit) return undefined;
      onBytes?.(part.length);
      parts.push(part);
    }
  } catch (error) {
    throw networkError(error, response.url);
  } finally {
    response.body.destroy();
  }
  return Buffer.concat(parts);
}

/**
 * The bytes of a body, without the compression of the transfer.
 *
 * All requests ask for no compression, and some registries and proxies compress all the same. A body with the expected length is not compressed
 * in transfer: some object stores repeat the compression of a layer as the encoding of the transfer.
 *
 * @param size the expected number of bytes; undefined when it is unknown
 * @throws MirrorError when the compression is not supported, and when the body arrives too slowly
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-8.4
 */
export function decodedBody(response: HttpResponse, size?: number): AsyncIterable<Uint8Array> {
  const bytes = withMinimumThroughput(response);
  const encoding = contentEncoding(response);
  if (encoding === undefined || (size !== undefined && Number(headerValue(response.headers['content-length'])) === size)) return bytes;
  const decoder = DECODERS.get(encoding)?.();
  if (decoder === undefined) {
    response.body.destroy();
    const problem = `the response has the content encoding ${sanitizeForLog(encoding)}, although the request accepts none`;
    throw new MirrorError('registry-error', `${response.url.host}: ${problem}; turn off compression in the registry, or in the proxy in front of it`);
  }
  pipeline(Readable.from(bytes), decoder, () => undefined); // the decoder passes errors on
  return decoder as NodeJS.ReadableStream as AsyncIterable<Uint8Array>;
}

const DECODERS: ReadonlyMap<string, () => NodeJS.ReadWriteStream> = new Map([
  ['gzip', createUnzip],
  ['deflate', createUnzip],
  ['br', createBrotliDecompress],
]);

/** The content encoding of a response; undefined when the body has its own bytes. */
export function contentEncoding({ headers }: Pick<HttpResponse, 'headers'>): string | undefined {
  const names = [headers['content-encoding']].flat().flatMap((header) => (header ?? '').split(','));
  const encodings = names.map((name) => name.trim().toLowerCase().replace(/^x-/, '')).filter((name) => name !== '' && name !== 'identity');
  return encodings.length === 0 ? undefined : encodings.join(', ');
}

/** Bytes per second. A slower connection counts as broken: one byte a minute would otherwise hold a transfer until the deadline of the run. */
const MIN_THROUGHPUT = 1024;

/** The bytes of a body. Only the time that is spent waiting for the server counts. */
async function* withMinimumThroughput({ body, throughputWindow, url }: HttpResponse): AsyncGenerator<Uint8Array> {
  const minimum = MIN_THROUGHPUT * throughputWindow / 1000;
  let waited = 0;
  let received = 0;
  let start = performance.now();
  for await (const part of body as AsyncIterable<Uint8Array>) {
    waited += performance.now() - start;
    received += part.length;
    yield part;
    if (waited >= throughputWindow) {
      if (received < minimum) {
        const problem = `the server sent only ${received} bytes in ${Math.round(waited / 1000)} seconds`;
        throw new MirrorError('network', `${url.host}: ${problem}, which counts as a broken connection`, { retryable: true });
      }
      [waited, received] = [0, 0];
    }
    start = performance.now();
  }
}
