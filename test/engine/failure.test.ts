import { describeFailure } from '../../src/engine/failure';
import { MirrorError } from '../../src/engine/mirror-error';
import { networkError } from '../../src/engine/registry/transport';
import { withEnvironment } from '../support/with-environment';

const running = () => ({ deadline: Date.now() + 60_000, signal: new AbortController().signal });
const coded = (code: string) => Object.assign(new Error('low-level words'), { code });
withEnvironment(/_PROXY$/i);

beforeEach(() => {
  process.env.CODEBUILD_BUILD_ID = 'Mirror:1';
});

/** What is said last of a host to which there is no connection, for a reason of Node's. */
function lastWords(code: string, address = 'https://quay.io/v2/'): string {
  return describeFailure(networkError(coded(code), new URL(address)), running()).message;
}

describe('a host that cannot be reached', () => {
  test.each(['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])('for %s is told with what to open', (code) => {
    expect(lastWords(code)).toMatch(/^quay\.io: .+; a build in a VPC needs a NAT gateway/);
  });

  test('is told with its port', () => {
    expect(lastWords('ETIMEDOUT', 'https://registry.example.com:5000/')).toMatch(/^registry\.example\.com:5000: .*to port 5000$/);
  });

  test('is told so as well when a run had no time for another try', () => {
    const first = networkError(coded('ETIMEDOUT'), new URL('https://quay.io/')) as MirrorError;
    const last = new MirrorError(first.reason, `${first.message} (not retried: the next try would be after the deadline of the run)`, { cause: first });
    expect(describeFailure(last, running()).message).toMatch(/not retried.*; a build in a VPC/);
  });
});

describe('nothing is said of what to open', () => {
  test.each(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_HEADERS_TIMEOUT', 'CERT_HAS_EXPIRED', 'EWEIRD'])('for %s', (code) => {
    expect(lastWords(code)).not.toMatch(/VPC|NAT/);
  });

  test('where a proxy refuses to connect', () => {
    const error = networkError(new Error('Proxy response (403) !== 200 when HTTP Tunneling'), new URL('https://quay.io/'));
    expect(describeFailure(error, running()).message).toBe('quay.io: the proxy in HTTPS_PROXY refused the connection (HTTP 403); check the credentials and rules of the proxy');
  });

  test('of failures of another kind, whatever brought them about', () => {
    const error = new MirrorError('registry-error', 'quay.io: it failed', { cause: coded('ETIMEDOUT') });
    expect(describeFailure(error, running())).toEqual({ reason: 'registry-error', message: 'quay.io: it failed' });
  });

  test('of a body that ended too early', () => {
    const error = new MirrorError('network', 'quay.io: blob sha256:0 ended after 1 of 2 bytes', { retryable: true });
    expect(describeFailure(error, running()).message).toBe('quay.io: blob sha256:0 ended after 1 of 2 bytes');
  });
});

describe('what ended a run that is no failure of a registry', () => {
  test('is that somebody stopped it', () => {
    expect(describeFailure(new Error('aborted'), { deadline: Date.now() + 60_000, signal: AbortSignal.abort() })).toMatchObject({ reason: 'interrupted' });
  });

  test('is its deadline', () => {
    expect(describeFailure(new Error('aborted'), { deadline: Date.now() - 1, signal: new AbortController().signal })).toMatchObject({ reason: 'deadline-exceeded' });
  });

  test.each([['an error', new Error('odd'), 'unexpected: odd'], ['a text', 'odd', 'unexpected: odd'], ['nothing', undefined, 'unexpected: undefined']])('is a defect: %s', (_, thrown, message) => {
    expect(describeFailure(thrown, running())).toEqual({ reason: 'internal-error', message });
  });
});
