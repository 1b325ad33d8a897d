import { connectedRegistry, serviceHost, usesFips } from '../../src/engine/fips';
import { endpointOf } from '../../src/engine/registry/endpoint';
import { withEnvironment } from '../support/with-environment';

withEnvironment(/^AWS_/);

const OWN = '111122223333.dkr.ecr.us-east-1.amazonaws.com';
const FIPS = { AWS_USE_FIPS_ENDPOINT: 'true', AWS_REGION: 'eu-west-1' };

test.each([[undefined, false], ['', false], ['false', false], ['1', false], ['true', true], ['TRUE', true]])('the variable %j means %s', (value, expected) => {
  expect(usesFips({ AWS_USE_FIPS_ENDPOINT: value })).toBe(expected);
});

test.each([
  [OWN, '111122223333.dkr.ecr-fips.us-east-1.amazonaws.com'],
  ['111122223333.dkr.ecr.us-gov-west-1.amazonaws.com', '111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com'],
  ['111122223333.dkr-ecr.us-west-2.on.aws', '111122223333.dkr-ecr-fips.us-west-2.on.aws'],
  // The registry of the build's own Region: a run fails rather than use another endpoint.
  ['111122223333.dkr.ecr.eu-west-1.amazonaws.com', '111122223333.dkr.ecr-fips.eu-west-1.amazonaws.com'],
])('requests for %s go to %s', (registry, host) => {
  expect(connectedRegistry(registry, FIPS)).toBe(host);
  expect(connectedRegistry(registry, {})).toBe(registry);
});

test.each([
  '111122223333.dkr.ecr-fips.us-east-1.amazonaws.com', '602401143452.dkr.ecr.eu-central-1.amazonaws.com', 'docker.io', 'public.ecr.aws', 'registry.example.com:5000',
  'dkr.ecr.us-east-1.amazonaws.com', `${OWN}.example.com`,
])('requests for %s go to that host', (registry) => {
  expect(connectedRegistry(registry, FIPS)).toBe(registry);
});

test('the registry of an endpoint keeps its name', () => {
  Object.assign(process.env, FIPS);
  expect(endpointOf(OWN)).toEqual({ registry: OWN, origin: 'https://111122223333.dkr.ecr-fips.us-east-1.amazonaws.com', challenge: { scheme: 'basic' } });
  expect(endpointOf('docker.io').origin).toBe('https://registry-1.docker.io');
});

test('services have the hosts of the AWS SDK', () => {
  const hosts = () => ['ecr', 'events', 'codebuild', 'ssm', 's3'].map((service) => serviceHost(service, 'us-east-1').split('.')[0]);
  expect(hosts()).toEqual(['api', 'events', 'codebuild', 'ssm', 's3']);
  process.env.AWS_USE_FIPS_ENDPOINT = 'true';
  expect(hosts()).toEqual(['ecr-fips', 'events-fips', 'codebuild-fips', 'ssm-fips', 's3-fips']);
  expect(['events', 'ssm', 's3', 'codebuild'].map((service) => serviceHost(service, 'us-gov-west-1'))).toEqual([
    'events.us-gov-west-1.amazonaws.com', 'ssm.us-gov-west-1.amazonaws.com', 's3-fips.us-gov-west-1.amazonaws.com', 'codebuild-fips.us-gov-west-1.amazonaws.com',
  ]);
});
