import type { CredentialSource } from '../../../src/engine/credentials/credential-source';
import { Authenticator } from '../../../src/engine/registry/authenticator';
import type { Challenge } from '../../../src/engine/registry/challenge';
import { endpointOf } from '../../../src/engine/registry/endpoint';
import { HttpRequest } from '../../../src/engine/registry/transport';
import { cannedResponse } from '../../support/canned-response';
import { withTransport } from '../../support/with-transport';

const SCOPE = 'repository:team/web:pull';
const BEARER: Challenge = { scheme: 'bearer', realm: 'https://auth.example.com/token', service: 's' };
const BASIC: Challenge = { scheme: 'basic' };
const REGISTRY = 'registry.example.com';
const ECR = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const START = Date.UTC(2024, 0, 31);
const basic = (username: string, password: string) => `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

const transport = withTransport();
let sent: HttpRequest[];
let now: number;
/** Seconds that tokens are good for. */
let lifetime: number;

beforeEach(() => {
  now = START;
  lifetime = 300;
  sent = [];
  jest.spyOn(Date, 'now').mockImplementation(() => now);
  jest.spyOn(transport, 'send').mockImplementation(async (message) => {
    sent.push(message);
    return cannedResponse(200, JSON.stringify({ token: `token-${sent.length}`, expires_in: lifetime }));
  });
});
afterEach(() => jest.restoreAllMocks());

const anonymous: CredentialSource = { credentialFor: async () => undefined };
const user: CredentialSource = { credentialFor: async () => ({ username: 'user', password: 'secret' }) };

const authenticator = (credentials: CredentialSource = anonymous, registry = REGISTRY) =>
  new Authenticator(endpointOf(registry), SCOPE, credentials, transport, new AbortController().signal);

describe('before a challenge', () => {
  test('nothing is sent, and nobody is asked', async () => {
    const credentials = { credentialFor: jest.fn() };
    expect(await authenticator(credentials).header()).toBeUndefined();
    expect(credentials.credentialFor).not.toHaveBeenCalled();
    expect(sent).toEqual([]);
  });

  test('a registry whose challenge is known gets a token at once', async () => {
    expect(await authenticator(anonymous, 'docker.io').header()).toBe('Bearer token-1');
    expect(sent[0].url.origin).toBe('https://auth.docker.io');
  });

  test('Amazon ECR gets Basic at once, without any request', async () => {
    expect(await authenticator(user, ECR).header()).toBe(basic('user', 'secret'));
    expect(sent).toEqual([]);
  });

  test('Amazon ECR without credentials gets nothing', async () => {
    expect(await authenticator(anonymous, ECR).header()).toBeUndefined();
  });
});

describe('a Bearer challenge', () => {
  test('is answered with a token for the scope', async () => {
    const one = authenticator();
    expect(await one.challenged(BEARER, undefined)).toBeDefined();
    expect(await one.header()).toBe('Bearer token-1');
    expect(sent.map(({ url }) => url.href)).toEqual(['https://auth.example.com/token?service=s&scope=repository%3Ateam%2Fweb%3Apull']);
  });

  test('is answered anonymously without credentials', async () => {
    const one = authenticator();
    await one.challenged(BEARER, undefined);
    expect(one.authenticated).toBe(false);
    expect(sent[0].headers).toEqual({});
  });

  test('is answered with credentials where there are some', async () => {
    const one = authenticator(user);
    await one.challenged(BEARER, undefined);
    expect(one.authenticated).toBe(true);
    expect(sent[0].headers).toEqual({ authorization: basic('user', 'secret') });
  });

  test('asks for the credentials of the registry, not of the realm', async () => {
    const credentials = { credentialFor: jest.fn(async () => undefined) };
    await authenticator(credentials).challenged(BEARER, undefined);
    expect(credentials.credentialFor.mock.calls).toEqual([[REGISTRY, false, 'team/web']]);
  });

  test('that a known registry sends is believed rather than what was known', async () => {
    const one = authenticator(anonymous, 'docker.io');
    const header = await one.header();
    expect(await one.challenged(BEARER, header)).toBeDefined();
    expect(sent[1].url.origin).toBe('https://auth.example.com');
  });

  test('whose token service fails is told, and asked again at the next try', async () => {
    jest.mocked(transport.send).mockResolvedValueOnce(cannedResponse(503));
    const one = authenticator();
    await expect(one.challenged(BEARER, undefined)).rejects.toMatchObject({ retryable: true });
    expect(await one.challenged(BEARER, undefined)).toBe('Bearer token-1');
  });
});

describe('what was known of a registry and is out of date', () => {
  test.each([401, 403, 404, 410])('is dropped when its token service answers %i, and the registry\'s own challenge used', async (status) => {
    jest.mocked(transport.send).mockResolvedValueOnce(cannedResponse(status));
    const one = authenticator(anonymous, 'docker.io');
    expect(await one.header()).toBeUndefined();
    expect(await one.challenged(BEARER, undefined)).toBeDefined();
    expect(await one.header()).toBe('Bearer token-1');
    expect(sent.map(({ url }) => url.origin)).toEqual(['https://auth.example.com']);
  });

  test('is dropped for all of several callers', async () => {
    jest.mocked(transport.send).mockResolvedValueOnce(cannedResponse(404));
    const one = authenticator(anonymous, 'docker.io');
    expect(await Promise.all([one.header(), one.header(), one.header()])).toEqual([undefined, undefined, undefined]);
    expect(await one.header()).toBeUndefined();
    expect(transport.send).toHaveBeenCalledTimes(1);
  });

  test.each([429, 503])('is kept when its token service answers %i, which passes', async (status) => {
    jest.mocked(transport.send).mockResolvedValueOnce(cannedResponse(status));
    const one = authenticator(anonymous, 'docker.io');
    await expect(one.header()).rejects.toMatchObject({ retryable: true });
    expect(await one.header()).toBe('Bearer token-1');
    expect(sent[0].url.origin).toBe('https://auth.docker.io');
  });

  test('is no reason to doubt what the registry itself asks for', async () => {
    const one = authenticator(anonymous, 'docker.io');
    await one.header();
    jest.mocked(transport.send).mockResolvedValueOnce(cannedResponse(404));
    await expect(one.challenged(BEARER, 'Bearer token-1')).rejects.toMatchObject({ reason: 'registry-error', retryable: false });
  });
});

describe('a refusal without a challenge', () => {
  const renewable: CredentialSource = { credentialFor: jest.fn(async (_, refused) => ({ username: 'AWS', password: refused ? 'new' : 'old' })) };

  test('is answered with new credentials once', async () => {
    const one = authenticator(renewable, ECR);
    expect(await one.denied(await one.header())).toBeDefined();
    expect(await one.header()).toBe(basic('AWS', 'new'));
  });

  test('is final when the new credentials are refused too', async () => {
    const one = authenticator(renewable, ECR);
    await one.denied(await one.header());
    expect(await one.denied(await one.header())).toBeUndefined();
    expect(renewable.credentialFor).toHaveBeenCalledTimes(2);
  });

  test('is final for credentials that stay the same', async () => {
    const one = authenticator(user, ECR);
    expect(await one.denied(await one.header())).toBeUndefined();
  });

  test('is final where nothing was sent', async () => {
    expect(await authenticator(renewable, ECR).denied(undefined)).toBeUndefined();
    expect(renewable.credentialFor).not.toHaveBeenCalled();
  });

  test('of several parallel requests is answered with new credentials once', async () => {
    const one = authenticator(renewable, ECR);
    const old = await one.header();
    expect(new Set(await Promise.all([one.denied(old), one.denied(old), one.denied(old)]))).toEqual(new Set([basic('AWS', 'new')]));
    expect(renewable.credentialFor).toHaveBeenCalledTimes(2);
  });

  test('of a late answer to the old credentials uses the new ones that are there', async () => {
    const one = authenticator(renewable, ECR);
    const old = await one.header();
    await one.denied(old);
    expect(await one.denied(old)).toBeDefined();
    expect(renewable.credentialFor).toHaveBeenCalledTimes(2);
  });
});

describe('a token', () => {
  test('is asked for once by parallel callers', async () => {
    const one = authenticator(anonymous, 'docker.io');
    expect(await Promise.all(Array.from({ length: 10 }, () => one.header()))).toEqual(Array.from({ length: 10 }, () => 'Bearer token-1'));
    expect(sent).toHaveLength(1);
  });

  test('is asked for once by parallel callers that were challenged', async () => {
    const one = authenticator();
    expect(await Promise.all(Array.from({ length: 10 }, () => one.challenged(BEARER, undefined)))).toEqual(Array.from({ length: 10 }, () => 'Bearer token-1'));
    expect(sent).toHaveLength(1);
  });

  test('is kept while it is good', async () => {
    const one = authenticator(anonymous, 'docker.io');
    await one.header();
    now += 289_000;
    expect(await one.header()).toBe('Bearer token-1');
  });

  test('is renewed ten seconds before it expires', async () => {
    const one = authenticator(anonymous, 'docker.io');
    await one.header();
    now += 290_000;
    expect(await one.header()).toBe('Bearer token-2');
  });

  test('that the registry refuses is renewed, and the credentials are told as refused', async () => {
    const credentials = { credentialFor: jest.fn(async () => ({ username: 'user', password: 'secret' })) };
    const one = authenticator(credentials);
    await one.challenged(BEARER, undefined);
    expect(await one.challenged(BEARER, 'Bearer token-1')).toBeDefined();
    expect(await one.header()).toBe('Bearer token-2');
    expect(credentials.credentialFor.mock.calls).toEqual([[REGISTRY, false, 'team/web'], [REGISTRY, true, 'team/web']]);
  });

  test('that was renewed meanwhile is not renewed again for a late refusal of the old one', async () => {
    const one = authenticator();
    await one.challenged(BEARER, undefined);
    await one.challenged(BEARER, 'Bearer token-1');
    expect(await one.challenged(BEARER, 'Bearer token-1')).toBeDefined();
    expect(await one.header()).toBe('Bearer token-2');
    expect(sent).toHaveLength(2);
  });

  test('that all of several callers see refused is renewed once', async () => {
    const one = authenticator();
    await one.challenged(BEARER, undefined);
    await Promise.all(Array.from({ length: 6 }, () => one.challenged(BEARER, 'Bearer token-1')));
    expect(await one.header()).toBe('Bearer token-2');
    expect(sent).toHaveLength(2);
  });
});

describe('a Basic challenge', () => {
  test('is answered with the credentials, without any request', async () => {
    const one = authenticator(user);
    expect(await one.challenged(BASIC, undefined)).toBeDefined();
    expect(await one.header()).toBe(basic('user', 'secret'));
    expect(one.authenticated).toBe(true);
    expect(sent).toEqual([]);
  });

  test('without credentials ends in nothing', async () => {
    const one = authenticator();
    expect(await one.challenged(BASIC, undefined)).toBeUndefined();
    expect(await one.header()).toBeUndefined();
  });

  test('is not answered with an identity token', async () => {
    expect(await authenticator({ credentialFor: async () => ({ identityToken: 'identity' }) }).challenged(BASIC, undefined)).toBeUndefined();
  });

  test('to credentials that stay the same ends in nothing', async () => {
    const one = authenticator(user);
    await one.challenged(BASIC, undefined);
    expect(await one.challenged(BASIC, basic('user', 'secret'))).toBeUndefined();
  });

  test('to credentials that can be renewed is answered with new ones', async () => {
    const one = authenticator({ credentialFor: async (_, refused) => ({ username: 'AWS', password: refused ? 'new' : 'old' }) }, ECR);
    expect(await one.header()).toBe(basic('AWS', 'old'));
    expect(await one.challenged(BASIC, basic('AWS', 'old'))).toBeDefined();
    expect(await one.header()).toBe(basic('AWS', 'new'));
  });

  test('keeps its credentials for as long as they are taken', async () => {
    const credentials = { credentialFor: jest.fn(async () => ({ username: 'user', password: 'secret' })) };
    const one = authenticator(credentials, ECR);
    await one.header();
    now += 365 * 86_400_000;
    await one.header();
    expect(credentials.credentialFor).toHaveBeenCalledTimes(1);
  });

  test('shows letters outside ASCII as UTF-8', async () => {
    expect(await authenticator({ credentialFor: async () => ({ username: '\u00e9', password: '\u00e4:\u00f6' }) }, ECR).header())
      .toBe(`Basic ${Buffer.from('\u00e9:\u00e4:\u00f6', 'utf8').toString('base64')}`);
  });
});

test('what goes wrong with the credentials is told to all that wait', async () => {
  const one = authenticator({ credentialFor: () => Promise.reject(new Error('no helper')) }, 'docker.io');
  const outcomes = await Promise.allSettled([one.header(), one.header()]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});
