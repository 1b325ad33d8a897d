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

/** Asks, and gives what was sent. */
async function messageOf(asked: Asked = {}): Promise<HttpRequest> {
  await ask(asked);
  expect(sent).toHaveLength(1);
  return sent[0];
}

describe('the question', () => {
  test('without credentials is anonymous', async () => {
    const { method, url, headers, body } = await messageOf();
    expect(method).toBe('GET');
    expect(url.href).toBe(`${REALM}?scope=repository%3Ateam%2Fweb%3Apull`);
    expect(headers).toEqual({});
    expect(body).toBeUndefined();
  });

  test('names the service that the challenge named', async () => {
    expect((await messageOf({ challenge: { service: 'a b&c' } })).url.searchParams.get('service')).toBe('a b&c');
  });

  test('keeps what stands in the realm', async () => {
    const { url } = await messageOf({ challenge: { realm: `${REALM}?account=x`, service: 's' } });
    expect(Object.fromEntries(url.searchParams)).toEqual({ account: 'x', service: 's', scope: SCOPE });
  });

  test('asks for the scope of the challenge rather than its own', async () => {
    expect((await messageOf({ challenge: { scope: 'aws' } })).url.searchParams.getAll('scope')).toEqual(['aws']);
  });

  test.each([
    ['repository:team/web:pull', 'repository:team/web:pull,push'],
    ['repository:team/web:pull,push', 'repository:team/web:pull,push'],
    ['repository:team/web:push,pull', 'repository:team/web:pull,push'],
    ['repository:team/web:delete', 'repository:team/web:pull,push,delete'],
    ['repository:team/web-2:pull', 'repository:team/web-2:pull'],
    ['repository:team:pull', 'repository:team:pull'],
    ['registry:catalog:*', 'registry:catalog:*'],
    ['pull', 'pull'],
    ['repository:team/web:', 'repository:team/web:pull,push'],
    ['repository:team/web:pull,,push,', 'repository:team/web:pull,push'],
    ['repository(plugin):team/web:pull', 'repository(plugin):team/web:pull,push'],
    ['repository(plugin):team/other:pull', 'repository(plugin):team/other:pull'],
    ['registry:team/web:pull', 'registry:team/web:pull'],
  ])('to the challenge %s asks for %s when it will push, so that one token is enough', async (challenged, asked) => {
    const { url } = await messageOf({ scope: 'repository:team/web:pull,push', challenge: { scope: challenged } });
    expect(url.searchParams.getAll('scope')).toEqual([asked]);
  });

  test('asks for several scopes one by one', async () => {
    expect((await messageOf({ challenge: { scope: 'repository:a:pull  \trepository:b:pull' } })).url.searchParams.getAll('scope')).toEqual(['repository:a:pull', 'repository:b:pull']);
  });

  test('shows a user\'s name and password to the realm', async () => {
    const { url, headers } = await messageOf({ credential: USER });
    expect(url.origin).toBe('https://auth.example.com');
    expect(headers).toEqual({ authorization: `Basic ${Buffer.from('user:hunter2').toString('base64')}` });
    expect(url.href).not.toContain('hunter2');
  });

  test('shows letters outside ASCII as UTF-8', async () => {
    const { headers } = await messageOf({ credential: { username: 'us\u00e9r', password: 'p\u00e4ss' } });
    expect(headers?.authorization).toBe(`Basic ${Buffer.from('us\u00e9r:p\u00e4ss', 'utf8').toString('base64')}`);
  });

  test('shows an identity token in a form, and nothing in the address', async () => {
    const { method, url, headers, body } = await messageOf({ credential: IDENTITY, challenge: { service: 'registry' } });
    expect(method).toBe('POST');
    expect(url.href).toBe(REALM);
    expect(headers).toEqual({ 'content-type': 'application/x-www-form-urlencoded' });
    expect(Object.fromEntries(new URLSearchParams(String(body)))).toEqual({
      grant_type: 'refresh_token', refresh_token: 'identity-hunter2', client_id: 'cdk-ecr-mirror', scope: SCOPE, service: 'registry',
    });
  });

  test('leaves the service out of the form when the challenge named none', async () => {
    const { body } = await messageOf({ credential: IDENTITY });
    expect(new URLSearchParams(String(body)).has('service')).toBe(false);
  });

  test('ends with the run', async () => {
    const { signal } = new AbortController();
    expect((await messageOf({ signal })).signal).toBe(signal);
  });
});

describe('the realm', () => {
  test.each([
    ['http', 'http://auth.example.com/token'],
    ['another scheme', 'ftp://auth.example.com/token'],
    ['a file', 'file:///etc/passwd'],
    ['a script', 'javascript:alert(1)'],
    ['user information', 'https://user@auth.example.com/token'],
    ['user information with a password', 'https://user:password@auth.example.com/token'],
    ['a password alone', 'https://:password@auth.example.com/token'],
    ['a relative address', '/token'],
    ['an address without a scheme', 'auth.example.com/token'],
    ['nothing', ''],
    ['no address', 'https://'],
  ])('with %s gets no question from an https registry', async (_, realm) => {
    for (const credential of [undefined, USER, IDENTITY]) {
      await expect(ask({ challenge: { realm }, credential })).rejects.toMatchObject({
        reason: 'unauthorized',
        retryable: false,
        message: expect.stringMatching(/^registry\.example\.com: its challenge names the token service ".*"; a token service must have an https URL without a user name$/),
      });
    }
    expect(sent).toEqual([]);
  });

  test.each([
    ['https://auth.example.com/token#part', 'https://auth.example.com/token'],
    [' https://auth.example.com/token ', 'https://auth.example.com/token'],
    ['HTTPS://AUTH.example.com/token', 'https://auth.example.com/token'],
    ['https://auth.example.com', 'https://auth.example.com/'],
    ['http://registry.example.com/token', 'https://registry.example.com/token'],
    ['http://registry.example.com:80/token', 'https://registry.example.com/token'],
    ['http://registry.example.com:5000/token', 'https://registry.example.com:5000/token'],
  ])('%j is asked at %s', async (realm, address) => {
    const { url } = await messageOf({ challenge: { realm }, credential: USER });
    expect(`${url.origin}${url.pathname}${url.hash}`).toBe(address);
  });

  test('may be http where the registry itself is', async () => {
    const { url } = await messageOf({ endpoint: { registry: 'localhost:5000', origin: 'http://localhost:5000' }, challenge: { realm: 'http://localhost:5001/token' } });
    expect(url.origin).toBe('http://localhost:5001');
  });

  test('may be another scheme nowhere', async () => {
    await expect(ask({ endpoint: { registry: 'localhost:5000', origin: 'http://localhost:5000' }, challenge: { realm: 'ftp://localhost/token' } })).rejects.toMatchObject({ reason: 'unauthorized' });
    expect(sent).toEqual([]);
  });
});

describe('the answer', () => {
  test.each([
    ['token', { token: 'abc' }],
    ['access_token', { access_token: 'abc' }],
    ['token, rather than access_token', { token: 'abc', access_token: 'def' }],
    ['access_token beside an empty token', { token: '', access_token: 'abc' }],
    ['access_token beside a token that is null', { token: null, access_token: 'abc' }],
    ['token, with a time of issue long ago', { token: 'abc', issued_at: '2001-01-01T00:00:00Z' }],
    ['token, with a time of issue that is none', { token: 'abc', issued_at: {} }],
  ])('holds the token as %s', async (_, value) => {
    answer = cannedResponse(200, JSON.stringify(value));
    expect((await ask()).header).toBe('Bearer abc');
  });

  test.each([
    ['of its seconds', 300, 300],
    ['of half seconds', 0.5, 0.5],
    ['of a minute, when it says nothing', undefined, 60],
    ['of a minute, when it says 0', 0, 60],
    ['of a minute, when it says less than 0', -5, 60],
    ['of its seconds, when it says them as a text', '300', 300],
    ['of a minute, when it says an empty text', '', 60],
    ['of a minute, when it says a word', 'soon', 60],
    ['of a minute, when it says a list', [300], 60],
    ['of a minute, when it says true', true, 60],
    ['without an end, when it says more than a number can be', '1e999', Infinity],
    ['of a minute, when it says null', null, 60],
  ])('is good for a time %s', async (_, lifetime, seconds) => {
    answer = cannedResponse(200, JSON.stringify({ token: 'abc', expires_in: lifetime }));
    expect((await ask()).expires).toBe(NOW + seconds * 1000);
  });

  test.each([
    ['nothing', ''],
    ['no JSON', '<html>login</html>'],
    ['null', 'null'],
    ['a number', '5'],
    ['a text', '"abc"'],
    ['a list', '["abc"]'],
    ['an object without a token', '{}'],
    ['a token that is a number', '{"token":5}'],
    ['a token that is an object', '{"token":{"toString":1}}'],
    ['an empty token', '{"token":""}'],
    ['a token with a space', '{"token":"a b"}'],
    ['a token with a newline', '{"token":"abc\\r\\nx-evil: 1"}'],
    ['a token outside ASCII', '{"token":"\u00e9"}'],
  ])('that is %s is no token, and may be one at the next try', async (_, text) => {
    answer = cannedResponse(200, text);
    await expect(ask({ credential: USER })).rejects.toMatchObject({
      reason: 'registry-error', retryable: true, message: 'registry.example.com: the token service returned no token',
    });
  });

  test('may start with a byte order mark, and have any content type', async () => {
    answer = cannedResponse(200, '\uFEFF{"token":"abc"}', { 'content-type': 'text/html' });
    expect((await ask()).header).toBe('Bearer abc');
  });

  test.each([200, 201, 203])('with HTTP %i has a token', async (status) => {
    answer = cannedResponse(status, '{"token":"abc"}');
    expect((await ask()).header).toBe('Bearer abc');
  });

  test('with a token of 64 KB is used', async () => {
    answer = cannedResponse(200, JSON.stringify({ token: 'x'.repeat(65_536) }));
    expect((await ask()).header).toHaveLength(65_536 + 'Bearer '.length);
  });

  test('with a longer token is refused in words, without the token', async () => {
    answer = cannedResponse(200, JSON.stringify({ token: 'x'.repeat(1_000_000) }));
    await expect(ask()).rejects.toMatchObject({
      reason: 'registry-error',
      retryable: false,
      message: 'registry.example.com: the token service returned a token of 1000000 characters, which is too long for a header; the maximum is 65536',
    });
  });

  test('that never ends is not read to its end', async () => {
    let pieces = 0;
    function* endless() {
      for (;;) {
        pieces++;
        yield Buffer.alloc(65_536, 'x');
      }
    }
    answer = cannedResponse(200, endless());
    await expect(ask()).rejects.toThrow('registry.example.com: the response of the token service is longer than 1048576 bytes');
    expect(pieces).toBeLessThan(40);
  });

  test.each([
    [401, 'unauthorized', false],
    [403, 'unauthorized', false],
    [429, 'rate-limited', true],
    [503, 'registry-error', true],
    [302, 'registry-error', false],
    [204, 'registry-error', false],
  ])('HTTP %i is %s', async (status, reason, retryable) => {
    answer = cannedResponse(status);
    await expect(ask()).rejects.toMatchObject({ reason, retryable, message: expect.stringMatching(/^registry\.example\.com: cannot sign in: /) });
  });

  test.each([404, 410])('HTTP %i is a token service that is not there, told with its host and not as a missing image', async (status) => {
    answer = cannedResponse(status);
    await expect(ask({ credential: USER })).rejects.toMatchObject({
      reason: 'registry-error',
      retryable: false,
      message: `registry.example.com: the token service of its challenge doesn't exist (HTTP ${status} from auth.example.com)`,
    });
  });

  test('that breaks off is a break of the network, and is asked for again', async () => {
    function* broken() {
      yield Buffer.from('{"token":"ab');
      throw Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' });
    }
    answer = cannedResponse(200, broken());
    await expect(ask({ credential: USER })).rejects.toMatchObject({ reason: 'network', retryable: true, message: 'auth.example.com: the connection was closed by the server' });
  });

  test('401 with credentials says that these are wrong', async () => {
    answer = cannedResponse(401, '{"details":"incorrect username or password"}');
    await expect(ask({ credential: USER })).rejects.toThrow('the credentials don\'t allow it');
  });

  test('401 without credentials says that some are wanted', async () => {
    answer = cannedResponse(401);
    await expect(ask()).rejects.toThrow('the registry requires credentials');
  });

  test.each([['a password', USER], ['an identity token', IDENTITY]])('in no case makes %s part of an error', async (_, credential) => {
    for (const status of [200, 401, 429, 500]) {
      answer = cannedResponse(status, 'no token');
      await expect(ask({ credential })).rejects.toMatchObject({ message: expect.not.stringContaining('hunter2') });
    }
  });
});
