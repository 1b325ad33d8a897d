import { networkAdvice } from '../../../src/engine/registry/network-advice';
import { withEnvironment } from '../../support/with-environment';

withEnvironment(/_PROXY$/i);

test.each([
  ['123456789012.dkr.ecr.eu-west-1.amazonaws.com', 'com.amazonaws.eu-west-1'],
  ['123456789012.dkr-ecr.eu-west-1.on.aws', 'com.amazonaws.eu-west-1'],
  ['123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com', 'com.amazonaws.us-gov-west-1'],
  ['123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn', 'cn.com.amazonaws.cn-north-1'],
  ['api.ecr.ap-southeast-2.amazonaws.com', 'com.amazonaws.ap-southeast-2'],
  ['ecr-fips.us-east-1.amazonaws.com', 'com.amazonaws.us-east-1'],
  ['api.ecr.cn-north-1.amazonaws.com.cn', 'cn.com.amazonaws.cn-north-1'],
])('%s is reached through the endpoints %s.ecr.api and .ecr.dkr', (host, prefix) => {
  expect(networkAdvice(host)).toContain(`the interface endpoints ${prefix}.ecr.api and ${prefix}.ecr.dkr with private DNS, and the gateway endpoint ${prefix.replace('cn.com', 'com')}.s3`);
});

test.each([
  ['prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com', 'eu-west-1', 'prod-eu-west-1-starport-layer-bucket'],
  ['prod-registry-k8s-io-eu-west-1.s3.dualstack.eu-west-1.amazonaws.com', 'eu-west-1', 'prod-registry-k8s-io-eu-west-1'],
  ['layers.s3-us-west-2.amazonaws.com', 'us-west-2', 'layers'],
  ['layers.s3.cn-north-1.amazonaws.com.cn', 'cn-north-1', 'layers'],
])('%s is reached through the gateway endpoint of S3 in %s', (host, region, bucket) => {
  expect(networkAdvice(host)).toContain(`the gateway endpoint com.amazonaws.${region}.s3`);
  expect(networkAdvice(host)).toContain(`policy must allow reading ${bucket}`);
});

test.each(['registry-1.docker.io', 'public.ecr.aws', 'd2glxqk2uabbnd.cloudfront.net', 's3.amazonaws.com', 'registry.example.com:443', 'x.s3.evil.example'])('%s is reached through a NAT gateway or a proxy', (host) => {
  expect(networkAdvice(host)).toBe('a build in a VPC needs a NAT gateway, or a proxy in HTTPS_PROXY, and a security group that allows outbound traffic to port 443');
});

test.each([['10.0.0.7:5000', '5000'], ['[fd00::7]:5000', '5000'], ['127.0.0.1', '443'], ['registry', '443'], ['localhost:8080', '8080']])('%s is one\'s own, to which no NAT gateway leads', (host, port) => {
  expect(networkAdvice(host)).toBe(`check that the registry listens there, and that security groups allow port ${port}`);
});

describe('behind a proxy', () => {
  test.each(['HTTPS_PROXY', 'https_proxy'])('the one that %s names is told, without its password', (name) => {
    process.env[name] = 'http://user:hunter2@proxy.example.com:3128';
    expect(networkAdvice('quay.io')).toBe('the request uses the proxy proxy.example.com:3128: check the proxy, or add quay.io to NO_PROXY');
  });

  test('a host that NO_PROXY names is reached without it', () => {
    Object.assign(process.env, { HTTPS_PROXY: 'http://proxy.example.com:3128', NO_PROXY: '.amazonaws.com' });
    expect(networkAdvice('123456789012.dkr.ecr.eu-west-1.amazonaws.com')).toContain('interface endpoints');
  });

  test('whose address is none is told by its variable', () => {
    process.env.HTTPS_PROXY = 'http://[no address';
    expect(networkAdvice('quay.io')).toContain('uses the proxy in HTTPS_PROXY');
  });
});
