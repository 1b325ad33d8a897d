/** Judges a new image before a tag serves it. See `docs/adr/0018-admission.md`. */
import type { Candidate, FailedVerdict, Verdict } from './check';
import { DecisionReader, ReadDecision } from './decisions';
import { HeldCopy } from './held-copy';
import { AdmissionResult, AdmittedJudgment, ImagesOfTag, Judgment, ScannedCopy, StaleJudgmentError } from './judgment';
import type { KnownImages } from './known-images';
import { formatTime, MinimumAge } from './minimum-age';
import { QuarantineLists } from './quarantine-lists';
import { quarantineKey, QuarantineMarkers } from './quarantine-markers';
import type { Observation } from './timeline';
import {
  AdmissionModeName, AdmissionPolicy, DEFAULT_GAP_HOURS, hasChecks, lockedDigest, SignaturePolicy,
} from '../../image/admission/admission-policy';
import { formatImageReference, shortDigest } from '../../image/image-reference';
import type { AttestationOptions } from '../copy/attestations';
import type { CopyContext } from '../copy/copy-context';
import type { SharedBlobs } from '../copy/shared-blobs';
import type { AdmissionTools, MirrorRequest } from '../mirror-request';
import type { RegistryClient } from '../registry/registry-client';
import { withRetries } from '../registry/retry';
import type { MirrorResult } from '../result';

/** The tools and settings for the judgment of an image. */
export interface JudgmentOptions {
  readonly context: CopyContext;
  readonly request: MirrorRequest;
  readonly policy: AdmissionPolicy;
  readonly tools: AdmissionTools;
  readonly quarantine: RegistryClient;
  readonly decisions: RegistryClient;
  readonly blobs: SharedBlobs;
  readonly attestations: Omit<AttestationOptions, 'sourceDigest'>;
  /** The earlier images of the tag, as far as the repository of the mirror has them. */
  readonly known: KnownImages;
  readonly lists: QuarantineLists;
}

/** One check with its verdict. */
interface JudgedCheck {
  readonly mode: AdmissionModeName;
  readonly verdict: Verdict;
}

const MILLISECONDS_PER_HOUR = 3_600_000;

/** The checks of one image. */
export class Admission {
  /** The time of the run. An overlapping run that saw upstream later has a later time. */
  private readonly now = Date.now();
  private readonly markers: QuarantineMarkers;
  private readonly reader: DecisionReader;
  private observations?: readonly Observation[];

  constructor(private readonly options: JudgmentOptions) {
    const { context, decisions, lists, quarantine, request } = options;
    this.markers = new QuarantineMarkers(context, request, quarantine, lists.lister);
    this.reader = new DecisionReader(context, request, decisions, lists.lister);
  }

  /**
   * The upstream digest that the tag should serve: the locked one, or that of upstream.
   *
   * A person can release another digest than the locked one. That holds until the lock changes.
   */
  async wantedDigest(upstream: string): Promise<string> {
    const locked = this.lockedDigest;
    if (locked === undefined || locked === upstream) return upstream;
    const decision = await this.decisionAbout(upstream);
    return decision?.decision === 'released' ? upstream : locked;
  }

  /** Judges the image that the tag should serve next. */
  async judge(images: ImagesOfTag): Promise<Judgment> {
    const { policy } = this.options;
    const wanted = await this.wantedDigest(images.upstream);
    if (!hasChecks(policy)) return this.judgeRefusal(wanted, images);
    this.observations ??= await this.markers.read();
    if (wanted === images.served) return this.hold(images, [this.lockVerdict(images.upstream) as FailedVerdict], []);
    const judgment = await this.judgeDigest(wanted, images, policy);
    if (judgment.admitted || wanted !== images.upstream) return judgment;
    return await this.findReleased(images) ?? await this.judgeSuperseded(images) ?? judgment;
  }

  /**
   * Requires that nothing has changed since the judgment. Runs immediately before the tag moves.
   *
   * @param digest the digest that was admitted
   * @throws StaleJudgmentError when another run has moved the tag or saw another digest, when upstream has moved the tag, and when a person refused
   * the image
   */
  async requireCurrent(digest: string, { served, upstream }: ImagesOfTag, readServed: () => Promise<string | undefined>): Promise<void> {
    const { context: { retryContext, source }, request } = this.options;
    if (!hasChecks(this.options.policy)) return;
    this.options.lists.forget();
    this.reader.refresh();
    const [servedNow, upstreamNow, observations, decision] = await Promise.all([
      readServed(),
      withRetries(retryContext, () => source.manifestDigest(request.source.digest ?? request.source.tag!)),
      this.markers.read(),
      this.decisionAbout(digest),
    ]);
    const isNewer = observations.some((observation) => observation.at > this.now && observation.digest !== upstream);
    if (servedNow === served && upstreamNow === upstream && !isNewer && decision?.decision !== 'refused') return;
    throw new StaleJudgmentError();
  }

  /** The number of requests to the quarantine and the repository of decisions. */
  get requests(): number {
    const { decisions, quarantine } = this.options;
    return quarantine.requests + decisions.requests;
  }

  private get lockedDigest(): string | undefined {
    const { policy: { lock }, request: { target } } = this.options;
    return lock === undefined || lock.mode === 'AUDIT' ? undefined : lockedDigest(lock, target.tag);
  }

  /** Judges an image without checks of its own: a person can have refused it. */
  private async judgeRefusal(digest: string, images: ImagesOfTag): Promise<Judgment> {
    const decision = await this.decisionAbout(digest);
    if (decision?.decision !== 'refused') return { admitted: true, digest, result: {} };
    this.observations = await this.markers.read();
    return this.holdRefused(digest, images, decision);
  }

  private holdRefused(digest: string, images: ImagesOfTag, decision: ReadDecision): Promise<Judgment> {
    const message = `${decision.by} refused ${shortDigest(digest)} at ${decision.at}: ${decision.reason}`;
    return this.hold(images, [{ passed: false, heldBy: 'refused', message }], [], decision);
  }

  private async judgeDigest(digest: string, images: ImagesOfTag, policy: AdmissionPolicy): Promise<Judgment> {
    const decision = await this.decisionAbout(digest);
    if (decision?.decision === 'refused') return this.holdRefused(digest, images, decision);
    if (decision !== undefined) return this.admitReleased(digest, decision);
    const checks = await this.quickChecks(digest, images, policy);
    const isHeld = failuresOf(checks, 'ENFORCE').length > 0;
    const { scan } = policy;
    if (scan === undefined || isHeld) return this.conclude(digest, images, checks);
    const copy = this.heldCopy(digest);
    const { heldDigest, verdict } = await this.scan(copy, scan.mode);
    const all: JudgedCheck[] = [...checks, { mode: scan.mode ?? 'ENFORCE', verdict }];
    return this.conclude(digest, images, all, heldDigest === undefined ? undefined : { copy, digest: heldDigest });
  }

  /** All checks except the scan, which needs a copy of the image. */
  private async quickChecks(digest: string, images: ImagesOfTag, policy: AdmissionPolicy): Promise<JudgedCheck[]> {
    const { minimumAge, lock, signatures = [] } = policy;
    const checks: JudgedCheck[] = [];
    const add = (mode: AdmissionModeName = 'ENFORCE', verdict: Verdict) => checks.push({ mode, verdict });
    if (lock !== undefined) add(lock.mode, this.lockVerdict(digest));
    if (minimumAge !== undefined) add(minimumAge.mode, await this.ageVerdict(digest, images));
    for (const signature of signatures) add(signature.mode, await this.signatureVerdict(signature, digest, images));
    return checks;
  }

  private lockVerdict(digest: string): Verdict {
    const { policy: { lock }, request: { target, source } } = this.options;
    const locked = lockedDigest(lock!, target.tag);
    if (locked === digest) return { passed: true, note: 'the lock file has its digest' };
    const image = formatImageReference(source);
    const found = locked === undefined ? `does not have ${image}` : `has ${shortDigest(locked)}, and upstream has ${shortDigest(digest)}`;
    const message = `the lock file ${found}; run "cdk-ecr-mirror lock --update ${image}", and deploy the app after the review`;
    return { passed: false, heldBy: 'lock', message };
  }

  private async ageVerdict(digest: string, images: ImagesOfTag): Promise<Verdict> {
    const { policy: { minimumAge: policy }, known, request: { isNamed } } = this.options;
    const verdict = this.age.check(digest);
    if (verdict.passed) return verdict;
    // An earlier run may have held the first copy for another check.
    const isOnlyImage = this.observations!.every((observation) => observation.digest === digest);
    const mayBeFirst = images.served === undefined && isNamed && !policy!.holdFirstCopies && isOnlyImage;
    if (mayBeFirst && !await known.hasServed()) return { passed: true, note: 'the first copy of an image that the app names' };
    if (images.served !== undefined && await known.hasServed(digest)) return { passed: true, note: 'the tag returns to an image that it served' };
    return verdict;
  }

  private async signatureVerdict(policy: SignaturePolicy, digest: string, { served }: ImagesOfTag): Promise<Verdict> {
    const { context, tools: { trustRootFile } } = this.options;
    // Loaded on demand, because runs without new images do not need it.
    const { checkSignature } = await import('./signatures/signature-check.js');
    return checkSignature({ policy, candidate: this.candidate(digest, served), context, trustRootFile });
  }

  private async scan(copy: HeldCopy, mode?: AdmissionModeName): Promise<{ readonly heldDigest?: string; readonly verdict: Verdict }> {
    const { context: { progress, retryContext }, policy: { scan }, quarantine, request: { dryRun = false } } = this.options;
    const heldDigest = dryRun ? await copy.find() : await copy.hold();
    if (heldDigest === undefined) {
      return { verdict: { passed: false, heldBy: 'scan-pending', message: 'the next run copies it into quarantine, where Amazon ECR scans it' } };
    }
    const { checkScan } = await import('./scan/scan-check.js');
    // In audit mode, a run never waits for a scan.
    const verdict = await checkScan({ policy: scan!, quarantine, digest: heldDigest, retryContext, progress, dryRun: dryRun || mode === 'AUDIT' });
    return { heldDigest, verdict };
  }

  /** The newest digest that upstream has replaced since the served one, and that a person released. */
  private async findReleased({ served, upstream }: ImagesOfTag): Promise<Judgment | undefined> {
    for (const { digest } of this.age.timeline.superseded(upstream, served)) {
      const decision = await this.decisionAbout(digest);
      if (decision?.decision !== 'released') continue;
      const judgment = await this.admitReleased(digest, decision);
      if (judgment.heldCopy !== undefined || await this.isUpstream(digest)) return judgment;
    }
    return undefined;
  }

  /** A released image is served from quarantine, if it waits there for a scan: upstream may have removed it. */
  private async admitReleased(digest: string, decision: ReadDecision): Promise<AdmittedJudgment> {
    const copy = this.heldCopy(digest);
    const heldDigest = this.options.policy.scan === undefined ? undefined : await copy.find();
    const heldCopy = heldDigest === undefined ? undefined : { copy, digest: heldDigest };
    return { admitted: true, digest, heldCopy, result: { decision: publicDecision(decision) } };
  }

  private async isUpstream(digest: string): Promise<boolean> {
    const { retryContext, source } = this.options.context;
    return await withRetries(retryContext, () => source.manifestDigest(digest)) !== undefined;
  }

  /** An older digest that upstream has replaced, if the policy allows it. */
  private async judgeSuperseded(images: ImagesOfTag): Promise<Judgment | undefined> {
    const { minimumAge, ...others } = this.options.policy;
    if (!minimumAge?.serveSuperseded || minimumAge.mode === 'AUDIT') return undefined;
    for (const digest of this.age.oldEnough(images.upstream, images.served)) {
      const judgment = await this.isUpstream(digest) ? await this.judgeDigest(digest, images, others) : undefined;
      if (judgment?.admitted) return judgment;
    }
    return undefined;
  }

  private async conclude(
    digest: string, images: ImagesOfTag, checks: readonly JudgedCheck[], heldCopy?: ScannedCopy,
  ): Promise<Judgment> {
    const enforced = failuresOf(checks, 'ENFORCE');
    const audited = failuresOf(checks, 'AUDIT');
    if (enforced.length > 0) return this.hold(images, enforced, audited, undefined, textsOf(checks));
    if (audited.some(({ heldBy }) => heldBy === 'minimum-age')) await this.record(images.upstream);
    const notes = textsOf(checks);
    return { admitted: true, digest, heldCopy, result: { ...wouldBeHeldBy(audited), ...notes.length === 0 ? {} : { checks: notes } } };
  }

  private async hold(
    images: ImagesOfTag, failures: readonly FailedVerdict[], audited: readonly FailedVerdict[], decision?: ReadDecision,
    checks: readonly string[] = [],
  ): Promise<Judgment> {
    const waitsForLock = failures.every(({ heldBy }) => heldBy === 'lock');
    await this.record(images.upstream);
    const since = waitsForLock ? undefined : this.age.timeline.heldSince ?? this.now;
    const eligible = failures.flatMap(({ eligibleAt }) => eligibleAt ?? []);
    const isStarved = failures.some(({ heldBy }) => heldBy === 'minimum-age') && this.age.isStarved(images.upstream);
    const starved = '; the tag moves more often than its minimum age, so set serveSuperseded, or a shorter minimum age';
    return {
      admitted: false,
      message: failures.map(({ message }) => message).join('; ') + (isStarved ? starved : ''),
      result: {
        heldBy: failures.map(({ heldBy }) => heldBy),
        ...eligible.length === 0 ? {} : { eligibleAt: formatTime(Math.max(...eligible)) },
        ...since === undefined ? {} : { heldSince: formatTime(since), heldHours: Math.floor((this.now - since) / MILLISECONDS_PER_HOUR) },
        ...isStarved ? { starved: true } : {},
        ...wouldBeHeldBy(audited),
        ...decision === undefined ? {} : { decision: publicDecision(decision) },
        ...checks.length === 0 ? {} : { checks },
      },
    };
  }

  private get age(): MinimumAge {
    const policy = this.options.policy.minimumAge ?? { hours: 1, maximumGapHours: DEFAULT_GAP_HOURS };
    return new MinimumAge({ policy, observations: this.observations!, now: this.now });
  }

  private async record(digest: string): Promise<void> {
    const { policy: { minimumAge }, request: { dryRun } } = this.options;
    const isRecent = this.age.timeline.sawRecently(digest, (minimumAge?.maximumGapHours ?? DEFAULT_GAP_HOURS) * MILLISECONDS_PER_HOUR / 3);
    if (!dryRun && !isRecent) await this.markers.record(digest, this.now);
  }

  private async decisionAbout(digest: string): Promise<ReadDecision | undefined> {
    return this.reader.find(digest, this.options.policy.lock);
  }

  private heldCopy(digest: string): HeldCopy {
    const { attestations, blobs, context, quarantine, request } = this.options;
    return new HeldCopy({ context, quarantine, blobs, request, attestations, key: quarantineKey(request), digest });
  }

  private candidate(digest: string, served: string | undefined): Candidate {
    const { source, target, dryRun = false } = this.options.request;
    return { source, target, digest, served, dryRun };
  }
}

function failuresOf(checks: readonly JudgedCheck[], mode: AdmissionModeName): FailedVerdict[] {
  return checks.flatMap((check) => check.mode === mode && !check.verdict.passed ? [check.verdict] : []);
}

/** The findings of the checks, for people. */
function textsOf(checks: readonly JudgedCheck[]): string[] {
  return checks.flatMap(({ verdict }) => verdict.passed ? verdict.note ?? [] : verdict.message);
}

function wouldBeHeldBy(failures: readonly FailedVerdict[]): AdmissionResult {
  return failures.length === 0 ? {} : { wouldBeHeldBy: failures.map(({ heldBy }) => heldBy) };
}

function publicDecision({ at, by, decision, reason }: ReadDecision): NonNullable<MirrorResult['decision']> {
  return { decision, by, reason, at };
}
