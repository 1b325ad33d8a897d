/** The registry's host in a reference: one spelling for one host, and none that a URL would read as another. */
import * as fc from 'fast-check';
import { InvalidReferenceError, parseImageReference } from '../../src/image/image-reference';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

const registryOf = (text: string) => parseImageReference(text).registry;

describe('one host has one spelling', () => {
  test.each([
    ['[0:0::1]:05000', '[::1]:5000'],
    ['[::1]:5000', '[::1]:5000'],
    ['[0:0:0:0:0:0:0:1]', '[::1]'],
    ['[::FFFF:7F00:1]', '[::ffff:7f00:1]'],
    ['localhost:05000', 'localhost:5000'],
    ['LOCALHOST', 'localhost'],
    ['LocalHost:5000', 'localhost:5000'],
    ['Quay.IO:0443', 'quay.io:443'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['1.2.3.4', '1.2.3.4'],
  ])('%s is %s', (text, registry) => {
    expect(registryOf(`${text}/a/b`)).toBe(registry);
  });
});

describe('refusals', () => {
  test.each([
    ['port 0', 'quay.io:0/a', '"quay.io:0" is not a valid registry host; write a host name with an optional port, for example "registry.example.com:5000"'],
    ['port 65536', 'quay.io:65536/a', '"quay.io:65536" is not a valid registry host'],
    ['port 99999', 'quay.io:99999/a', '"quay.io:99999" is not a valid registry host'],
    ['an empty port', 'quay.io:/a', '"quay.io:" is not a valid registry host'],
    ['a port in letters', 'quay.io:http/a', '"quay.io:http" is not a valid registry host'],
    ['a host with an underscore', 'my_host.example/a', '"my_host.example" is not a valid registry host'],
    ['a host that ends with a full stop', 'quay.io./a', '"quay.io." is not a valid registry host'],
    ['a host that starts with a hyphen', '-quay.io/a', '"-quay.io" is not a valid registry host'],
    ['a host label of 64 characters', `${'h'.repeat(64)}.io/a`, 'is not a valid registry host'],
    ['an IPv6 address without brackets', '::1/a', '"::1" is not a valid registry host'],
    ['an IPv6 address with a zone', '[fe80::1%eth0]/a', '"[fe80::1%eth0]" is not a valid registry host'],
    ['an IPv6 address that does not end', '[::1/a', '"[::1" is not a valid registry host'],
    ['an IPv6 address of colons', '[:::::]/a/b', '"[:::::]" is not a valid registry host'],
    ['an IPv6 address that is too long', '[1:2:3:4:5:6:7:8:9]/a', 'is not a valid registry host'],
    ['a name whose last part is a number', 'foo.1/a/b', '"foo.1" is not a valid registry host'],
    ['an IPv4 address beyond 255', '1.2.3.999/a', '"1.2.3.999" is not a valid registry host'],
    ['an IPv4 address of two parts', '1.5/a', '"1.5" is not a valid registry host'],
    ['an IPv4 address in hexadecimal', '0x7f.1/a', '"0x7f.1" is not a valid registry host'],
    ['an IPv4 address in octal', '0177.0.0.1/a', '"0177.0.0.1" is not a valid registry host'],
  ])('refuses %s', (_, text, problem) => {
    expect(() => parseImageReference(text)).toThrow(InvalidReferenceError);
    expect(() => parseImageReference(text)).toThrow(problem);
  });

  test('a name in capitals without a dot or port is a repository of Docker Hub, told with its remedy', () => {
    expect(() => parseImageReference('Quay/a')).toThrow('repository names must be lowercase; use "quay/a"');
  });
});

test('any host that is taken is read as the same one by a URL', () => {
  const piece = fc.constantFrom(
    'a', 'Z', '0', '1', '7', '255', '999', '0x', '.', '..', '-', '_', ':', '::', '[', ']', '::1', 'ffff', 'localhost', 'quay', '.io', 'xn--', ':5000', ':05000', ':443', ':80', '%', '@',
  );
  const host = fc.oneof(
    fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join('')),
    fc.ipV4(),
    fc.ipV4Extended(),
    fc.ipV6().map((address) => `[${address}]`),
    fc.domain(),
    fc.string({ maxLength: 20 }),
  );
  let taken = 0;
  fc.assert(fc.property(host, fc.constantFrom('/a', '/a/b:1', `/a@${DIGEST}`), (first, rest) => {
    let registry: string;
    try {
      registry = registryOf(first + rest);
    } catch (error) {
      if (!(error instanceof InvalidReferenceError)) throw error;
      return;
    }
    taken++;
    // A URL leaves out the port that its scheme implies, so the scheme is one whose port is another.
    const scheme = registry.endsWith(':443') ? 'http' : 'https';
    expect(new URL(`${scheme}://${registry}`).host).toBe(registry);
  }), { numRuns: 5000 });
  expect(taken).toBeGreaterThan(500);
});

describe('a password before the host is not in the error', () => {
  /** The error that a reference is refused with. */
  function messageOf(text: string): string {
    try {
      parseImageReference(text);
    } catch (error) {
      if (error instanceof InvalidReferenceError) return error.message;
      throw error;
    }
    throw new Error('it was not refused');
  }

  test.each([
    'user:hunter2@quay.io/a',
    'user:hunter2@quay.io/a:1',
    `user:hunter2@quay.io/a@${DIGEST}`,
    'https://user:hunter2@quay.io/a',
    'DOCKER://user:hunter2@quay.io/a',
    'user:hunter2@localhost:5000/a b',
    ':hunter2@quay.io/a',
    'user:hunter2@',
    'user:hunter2@Quay/A',
  ])('%s', (text) => {
    expect(messageOf(text)).toContain('***@');
    expect(messageOf(text)).not.toContain('hunter2');
  });

  test.each([
    ['a slash', 'user:hunter/hunter2@quay.io/a'],
    ['an at sign', 'user:hunter@hunter2@quay.io/a'],
    ['a scheme of more than letters', 'git+https://user:hunter2@quay.io/a'],
  ])('with %s in it or before it', (_, text) => {
    expect(messageOf(text)).not.toContain('hunter2');
  });

  test('and a reference with tag and digest is shown whole', () => {
    expect(() => parseImageReference('nginx:1.27.0@sha256:abc')).toThrow('invalid image reference "nginx:1.27.0@sha256:abc": ');
  });
});
