import * as fc from 'fast-check';
import { MirrorError } from '../../../src/engine/mirror-error';
import { isRetryableStatus, registryError } from '../../../src/engine/registry/registry-error';
import type { HttpResponse } from '../../../src/engine/registry/transport';
import { cannedResponse } from '../../support/canned-response';

const ANONYMOUS = { registry: 'quay.io', action: 'read manifest a/b:1', authenticated: false };
const AUTHENTICATED = { ...ANONYMOUS, authenticated: true };

const body = (code: unknown, message?: unknown) => JSON.stringify({ errors: [{ code, message }] });
const errorOf = (status: number, text: string | Buffer = '', headers: HttpResponse['headers'] = {}) => registryError(ANONYMOUS, cannedResponse(status, text, headers));

describe('reasons', () => {
  test.each([
    [400, '', 'registry-error', false],
    [401, '', 'unauthorized', false],
    [403, '', 'unauthorized', false],
    [404, '', 'not-found', false],
    [405, '', 'unsupported-manifest', false],
    [408, '', 'registry-error', true],
    [410, '', 'not-found', false],
    [413, '', 'unsupported-manifest', false],
    [415, '', 'unsupported-manifest', false],
    [425, '', 'registry-error', true],
    [429, '', 'rate-limited', true],
    [500, '', 'registry-error', true],
    [501, '', 'registry-error', false],
    [502, '', 'registry-error', true],
    [503, '', 'registry-error', true],
    [504, '', 'registry-error', true],
    [418, '', 'registry-error', false],
    [302, '', 'registry-error', false],
    [400, body('MANIFEST_INVALID', 'no'), 'unsupported-manifest', false],
    [400, body('UNSUPPORTED', 'no'), 'unsupported-manifest', false],
    [400, body('DIGEST_INVALID', 'no'), 'digest-mismatch', true],
    [400, body('TAG_INVALID', 'The image tag \'1\' already exists and cannot be overwritten because the repository is immutable.'), 'immutable-tag', false],
    [400, body('TAG_INVALID', 'The tag is not allowed'), 'registry-error', false],
    [404, body('MANIFEST_UNKNOWN', 'manifest unknown'), 'not-found', false],
    [404, body('NAME_UNKNOWN', 'no such repository'), 'not-found', false],
    [404, body('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry'), 'registry-error', true],
    [403, body('DENIED', 'no'), 'unauthorized', false],
    [403, body('TOOMANYREQUESTS', 'slow down'), 'rate-limited', false],
    [429, body('UNAUTHORIZED', 'no'), 'rate-limited', true],
  ])('HTTP %i with the body %j is %s, to be tried again: %s', async (status, text, reason, retryable) => {
    expect(await errorOf(status, text)).toMatchObject({ reason, retryable });
  });

  test.each([[408, true], [425, true], [429, true], [500, true], [501, false], [503, true], [400, false], [401, false], [404, false]])('HTTP %i can pass by waiting: %s', (status, retryable) => {
    expect(isRetryableStatus(status)).toBe(retryable);
  });
});

describe('words', () => {
  test('name the registry, the request, what happened and the answer', async () => {
    expect((await errorOf(404, body('MANIFEST_UNKNOWN', 'manifest unknown'))).message)
      .toBe('quay.io: cannot read manifest a/b:1: the image or repository doesn\'t exist (HTTP 404, MANIFEST_UNKNOWN: manifest unknown)');
  });

  test('repeat a short answer that is no JSON', async () => {
    expect((await errorOf(503, ' upstream is down \n')).message).toContain('(HTTP 503, upstream is down)');
  });

  test('to a rate limit without credentials say that credentials help', async () => {
    expect((await registryError(ANONYMOUS, cannedResponse(429))).message).toContain('the rate limit for anonymous requests is exceeded; configure credentials for this registry');
  });

  test('to a rate limit with credentials say what helps then', async () => {
    const { message } = await registryError(AUTHENTICATED, cannedResponse(429));
    expect(message).toContain('the rate limit of these credentials is exceeded');
    expect(message).not.toContain('configure credentials');
  });

  test('to a rate limit of the public gallery name the permissions that lift it', async () => {
    const gallery = { ...ANONYMOUS, registry: 'public.ecr.aws' };
    expect((await registryError(gallery, cannedResponse(429))).message)
      .toContain('; run with AWS credentials that allow ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken');
    expect((await registryError({ ...gallery, authenticated: true }, cannedResponse(429))).message).not.toContain('ecr-public');
  });

  test('to a refusal without credentials say that it wants some', async () => {
    expect((await registryError(ANONYMOUS, cannedResponse(401))).message).toContain('the registry requires credentials, or the repository doesn\'t exist');
  });

  test('to a refusal with credentials say that these do not do', async () => {
    expect((await registryError(AUTHENTICATED, cannedResponse(403))).message).toContain('the credentials don\'t allow it, or the repository doesn\'t exist');
  });
});

describe('hostile bodies', () => {
  test.each([
    ['HTML', '<html><head><title>502 Bad Gateway</title></head></html>'],
    ['HTML behind space', '\n\n  <!DOCTYPE html>'],
    ['a long text', 'x'.repeat(301)],
    ['nothing', ''],
    ['space', ' \r\n\t '],
    ['null', 'null'],
    ['a number', '42'],
    ['a list', '[1,2]'],
    ['JSON without errors', '{}'],
    ['no errors in the list', '{"errors":[]}'],
    ['errors that are null', '{"errors":null}'],
    ['errors that are a text', '{"errors":"broken"}'],
    ['errors that are a number', '{"errors":5}'],
    ['an error that is null', '{"errors":[null]}'],
    ['an error that is a text', '{"errors":["broken"]}'],
    ['an error that is a list', '{"errors":[[["broken"]]]}'],
    ['fields of other types', '{"errors":[{"code":{"toString":1},"message":["x"]}]}'],
    ['fields that reach for prototypes', '{"errors":[{"__proto__":{"code":"DENIED"},"constructor":1}]}'],
  ])('%s adds nothing to the status', async (_, text) => {
    expect((await errorOf(502, text)).message).toBe('quay.io: cannot read manifest a/b:1: the request failed (HTTP 502)');
  });

  test('ten megabytes are not read to their end', async () => {
    let read = 0;
    function* pieces() {
      for (let piece = 0; piece < 160; piece++) {
        read += 65_536;
        yield Buffer.alloc(65_536, 'x');
      }
    }
    const error = await registryError(ANONYMOUS, cannedResponse(500, pieces()));
    expect(error.message).toBe('quay.io: cannot read manifest a/b:1: the request failed (HTTP 500)');
    expect(read).toBeLessThan(20 * 65_536);
  });

  test('a body that breaks off does not hide the status', async () => {
    function* pieces() {
      yield Buffer.from('{"errors":[');
      throw new Error('broken off');
    }
    expect(await registryError(ANONYMOUS, cannedResponse(404, pieces()))).toMatchObject({ reason: 'not-found' });
  });

  test('control characters arrive escaped', async () => {
    const { message } = await errorOf(400, body('X\u001b[2J', 'one\r\ntwo\u2028three\u202efour'));
    expect(message).toContain('X\\u001b[2J: one\\u000d\\u000atwo\\u2028three\\u202efour');
    expect(message).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cf}]/u);
  });

  test('control characters of an answer that is no JSON arrive escaped', async () => {
    expect((await errorOf(400, 'one\u0007\u009btwo')).message).toContain('one\\u0007\\u009btwo');
  });

  test('a long message is cut', async () => {
    expect((await errorOf(400, body('X', 'm'.repeat(10_000)))).message.length).toBeLessThan(1200);
  });

  test('any JSON makes one line of words', async () => {
    const field = fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' }));
    const errors = fc.array(fc.record({ code: field, message: field }), { maxLength: 2 });
    const answer = fc.oneof(fc.jsonValue(), fc.record({ errors: fc.oneof(fc.jsonValue(), errors) }));
    await fc.assert(fc.asyncProperty(fc.integer({ min: 300, max: 599 }), answer, async (status, value) => {
      const error = await errorOf(status, JSON.stringify(value));
      expect(error).toBeInstanceOf(MirrorError);
      expect(error.message).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
    }));
  });

  test('any bytes make one line of words', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
      expect((await errorOf(500, Buffer.from(bytes))).message).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
    }));
  });
});

describe('Retry-After', () => {
  afterEach(() => jest.useRealTimers());

  test.each([['5', 5], ['0', 0], [' 120 ', 120]])('%j is that many seconds', async (header, seconds) => {
    expect((await errorOf(429, '', { 'retry-after': header })).retryAfterSeconds).toBe(seconds);
  });

  test('as a date is the time until then', async () => {
    jest.useFakeTimers({ now: Date.UTC(2024, 0, 31, 12, 0, 0), doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    expect((await errorOf(429, '', { 'retry-after': 'Wed, 31 Jan 2024 12:01:30 GMT' })).retryAfterSeconds).toBe(90);
  });

  test('as a date that has passed is no pause', async () => {
    expect((await errorOf(429, '', { 'retry-after': 'Wed, 31 Jan 2001 12:00:00 GMT' })).retryAfterSeconds).toBe(0);
  });

  test('of several headers is the first', async () => {
    expect((await errorOf(429, '', { 'retry-after': ['7', '9'] })).retryAfterSeconds).toBe(7);
  });

  test.each([['soon'], [''], ['-5'], ['1.5'], ['+5'], ['1e3'], ['60 seconds'], ['9'.repeat(400)]])('%j says nothing', async (header) => {
    expect((await errorOf(429, '', { 'retry-after': header })).retryAfterSeconds).toBeUndefined();
  });

  test('may be left out', async () => {
    expect((await errorOf(429)).retryAfterSeconds).toBeUndefined();
  });
});
