import { EcrScans, ScanReport, ScanStart } from './ecr-scans';
import type { Finding } from './findings';
import type { ScannedImage } from './scanned-images';
import { isWorse, Severity } from '../../../image/admission/admission-policy';
import type { HeldBy } from '../../../image/contract/mirror-result';
import { sanitizeForLog } from '../../../image/sanitize';

/** The scan of one image as it is now. */
export type ScanState = JudgedScan | RefusedScan;

/** A scan with findings to judge. */
export interface JudgedScan {
  readonly findings: readonly Finding[];
  /** Why the scan is not complete, as a part of a sentence; undefined for a complete scan. */
  readonly pending?: string;
}

/** The image has no scan, and waiting does not help. */
export interface RefusedScan {
  readonly heldBy: HeldBy;
  /** A part of a sentence: `its scan failed (…); …`. */
  readonly message: string;
}

export interface ImageScanOptions {
  readonly scans: EcrScans;
  readonly image: ScannedImage;
  readonly maximumSeverity: Severity;
  /** Whether no scan may be started. */
  readonly dryRun: boolean;
}

const HOUR = 3_600_000;
/** Basic findings are those of the day of the scan. */
const MAX_AGE = 24 * HOUR;
/**
 * With enhanced scanning, Amazon ECR can answer `COMPLETE` without findings about 20 seconds before it has them. The answer for an image without
 * vulnerabilities is the same, and it stays so. Only the time shows which one it is.
 *
 * @see https://github.com/aws/aws-sdk/issues/289
 */
const SETTLING_TIME = 120_000;

/** Words for statuses that are never clean, and that waiting does not change. */
const REFUSED: Readonly<Record<string, (Pick<RefusedScan, 'heldBy'> & { readonly remedy: string }) | undefined>> = {
  UNSUPPORTED_IMAGE: { heldBy: 'scan-unsupported', remedy: 'Amazon ECR can\'t scan it; set scanMode to "OFF" for it, or release it' },
  IMAGE_SIZE_EXCEEDED: { heldBy: 'scan-unsupported', remedy: 'it is too large for a scan; set scanMode to "OFF" for it, or release it' },
  FAILED: { heldBy: 'scan-unsupported', remedy: 'if it does not pass in a later run, set scanMode to "OFF" for it, or release it' },
  SCAN_ELIGIBILITY_EXPIRED: { heldBy: 'not-scanned', remedy: 'set a longer re-scan duration for Amazon ECR in Amazon Inspector' },
  FINDINGS_UNAVAILABLE: { heldBy: 'not-scanned', remedy: 'check that Amazon Inspector is active for Amazon ECR' },
  IMAGE_ARCHIVED: { heldBy: 'not-scanned', remedy: 'restore the image in the quarantine repository' },
};

/** Follows the scan of one image. It asks for a new scan at most once. */
export class ImageScan {
  private started?: Promise<ScanStart>;

  constructor(private readonly options: ImageScanOptions) {}

  /** Reads the state of the scan, and starts a scan if there is none, or only an old one. */
  async state(): Promise<ScanState> {
    const report = await this.options.scans.report(this.options.image.digest);
    if (report === undefined) return this.withoutScan();
    switch (report.status) {
      case 'COMPLETE':
      case 'ACTIVE':
        return this.finished(report);
      case 'IN_PROGRESS':
      case 'PENDING':
        return { findings: [], pending: 'its scan is not complete' };
      case 'LIMIT_EXCEEDED':
        return { findings: [], pending: `its scan exceeds a quota of the account${inWords(report)}` };
      case 'FAILED':
        return this.failed(report);
      default:
        return refused(report);
    }
  }

  /** A scan can fail because of an unsupported image, or for a moment. Amazon ECR allows another scan after 24 hours. */
  private async failed(report: ScanReport): Promise<ScanState> {
    const isNewStart = this.started === undefined && !this.options.dryRun && !/unsupported/i.test(report.description);
    const isStarted = isNewStart && (await this.start()).outcome === 'started';
    return isStarted ? { findings: [], pending: 'its scan failed, and another one is not complete' } : refused(report);
  }

  private async finished(report: ScanReport): Promise<ScanState> {
    const { completedAt, findings, status } = report;
    const pending = incompleteness(report, this.options.maximumSeverity);
    const isOld = status === 'COMPLETE' && completedAt !== undefined && completedAt < Date.now() - MAX_AGE;
    if (pending !== undefined || !isOld || this.options.dryRun) return { findings, pending };
    const { message, outcome } = await this.start();
    // Enhanced scanning does not scan again on request.
    if (outcome === 'disabled' || outcome === 'unsupported') return { findings };
    const problem = outcome === 'denied' ? `, and no new scan can be started: ${message}` : ', and a new one is not complete';
    return { findings, pending: `its last scan is older than 24 hours${problem}` };
  }

  /** With enhanced scanning, there is no scan in the first minutes after the push. */
  private async withoutScan(): Promise<ScanState> {
    const { dryRun, scans } = this.options;
    const frequency = await scans.frequency();
    if (frequency === 'CONTINUOUS_SCAN') return { findings: [], pending: 'it is not scanned yet' };
    if (dryRun) return { findings: [], pending: 'it is not scanned yet, and a dry run starts no scan' };
    const { message, outcome } = await this.start();
    if (outcome === 'unsupported') return refused({ status: 'UNSUPPORTED_IMAGE', description: message });
    if (outcome === 'started' || outcome === 'limited') return { findings: [], pending: 'it is not scanned yet' };
    const permission = outcome === 'denied' ? 'allow ecr:StartImageScan on the repository, or ' : '';
    const remedy = `${permission}add a rule for ${scans.repository} to the scanning rules of the registry, for example with the `
      + 'RegistryScanning construct';
    if (frequency === 'MANUAL') {
      const problem = `no scanning rule of the registry matches the repository ${scans.repository}, so it is never scanned`;
      return { heldBy: 'not-scanned', message: `${problem}; ${remedy}` };
    }
    const unknown = frequency === 'unknown' ? `; if it is never scanned, ${remedy}` : '';
    return { findings: [], pending: `it is not scanned yet${unknown}` };
  }

  private start(): Promise<ScanStart> {
    return this.started ??= this.options.scans.start(this.options.image.digest);
  }
}

function refused(report: Pick<ScanReport, 'status' | 'description'>): RefusedScan {
  const { heldBy, remedy } = REFUSED[report.status] ?? { heldBy: 'not-scanned', remedy: 'the status is not known, so the image is not served' };
  return { heldBy, message: `its scan has the status ${sanitizeForLog(report.status, 40)}${inWords(report)}; ${remedy}` };
}

function inWords({ description }: Pick<ScanReport, 'description'>): string {
  return description === '' ? '' : ` (${sanitizeForLog(description, 200)})`;
}

/** Why the findings of a finished scan are not all there; undefined when they are. */
function incompleteness({ completedAt, counts, findings }: ScanReport, maximumSeverity: Severity): string | undefined {
  if (completedAt === undefined) return 'its scan has no time of completion yet';
  const listed = new Set(findings.map(({ severity }) => severity));
  const missing = Object.entries(counts ?? {}).find(([severity, count]) => count > 0 && isWorse(severity, maximumSeverity) && !listed.has(severity));
  if (missing !== undefined) return `its scan counts ${sanitizeForLog(missing[0], 40)} findings that are not listed yet`;
  const isSettling = counts === undefined && findings.length === 0 && completedAt > Date.now() - SETTLING_TIME;
  return isSettling ? 'its scan ended less than two minutes ago, and can still report findings' : undefined;
}
