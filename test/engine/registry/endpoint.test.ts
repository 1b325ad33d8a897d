import { lookup } from 'node:dns';
import { endpointOf, HostResolver, isPrivateAddress, isTrustedHost, namedBy, requireSafeUrl } from '../../../src/engine/registry/endpoint';
import { ecrHost } from '../../../src/image/registry-hosts';

jest.mock('node:dns', () => ({ ...jest.requireActual<typeof import('node:dns')>('node:dns'), lookup: jest.fn() }));

test.each([
  ['docker.io', 'https://registry-1.docker.io'],
  ['quay.io', 'https://quay.io'],
  ['registry.example.com:5000', 'https://registry.example.com:5000'],
  ['[::1]:5000', 'https://[::1]:5000'],
])('%s answers at %s', (registry, origin) => {
  expect(endpointOf(registry)).toMatchObject({ registry, origin });
});

test('a registry on the developer\'s own machine may be spoken to without TLS', () => {
  expect(endpointOf('localhost:5000', true)).toEqual({ registry: 'localhost:5000', origin: 'http://localhost:5000' });
});

test('without TLS nothing is known beforehand that credentials would be sent to', () => {
  expect(endpointOf('docker.io', true).challenge).toBeUndefined();
});

test.each(['docker.io', 'ghcr.io', 'public.ecr.aws', 'quay.io'])('the token service of %s is known, and https', (registry) => {
  expect(endpointOf(registry).challenge).toMatchObject({ scheme: 'bearer', realm: expect.stringMatching(/^https:\/\//) });
});

test.each(['registry.k8s.io', 'docker.io.example.com', 'xdocker.io', 'localhost'])('nothing is known of %s', (registry) => {
  expect(endpointOf(registry).challenge).toBeUndefined();
});

test.each([
  ['123456789012.dkr.ecr.eu-west-1.amazonaws.com', { account: '123456789012', region: 'eu-west-1', fips: false }],
  ['123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com', { account: '123456789012', region: 'us-gov-west-1', fips: true }],
  ['123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn', { account: '123456789012', region: 'cn-north-1', fips: false }],
  ['123456789012.dkr-ecr.eu-west-1.on.aws', { account: '123456789012', region: 'eu-west-1', fips: false }],
  ['123456789012.dkr-ecr-fips.us-east-1.on.aws', { account: '123456789012', region: 'us-east-1', fips: true }],
  ['123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn', { account: '123456789012', region: 'cn-north-1', fips: false }],
])('%s is Amazon ECR, which wants Basic', (registry, host) => {
  expect(ecrHost(registry)).toEqual(host);
  expect(endpointOf(registry).challenge).toEqual({ scheme: 'basic' });
});

test.each([
  'public.ecr.aws',
  '12345678901.dkr.ecr.eu-west-1.amazonaws.com',
  '123456789012.dkr.ecr.eu-west-1.amazonaws.com:443',
  '123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example',
  'evil.123456789012.dkr.ecr.eu-west-1.amazonaws.com',
  '123456789012xdkr.ecr.eu-west-1.amazonaws.com',
  '123456789012.dkr.ecr.eu-west-1.amazonaws.com\n',
  '123456789012.dkr.ecr.eu-west-1.evil.example.amazonaws.com',
  '',
])('%j is not Amazon ECR, and gets no credentials of AWS', (registry) => {
  expect(ecrHost(registry)).toBeUndefined();
});

describe('credentials of a registry', () => {
  test.each([
    ['docker.io', 'auth.docker.io'],
    ['docker.io', 'registry-1.docker.io'],
    ['ghcr.io', 'ghcr.io'],
    ['registry.gitlab.com', 'gitlab.com'],
    ['registry.digitalocean.com', 'api.digitalocean.com'],
    ['registry.cn-hangzhou.aliyuncs.com', 'dockerauth.cn-hangzhou.aliyuncs.com'],
    ['registry.example.com:5000', 'registry.example.com'],
    ['registry.example.com', 'gitlab.example.com'],
    ['registry.git.example.com', 'login.example.com'],
    ['registry.example.com', 'auth.registry.example.com'],
    ['example.com', 'auth.example.com'],
    ['registry.example.co.uk', 'auth.example.co.uk'],
    ['us.icr.io', 'icr.io'],
    ['127.0.0.1:5000', '127.0.0.1'],
    ['127.0.0.1:5000', 'localhost'],
    ['localhost:5000', '[::1]'],
    ['[fd00::1]:5000', '[fd00::1]'],
    ['registry:5000', 'registry'],
  ])('of %s may go to %s', (registry, hostname) => {
    expect(isTrustedHost(endpointOf(registry), hostname)).toBe(true);
  });

  test.each([
    ['docker.io', 'docker.io.example.com'],
    ['docker.io', 'auth.docker.example'],
    ['quay.io', 'auth.docker.io'],
    ['registry.example.com', 'example.com.evil.test'],
    ['registry.example.com', 'evilexample.com'],
    ['registry.example.com', 'com'],
    ['registry.example.co.uk', 'auth.evil.co.uk'],
    ['registry.example.com.au', 'auth.evil.com.au'],
    ['one.azurecr.io', 'two.azurecr.io'],
    ['one.jfrog.io', 'two.jfrog.io'],
    ['registry', 'auth'],
    ['registry.corp', 'auth.corp'],
    ['10.0.0.1:5000', '10.0.0.2'],
    ['10.0.0.1', '0.1'],
    ['registry.example.com', '10.0.0.1'],
    ['localhost:5000', 'localhost.evil.test'],
    ['127.0.0.1:5000', '128.0.0.1'],
  ])('of %s do not go to %s', (registry, hostname) => {
    expect(isTrustedHost(endpointOf(registry), hostname)).toBe(false);
  });
});

describe('an address', () => {
  test.each([
    '0.0.0.0', '10.0.0.1', '100.64.0.1', '100.100.100.200', '127.0.0.1', '127.255.255.254', '169.254.169.254', '169.254.170.2', '172.16.0.1', '172.31.255.255',
    '192.168.0.1', '::', '::1', '[::1]', '::ffff:10.0.0.1', '::ffff:a9fe:a9fe', '::127.0.0.1', 'fd00:ec2::254', 'fc00::1', 'fe80::1', 'fe80::1%eth0',
    'fec0::1', '64:ff9b::10.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::1',
  ])('%s is private', (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  test.each([
    '1.1.1.1', '11.0.0.1', '100.63.255.255', '100.128.0.1', '128.0.0.1', '169.253.0.1', '172.15.0.1', '172.32.0.1', '192.167.0.1', '192.169.0.1', '198.18.0.1',
    '2600:1f18::1', '64:ff9b::1.1.1.1', '::ffff:1.1.1.1', 'registry.example.com', '', '10.0.0', 'localhost',
  ])('%j is not', (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  });

  test.each(['http://2130706433/', 'http://0x7f000001/', 'http://0177.0.0.1/', 'http://127.1/', 'http://127.0.0.1./', 'http://[::ffff:7f00:1]/'])('%s is private in this spelling too', (url) => {
    expect(isPrivateAddress(new URL(url).hostname)).toBe(true);
  });
});

describe('a URL in a challenge or a header', () => {
  const FROM = new URL('https://registry.example.com:5000/v2/');

  test.each([
    ['/v2/x', 'https://registry.example.com:5000/v2/x'],
    ['x?y=z#part', 'https://registry.example.com:5000/v2/x?y=z'],
    ['https://cdn.example.net/x', 'https://cdn.example.net/x'],
    ['http://registry.example.com/x', 'https://registry.example.com/x'],
    ['http://registry.example.com:5000/x', 'https://registry.example.com:5000/x'],
  ])('%s leads to %s', (text, href) => {
    expect(requireSafeUrl('registry', text, FROM).href).toBe(href);
  });

  test.each(['', 'http://', 'ftp://registry.example.com/', 'javascript:alert(1)', 'data:,x', 'http://cdn.example.net/x'])('%j is refused', (text) => {
    expect(() => requireSafeUrl('registry', text, FROM)).toThrow(/^registry: /);
  });

  test('is not shown with a password', () => {
    expect(() => requireSafeUrl('registry', 'ftp://user:hunter2@host/', FROM)).not.toThrow('hunter2');
  });

  test('of the registry itself is named by nobody, and another host by the registry', () => {
    const endpoint = endpointOf('docker.io');
    expect(namedBy(endpoint, new URL('https://registry-1.docker.io:8443/'))).toBeUndefined();
    expect(namedBy(endpoint, new URL('https://auth.docker.io/token'))).toBe('registry-1.docker.io');
  });
});

describe('a name', () => {
  const answers = jest.mocked(lookup);
  const resolve = (resolver: HostResolver, way: 'lookup' | 'lookupPublic', hostname: string, all = true) => new Promise<unknown>((done) => {
    resolver[way](hostname, { all }, (error, address, family) => done(error?.code ?? [address, family]));
  });
  const isAt = (...addresses: string[]) => {
    answers.mockImplementation(((_: string, __: object, callback: (error: null, found: object[]) => void) => {
      callback(null, addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
    }) as unknown as typeof lookup);
  };

  test('that leads to public addresses is resolved in both ways', async () => {
    isAt('1.1.1.1', '2600::1');
    const found = [{ address: '1.1.1.1', family: 4 }, { address: '2600::1', family: 6 }];
    expect(await resolve(new HostResolver(), 'lookup', 'a.test')).toEqual([found, undefined]);
    expect(await resolve(new HostResolver(), 'lookupPublic', 'a.test')).toEqual([found, undefined]);
    expect(await resolve(new HostResolver(), 'lookupPublic', 'a.test', false)).toEqual(['1.1.1.1', 4]);
  });

  test('that leads to private addresses is refused where only public ones are allowed', async () => {
    isAt('10.0.0.1', 'fd00::1');
    expect(await resolve(new HostResolver(), 'lookupPublic', 'a.test')).toBe('ERR_PRIVATE_ADDRESS');
    expect(await resolve(new HostResolver(), 'lookup', 'a.test', false)).toEqual(['10.0.0.1', 4]);
  });

  test('that leads to both leads to the public ones where only these are allowed', async () => {
    isAt('10.0.0.1', '1.1.1.1');
    expect(await resolve(new HostResolver(), 'lookupPublic', 'a.test')).toEqual([[{ address: '1.1.1.1', family: 4 }], undefined]);
  });

  test('of a bucket may lead to an interface endpoint in the VPC', async () => {
    isAt('10.0.0.1');
    expect(await resolve(new HostResolver(), 'lookupPublic', 'layers.s3.eu-west-1.amazonaws.com', false)).toEqual(['10.0.0.1', 4]);
    expect(await resolve(new HostResolver(), 'lookupPublic', 'ec2-1-1-1-1.compute-1.amazonaws.com')).toBe('ERR_PRIVATE_ADDRESS');
  });

  test('that is not known ends in the error of the system', async () => {
    answers.mockImplementation(((_: string, __: object, callback: (error: Error) => void) => callback(Object.assign(new Error(), { code: 'ENOTFOUND' }))) as unknown as typeof lookup);
    expect(await resolve(new HostResolver(), 'lookupPublic', 'a.test')).toBe('ENOTFOUND');
    expect(await new HostResolver().isPrivate('a.test')).toBe(false);
  });

  test.each([
    [['10.0.0.1'], true],
    [['10.0.0.1', 'fd00::1'], true],
    [['10.0.0.1', '1.1.1.1'], false],
    [['1.1.1.1'], false],
  ])('with the addresses %j is in the private network: %s', async (addresses, isPrivate) => {
    isAt(...addresses);
    expect(await new HostResolver().isPrivate('a.test')).toBe(isPrivate);
  });

  test('that had a public address once stays outside, whatever it leads to later', async () => {
    const resolver = new HostResolver();
    isAt('1.1.1.1');
    await resolve(resolver, 'lookup', 'a.test');
    isAt('10.0.0.1');
    await resolve(resolver, 'lookup', 'a.test');
    expect(await resolver.isPrivate('a.test')).toBe(false);
  });
});
