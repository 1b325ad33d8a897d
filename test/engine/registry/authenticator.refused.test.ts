import type { Credential, CredentialSource } from '../../../src/engine/credentials/credential-source';
import { Authenticator } from '../../../src/engine/registry/authenticator';
import type { Challenge } from '../../../src/engine/registry/challenge';
import { endpointOf } from '../../../src/engine/registry/endpoint';
import { cannedResponse } from '../../support/canned-response';
import { withTransport } from '../../support/with-transport';

const SCOPE = 'repository:team/web:pull';
const BEARER: Challenge = { scheme: 'bearer', realm: 'https://auth.example.com/token', service: 's' };
const REGISTRY = 'registry.example.com';
const LOGIN = { username: 'user', password: 'expired' };
const basic = ({ username, password }: typeof LOGIN) => `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

const transport = withTransport();
/** The `Authorization` of each token request. */
let sent: (string | undefined)[];
/** How the token service answers one after the other; afterward it gives a token. */
let answers: number[];

beforeEach(() => {
  [sent, answers] = [[], []];
  jest.spyOn(transport, 'send').mockImplementation(async ({ headers }) => {
    sent.push(headers?.authorization);
    const status = answers.shift() ?? 200;
    return cannedResponse(status, status === 200 ? '{"token":"token"}' : '{"errors":[{"code":"DENIED","message":"expired"}]}');
  });
});
afterEach(() => jest.restoreAllMocks());

/** Gives these, each when the one before was refused. */
function inTurn(...credentials: (Credential | undefined)[]) {
  return {
    credentialFor: jest.fn(async (_: string, refused: boolean) => {
      if (refused) credentials.shift();
      return credentials[0];
    }),
  };
}

const authenticator = (credentials: CredentialSource, registry = REGISTRY) =>
  new Authenticator(endpointOf(registry), SCOPE, credentials, transport, new AbortController().signal);

describe('credentials that the token service refuses', () => {
  test.each([401, 403])('with HTTP %i give way to others, which are asked for as those after refused ones', async (status) => {
    answers = [status];
    const fresh = { username: 'user', password: 'fresh' };
    const credentials = inTurn(LOGIN, fresh);
    const one = authenticator(credentials);
    expect(await one.challenged(BEARER, undefined)).toBeDefined();
    expect(sent).toEqual([basic(LOGIN), basic(fresh)]);
    expect(credentials.credentialFor.mock.calls).toEqual([[REGISTRY, false, 'team/web'], [REGISTRY, true, 'team/web']]);
    expect(one.authenticated).toBe(true);
  });

  test('give way to anonymous access where that is what is left', async () => {
    answers = [403];
    const one = authenticator(inTurn(LOGIN, undefined));
    expect(await one.challenged(BEARER, undefined)).toBeDefined();
    expect(sent).toEqual([basic(LOGIN), undefined]);
    expect(one.authenticated).toBe(false);
  });

  test('are final where there are no others, after one request', async () => {
    answers = [403, 403];
    await expect(authenticator(inTurn(LOGIN, LOGIN)).challenged(BEARER, undefined)).rejects.toMatchObject({ reason: 'unauthorized' });
    expect(sent).toHaveLength(1);
  });

  test('are final after three others, from a source that never runs out', async () => {
    answers = Array.from({ length: 100 }, () => 403);
    let given = 0;
    const endless: CredentialSource = { credentialFor: async () => ({ username: 'user', password: String(++given) }) };
    await expect(authenticator(endless).challenged(BEARER, undefined)).rejects.toMatchObject({ reason: 'unauthorized' });
    expect(sent).toHaveLength(4);
  });

  test.each([429, 503])('for now only, with %i, are kept', async (status) => {
    answers = [status];
    const credentials = inTurn(LOGIN, undefined);
    await expect(authenticator(credentials).challenged(BEARER, undefined)).rejects.toMatchObject({ retryable: true });
    expect(credentials.credentialFor).toHaveBeenCalledTimes(1);
  });
});

describe('credentials that a token service known beforehand refuses', () => {
  const own = (scope: string): Challenge => ({ scheme: 'bearer', realm: 'https://auth.docker.io/token', service: 'registry.docker.io', scope });

  test('are not tried again where the registry\'s own challenge leads to the same', async () => {
    answers = [403, 403];
    const one = authenticator(inTurn(LOGIN, LOGIN), 'docker.io');
    expect(await one.header()).toBeUndefined();
    await expect(one.challenged(own(SCOPE), undefined)).rejects.toMatchObject({ reason: 'unauthorized' });
    expect(sent).toHaveLength(1);
  });

  test('are tried again where the registry asks for another scope', async () => {
    answers = [403];
    const one = authenticator(inTurn(LOGIN, LOGIN), 'docker.io');
    expect(await one.header()).toBeUndefined();
    expect(await one.challenged(own('repository:moved/web:pull'), undefined)).toBeDefined();
    expect(sent).toEqual([basic(LOGIN), basic(LOGIN)]);
  });
});
