import { isIP } from 'node:net';
import { getProxyForUrl } from 'proxy-from-env';
import { ecrHost } from '../../image/registry-hosts';

const ECR_API = /^(?:api\.ecr|ecr-fips)\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/;
const S3 = /^([a-z0-9.-]+)\.s3[.-](?:dualstack\.)?([a-z]+(?:-[a-z]+)+-[0-9]+)\.amazonaws\.com(?:\.cn)?$/;

/**
 * Advice for a host that cannot be reached: the VPC endpoints, security groups or proxy settings to check.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
 * @see https://docs.aws.amazon.com/codebuild/latest/userguide/vpc-support.html
 */
export function networkAdvice(host: string): string {
  const { hostname, port, protocol } = new URL(`https://${host}`);
  const proxy = getProxyForUrl(`${protocol}//${host}`);
  if (proxy !== '') return `the request uses the proxy ${proxyHost(proxy)}: check the proxy, or add ${hostname} to NO_PROXY`;
  const region = ecrHost(hostname)?.region ?? ECR_API.exec(hostname)?.[1];
  if (region !== undefined) return ecrAdvice(region);
  const [, bucket, bucketRegion] = S3.exec(hostname) ?? [];
  if (bucket !== undefined) return s3Advice(bucket, bucketRegion);
  if (isPrivateName(hostname)) return `check that the registry listens there, and that security groups allow port ${port || '443'}`;
  return 'a build in a VPC needs a NAT gateway, or a proxy in HTTPS_PROXY, '
    + `and a security group that allows outbound traffic to port ${port || '443'}`;
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

/** The host of a proxy URL, without the user name and password. */
function proxyHost(proxy: string): string {
  return URL.canParse(proxy) ? new URL(proxy).host : 'in HTTPS_PROXY';
}
