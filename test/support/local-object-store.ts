import { Exchange } from './exchange';
import { LocalServer } from './local-server';

/**
 * Amazon S3 on one machine: `GetObject` by path, and nothing else. The request must be signed for S3, with the hash of its body; the signature itself
 * is not verified. An object that is not there is refused as one that may not be read, as to those who may not list the bucket.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
export class LocalObjectStore extends LocalServer {
  /** The objects by bucket and key: `bucket/folder/key`. */
  readonly objects = new Map<string, string | Buffer>();

  protected async handle(exchange: Exchange): Promise<void> {
    const scope = /^AWS4-HMAC-SHA256 Credential=[^/]+\/[0-9]{8}\/(.+)\/aws4_request/.exec(exchange.header('authorization') ?? '')?.[1];
    if (!scope?.endsWith('/s3')) return refuse(exchange, 400, 'AuthorizationHeaderMalformed');
    if (!exchange.header('x-amz-content-sha256')) return refuse(exchange, 400, 'InvalidRequest');
    const object = exchange.method === 'GET' ? this.objects.get(exchange.path.slice(1)) : undefined;
    return object === undefined ? refuse(exchange, 403, 'AccessDenied') : exchange.reply(200, { 'content-type': 'binary/octet-stream' }, object);
  }
}

function refuse(exchange: Exchange, status: number, code: string): Promise<void> {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>Access Denied</Message><RequestId>1</RequestId></Error>`;
  return exchange.reply(status, { 'content-type': 'application/xml' }, body);
}
