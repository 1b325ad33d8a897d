/** The findings of Amazon ECR in the shapes of its API. */
import { AwsApiError } from './aws-json-api';

/** A vulnerability that a scan finds. */
export interface EcrFinding {
  readonly id: string;
  readonly severity: string;
  /** @default 'openssl' */
  readonly package?: string;
  /** The status in enhanced scanning: `ACTIVE`, `SUPPRESSED`, or `CLOSED`. @default 'ACTIVE' */
  readonly status?: string;
}

interface Page {
  readonly maxResults?: number;
  readonly nextToken?: string;
}

const VERSION = '3.0.11-1~deb12u2';

/** One page of findings, in the shape of basic or of enhanced scanning. An image without vulnerabilities has no list of enhanced findings. */
export function findingsPage(findings: readonly EcrFinding[], isEnhanced: boolean, { maxResults = 100, nextToken }: Page) {
  if (maxResults < 1 || maxResults > 1000) throw new AwsApiError(400, 'InvalidParameterException', 'maxResults must be 1 to 1000');
  const start = Number(nextToken ?? 0);
  const listed = findings.slice(start, start + maxResults);
  const list = isEnhanced && findings.length > 0 ? { enhancedFindings: listed.map(enhancedFinding) } : { findings: listed.map(basicFinding) };
  return { list, nextToken: start + maxResults < findings.length ? String(start + maxResults) : undefined };
}

/** The number of findings by severity, without severities that have none. */
export function severityCounts(findings: readonly EcrFinding[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { severity } of findings) counts[severity] = (counts[severity] ?? 0) + 1;
  return counts;
}

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanFinding.html */
function basicFinding({ id, package: name = 'openssl', severity }: EcrFinding) {
  return {
    name: id,
    description: `A vulnerability in ${name}.`,
    uri: `https://security-tracker.debian.org/tracker/${id}`,
    severity,
    attributes: [
      { key: 'package_version', value: VERSION },
      { key: 'package_name', value: name },
      { key: 'CVSS3_SCORE', value: '7.5' },
    ],
  };
}

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_EnhancedImageScanFinding.html */
function enhancedFinding({ id, package: name = 'openssl', severity, status = 'ACTIVE' }: EcrFinding) {
  return {
    awsAccountId: '123456789012',
    description: `A vulnerability in ${name}.`,
    findingArn: `arn:aws:inspector2:eu-west-1:123456789012:finding/${id}`,
    packageVulnerabilityDetails: {
      source: 'DEBIAN_CVE',
      sourceUrl: `https://security-tracker.debian.org/tracker/${id}`,
      vendorSeverity: 'not yet assigned',
      vulnerabilityId: id,
      vulnerablePackages: [{ arch: 'AMD64', epoch: 0, name, packageManager: 'OS', version: VERSION, fixedInVersion: 'NotAvailable' }],
    },
    score: 7.5,
    severity,
    status,
    title: `${id} - ${name}`,
    type: 'PACKAGE_VULNERABILITY',
    fixAvailable: 'NO',
    exploitAvailable: 'NO',
  };
}
