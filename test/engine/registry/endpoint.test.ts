import { endpointOf } from '../../../src/engine/registry/endpoint';
import { ecrHost } from '../../../src/image/registry-hosts';

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
