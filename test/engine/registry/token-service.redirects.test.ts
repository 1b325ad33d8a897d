import type { Challenge } from '../../../src/engine/registry/challenge';
import type { Endpoint } from '../../../src/engine/registry/endpoint';
import { fetchBearerToken, TokenRequest } from '../../../src/engine/registry/token-service';
import { HttpRequest, HttpResponse } from '../../../src/engine/registry/transport';
import { cannedResponse } from '../../support/canned-response';
import { withTransport } from '../../support/with-transport';

const REALM = 'https://auth.example.com/token';
const ENDPOINT: Endpoint = { registry: 'registry.example.com', origin: 'https://registry.example.com' };
const SCOPE = 'repository:team/web:pull';
const USER = { username: 'user', password: 'hunter2' };
const IDENTITY = { identityToken: 'identity-hunter2' };
const NOW = Date.UTC(2024, 0, 31);

const transport = withTransport();
let answer: HttpResponse;
/** What is answered before that, one after the other. */
let answers: HttpResponse[];
let sent: HttpRequest[];

beforeEach(() => {
  jest.spyOn(Date, 'now').mockReturnValue(NOW);
  [sent, answers] = [[], []];
  answer = cannedResponse(200, '{"token":"abc"}');
  jest.spyOn(transport, 'send').mockImplementation(async (message) => {
    sent.push(message);
    return { ...answers.shift() ?? answer, url: message.url };
  });
});
afterEach(() => jest.restoreAllMocks());

interface Asked extends Partial<Omit<TokenRequest, 'challenge'>> {
  readonly challenge?: Partial<Challenge & { scheme: 'bearer' }>;
}

function ask({ challenge, ...more }: Asked = {}) {
  return fetchBearerToken({
    endpoint: ENDPOINT, challenge: { scheme: 'bearer', realm: REALM, ...challenge }, scope: SCOPE, transport, signal: new AbortController().signal, ...more,
  });
}

describe('a redirect', () => {
  const to = (location: string, status = 307) => cannedResponse(status, '', { location });
  const paths = () => sent.map(({ method, url, headers = {} }) => [method, url.href.replace(/\?.*/, ''), headers.authorization?.split(' ')[0]]);

  test.each([301, 302, 303, 307, 308])('with HTTP %i is followed with the credentials on the same host', async (status) => {
    answers = [to('/login/token?scope=x', status)];
    expect(await ask({ credential: USER })).toMatchObject({ header: 'Bearer abc', authenticated: true });
    expect(paths()).toEqual([['GET', REALM, 'Basic'], ['GET', 'https://auth.example.com/login/token', 'Basic']]);
    expect(sent[1].url.search).toBe('?scope=x');
  });

  test('from http to https is followed', async () => {
    answers = [to('https://localhost/token')];
    const endpoint = { registry: 'localhost:5000', origin: 'http://localhost:5000' };
    expect(await ask({ endpoint, challenge: { realm: 'http://localhost:5001/token' }, credential: USER })).toMatchObject({ authenticated: true });
  });

  test('to another domain is followed without the credentials, and never with them again', async () => {
    answers = [to('https://elsewhere.test/token'), to(REALM)];
    expect(await ask({ credential: USER })).toMatchObject({ header: 'Bearer abc', authenticated: false });
    expect(paths()).toEqual([['GET', REALM, 'Basic'], ['GET', 'https://elsewhere.test/token', undefined], ['GET', REALM, undefined]]);
  });

  test('to http on the same host becomes https, and on another host is refused', async () => {
    answers = [to('http://auth.example.com/token'), to('http://elsewhere.test/token')];
    await expect(ask({ credential: USER })).rejects.toMatchObject({ reason: 'registry-error', message: expect.stringContaining('which is not secure') });
    expect(sent.map(({ url }) => url.origin)).toEqual(['https://auth.example.com', 'https://auth.example.com']);
  });

  test.each([301, 302, 307, 308])('with HTTP %i of an identity token sends the form again on the same host', async (status) => {
    answers = [to('/other', status)];
    expect(await ask({ credential: IDENTITY })).toMatchObject({ authenticated: true });
    expect(sent.map(({ method, body }) => [method, String(body).includes('identity-hunter2')])).toEqual([['POST', true], ['POST', true]]);
  });

  test.each([['to another domain', 307, 'https://elsewhere.test/token'], ['with HTTP 303', 303, '/other']])('%s of an identity token loses the form', async (_, status, location) => {
    answers = [to(location, status)];
    expect(await ask({ credential: IDENTITY })).toMatchObject({ authenticated: false });
    expect(sent[1]).toMatchObject({ method: 'GET', headers: {} });
    expect(sent[1].body).toBeUndefined();
  });

  test('without end is left after five', async () => {
    answers = Array.from({ length: 10 }, () => to('/again'));
    await expect(ask()).rejects.toMatchObject({ reason: 'registry-error', retryable: false, message: expect.stringContaining('more than 5 redirects') });
    expect(sent).toHaveLength(6);
  });

  test.each(['', 'ftp://auth.example.com/', 'http://', 'javascript:alert(1)'])('to %j is refused', async (location) => {
    answers = [to(location)];
    await expect(ask()).rejects.toMatchObject({ reason: 'registry-error', message: expect.stringContaining('is not a valid URL') });
  });
});

describe('a token service on another domain', () => {
  const FOREIGN = { realm: 'https://auth.elsewhere.test/token' };

  test.each([['a password', USER], ['an identity token', IDENTITY]])('gets no %s, and an anonymous request in its place', async (_, credential) => {
    expect(await ask({ challenge: FOREIGN, credential })).toMatchObject({ header: 'Bearer abc', authenticated: false, withheldFrom: 'auth.elsewhere.test' });
    expect(sent).toMatchObject([{ method: 'GET', headers: {}, namedBy: 'registry.example.com' }]);
  });

  test.each(['auth.elsewhere.test', 'auth.elsewhere.test:443'])('gets the credentials when these allow %s', async (allowedRealm) => {
    const realm = allowedRealm.endsWith(':443') ? 'https://auth.elsewhere.test:8443/token' : FOREIGN.realm;
    const isAllowed = realm === FOREIGN.realm;
    expect(await ask({ challenge: { realm }, credential: { ...USER, allowedRealms: [allowedRealm] } })).toMatchObject({ authenticated: isAllowed });
    expect(sent[0].namedBy).toBe(isAllowed ? undefined : 'registry.example.com');
  });

  test('that refuses is told with the remedy, and without its text', async () => {
    answer = cannedResponse(401, '{"errors":[{"code":"DENIED","message":"foreign words"}]}');
    const attempt = ask({ challenge: FOREIGN, credential: USER });
    await expect(attempt).rejects.toMatchObject({
      reason: 'unauthorized',
      message: 'registry.example.com: cannot sign in at auth.elsewhere.test: the registry requires credentials, or the repository doesn\'t exist; '
        + 'the credentials were not sent to its token service auth.elsewhere.test, which is on another domain; '
        + 'to allow it, set allowedRealm of the credentials, or --allow-realm (HTTP 401)',
    });
  });
});
