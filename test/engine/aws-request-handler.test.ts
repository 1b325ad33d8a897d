import { createServer } from 'node:net';
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { awsRequestHandler } from '../../src/engine/aws-request-handler';
import { LocalEcr } from '../support/local-ecr';
import { LoopbackNetwork } from '../support/loopback-network';
import { withEnvironment } from '../support/with-environment';

const API = 'api.ecr.eu-west-1.amazonaws.com';
withEnvironment(/_PROXY$/i);

let network: LoopbackNetwork;

beforeEach(async () => {
  network = await new LoopbackNetwork().start();
});
afterEach(async () => {
  await network.close();
});

/** Makes one request to the ECR API, as the SDK does. */
async function request(host: string, endpoint: string): Promise<string | undefined> {
  const client = new ECRClient({
    region: 'eu-west-1',
    endpoint,
    maxAttempts: 1,
    requestHandler: awsRequestHandler(host),
    credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'example-secret-key' },
  });
  try {
    return (await client.send(new GetAuthorizationTokenCommand({}))).authorizationData?.[0].authorizationToken;
  } finally {
    client.destroy();
  }
}

/** A port on which nothing answers. */
async function closedPort(): Promise<number> {
  const listener = createServer();
  const port = await new Promise<number>((resolve) => listener.listen(0, '127.0.0.1', () => resolve((listener.address() as { port: number }).port)));
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

test.each(['HTTPS_PROXY', 'https_proxy'])('the proxy that %s names leads to AWS', async (variable) => {
  process.env[variable] = network.url;
  await expect(request(API, `https://${API}`)).rejects.toThrow();
  expect(network.connections).toEqual([`${API}:443`]);
});

test.each(['127.0.0.1', '*'])('no proxy is used where NO_PROXY is %s', async (value) => {
  Object.assign(process.env, { HTTPS_PROXY: network.url, NO_PROXY: value });
  await expect(request('127.0.0.1', `https://127.0.0.1:${await closedPort()}`)).rejects.toThrow('ECONNREFUSED');
  expect(network.connections).toEqual([]);
});

test('no proxy is used where the environment names none', async () => {
  const ecr = await new LocalEcr([]).start();
  expect(await request('127.0.0.1', ecr.url)).toBeDefined();
  expect(ecr.count()).toBe(1);
  await ecr.close();
});
