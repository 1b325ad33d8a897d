import { isIP } from 'node:net';
import { getProxyForUrl } from 'proxy-from-env';
import { ecrHost } from '../../image/registry-hosts';

const ECR_API = /^(?:api\.ecr|ecr-fips)\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/;
const S3 = /^([a-z0-9.-]+)\.s3[.-](?:dualstack\.)?([a-z]+(?:-[a-z]+)+-[0-9]+)\.amazonaws\.com(?:\.cn)?$/;

/**
 * What has to be open for a host to be reached, in words for whoever owns the network of a build.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
 * @see https://docs.aws.amazon.com/codebuild/latest/userguide/vpc-support.html
 */
export function networkAdvice(host: string): string {
  const { hostname, port, protocol } = new URL(`https://${host}`);
  const proxy = getProxyForUrl(`${protocol}//${host}`);
  if (proxy !== '') return `it is asked for through the proxy ${hostOf(proxy)}: check that one, or name ${hostname} in NO_PROXY`;
  const region = ecrHost(hostname)?.region ?? ECR_API.exec(hostname)?.[1];
  if (region !== undefined) return throughEndpoints(region);
  const [, bucket, bucketRegion] = S3.exec(hostname) ?? [];
  if (bucket !== undefined) return throughGateway(bucket, bucketRegion);
  if (isOwn(hostname)) return `check that it listens there, and that security groups let port ${port || '443'} through`;
  return 'a build in a VPC reaches it through a NAT gateway, or a proxy that HTTPS_PROXY names, '
    + `and its security group must let port ${port || '443'} out`;
}

function throughEndpoints(region: string): string {
  const service = (name: string) => `${region.startsWith('cn-') ? 'cn.' : ''}com.amazonaws.${region}.${name}`;
  return `a VPC without a NAT gateway needs the interface endpoints ${service('ecr.api')} and ${service('ecr.dkr')} with private DNS, `
    + `and the gateway endpoint com.amazonaws.${region}.s3; the security groups of the build and of the endpoints must let port 443 through`;
}

function throughGateway(bucket: string, region: string): string {
  return `a VPC without a NAT gateway reaches it through the gateway endpoint com.amazonaws.${region}.s3, if it is in that Region, `
    + `its subnets' route tables name the endpoint, and the endpoint's policy lets ${bucket} be read`;
}

/** Named by an address or a bare name: a registry of one's own, to which no NAT gateway leads. */
function isOwn(hostname: string): boolean {
  return !hostname.includes('.') || isIP(hostname.replace(/[[\]]/g, '')) !== 0;
}

/** Without the user and password that may be in it. */
function hostOf(proxy: string): string {
  return URL.canParse(proxy) ? new URL(proxy).host : 'that HTTPS_PROXY names';
}
