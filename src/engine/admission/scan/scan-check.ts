import { setTimeout as sleep } from 'node:timers/promises';
import { EcrScans, ScanApi, withScanApi } from './ecr-scans';
import { Finding, judgeFindings, severityCounts, worstFindings } from './findings';
import { ImageScan, JudgedScan, RefusedScan, ScanState } from './image-scan';
import { ScannedImage, scannedImages } from './scanned-images';
import type { ScanPolicy } from '../../../image/admission/admission-policy';
import { Backoff, backoffPause } from '../../../image/backoff';
import { formatDay } from '../../../image/catalog/catalog-entry';
import { ecrHost } from '../../../image/registry-hosts';
import { sanitizeForLog } from '../../../image/sanitize';
import { ImageReader } from '../../copy/image-reader';
import { connectedRegistry } from '../../fips';
import { MirrorError } from '../../mirror-error';
import type { RegistryClient } from '../../registry/registry-client';
import type { RetryContext } from '../../registry/retry';
import type { ProgressListener } from '../../report/progress';
import { Semaphore } from '../../semaphore';
import type { FailedVerdict, Verdict } from '../check';

/** How long a check waits for scans, in milliseconds. */
export interface ScanWait extends Backoff {
  /** The longest wait. A check never waits for more than half of the time that the run has left. */
  readonly longest: number;
}

const DEFAULT_WAIT: ScanWait = { longest: 300_000, firstPause: 5_000, maxPause: 30_000 };

/** The options of the check of findings. */
export interface ScanCheckOptions {
  readonly policy: ScanPolicy;
  /** The client of the quarantine repository in Amazon ECR. */
  readonly quarantine: RegistryClient;
  /** The digest of the image in the quarantine repository: an index, or the image of one platform. */
  readonly digest: string;
  readonly retryContext: RetryContext;
  readonly progress: ProgressListener;
  /** Whether nothing may be written, so that no scan may be started and the check does not wait. */
  readonly dryRun: boolean;
  /** @default - the API of Amazon ECR, for its registries */
  readonly api?: ScanApi;
  /** @default - at most 5 minutes; in audit mode, the check does not wait */
  readonly wait?: ScanWait;
}

/**
 * Checks the findings of Amazon ECR for all platforms of an image in quarantine.
 *
 * It waits for scans that are not complete. Without a result in time, the verdict is `scan-pending`, and a later run checks the image again.
 */
export async function checkScan(options: ScanCheckOptions): Promise<Verdict> {
  const { api, quarantine: { endpoint: { registry } } } = options;
  const host = ecrHost(connectedRegistry(registry));
  if (api === undefined && host === undefined) {
    const remedy = 'set scanMode to "OFF" for this mirror';
    return held('not-scanned', `${registry} is not a registry in Amazon ECR, and only Amazon ECR scans images; ${remedy}`);
  }
  try {
    return await (api === undefined ? withScanApi(host!, (own) => new ScanCheck(options, own).verdict()) : new ScanCheck(options, api).verdict());
  } catch (error) {
    const verdict = verdictOf(error, options);
    if (verdict === undefined || options.retryContext.signal.aborted) throw error;
    return verdict;
  }
}

/** A refusal of Amazon ECR, or an error that can pass, holds the image. All other errors end the run. */
function verdictOf(error: unknown, { dryRun }: ScanCheckOptions): FailedVerdict | undefined {
  if (!(error instanceof MirrorError)) return undefined;
  // A dry run copies nothing to the quarantine.
  if (error.reason === 'not-found' && dryRun) return held('scan-pending', 'it is not in quarantine yet, so it has no scan');
  const problem = `its scan could not be read: ${error.message}`;
  if (error.reason === 'unauthorized') return held('not-scanned', problem);
  return ['rate-limited', 'registry-error', 'network'].includes(error.reason) ? held('unreachable', problem) : undefined;
}

const MAX_CONCURRENT = 4;
const MAX_NAMED = 4;

class ScanCheck {
  private readonly scans: EcrScans;
  private readonly states = new Map<ScannedImage, ScanState>();
  private readonly lookups = new Semaphore(MAX_CONCURRENT);

  constructor(private readonly options: ScanCheckOptions, api: ScanApi) {
    this.scans = new EcrScans(options.quarantine.repository, api, options.retryContext);
  }

  async verdict(): Promise<Verdict> {
    const { digest, dryRun, policy, progress, quarantine, retryContext } = this.options;
    const images = await scannedImages(digest, new ImageReader(quarantine, retryContext, this.lookups));
    if (images.length === 0) return held('scan-unsupported', 'it has no image that Amazon ECR can scan; set scanMode to "OFF" for it, or release it');
    const shared = { scans: this.scans, maximumSeverity: policy.maximumSeverity, dryRun };
    const scans = new Map(images.map((image) => [image, new ImageScan({ ...shared, image })]));
    const { longest, ...backoff } = this.options.wait ?? { ...DEFAULT_WAIT, ...policy.mode === 'AUDIT' ? { longest: 0 } : {} };
    const end = dryRun ? 0 : Date.now() + Math.min(longest, (retryContext.deadline - Date.now()) / 2);
    for (let round = 1; ; round++) {
      const open = images.filter((image) => isPending(this.states.get(image)));
      await Promise.all(open.map((image) => this.lookups.run(async () => this.states.set(image, await scans.get(image)!.state()))));
      const verdict = this.judge(images);
      const pause = backoffPause(backoff, round, Math.random());
      if (verdict.passed || verdict.heldBy !== 'scan-pending' || Date.now() + pause > end) return verdict;
      if (round === 1) progress.line(`waiting for the scan of ${this.scans.repository}@${digest}`);
      await sleep(pause, undefined, { signal: retryContext.signal });
    }
  }

  /** Findings come first, because they hold the image whatever the scans of other platforms find. */
  private judge(images: readonly ScannedImage[]): Verdict {
    const { policy } = this.options;
    const today = formatDay(Date.now());
    const judged = images.map((image) => ({ image, findings: judgeFindings(findingsOf(this.states.get(image)), policy, today) }));
    const vulnerable = judged.filter(({ findings }) => findings.worse.length > 0);
    const expired = [...new Set(judged.flatMap(({ findings }) => findings.expired))];
    if (vulnerable.length > 0) {
      const isOne = vulnerable.length === 1 && images.length === 1;
      const where = isOne ? '' : ` in ${named(vulnerable.map(({ image }) => image))}`;
      const over = expired.slice(0, MAX_NAMED).map(({ expires, id }) => `; the exception for ${sanitizeForLog(id, 40)} ended on ${expires}`).join('');
      return held('scan-findings', `${this.findingsMessage(vulnerable.flatMap(({ findings }) => findings.worse), where)}${over}`);
    }
    return this.unscanned(images) ?? { passed: true, note: this.note(images.length, judged.map(({ findings }) => findings)) };
  }

  private findingsMessage(worse: readonly Finding[], where: string): string {
    const { maximumSeverity } = this.options.policy;
    return `Amazon ECR found vulnerabilities${where} (${severityCounts(worse)}), and the worst severity that may be served is ${maximumSeverity}: `
      + `${worstFindings(worse)}; wait for an image without them, or add each ID to findingExceptions with a reason and a last day`;
  }

  /** The verdict for an image that has no complete scan on one of its platforms. */
  private unscanned(images: readonly ScannedImage[]): FailedVerdict | undefined {
    const states = images.map((image) => ({ image, state: this.states.get(image)! }));
    const refused = states.find((each): each is { image: ScannedImage; state: RefusedScan } => 'heldBy' in each.state);
    const pending = states.filter((each): each is { image: ScannedImage; state: JudgedScan } => isPending(each.state));
    if (refused !== undefined) return held(refused.state.heldBy, `${refused.image.name}: ${refused.state.message}`);
    if (pending.length === 0) return undefined;
    return held('scan-pending', `${named(pending.map(({ image }) => image))}: ${pending[0].state.pending}; the next run checks it again`);
  }

  private note(count: number, findings: readonly ReturnType<typeof judgeFindings>[]): string {
    const accepted = severityCounts(findings.flatMap((each) => each.accepted));
    const used = [...new Set(findings.flatMap((each) => each.used.map(({ id }) => id)))];
    const ids = used.slice(0, MAX_NAMED).join(', ');
    const exceptions = used.length === 0 ? '' : `, with exceptions for ${ids}${used.length > MAX_NAMED ? ' and others' : ''}`;
    return `scan of ${count} ${count === 1 ? 'image' : 'images'} by Amazon ECR: ${accepted || 'no vulnerabilities'}${exceptions}`;
  }
}

function held(heldBy: FailedVerdict['heldBy'], message: string): FailedVerdict {
  return { passed: false, heldBy, message };
}

function isPending(state: ScanState | undefined): boolean {
  return state === undefined || ('findings' in state && state.pending !== undefined);
}

function findingsOf(state: ScanState | undefined): readonly Finding[] {
  return state !== undefined && 'findings' in state ? state.findings : [];
}

function named(images: readonly ScannedImage[]): string {
  const names = images.slice(0, MAX_NAMED).map(({ name }) => name);
  return `${names.join(', ')}${images.length > MAX_NAMED ? ` and ${images.length - MAX_NAMED} more` : ''}`;
}
