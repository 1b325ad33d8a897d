import { EnvHttpProxyAgent, fetch, ProxyAgent, Response } from 'undici';
import { Certificates, createCertificates } from './certificate';
import { Fault } from './fault';
import { LocalDockerHub } from './local-docker-hub';
import { LocalRegistry } from './local-registry';
import { LoopbackNetwork } from './loopback-network';

let certificates: Certificates;
let registry: LocalRegistry;
let network: LoopbackNetwork;
let client: ProxyAgent;

beforeAll(async () => { certificates = await createCertificates(['registry-1.docker.io']); });
afterAll(async () => certificates.dispose());

beforeEach(async () => {
  registry = await new LocalRegistry({ certificate: certificates.server }).start();
  network = await new LoopbackNetwork().start();
  network.route('registry-1.docker.io', registry.port);
  client = new ProxyAgent({ uri: network.url, requestTls: { ca: certificates.authority } });
});

afterEach(async () => {
  await client.destroy();
  await Promise.all([registry.close(), network.close()]);
});

async function get(url: string): Promise<Response> {
  return fetch(url, { dispatcher: client });
}

test('leads a real name to a local server over TLS', async () => {
  expect((await get('https://registry-1.docker.io/v2/')).status).toBe(200);
  expect(registry.requests).toMatchObject([{ path: '/v2/', host: 'registry-1.docker.io' }]);
  expect(network.connections).toEqual(['registry-1.docker.io:443']);
});

test('refuses a host without a route', async () => {
  await expect(get('https://quay.io/v2/')).rejects.toThrow();
  expect(network.refused).toEqual(['quay.io:443']);
});

test('does not answer for a name that the certificate does not hold', async () => {
  network.route('ghcr.io', registry.port);
  await expect(get('https://ghcr.io/v2/')).rejects.toMatchObject({ cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' } });
});

test('is trusted by nobody who was not told to', async () => {
  const stranger = new ProxyAgent({ uri: network.url });
  await expect(fetch('https://registry-1.docker.io/v2/', { dispatcher: stranger })).rejects.toMatchObject({ cause: { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' } });
  await stranger.destroy();
});

test('hands a reset connection on', async () => {
  registry.fail({ action: Fault.reset() });
  await expect(get('https://registry-1.docker.io/v2/')).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
});

test('answers 502 where the local server is gone', async () => {
  const gone = await new LocalDockerHub().start();
  const { port } = gone;
  await gone.close();
  network.route('registry-1.docker.io', port);
  await expect(get('https://registry-1.docker.io/v2/')).rejects.toThrow();
});

test('refuses plain http', async () => {
  const plain = new EnvHttpProxyAgent({ httpProxy: network.url, noProxy: '', proxyTunnel: false });
  expect((await fetch('http://registry-1.docker.io/v2/', { dispatcher: plain })).status).toBe(502);
  await plain.destroy();
});

test('connects to hosts without a route only where passing through is switched on', async () => {
  const outside = await new LoopbackNetwork({ passThrough: true }).start();
  const agent = new ProxyAgent({ uri: outside.url, requestTls: { ca: certificates.authority } });
  expect((await fetch(`${registry.url}/v2/`, { dispatcher: agent })).status).toBe(200);
  await agent.destroy();
  await outside.close();
});

test('reaches real hosts through another proxy where there is one', async () => {
  const inner = await new LoopbackNetwork({ passThrough: true, upstreamProxy: network.url }).start();
  const agent = new ProxyAgent({ uri: inner.url, requestTls: { ca: certificates.authority } });
  expect((await fetch('https://registry-1.docker.io/v2/', { dispatcher: agent })).status).toBe(200);
  expect(network.connections).toEqual(['registry-1.docker.io:443']);
  await agent.destroy();
  await inner.close();
});
