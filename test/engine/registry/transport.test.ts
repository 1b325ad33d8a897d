import { createServer as createHttpServer, Server } from 'node:http';
import { AddressInfo, createServer } from 'node:net';
import { Duplex } from 'node:stream';
import { MirrorError } from '../../../src/engine/mirror-error';
import { HttpRequest, networkError, Transport } from '../../../src/engine/registry/transport';
import { createCertificates } from '../../support/certificate';
import { Exchange } from '../../support/exchange';
import { Fault } from '../../support/fault';
import { LocalServer } from '../../support/local-server';
import { LoopbackNetwork } from '../../support/loopback-network';
import { joinErrorRealms } from '../../support/one-realm';
import { withEnvironment } from '../../support/with-environment';

joinErrorRealms();

/** Answers every request with what it was asked. */
class EchoServer extends LocalServer {
  protected async handle(exchange: Exchange): Promise<void> {
    if (exchange.path === '/redirect') return exchange.reply(307, { location: 'http://127.0.0.1:1/' });
    return exchange.json(200, { method: exchange.method, path: exchange.path, body: await exchange.text(), agent: exchange.header('user-agent'), authorization: exchange.header('authorization') });
  }
}

withEnvironment(/_PROXY$/i);

let server: EchoServer;
let transport: Transport;

beforeEach(async () => {
  server = await new EchoServer().start();
  transport = new Transport();
});
afterEach(async () => {
  await transport.close();
  await server.close();
});

const send = (message: Partial<HttpRequest> = {}, by = transport) => by.send({ method: 'GET', url: new URL(server.url), signal: new AbortController().signal, ...message });
/** What a server answered, parsed. */
const echo = async (message: Partial<HttpRequest> = {}) => JSON.parse(await text(await send(message)));

async function text({ body }: Awaited<ReturnType<Transport['send']>>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** A port on which nothing answers. */
async function closedPort(): Promise<number> {
  const listener = createServer();
  const port = await new Promise<number>((resolve) => listener.listen(0, '127.0.0.1', () => resolve((listener.address() as { port: number }).port)));
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

describe('a request', () => {
  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const)('with %s arrives so', async (method) => {
    expect(await echo({ method, url: new URL('/v2/', server.url) })).toMatchObject({ method, path: '/v2/' });
  });

  test('says who asks', async () => {
    expect(await echo()).toMatchObject({ agent: 'cdk-ecr-mirror' });
  });

  test('has no authorization but what its caller gives it', async () => {
    expect(await echo()).not.toHaveProperty('authorization');
    expect(await echo({ headers: { authorization: 'Basic abc' } })).toHaveProperty('authorization', 'Basic abc');
  });

  test('sends a body that is bytes', async () => {
    expect(await echo({ method: 'PUT', body: Buffer.from('bytes') })).toMatchObject({ body: 'bytes' });
  });

  test('sends a body that flows', async () => {
    async function* pieces() {
      yield Buffer.from('one ');
      yield Buffer.from('two');
    }
    expect(await echo({ method: 'PUT', body: pieces() })).toMatchObject({ body: 'one two' });
  });

  test('does not follow a redirect', async () => {
    const response = await send({ url: new URL('/redirect', server.url) });
    await response.body.dump();
    expect(response).toMatchObject({ status: 307, headers: { location: 'http://127.0.0.1:1/' } });
  });

  test.each([404, 429, 503])('that is answered %i is answered, and sent once', async (status) => {
    server.fail({ action: Fault.status(status, { 'retry-after': '1' }) });
    const response = await send();
    await response.body.dump();
    expect(response.status).toBe(status);
    expect(server.count()).toBe(1);
  });
});

describe('a request that a registry has named', () => {
  const local = () => new URL(`http://localhost:${server.port}/v2/`);

  test.each(['127.0.0.1', '10.0.0.1', '[::1]', 'localhost'])('reaches the private network when the registry is there, as %s is', async (namedBy) => {
    expect(await echo({ namedBy, url: local() })).toMatchObject({ path: '/v2/' });
    expect(await echo({ namedBy, url: new URL(server.url) })).toMatchObject({ path: '/' });
  });

  test.each(['registry.invalid', '1.1.1.1'])('does not reach it when the registry is elsewhere, as %s is', async (namedBy) => {
    for (const url of [local(), new URL(server.url), new URL(`http://0x7f000001:${server.port}/`)]) {
      await expect(send({ namedBy, url })).rejects.toMatchObject({
        reason: 'registry-error',
        retryable: false,
        message: `${namedBy}: the registry leads to ${url.host}, which has a private, loopback or link-local address; only a registry that has such an address itself may do so`,
      });
    }
    expect(server.count()).toBe(0);
  });

  test('and that goes through a proxy is resolved by the proxy', async () => {
    const network = new LoopbackNetwork();
    await network.start();
    network.route(`localhost:${server.port}`, server.port);
    process.env.HTTP_PROXY = network.url;
    expect(await echo({ namedBy: 'registry.invalid', url: local() })).toMatchObject({ path: '/v2/' });
    expect(network.connections).toEqual([`localhost:${server.port}`]);
    await transport.close();
    await network.close();
  });
});

describe('what keeps an answer from coming', () => {
  test('is that nothing answers', async () => {
    const port = await closedPort();
    await expect(send({ url: new URL(`http://127.0.0.1:${port}`) })).rejects.toMatchObject({
      name: 'MirrorError', reason: 'network', retryable: true, message: `127.0.0.1:${port}: the connection to port ${port} was refused`,
    });
  });

  test('is a reset', async () => {
    server.fail({ action: Fault.reset(), times: 9 });
    await expect(send()).rejects.toMatchObject({ reason: 'network', retryable: true, message: `${server.host}: the connection was closed by the server` });
    expect(server.count()).toBe(1);
  });

  test('is silence', async () => {
    const impatient = new Transport({ idle: 50 });
    server.fail({ action: Fault.stall() });
    await expect(send({}, impatient)).rejects.toMatchObject({ reason: 'network', retryable: true, message: `${server.host}: the server stopped responding` });
    await impatient.close();
  });

  test('is a certificate that nobody trusts, which does not pass by waiting', async () => {
    const { server: certificate, dispose } = await createCertificates(['localhost']);
    const secure = await new EchoServer({ certificate }).start();
    await expect(send({ url: new URL(secure.url) })).rejects.toMatchObject({
      reason: 'network',
      retryable: false,
      message: expect.stringMatching(/^127\.0\.0\.1:[0-9]+: the certificate is not trusted \([A-Z_]+\); for a custom CA, set NODE_EXTRA_CA_CERTS$/),
    });
    expect(secure.count()).toBe(0);
    await secure.close();
    await dispose();
  });

  test('is a name that does not exist', async () => {
    await expect(send({ url: new URL('https://registry.invalid') })).rejects.toMatchObject({
      reason: 'network', message: 'registry.invalid: the name cannot be resolved; check the spelling, and the DNS and proxy settings of the network',
    });
  });

  test('is the end of the run, which passes unchanged', async () => {
    const stop = new AbortController();
    server.fail({ action: Fault.stall() });
    const answer = send({ signal: stop.signal });
    stop.abort();
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
    await expect(answer).rejects.not.toBeInstanceOf(MirrorError);
  });

  test('is what its body throws, when that is a MirrorError', async () => {
    const failure = new MirrorError('digest-mismatch', 'other content', { retryable: true });
    async function* pieces() {
      yield Buffer.from('one');
      throw failure;
    }
    await expect(send({ method: 'PUT', body: pieces() })).rejects.toBe(failure);
  });
});

describe('a proxy', () => {
  let network: LoopbackNetwork;

  beforeEach(async () => {
    network = await new LoopbackNetwork().start();
  });
  afterEach(() => network.close());

  test('that HTTPS_PROXY names is used for https', async () => {
    process.env.HTTPS_PROXY = network.url;
    const proxied = new Transport();
    await expect(send({ url: new URL('https://registry.invalid/v2/') }, proxied)).rejects.toThrow();
    expect(network.connections).toEqual(['registry.invalid:443']);
    await proxied.close();
  });

  test('is not used for hosts that NO_PROXY names', async () => {
    Object.assign(process.env, { HTTPS_PROXY: network.url, HTTP_PROXY: network.url, NO_PROXY: '127.0.0.1' });
    const proxied = new Transport();
    await (await send({}, proxied)).body.dump();
    expect(network.connections).toEqual([]);
    expect(server.count()).toBe(1);
    await proxied.close();
  });

  test('may lead to a host that only it knows', async () => {
    process.env.HTTP_PROXY = network.url;
    network.route('registry.invalid:80', server.port);
    const proxied = new Transport();
    expect(JSON.parse(await text(await send({ url: new URL('http://registry.invalid/v2/') }, proxied)))).toMatchObject({ path: '/v2/' });
    await proxied.close();
  });
});

describe('a proxy that refuses to connect', () => {
  let proxy: Server;

  beforeEach(() => {
    proxy = createHttpServer();
  });
  afterEach(() => new Promise((resolve) => proxy.close(resolve)));

  test.each([[502, true], [503, true], [403, false], [407, false]])('with HTTP %i is told as such, to be tried again: %s', async (status, retryable) => {
    proxy.on('connect', (_, client: Duplex) => client.end(`HTTP/1.1 ${status} Refused\r\ncontent-length: 0\r\n\r\n`));
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    process.env.HTTPS_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const proxied = new Transport();
    await expect(send({ url: new URL('https://registry.invalid/v2/') }, proxied)).rejects.toMatchObject({
      name: 'MirrorError', reason: 'network', retryable, message: `registry.invalid: the proxy in HTTPS_PROXY refused the connection (HTTP ${status}); check the credentials and rules of the proxy`,
    });
    await proxied.close();
  });
});

describe('a failure of the network', () => {
  const url = new URL('https://registry.example.com:5000/v2/');
  const coded = (code: string) => Object.assign(new Error('low-level words'), { code });

  test.each([
    ['ENOTFOUND', 'the name cannot be resolved', false],
    ['EAI_AGAIN', 'the name cannot be resolved', true],
    ['ECONNREFUSED', 'the connection to port 5000 was refused', true],
    ['ETIMEDOUT', 'cannot be reached; open port 5000 to it, or set HTTPS_PROXY', true],
    ['EHOSTUNREACH', 'cannot be reached', true],
    ['ENETUNREACH', 'cannot be reached', true],
    ['UND_ERR_CONNECT_TIMEOUT', 'cannot be reached', true],
    ['UND_ERR_HEADERS_TIMEOUT', 'the server stopped responding', true],
    ['UND_ERR_BODY_TIMEOUT', 'the server stopped responding', true],
    ['ECONNRESET', 'the connection was closed by the server', true],
    ['EPIPE', 'the connection was closed by the server', true],
    ['UND_ERR_SOCKET', 'the connection was closed by the server', true],
    ['CERT_HAS_EXPIRED', 'the certificate is not trusted (CERT_HAS_EXPIRED)', false],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'the certificate is not trusted', false],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'the certificate is not trusted', false],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'the certificate is not trusted', false],
    ['EWEIRD', 'the request failed: low-level words', true],
  ])('with the code %s says "%s", to be tried again: %s', (code, words, retryable) => {
    expect(networkError(coded(code), url)).toMatchObject({ reason: 'network', retryable, message: expect.stringContaining(`registry.example.com:5000: ${words}`) });
  });

  test('finds the code behind other errors', () => {
    expect(networkError(new Error('outer', { cause: new Error('middle', { cause: coded('ECONNRESET') }) }), url)).toMatchObject({ message: expect.stringContaining('the connection was closed by the server') });
  });

  test('finds the code among several errors', () => {
    expect(networkError(new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')]), url)).toMatchObject({ message: expect.stringContaining('was refused') });
  });

  test('keeps what brought it about', () => {
    const cause = coded('EPIPE');
    expect(networkError(cause, url)).toMatchObject({ cause });
  });

  test('shows foreign words without control characters', () => {
    expect(networkError(new Error('a\n\u001b[2K'), url)).toMatchObject({ message: 'registry.example.com:5000: the request failed: a\\u000a\\u001b[2K' });
  });

  test.each([['a text', 'broken'], ['nothing', undefined], ['an object', {}]])('that is %s is put in words as well', (_, thrown) => {
    expect(networkError(thrown, url)).toBeInstanceOf(MirrorError);
  });

  test('that is a MirrorError already passes unchanged', () => {
    const error = new MirrorError('not-found', 'gone');
    expect(networkError(error, url)).toBe(error);
  });

  test.each(['AbortError', 'TimeoutError'])('that is the end of the run (%s) passes unchanged', (name) => {
    const error = Object.assign(new Error('ended'), { name });
    expect(networkError(error, url)).toBe(error);
  });

  test('shows no user information of an address', () => {
    expect(networkError(coded('EPIPE'), new URL('https://user:hunter2@registry.example.com/'))).toMatchObject({ message: expect.not.stringContaining('hunter2') });
  });
});
