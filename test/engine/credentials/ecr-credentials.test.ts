import { Socket } from 'node:net';
import type { CredentialSource } from '../../../src/engine/credentials/credential-source';
import { bundledModule } from '../../support/bundled-module';
import { Exchange } from '../../support/exchange';
import { Fault } from '../../support/fault';
import { LocalEcr } from '../../support/local-ecr';
import { joinErrorRealms } from '../../support/one-realm';
import { PublicGalleryApi } from '../../support/public-gallery-api';
import { withEnvironment } from '../../support/with-environment';

joinErrorRealms();

const { EcrCredentials } = bundledModule('credentials/ecr-credentials.ts') as { EcrCredentials: new () => CredentialSource };

const ECR = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const OTHER_REGION = '123456789012.dkr.ecr.us-east-2.amazonaws.com';
const HOUR = 3_600_000;
withEnvironment();

/** Notes for which Region and service it is asked. */
class SignatureEcr extends LocalEcr {
  readonly signedFor: (string | undefined)[] = [];

  protected async handle(exchange: Exchange): Promise<void> {
    this.signedFor.push(/Credential=[^/]+\/[0-9]+\/([^/]+\/[^/]+)\/aws4_request/.exec(exchange.header('authorization') ?? '')?.[1]);
    return super.handle(exchange);
  }
}

let ecr: SignatureEcr;
let credentials: CredentialSource;

beforeEach(async () => {
  ecr = await new SignatureEcr([]).start();
  credentials = new EcrCredentials();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_ECR: ecr.url,
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'example-secret-key',
    AWS_MAX_ATTEMPTS: '1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    NO_PROXY: '*',
  });
});
afterEach(async () => {
  jest.restoreAllMocks();
  await ecr.close();
});

test.each(['docker.io', `${ECR}.evil.example`, `${ECR}:443`, 'localhost:5000'])('%s gets no credentials of AWS, and AWS is not asked', async (registry) => {
  expect(await credentials.credentialFor(registry, false)).toBeUndefined();
  expect(ecr.count()).toBe(0);
});

test('Amazon ECR gets the user and password of its token', async () => {
  expect(await credentials.credentialFor(ECR, false)).toEqual({ username: 'AWS', password: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
});

test('the question is signed for the Region of the registry', async () => {
  await credentials.credentialFor(OTHER_REGION, false);
  expect(ecr.signedFor).toEqual(['us-east-2/ecr']);
});

test('a token is kept while it is good', async () => {
  const first = await credentials.credentialFor(ECR, false);
  expect(await credentials.credentialFor(ECR, false)).toEqual(first);
  expect(ecr.issuedTokens).toBe(1);
});

test('each registry has its own token', async () => {
  const first = await credentials.credentialFor(ECR, false);
  expect(await credentials.credentialFor(OTHER_REGION, false)).not.toEqual(first);
});

test('a refused token is replaced', async () => {
  const first = await credentials.credentialFor(ECR, false);
  const second = await credentials.credentialFor(ECR, true);
  expect(second).not.toEqual(first);
  expect(await credentials.credentialFor(ECR, false)).toEqual(second);
});

test('a token is replaced five minutes before it expires', async () => {
  await credentials.credentialFor(ECR, false);
  const start = Date.now();
  const now = jest.spyOn(Date, 'now').mockReturnValue(start + 12 * HOUR - 6 * 60_000);
  await credentials.credentialFor(ECR, false);
  expect(ecr.issuedTokens).toBe(1);
  now.mockReturnValue(start + 12 * HOUR - 4 * 60_000);
  await credentials.credentialFor(ECR, false);
  expect(ecr.issuedTokens).toBe(2);
});

test('a refusal of AWS is told with the permission that it takes', async () => {
  ecr.fail({
    action: Fault.status(400, { 'content-type': 'application/x-amz-json-1.1' }, JSON.stringify({ __type: 'AccessDeniedException', message: 'User is not authorized\nFORGED' })),
  });
  await expect(credentials.credentialFor(ECR, false)).rejects.toMatchObject({
    reason: 'unauthorized',
    message: `${ECR}: cannot sign in to Amazon ECR: User is not authorized\\u000aFORGED; use AWS credentials that allow ecr:GetAuthorizationToken`,
  });
});

test('a machine without credentials of AWS is told so', async () => {
  delete process.env.AWS_ACCESS_KEY_ID;
  delete process.env.AWS_SECRET_ACCESS_KEY;
  await expect(credentials.credentialFor(ECR, false)).rejects.toMatchObject({
    reason: 'unauthorized', message: expect.stringMatching(/cannot sign in to Amazon ECR: .*; use AWS credentials that allow ecr:GetAuthorizationToken$/),
  });
  expect(ecr.count()).toBe(0);
});

test.each([
  ['no token', {}],
  ['an empty list', { authorizationData: [] }],
  ['an empty token', { authorizationData: [{ authorizationToken: '' }] }],
  ['a token without a password', { authorizationData: [{ authorizationToken: Buffer.from('AWS').toString('base64') }] }],
])('%s from AWS is told', async (_, answer) => {
  ecr.fail({ action: Fault.status(200, { 'content-type': 'application/x-amz-json-1.1' }, JSON.stringify(answer)) });
  await expect(credentials.credentialFor(ECR, false)).rejects.toMatchObject({ reason: 'unauthorized', message: expect.stringContaining('Amazon ECR returned no token') });
});

test('a failure is not kept', async () => {
  ecr.fail({ action: Fault.status(400, {}, '{}') });
  await expect(credentials.credentialFor(ECR, false)).rejects.toMatchObject({ reason: 'unauthorized' });
  expect(await credentials.credentialFor(ECR, false)).toMatchObject({ username: 'AWS' });
});

test('no error holds the secret key', async () => {
  ecr.fail({ action: Fault.status(500, {}, 'broken') });
  await expect(credentials.credentialFor(ECR, false)).rejects.toMatchObject({ message: expect.not.stringContaining('example-secret-key') });
});

describe('an API that cannot be reached', () => {
  const API = 'api.ecr.eu-west-1.amazonaws.com';

  test('is named by its host, and no credentials are blamed', async () => {
    await ecr.close();
    await expect(credentials.credentialFor(ECR, false)).rejects.toMatchObject({ reason: 'network', retryable: false, message: `${API}: the connection to port 443 was refused` });
  });

  test('is told so when it ends each connection', async () => {
    ecr.fail({ action: Fault.reset(), times: 100 });
    await expect(credentials.credentialFor(ECR, false)).rejects.toMatchObject({ reason: 'network', message: `${API}: the connection was closed by the server` });
  });

  test('is told so when its name means nothing', async () => {
    process.env.AWS_ENDPOINT_URL_ECR = 'http://api.ecr.invalid';
    await expect(credentials.credentialFor(ECR, false)).rejects.toMatchObject({ reason: 'network', message: expect.stringContaining(`${API}: the name cannot be resolved`) });
  });

  test.each([
    ['ETIMEDOUT', { code: 'ETIMEDOUT' }],
    ['EHOSTUNREACH', { code: 'EHOSTUNREACH' }],
    ['the patience of the SDK', { name: 'TimeoutError' }],
  ])('is told so for %s, in words that name the port', async (_, kind) => {
    jest.spyOn(Socket.prototype, 'connect').mockImplementation(function (this: Socket) {
      process.nextTick(() => this.destroy(Object.assign(new Error('low-level words'), kind)));
      return this;
    });
    await expect(credentials.credentialFor(ECR, false)).rejects.toMatchObject({ reason: 'network', message: expect.stringMatching(`^${API}: cannot be reached; .*443`) });
  });

  test('has another name in China', async () => {
    await ecr.close();
    await expect(credentials.credentialFor('123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn', false))
      .rejects.toMatchObject({ message: expect.stringContaining('api.ecr.cn-north-1.amazonaws.com.cn: the connection to port 443 was refused') });
  });
});

test('the public gallery gets credentials of its own', async () => {
  const api = await new PublicGalleryApi().start();
  process.env.AWS_ENDPOINT_URL_ECR_PUBLIC = api.url;
  expect(await new EcrCredentials().credentialFor('public.ecr.aws', false)).toEqual({ username: 'AWS', password: 'gallery-password-1' });
  expect(ecr.count()).toBe(0);
  await api.close();
});
