import { awsServiceHost } from '../../src/image/registry-hosts';

test.each([
  ['ssm', 'eu-west-1', {}, 'ssm.eu-west-1.amazonaws.com'],
  ['s3', 'cn-northwest-1', {}, 's3.cn-northwest-1.amazonaws.com.cn'],
  ['events', 'us-gov-west-1', {}, 'events.us-gov-west-1.amazonaws.com'],
  ['ecr', 'eu-west-1', {}, 'api.ecr.eu-west-1.amazonaws.com'],
  ['ecr', 'cn-north-1', {}, 'api.ecr.cn-north-1.amazonaws.com.cn'],
  ['ecr', 'us-gov-west-1', { fips: true }, 'ecr-fips.us-gov-west-1.amazonaws.com'],
  ['ecr-public', 'us-east-1', {}, 'api.ecr-public.us-east-1.amazonaws.com'],
])('%s in %s with %j has the host %s', (service, region, options, host) => {
  expect(awsServiceHost(service, region, options)).toBe(host);
});
