import { networkAdvice, proxyFor } from '../../../src/engine/registry/network-advice';
import { withEnvironment } from '../../support/with-environment';

withEnvironment(/_PROXY$/i);

beforeEach(() => {
  process.env.CODEBUILD_BUILD_ID = 'Mirror:1';
});

test.each([
  ['registry-1.docker.io', 'check your network connection and VPN; behind a proxy, set HTTPS_PROXY'],
  ['layers.s3-us-west-2.amazonaws.com', 'check your network connection and VPN; behind a proxy, set HTTPS_PROXY'],
  ['123456789012.dkr.ecr.eu-west-1.amazonaws.com', 'check that the Region eu-west-1 in the host is correct, and check your network connection and VPN; behind a proxy, set HTTPS_PROXY'],
  ['registry:5000', 'check that the registry listens on port 5000, and that a firewall or VPN does not block it'],
  ['10.0.0.7', 'check that the registry listens on port 443, and that a firewall or VPN does not block it'],
])('outside of CodeBuild, the advice for %s is about the own network', (host, advice) => {
  delete process.env.CODEBUILD_BUILD_ID;
  expect(networkAdvice(host)).toBe(advice);
  expect(networkAdvice(host)).not.toMatch(/VPC|NAT|security group|endpoint/);
});

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
  expect(networkAdvice(host)).toBe('a build in a VPC needs a NAT gateway, or a proxy in the property proxy of the mirror, and a security group that allows outbound traffic to port 443');
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
});

describe('the proxy', () => {
  const proxyOf = (environment: Record<string, string>, url = 'https://registry.example.com:5000/v2/') => proxyFor(new URL(url), environment)?.href;

  test.each(['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy', 'HTTP_PROXY', 'http_proxy'])('of https requests is in %s', (name) => {
    expect(proxyOf({ [name]: 'http://proxy:3128' })).toBe('http://proxy:3128/');
  });

  test.each(['ALL_PROXY', 'all_proxy', 'HTTP_PROXY', 'http_proxy'])('of http requests is in %s', (name) => {
    expect(proxyOf({ [name]: 'http://proxy:3128' }, 'http://localhost:5000/')).toBe('http://proxy:3128/');
  });

  test('of http requests is not in HTTPS_PROXY', () => {
    expect(proxyOf({ HTTPS_PROXY: 'http://proxy:3128' }, 'http://localhost:5000/')).toBeUndefined();
  });

  test('is taken from the next variable when one is empty', () => {
    expect(proxyOf({ https_proxy: '', HTTPS_PROXY: ' ', ALL_PROXY: 'http://proxy:3128' })).toBe('http://proxy:3128/');
  });

  test.each([
    ['proxy:3128', 'http://proxy:3128/'],
    ['proxy', 'http://proxy/'],
    ['10.0.0.1:3128', 'http://10.0.0.1:3128/'],
    ['[fd00::1]:3128', 'http://[fd00::1]:3128/'],
    [' http://proxy:3128 ', 'http://proxy:3128/'],
    ['HTTP://PROXY:3128', 'http://proxy:3128/'],
    ['https://proxy', 'https://proxy/'],
    ['user:word@proxy:3128', 'http://user:word@proxy:3128/'],
    ['http://user:p@ss:word@proxy:3128', 'http://user:p%40ss%3Aword@proxy:3128/'],
    ['http://user:p%40ss@proxy:3128', 'http://user:p%40ss@proxy:3128/'],
    ['http://user:100%@proxy:3128', 'http://user:100%25@proxy:3128/'],
    ['http://user@proxy:3128', 'http://user@proxy:3128/'],
  ])('may be written as %j', (text, href) => {
    expect(proxyOf({ HTTPS_PROXY: text })).toBe(href);
  });

  test.each(['socks5', 'socks', 'socks5h', 'ftp'])('with the scheme %s is refused in words, without its password', (scheme) => {
    const attempt = () => proxyOf({ HTTPS_PROXY: `${scheme}://user:hunter2@proxy:1080` });
    expect(attempt).toThrow(`the variable HTTPS_PROXY names a proxy with the scheme "${scheme}", which is not supported; use an HTTP proxy`);
    expect(attempt).not.toThrow('hunter2');
  });

  test.each(['http://[no address', 'http://', 'http://user:hunter2/x@proxy:3128', 'proxy:port'])('that is %j is refused with the name of the variable', (text) => {
    const attempt = () => proxyOf({ https_proxy: text });
    expect(attempt).toThrow('the variable https_proxy is not the URL of a proxy; write http://HOST:PORT');
    expect(attempt).not.toThrow('hunter2');
  });
});

describe('NO_PROXY', () => {
  const isDirect = (list: string, host: string, name = 'NO_PROXY') => proxyFor(new URL(`https://${host}/`), { HTTPS_PROXY: 'http://proxy:3128', [name]: list }) === undefined;

  test.each([
    ['*', 'registry.example.com'],
    ['other.example.com,*', 'registry.example.com'],
    ['registry.example.com', 'registry.example.com'],
    ['REGISTRY.example.com', 'registry.example.com'],
    ['example.com', 'registry.example.com'],
    ['.example.com', 'registry.example.com'],
    ['*.example.com', 'registry.example.com'],
    ['example.com.', 'registry.example.com'],
    ['localhost, example.com', 'registry.example.com'],
    ['localhost example.com', 'registry.example.com'],
    ['registry.example.com:443', 'registry.example.com'],
    ['registry.example.com:5000', 'registry.example.com:5000'],
    ['.example.com:5000', 'registry.example.com:5000'],
    ['registry', 'registry'],
    ['10.1.2.3', '10.1.2.3'],
    ['10.1.2.3:5000', '10.1.2.3:5000'],
    ['10.0.0.0/8', '10.1.2.3:5000'],
    ['fd00::1', '[fd00::1]:5000'],
    ['[FD00:0::1]', '[fd00::1]'],
    ['[fd00::1]:5000', '[fd00::1]:5000'],
    ['fd00::/8', '[fd12::7]'],
  ])('%j is for %s', (list, host) => {
    expect(isDirect(list, host)).toBe(true);
    expect(isDirect(list, host, 'no_proxy')).toBe(true);
  });

  test.each([
    ['', 'registry.example.com'],
    [' , ,', 'registry.example.com'],
    ['ample.com', 'registry.example.com'],
    ['registry.example.com.evil.test', 'registry.example.com'],
    ['example.com', 'example.com.evil.test'],
    ['registry.example.com:443', 'registry.example.com:5000'],
    ['10.0.0.0/8', '11.1.2.3'],
    ['10.0.0.0/99', '10.1.2.3'],
    ['10.0.0.0/8', 'registry.example.com'],
    ['0.0.0.0/0', '[fd00::1]'],
    ['2.3', '10.1.2.3'],
    ['.', 'registry.example.com'],
    [':443', 'registry.example.com'],
  ])('%j is not for %s', (list, host) => {
    expect(isDirect(list, host)).toBe(false);
  });
});
