import { BlockList, isIP } from 'node:net';
import { ecrHost } from '../../image/registry-hosts';
import { MirrorError } from '../mirror-error';

const ECR_API = /^(?:api\.ecr|ecr-fips)\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/;
const S3 = /^([a-z0-9.-]+)\.s3[.-](?:dualstack\.)?([a-z]+(?:-[a-z]+)+-[0-9]+)\.amazonaws\.com(?:\.cn)?$/;

/** Whether this process runs in a build of AWS CodeBuild, and not as a command on another machine. */
export function isCodeBuild(environment: NodeJS.ProcessEnv = process.env): boolean {
  return Boolean(environment.CODEBUILD_BUILD_ID);
}

/**
 * Advice for a host that cannot be reached. For a build: the VPC endpoints, security groups or proxy settings to check.
 * For a command on another machine: its own network.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
 * @see https://docs.aws.amazon.com/codebuild/latest/userguide/vpc-support.html
 */
export function networkAdvice(host: string): string {
  const url = new URL(`https://${host}`);
  const { hostname, port } = url;
  const proxy = proxyFor(url);
  if (proxy !== undefined) return `the request uses the proxy ${proxy.host}: check the proxy, or add ${hostname} to NO_PROXY`;
  if (!isCodeBuild()) return localAdvice(hostname, port);
  const region = ecrHost(hostname)?.region ?? ECR_API.exec(hostname)?.[1];
  if (region !== undefined) return ecrAdvice(region);
  const [, bucket, bucketRegion] = S3.exec(hostname) ?? [];
  if (bucket !== undefined) return s3Advice(bucket, bucketRegion);
  if (isPrivateName(hostname)) return `check that the registry listens there, and that security groups allow port ${port || '443'}`;
  return 'a build in a VPC needs a NAT gateway, or a proxy in the property proxy of the mirror, '
    + `and a security group that allows outbound traffic to port ${port || '443'}`;
}

/** Advice for a command that doesn't run in a build. */
function localAdvice(hostname: string, port: string): string {
  if (isPrivateName(hostname)) return `check that the registry listens on port ${port || '443'}, and that a firewall or VPN does not block it`;
  const registry = ecrHost(hostname);
  const region = registry === undefined ? '' : `check that the Region ${registry.region} in the host is correct, and `;
  return `${region}check your network connection and VPN; behind a proxy, set HTTPS_PROXY`;
}

function ecrAdvice(region: string): string {
  const service = (name: string) => `${region.startsWith('cn-') ? 'cn.' : ''}com.amazonaws.${region}.${name}`;
  return `a VPC without a NAT gateway needs the interface endpoints ${service('ecr.api')} and ${service('ecr.dkr')} with private DNS, `
    + `and the gateway endpoint ${s3Endpoint(region)}; the security groups of the build and of the endpoints must allow port 443`;
}

function s3Advice(bucket: string, region: string): string {
  return `a VPC without a NAT gateway needs the gateway endpoint ${s3Endpoint(region)}; the VPC must be in that Region, `
    + `the route tables of its subnets must contain the endpoint, and the endpoint's policy must allow reading ${bucket}`;
}

function s3Endpoint(region: string): string {
  return `com.amazonaws.${region}.s3`;
}

/** Whether the host is an IP address or a name without a dot: a private registry, which a NAT gateway doesn't reach. */
function isPrivateName(hostname: string): boolean {
  return !hostname.includes('.') || isIP(hostname.replace(/[[\]]/g, '')) !== 0;
}

/** Whether a host is a bucket of Amazon S3. */
export function isS3Host(hostname: string): boolean {
  return S3.test(hostname);
}

/** The variables with a proxy, by the protocol of the request. The first that is not empty counts. */
const PROXY_VARIABLES: Record<string, readonly string[]> = {
  'https:': ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY', 'http_proxy', 'HTTP_PROXY'],
  'http:': ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'],
};

/**
 * The proxy for a request, from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, in upper or lower case. Undefined for a direct connection.
 *
 * All spellings that Go programs accept are valid. Requests to registries and to AWS follow the same rules.
 *
 * @throws MirrorError when the variable is not the URL of an HTTP proxy
 * @see https://pkg.go.dev/golang.org/x/net/http/httpproxy
 */
export function proxyFor(url: URL, environment: NodeJS.ProcessEnv = process.env): URL | undefined {
  const variable = PROXY_VARIABLES[url.protocol]?.find((name) => environment[name]?.trim());
  if (variable === undefined) return undefined;
  const exceptions = (environment.no_proxy || environment.NO_PROXY || '').toLowerCase().split(/[\s,]+/);
  return exceptions.some((entry) => isException(entry, url)) ? undefined : parseProxy(variable, environment[variable]!.trim());
}

/** The variable is named, and its value is not, because it can contain a password. */
function parseProxy(variable: string, text: string): URL {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const remedy = 'write http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, with percent-encoding for special characters';
  if (!URL.canParse(address)) throw new MirrorError('invalid-configuration', `the variable ${variable} is not the URL of a proxy; ${remedy}`);
  const proxy = new URL(address);
  if (!/^https?:$/.test(proxy.protocol)) {
    const problem = `the variable ${variable} names a proxy with the scheme "${proxy.protocol.slice(0, -1)}", which is not supported`;
    throw new MirrorError('invalid-configuration', `${problem}; use an HTTP proxy: ${remedy}`);
  }
  proxy.username = encodeURIComponent(decodeLeniently(proxy.username));
  proxy.password = encodeURIComponent(decodeLeniently(proxy.password));
  return proxy;
}

/** Decodes percent-encoding. A text with a "%" that encodes nothing is returned unchanged. */
function decodeLeniently(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whether an entry of NO_PROXY applies: `*`, a domain with its subdomains, an IP address or a network, each with or without a port. */
function isException(entry: string, { hostname, port, protocol }: URL): boolean {
  const host = hostname.replace(/[[\]]/g, '').replace(/\.$/, '');
  if (entry === '*') return true;
  const [, network, bits] = /^([0-9a-f.:]+)\/([0-9]{1,3})$/.exec(entry) ?? [];
  if (network !== undefined) return isInNetwork(host, network, Number(bits));
  const [, name, entryPort] = isIP(entry) === 0 ? /^(.*?)(?::([0-9]+))?$/.exec(entry)! : [entry, entry];
  if (entryPort !== undefined && entryPort !== (port || (protocol === 'https:' ? '443' : '80'))) return false;
  const domain = name.replace(/[[\]]/g, '').replace(/^\*?\./, '').replace(/\.$/, '');
  if (isIP(host) !== 0) return isInNetwork(host, domain, isIP(domain) === 4 ? 32 : 128);
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
}

function isInNetwork(host: string, network: string, bits: number): boolean {
  const version = isIP(network);
  if (version === 0 || isIP(host) !== version || bits > (version === 4 ? 32 : 128)) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(network, bits, family);
  return list.check(host, family);
}
