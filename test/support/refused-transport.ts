import { matches, RequestMatch } from './fault';
import { HttpRequest, HttpResponse, Transport } from '../../src/engine/registry/transport';

/** A port of this machine that nobody listens on: tcpmux, which went out of use before registries came into it. */
const CLOSED_PORT = 1;

/** A transport whose connections are refused for chosen requests of one host, as often as it is told. */
export class RefusedTransport extends Transport {
  /** How many were refused so far. */
  refused = 0;

  constructor(private readonly host: string, private readonly match: RequestMatch, private readonly times: number) {
    super();
  }

  async send(message: HttpRequest): Promise<HttpResponse> {
    const { host, pathname, search } = message.url;
    const request = { method: message.method, path: decodeURIComponent(pathname), query: search.slice(1) };
    if (host !== this.host || this.refused >= this.times || !matches(this.match, request)) return super.send(message);
    this.refused += 1;
    return super.send({ ...message, url: new URL(`http://127.0.0.1:${CLOSED_PORT}${pathname}${search}`) });
  }
}
