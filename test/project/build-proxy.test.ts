/** The proxy of builds. */
import { App, Lazy, SecretValue, Stack, Token } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { BuildProxy, ImageMirrorProps, MirrorCompute } from '../../src';
import { proxyFor } from '../../src/engine/registry/network-advice';
import { RUN_ENVIRONMENT } from '../../src/image/contract/environment';
import { mirrorStack } from '../support/mirror-stack';
import { judgeCall, rolePolicies } from '../support/policy-simulator';
import { startedProject } from '../support/start-build-calls';
import { COMMERCIAL } from '../support/template-resolver';

const URL = 'http://proxy.example.com:3128';
const NAMES = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY', 'https_proxy', 'http_proxy', 'no_proxy'];
const ALWAYS_DIRECT = 'localhost,127.0.0.1,169.254.169.254,169.254.170.2';

/** The proxy variables of all projects of a mirror with a customized image. */
function proxiesOf(proxy?: BuildProxy, props: ImageMirrorProps = {}): Record<string, string>[] {
  const { mirror, deploy } = mirrorStack({ images: ['nginx:stable'], proxy, ...props });
  mirror.addImage('redis:7.0.1', { dockerfileLines: ['RUN true'] });
  const template = deploy();
  return template.ids('AWS::CodeBuild::Project').map((id) => {
    const variables: { Name: string; Type: string; Value: string }[] = template.properties(id).Environment.EnvironmentVariables;
    return Object.fromEntries(variables.filter(({ Name }) => /proxy/i.test(Name)).map(({ Name, Value }) => [Name, Value]));
  });
}

const refusal = (proxy: BuildProxy) => () => mirrorStack({ proxy });

test('all projects get the variables in upper and lower case', () => {
  const [mirror, custom, ...others] = proxiesOf({ url: URL });
  expect(mirror).toEqual({
    HTTPS_PROXY: URL, HTTP_PROXY: URL, NO_PROXY: ALWAYS_DIRECT, https_proxy: URL, http_proxy: URL, no_proxy: ALWAYS_DIRECT,
  });
  expect(custom).toEqual(mirror);
  expect(others).toEqual([]);
});

test('without a proxy, no project has such a variable', () => {
  expect(proxiesOf()).toEqual([{}, {}]);
});

test('hosts without the proxy are added to those that no proxy can reach', () => {
  const [{ NO_PROXY, no_proxy }] = proxiesOf({ url: URL, noProxy: ['.amazonaws.com', 'registry.example.com:5000', '10.0.0.0/8', 'localhost', 'fd00::/8'] });
  expect(NO_PROXY).toBe(`${ALWAYS_DIRECT},.amazonaws.com,registry.example.com:5000,10.0.0.0/8,fd00::/8`);
  expect(no_proxy).toBe(NO_PROXY);
});

test('the engine uses the proxy for all hosts, except for the exceptions', () => {
  const [environment] = proxiesOf({ url: URL, noProxy: ['.amazonaws.com', '10.0.0.0/8', 'registry.example.com:5000'] });
  const proxied = (address: string) => proxyFor(new globalThis.URL(address), environment)?.href;
  for (const address of ['https://registry-1.docker.io', 'https://registry.example.com', 'https://11.0.0.1']) expect(proxied(address)).toBe(`${URL}/`);
  for (const address of ['https://api.ecr.eu-west-1.amazonaws.com', 'https://10.1.2.3', 'https://registry.example.com:5000', 'http://169.254.170.2']) {
    expect(proxied(address)).toBeUndefined();
  }
});

test('no role of the mirror can start a build with another proxy', async () => {
  const { mirror, deploy } = mirrorStack({ images: ['nginx:stable'], proxy: { url: URL } });
  mirror.addImage('redis:7.0.1', { dockerfileLines: ['RUN true'] });
  const template = deploy();
  const [projectId] = template.ids('AWS::CodeBuild::Project').filter((id) => !id.includes('Custom'));
  const role = template.ids('AWS::IAM::Role').find((id) => /SchedulerRole/.test(id))!;
  const { source } = startedProject(template, projectId, Object.values(RUN_ENVIRONMENT));
  const judge = (names: string[]) => judgeCall({
    principal: template.arn(role),
    action: 'codebuild:StartBuild',
    resource: template.arn(projectId),
    account: COMMERCIAL.account,
    context: { 'codebuild:environment.environmentVariables.name': names, 'codebuild:source.location': source },
  }, { identity: rolePolicies(template, role) });
  expect(await judge(['IMAGE'])).toBe('Allowed');
  for (const name of NAMES) expect([name, await judge(['IMAGE', name])]).toEqual([name, 'ExplicitlyDenied']);
});

describe('the URL', () => {
  test.each(['http://10.0.0.5:3128', 'https://proxy.example.com', 'http://proxy', 'http://proxy:3128/', 'http://[fd00::1]:3128'])('can be %s', (url) => {
    expect(proxiesOf({ url })[0].HTTPS_PROXY).toBe(url);
  });

  test.each(['', 'proxy:3128', 'proxy.example.com', 'socks5://proxy:1080', 'http://', 'http://proxy:99999', 'http://proxy/path', 'http://proxy?a=b', 'http://a b', 'http://a,b'])('is not valid: %j', (url) => {
    expect(refusal({ url })).toThrow('write the URL of an HTTP proxy, for example "http://proxy.example.com:3128"');
  });

  test.each(['http://user:hunter2@proxy:3128', 'http://hunter2@proxy:3128', `http://${SecretValue.secretsManager('proxy').unsafeUnwrap()}@proxy:3128`])('must not contain credentials (%#), and the error does not show them', (url) => {
    expect(refusal({ url })).toThrow(/^proxy\.url contains (credentials|a secret), which everyone who can read the template would see; remove it, and let the proxy accept/);
    expect(refusal({ url })).not.toThrow(/hunter2/);
  });

  test.each([SecretValue.secretsManager('proxy'), SecretValue.secretsManager('proxy', { jsonField: 'url' })])('must not be a secret (%#)', (secret) => {
    expect(refusal({ url: secret.unsafeUnwrap() })).toThrow('proxy.url contains a secret');
  });

  test('can have tokens', () => {
    const host = Token.asString({ 'Fn::Join': ['.', ['proxy', 'example', 'com']] });
    const port = Lazy.string({ produce: () => '3128' });
    expect(proxiesOf({ url: `http://${host}:${port}` })[0].HTTPS_PROXY).toBe(URL);
    expect(proxiesOf({ url: Lazy.string({ produce: () => URL }) })[0].HTTPS_PROXY).toBe(URL);
  });
});

test.each(['*', 'http://registry.example.com', 'a,b', 'a b', '', '10.0.0.0/33', '.', 'host/path', 'host:port'])('the host %j without the proxy is not valid', (host) => {
  expect(refusal({ url: URL, noProxy: ['.amazonaws.com', host] })).toThrow(`proxy.noProxy: ${JSON.stringify(host)}`);
});

describe('a proxy with a private address', () => {
  const warnings = (url: string, props: ImageMirrorProps = {}) => {
    const { stack } = mirrorStack({ images: ['nginx:stable'], proxy: { url }, ...props });
    return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('ImageMirror.proxyWithoutVpc'));
  };

  test.each(['http://10.0.0.5:3128', 'http://172.31.0.5:3128', 'https://192.168.0.5'])('is a warning for builds outside of a VPC: %s', (url) => {
    expect(warnings(url)).toHaveLength(1);
  });

  test('is no warning for builds in a VPC', () => {
    const vpc = ec2.Vpc.fromVpcAttributes(new Stack(new App(), 'Network'), 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['a'], privateSubnetIds: ['subnet-1'] });
    expect(warnings('http://10.0.0.5:3128', { compute: MirrorCompute.ec2({ vpc }) })).toEqual([]);
  });

  test.each(['http://172.32.0.5:3128', 'http://proxy.example.com:3128', 'http://[fd00::1]:3128'])('is another one than %s', (url) => {
    expect(warnings(url)).toEqual([]);
  });
});
