import { replyWithBlob } from './blob-storage-host';
import { Exchange } from './exchange';
import { FixtureImage } from './fixture-images';
import { LocalServer } from './local-server';

/** One request as a script sees it. */
export interface Asked {
  readonly method: string;
  /** The host that was asked, by its real name. */
  readonly host: string;
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** The whole header: a script must tell one credential from another. */
  readonly authorization: string | undefined;
}

/** What a script answers. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | object;
}

/**
 * How the hosts of a real registry answer.
 *
 * `CONTENT` stands for the manifest or blob that the path ends with; undefined is for what no client should ask.
 */
export type Script = (asked: Asked) => Answer | typeof CONTENT | undefined;

export const CONTENT = Symbol('the manifest or blob that the path names');

/** Plays all hosts of one registry with one image in it, by a script; the hosts are told apart by the `Host` header. */
export class ScriptedHosts extends LocalServer {
  readonly asked: Asked[] = [];

  constructor(private readonly image: FixtureImage, private readonly script: Script) {
    super();
  }

  /** What one of the hosts was asked, in order. */
  askedOf(host: string): Asked[] {
    return this.asked.filter((asked) => asked.host === host);
  }

  protected async handle(exchange: Exchange): Promise<void> {
    const { method, record: { host, path, query } } = exchange;
    const asked = { method, host, path, query, authorization: exchange.header('authorization') };
    this.asked.push(asked);
    const answer = this.script(asked);
    if (answer === undefined) throw new Error(`not in the script: ${method} https://${host}${path}?${query}`);
    if (answer === CONTENT) return this.replyWithContent(exchange, path.slice(path.lastIndexOf('/') + 1));
    const { status, headers, body = '' } = answer;
    return typeof body === 'string' ? exchange.reply(status, headers, body) : exchange.json(status, body, headers);
  }

  private async replyWithContent(exchange: Exchange, name: string): Promise<void> {
    const { blobs, manifests } = this.image;
    const blob = blobs.find(({ digest }) => digest === name);
    if (blob !== undefined) return replyWithBlob(exchange, blob);
    const manifest = name.includes(':') ? manifests.find(({ digest }) => digest === name) : manifests.at(-1);
    if (manifest === undefined) return exchange.json(404, { errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] });
    return exchange.reply(200, { 'content-type': manifest.mediaType, 'docker-content-digest': manifest.digest }, manifest.bytes);
  }
}
