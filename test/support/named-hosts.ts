import { HttpRequest, HttpResponse, networkError, Transport } from '../../src/engine/registry/transport';

/**
 * A transport in whose network real names lead to local servers, and others nowhere.
 *
 * The engine sees https and the real names; what goes over the wire is plain http with the real `Host`. TLS and proxies are the business of tests
 * that run the bundles.
 */
export class NamedHosts extends Transport {
  /** Hosts that were asked for, in order. */
  readonly asked: string[] = [];
  private readonly ports = new Map<string, number>();
  private readonly unreached = new Map<string, string>();

  /** Lets hosts lead to a local port. */
  route(port: number, ...hosts: readonly string[]): this {
    for (const host of hosts) this.ports.set(host, port);
    return this;
  }

  /** Lets connections to a host end with a code of Node's, such as `ETIMEDOUT`, before anything is sent. */
  cutOff(host: string, code: string): this {
    this.unreached.set(host, code);
    return this;
  }

  async send(message: HttpRequest): Promise<HttpResponse> {
    const { url } = message;
    this.asked.push(url.host);
    const code = this.unreached.get(url.host);
    if (code !== undefined) throw networkError(Object.assign(new Error(`${code} on purpose`), { code }), url);
    const port = this.ports.get(url.host);
    if (port === undefined) return super.send(message);
    const local = new URL(`http://127.0.0.1:${port}${url.pathname}${url.search}`);
    return { ...await super.send({ ...message, url: local, headers: { ...message.headers, host: url.host }, namedBy: undefined }), url };
  }
}
