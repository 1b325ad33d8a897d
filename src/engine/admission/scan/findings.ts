import type { EnhancedImageScanFinding, ImageScanFinding, ImageScanFindings } from '@aws-sdk/client-ecr';
import { ExceptedFinding, isWorse, SEVERITIES, ScanPolicy } from '../../../image/admission/admission-policy';
import { isExpired } from '../../../image/ownership';
import { sanitizeForLog } from '../../../image/sanitize';

/** A vulnerability in an image. All values come from outside. */
export interface Finding {
  /** `CVE-2024-3094`; undefined when the scan does not name it. */
  readonly id?: string;
  /** A word of Amazon ECR or Amazon Inspector: `HIGH`, `UNTRIAGED`. */
  readonly severity: string;
  /** The package with its version: `xz-utils 5.6.0`; empty when it is not known. */
  readonly package: string;
  /** False for a finding that Amazon Inspector has closed, or that a suppression rule of the account hides. */
  readonly isOpen: boolean;
}

/** Reads the findings of basic or of enhanced scanning. */
export function parseFindings({ enhancedFindings, findings }: ImageScanFindings = {}): Finding[] {
  return [...(findings ?? []).map(basicFinding), ...(enhancedFindings ?? []).map(enhancedFinding)];
}

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanFinding.html */
function basicFinding({ attributes = [], name, severity }: ImageScanFinding): Finding {
  const attribute = (key: string) => attributes.find((each) => each.key === key)?.value ?? '';
  return finding(name, severity, `${attribute('package_name')} ${attribute('package_version')}`);
}

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_EnhancedImageScanFinding.html */
function enhancedFinding({ packageVulnerabilityDetails = {}, severity, status }: EnhancedImageScanFinding): Finding {
  const { vulnerabilityId, vulnerablePackages } = packageVulnerabilityDetails;
  const { name = '', version = '' } = vulnerablePackages?.[0] ?? {};
  return { ...finding(vulnerabilityId, severity, `${name} ${version}`), isOpen: status !== 'SUPPRESSED' && status !== 'CLOSED' };
}

/** A finding without a severity has an unknown severity, which is worse than all others. */
function finding(id: string | undefined, severity: string | undefined, named: string): Finding {
  return { ...id === undefined || id === '' ? {} : { id }, severity: severity ?? 'UNKNOWN', package: named.trim(), isOpen: true };
}

/** The findings of an image, sorted by whether they hold it. */
export interface JudgedFindings {
  /** The findings that hold the image. */
  readonly worse: readonly Finding[];
  /** The exceptions that let a finding pass. */
  readonly used: readonly ExceptedFinding[];
  /** The exceptions that would let a finding pass, if their last day were not over. */
  readonly expired: readonly ExceptedFinding[];
  /** The findings that don't hold the image. */
  readonly accepted: readonly Finding[];
}

/** @param today a day in UTC: `2027-03-31` */
export function judgeFindings(findings: readonly Finding[], { exceptions = [], maximumSeverity }: ScanPolicy, today: string): JudgedFindings {
  const isOver = (exception: ExceptedFinding) => isExpired(exception, today);
  const isFor = ({ id }: Finding) => exceptions.filter((exception) => exception.id === id);
  const severe = findings.filter(({ isOpen, severity }) => isOpen && isWorse(severity, maximumSeverity));
  const worse = severe.filter((each) => isFor(each).every(isOver));
  const matching = [...new Set(severe.flatMap(isFor))];
  return {
    worse,
    accepted: findings.filter((each) => each.isOpen && !worse.includes(each)),
    used: matching.filter((exception) => !isOver(exception)),
    expired: matching.filter(isOver),
  };
}

/** The number of vulnerabilities by severity, the worst first: `2 CRITICAL, 5 HIGH`. A vulnerability of several packages counts once. */
export function severityCounts(findings: readonly Finding[]): string {
  const ids = new Map<string, Set<string>>();
  for (const { id, package: named, severity } of findings) ids.set(severity, (ids.get(severity) ?? new Set()).add(id ?? `in ${named}`));
  return [...ids].sort(([one], [other]) => rank(other) - rank(one)).slice(0, MAX_SEVERITIES)
    .map(([severity, { size }]) => `${size} ${sanitizeForLog(severity, MAX_WORD)}`).join(', ');
}

const MAX_SEVERITIES = 8;
const MAX_LISTED = 5;
const MAX_WORD = 40;

/** The worst vulnerabilities, at most five: `CVE-2024-3094 (CRITICAL, xz-utils 5.6.0), and 3 more`. */
export function worstFindings(findings: readonly Finding[]): string {
  const sorted = [...findings].sort((one, other) => rank(other.severity) - rank(one.severity) || (one.id ?? '').localeCompare(other.id ?? ''));
  const unique = [...new Map(sorted.map((each) => [each.id ?? `in ${each.package}`, each])).values()];
  const listed = unique.slice(0, MAX_LISTED).map(({ id = 'a vulnerability without an ID', package: named, severity }) => {
    return `${sanitizeForLog(id, MAX_WORD)} (${[severity, named].filter(Boolean).map((text) => sanitizeForLog(text, MAX_WORD)).join(', ')})`;
  });
  const others = unique.length - listed.length;
  return `${listed.join(', ')}${others > 0 ? `, and ${others} more` : ''}`;
}

/** Unknown severities are the worst. Those that are not rated yet are the least. */
function rank(severity: string): number {
  if (!isWorse(severity, 'CRITICAL')) return SEVERITIES.findIndex((known) => known === severity);
  return SEVERITIES.length;
}
