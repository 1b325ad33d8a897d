/** An Amazon ECR host: account, optional FIPS marker and Region, in all partitions and also in the dual-stack form. */
const ECR_HOST = new RegExp('^([0-9]{12})\\.dkr[.-]ecr(-fips)?\\.([a-z0-9-]+)\\.'
  + '(?:amazonaws\\.com(?:\\.cn)?|amazonaws\\.eu|c2s\\.ic\\.gov|sc2s\\.sgov\\.gov|cloud\\.adc-e\\.uk|'
  + 'csp\\.hci\\.ic\\.gov|on\\.(?:aws|amazonwebservices\\.com\\.cn))$');

/** The account and Region of an Amazon ECR host; undefined for other hosts, including that of Amazon ECR Public. */
export function ecrHost(registry: string): { readonly account: string; readonly region: string; readonly fips: boolean } | undefined {
  const match = ECR_HOST.exec(registry);
  return match ? { account: match[1], fips: match[2] !== undefined, region: match[3] } : undefined;
}

/** The FIPS host of a registry in Amazon ECR: `123456789012.dkr.ecr-fips.us-east-1.amazonaws.com`. Other hosts stay as they are. */
export function fipsRegistry(registry: string): string {
  return ecrHost(registry)?.fips === false ? registry.replace(/^([0-9]{12}\.dkr[.-]ecr)\./, '$1-fips.') : registry;
}

/**
 * Whether Amazon ECR, CodeBuild, and EventBridge have FIPS endpoints in a Region. The source is the endpoint data of botocore, November 2026.
 *
 * @see https://aws.amazon.com/compliance/fips/
 */
export function hasFipsEndpoints(region: string): boolean {
  return /^us-(?:gov-)?(?:east|west)-/.test(region);
}

/** The host of Amazon ECR Public. */
export const PUBLIC_GALLERY = 'public.ecr.aws';

/** The Regions of partitions with credentials that Amazon ECR Public does not accept. */
const OTHER_PARTITIONS = /^(?:cn|us-gov|us-iso[a-z]*|eu-isoe|eusc)-/;

/**
 * Whether Amazon ECR Public accepts the credentials of a Region. Authenticated pulls have a rate limit of their own.
 *
 * @see https://docs.aws.amazon.com/general/latest/gr/ecr-public.html
 */
export function isKnownToPublicGallery(region: string): boolean {
  return !OTHER_PARTITIONS.test(region);
}

/** The partitions of AWS, with the start of the names of their Regions. */
const PARTITIONS: ReadonlyArray<readonly [regions: string, partition: string]> = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['us-iso-', 'aws-iso'],
  ['us-isob-', 'aws-iso-b'],
  ['us-isof-', 'aws-iso-f'],
  ['eu-isoe-', 'aws-iso-e'],
  ['eusc-', 'aws-eusc'],
];

/** The partition of a Region: `aws`, `aws-cn`. Credentials of one partition are not valid in another. */
export function awsPartition(region: string): string {
  return PARTITIONS.find(([regions]) => region.startsWith(regions))?.[1] ?? 'aws';
}

/** The domain of the hosts of AWS services in a Region. */
export function awsDomain(region: string): string {
  return `amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

/** Services with FIPS hosts in GovCloud that have the normal name. */
const FIPS_IN_GOVCLOUD: readonly string[] = ['events', 'ssm'];

/** Services with an API host that starts with `api.`, except for its FIPS host. */
const API_PREFIXED: readonly string[] = ['ecr', 'ecr-public'];

/**
 * The host of an AWS service in a Region: `api.ecr.eu-west-1.amazonaws.com`, `s3.cn-north-1.amazonaws.com.cn`.
 *
 * @param service the endpoint prefix of the service: `ecr`, `ssm`
 * @see https://docs.aws.amazon.com/general/latest/gr/rande.html
 * @see https://docs.aws.amazon.com/general/latest/gr/ecr.html
 */
export function awsServiceHost(service: string, region: string, { fips = false }: { readonly fips?: boolean } = {}): string {
  const name = API_PREFIXED.includes(service) ? `api.${service}` : service;
  const hasFipsName = fips && !(region.startsWith('us-gov-') && FIPS_IN_GOVCLOUD.includes(service));
  return `${hasFipsName ? `${service}-fips` : name}.${region}.${awsDomain(region)}`;
}
