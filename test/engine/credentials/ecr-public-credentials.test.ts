import { createServer } from 'node:net';
import type { CredentialSource } from '../../../src/engine/credentials/credential-source';
import { bundledModule } from '../../support/bundled-module';
import { Fault } from '../../support/fault';
import { LoopbackNetwork } from '../../support/loopback-network';
import { PublicGalleryApi } from '../../support/public-gallery-api';
import { withEnvironment } from '../../support/with-environment';

type PublicCredentials = new (environment: NodeJS.ProcessEnv) => CredentialSource;
const { EcrPublicCredentials } = bundledModule('credentials/ecr-credentials.ts') as { EcrPublicCredentials: PublicCredentials };

const GALLERY = 'public.ecr.aws';
const HOUR = 3_600_000;
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'example-secret-key' };
withEnvironment(/^AWS_|_PROXY$/i);

let api: PublicGalleryApi;

beforeEach(async () => {
  api = await new PublicGalleryApi().start();
  Object.assign(process.env, { ...KEYS, AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' });
});

afterEach(async () => {
  jest.restoreAllMocks();
  await api.close();
  expect(api.errors).toEqual([]);
});

const source = (environment: NodeJS.ProcessEnv = KEYS) => new EcrPublicCredentials({ AWS_ENDPOINT_URL_ECR_PUBLIC: api.url, ...environment });

test('the gallery gets the user and password of its token', async () => {
  expect(await source().credentialFor(GALLERY, false)).toEqual({ username: 'AWS', password: 'gallery-password-1' });
});

test.each(['docker.io', '123456789012.dkr.ecr.us-east-1.amazonaws.com', 'public.ecr.aws.evil.example', 'public.ecr.aws:443', 'ecr.aws'])('%s gets none, and AWS is not asked', async (registry) => {
  expect(await source().credentialFor(registry, false)).toBeUndefined();
  expect(api.count()).toBe(0);
});

test('a token is kept while it is good, and parallel callers share one', async () => {
  const one = source();
  const given = await Promise.all([one.credentialFor(GALLERY, false), one.credentialFor(GALLERY, false), one.credentialFor(GALLERY, false)]);
  expect(new Set(given.map((credential) => JSON.stringify(credential))).size).toBe(1);
  expect(await one.credentialFor(GALLERY, false)).toEqual(given[0]);
  expect(api.passwords).toHaveLength(1);
});

test('a token is replaced before it expires', async () => {
  const one = source();
  await one.credentialFor(GALLERY, false);
  const start = Date.now();
  const now = jest.spyOn(Date, 'now').mockReturnValue(start + 11 * HOUR);
  await one.credentialFor(GALLERY, false);
  expect(api.passwords).toHaveLength(1);
  now.mockReturnValue(start + 12 * HOUR);
  expect(await one.credentialFor(GALLERY, false)).toMatchObject({ password: 'gallery-password-2' });
});

describe('a token that is refused', () => {
  test('is replaced once, and then access is anonymous for the rest of the run', async () => {
    const one = source();
    await one.credentialFor(GALLERY, false);
    expect(await one.credentialFor(GALLERY, true)).toMatchObject({ password: 'gallery-password-2' });
    expect(await one.credentialFor(GALLERY, true)).toBeUndefined();
    expect(await one.credentialFor(GALLERY, false)).toBeUndefined();
    expect(api.passwords).toHaveLength(2);
  });

  test('of somebody else\'s is no reason to doubt those of AWS', async () => {
    const one = source();
    expect(await one.credentialFor(GALLERY, true)).toMatchObject({ password: 'gallery-password-1' });
    expect(await one.credentialFor(GALLERY, true)).toMatchObject({ password: 'gallery-password-2' });
  });
});

describe('AWS is not asked', () => {
  test.each<[string, NodeJS.ProcessEnv]>([
    ['without credentials in the environment, as on most laptops', {}],
    ['with half a key', { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE' }],
    ['with a profile, which might ask a person for a code', { ...KEYS, AWS_PROFILE: 'production' }],
    ['in China', { ...KEYS, AWS_REGION: 'cn-north-1' }],
    ['in GovCloud', { ...KEYS, AWS_REGION: 'us-gov-west-1' }],
    ['in an isolated Region', { ...KEYS, AWS_REGION: 'us-isob-east-1' }],
    ['in the European Sovereign Cloud', { ...KEYS, AWS_DEFAULT_REGION: 'eusc-de-east-1' }],
  ])('%s', async (_, environment) => {
    expect(await source(environment).credentialFor(GALLERY, false)).toBeUndefined();
    expect(api.count()).toBe(0);
  });
});

test.each<[string, NodeJS.ProcessEnv]>([
  ['a key', KEYS],
  ['the role of a container, as builds have it', { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/credentials/1234' }],
  ['the role of a pod', { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials' }],
  ['a web identity', { AWS_WEB_IDENTITY_TOKEN_FILE: '/token', AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/role' }],
])('AWS is asked with %s', async (_, environment) => {
  expect(await source({ AWS_REGION: 'ap-southeast-2', ...environment }).credentialFor(GALLERY, false)).toMatchObject({ username: 'AWS' });
});

describe('access is anonymous, and AWS is asked once', () => {
  const type = { 'content-type': 'application/x-amz-json-1.1' };

  test.each([
    ['does not allow it', Fault.status(400, type, JSON.stringify({ __type: 'AccessDeniedException', message: 'User is not authorized to perform: ecr-public:GetAuthorizationToken' }))],
    ['does not know the account', Fault.status(400, type, JSON.stringify({ __type: 'UnrecognizedClientException' }))],
    ['is in trouble', Fault.status(503)],
    ['answers no JSON', Fault.status(200, type, '<html>')],
    ['answers another thing', Fault.status(200, type, '{"authorizationData":[]}')],
    ['answers no token', Fault.status(200, type, '{"authorizationData":{"authorizationToken":""}}')],
    ['ends the connection', Fault.reset()],
    ['breaks its answer off', Fault.resetBody(10)],
  ])('where AWS %s', async (_, action) => {
    api.fail({ action, times: 100 });
    const one = source();
    expect(await one.credentialFor(GALLERY, false)).toBeUndefined();
    expect(await one.credentialFor(GALLERY, false)).toBeUndefined();
    expect(api.count()).toBe(1);
  });

  test('where nothing answers', async () => {
    const listener = createServer();
    const port = await new Promise<number>((resolve) => listener.listen(0, '127.0.0.1', () => resolve((listener.address() as { port: number }).port)));
    await new Promise((resolve) => listener.close(resolve));
    expect(await source({ ...KEYS, AWS_ENDPOINT_URL_ECR_PUBLIC: `http://127.0.0.1:${port}` }).credentialFor(GALLERY, false)).toBeUndefined();
  });

  test('where AWS does not answer within five seconds', async () => {
    api.fail({ action: Fault.stall(), times: 100 });
    expect(await source().credentialFor(GALLERY, false)).toBeUndefined();
    expect(api.passwords).toEqual([]);
  });

  test('where the credentials of the environment cannot be had', async () => {
    delete process.env.AWS_ACCESS_KEY_ID;
    delete process.env.AWS_SECRET_ACCESS_KEY;
    expect(await source().credentialFor(GALLERY, false)).toBeUndefined();
    expect(api.count()).toBe(0);
  });
});

test('the proxy that HTTPS_PROXY names leads to the API in us-east-1, whatever the Region of the build', async () => {
  const network = await new LoopbackNetwork().start();
  process.env.HTTPS_PROXY = network.url;
  expect(await new EcrPublicCredentials({ ...KEYS, AWS_REGION: 'eu-west-1' }).credentialFor(GALLERY, false)).toBeUndefined();
  expect(network.connections).toEqual(['api.ecr-public.us-east-1.amazonaws.com:443']);
  await network.close();
});
