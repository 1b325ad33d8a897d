import type { Admission } from './admission/admission';
import { admissionOf } from './admission/gate';
import { AdmissionResult, AdmittedJudgment, ImagesOfTag, StaleJudgmentError } from './admission/judgment';
import { archivedImageError } from './archived-image';
import type { AttestationOptions } from './copy/attestations';
import { CopyContext, sharedLimits } from './copy/copy-context';
import { copyImage, CopyImageOptions } from './copy/copy-image';
import { copyLateReferrers } from './copy/late-referrers';
import { PlatformTags } from './copy/platform-tags';
import { decide, Decision, DECISION_TEXTS } from './decision';
import { describeFailure } from './failure';
import { MirrorError } from './mirror-error';
import type { MirrorRequest, MirrorTools } from './mirror-request';
import { RepositoryAccess } from './registry/repository-access';
import { withRetries } from './registry/retry';
import type { MirrorResult } from './result';
import { PreviousImages } from './retention/previous-images';
import { untilAborted } from './run-signal';
import { TargetImage, readTargetImage } from './target-image';
import { upstreamGoneMessage } from './upstream-gone';
import { ATTESTATION_POLICIES, UPSTREAM_GONE_POLICIES } from '../image/contract/environment';
import { formatImageReference, shortDigest } from '../image/image-reference';
import { suffixedTag } from '../image/repository-name';
import { isRetentionTag, RETENTION_TAG_PROBLEM } from '../image/retention';

/** Mirrors one image. It never throws: the result describes each failure. */
export async function mirrorImage(request: MirrorRequest, tools: MirrorTools): Promise<MirrorResult> {
  return new MirrorTask(request, tools).run();
}

/** Keeps a result line readable, and an event within the 256 KB of Amazon EventBridge. */
const MAX_WARNINGS = 20;

/** The fields of a result that depend on the decision. */
type DecisionResult = Pick<MirrorResult, 'outcome' | 'reason' | 'message' | 'sourceDigest' | 'targetDigest' | 'suffixedTag' | 'platformTags'>;

/** The attempts to decide about a tag that moves while its image is checked. */
const MAX_DECISIONS = 3;

/** An image that passed its checks. */
interface AdmittedImage {
  readonly admission: Admission;
  readonly images: ImagesOfTag;
  readonly judgment: AdmittedJudgment;
}

/** The upstream digest that a tag stands for. A target with the same digest has all platforms, and with them each selection of platforms. */
function servedDigest(targetImage: TargetImage | undefined, sourceDigest: string): string | undefined {
  return targetImage?.digest === sourceDigest ? sourceDigest : targetImage?.sourceDigest;
}

class MirrorTask {
  private readonly started = performance.now();
  private readonly access: RepositoryAccess;
  private readonly context: CopyContext;
  /** The platform tags of the target's tag. The suffixed tag of a moved image has none. */
  private readonly platformTags?: PlatformTags;
  private readonly previous: PreviousImages;
  private sourceDigest?: string;
  private targetImage?: TargetImage;
  /** The checks of a new image; undefined when it has none. */
  private admission?: Admission;
  private admissionResult?: AdmissionResult;

  constructor(private readonly request: MirrorRequest, private readonly tools: MirrorTools) {
    this.access = new RepositoryAccess(tools);
    const { blobs, ...limits } = tools.limits ?? sharedLimits();
    this.context = {
      source: this.access.client(request.source, 'pull'),
      target: this.access.client(request.target, 'pull,push'),
      retryContext: this.access.retryContext,
      progress: tools.progress,
      statistics: { bytesCopied: 0, blobsCopied: 0, blobsSkipped: 0, referrersCopied: 0, warnings: [...request.warnings ?? []] },
      ...limits,
      blobs: blobs.image(request.target.registry, request.target.repository),
    };
    const { keepPrevious = 0, kind, platformTags, target: { tag } } = request;
    this.previous = new PreviousImages(this.context, { tag, keepPrevious: kind === 'fixed' ? 0 : keepPrevious, listImages: tools.listImages });
    if (platformTags !== undefined) this.platformTags = new PlatformTags(this.context, { tag, platforms: platformTags, fixed: kind === 'fixed' });
  }

  async run(): Promise<MirrorResult> {
    let decided: DecisionResult;
    try {
      decided = await untilAborted(this.context.retryContext.signal, this.mirrorCurrent());
    } catch (error) {
      decided = { outcome: 'failed', ...describeFailure(error, this.tools, this.request.source) };
    } finally {
      this.access.close();
      this.context.blobs.close();
    }
    return this.result(decided);
  }

  /** Decides again when the tag moves while its new image is checked. */
  private async mirrorCurrent(): Promise<DecisionResult> {
    for (let attempt = 1; ; attempt++) {
      const { access, attestations, context, request, tools } = this;
      this.admissionResult = undefined;
      this.admission = admissionOf({ access, attestations, context, request, tools, isRetry: attempt > 1 });
      try {
        return await this.mirror();
      } catch (error) {
        if (!(error instanceof StaleJudgmentError) || attempt === MAX_DECISIONS) throw error;
        tools.progress.line(`${error.message}: deciding again`);
      }
    }
  }

  private async mirror(): Promise<DecisionResult> {
    const { source, target, kind, onTagMoved } = this.request;
    if (isRetentionTag(target.tag)) throw new MirrorError('invalid-reference', `${formatImageReference(target)}: ${RETENTION_TAG_PROBLEM}`);
    const [sourceDigest, targetImage] = await Promise.all([
      withRetries(this.context.retryContext, () => this.context.source.manifestDigest(source.digest ?? source.tag!, { confirm: true })),
      this.readTarget(target.tag),
    ]);
    this.targetImage = targetImage;
    if (sourceDigest === undefined) return this.gone();
    this.sourceDigest = sourceDigest;
    this.requireExpectedDigest(sourceDigest);
    if (targetImage === undefined) await this.requireNotArchived(sourceDigest);
    const wanted = await this.admission?.wantedDigest(sourceDigest) ?? sourceDigest;
    const targetDigest = servedDigest(targetImage, wanted);
    const decision = decide({ sourceDigest: wanted, targetDigest, kind, onTagMoved });
    const action = this.request.dryRun ? '' : `: ${DECISION_TEXTS[decision]}`;
    this.tools.progress.line(`upstream ${sourceDigest}, mirror ${targetDigest ?? 'has none'}${action}`);
    const isLocked = decision === 'unchanged' && wanted !== sourceDigest;
    return isLocked ? this.copyIfAdmitted(() => target.tag) : this.carryOut(decision, wanted);
  }

  /** Upstream does not have the image. */
  private async gone(): Promise<DecisionResult> {
    const { onUpstreamGone = UPSTREAM_GONE_POLICIES[0], source, target } = this.request;
    if (this.targetImage === undefined || onUpstreamGone === 'FAIL') throw this.notFound();
    const message = await upstreamGoneMessage(source, target, this.context.retryContext.signal);
    this.context.statistics.warnings.push(message);
    return { outcome: 'upstream-gone', message };
  }

  /** A floating tag may have another image upstream than the archived one. That is copied, like any new image. */
  private async requireNotArchived(sourceDigest: string): Promise<void> {
    const { kind, platforms, target } = this.request;
    const isComparable = kind === 'floating' && platforms === undefined;
    const error = await archivedImageError(target, isComparable ? sourceDigest : undefined, this.context.retryContext.signal);
    if (error !== undefined) throw error;
  }

  private notFound(): MirrorError {
    const { tag, digest } = this.request.source;
    const { endpoint: { registry }, repository } = this.context.source;
    const kept = this.targetImage === undefined ? '' : '; the mirror keeps its copy';
    const remedy = 'check the spelling, or set credentials if it is private';
    return new MirrorError('not-found', `${registry}: there is no ${repository}:${tag ?? digest}${kept}; ${remedy}`);
  }

  private requireExpectedDigest(sourceDigest: string): void {
    const { expectedDigest, source } = this.request;
    if (expectedDigest === undefined || expectedDigest === sourceDigest) return;
    const kept = this.targetImage === undefined ? 'the image is not mirrored' : `the mirror keeps ${this.targetImage.digest}`;
    throw new MirrorError('digest-mismatch', `${formatImageReference(source)} has the digest ${sourceDigest} upstream, and only ${expectedDigest} `
      + `is valid: ${kept}; find out what changed, then set the new digest`);
  }

  private async carryOut(decision: Decision, sourceDigest: string): Promise<DecisionResult> {
    const { tag } = this.request.target;
    switch (decision) {
      case 'unchanged':
        return this.unchanged(sourceDigest);
      case 'copy':
        return this.copyIfAdmitted(() => tag);
      case 'fail-moved': {
        const consequence = 'the mirror keeps the first; pin the digest, use a new tag, or set onTagMoved';
        return { outcome: 'tag-moved', reason: 'immutable-tag', message: this.movedMessage(sourceDigest, consequence) };
      }
      case 'keep-moved': {
        const consequence = 'the mirror keeps the first, as onTagMoved says';
        return this.withPlatformTags({ outcome: 'tag-moved', message: this.movedMessage(sourceDigest, consequence) });
      }
      case 'suffix-moved':
        return this.withPlatformTags(await this.copyToSuffixedTag(sourceDigest));
    }
  }

  private async unchanged(sourceDigest: string): Promise<DecisionResult> {
    const { dryRun, lateReferrers, referrers } = this.request;
    // Referrers refer to the full image, so an index with a selection of platforms or without attestations has none.
    const mayHaveReferrers = referrers && this.targetImage!.digest === sourceDigest;
    if (lateReferrers && mayHaveReferrers && !dryRun) await copyLateReferrers(this.context, sourceDigest);
    return this.withPlatformTags({ outcome: 'unchanged' });
  }

  /**
   * Copies a new image if it passes its checks.
   *
   * @param tagFor the tag for the digest of the upstream image. The checks can choose another image than that of upstream's tag.
   */
  private async copyIfAdmitted(tagFor: (digest: string) => string): Promise<DecisionResult> {
    const { admission, targetImage } = this;
    const upstream = this.sourceDigest!;
    if (admission === undefined) return this.copy(upstream, tagFor(upstream));
    const images: ImagesOfTag = { upstream, served: servedDigest(targetImage, upstream) };
    const judgment = await admission.judge(images);
    this.admissionResult = judgment.result;
    if (judgment.admitted) return this.copy(judgment.digest, tagFor(judgment.digest), { admission, images, judgment });
    const held = `${formatImageReference(this.request.source)} is held: ${judgment.message}`;
    if (targetImage === undefined) return { outcome: 'held', reason: 'held', message: `${held}; the mirror has no image under this tag yet` };
    return this.withPlatformTags({ outcome: 'held', message: `${held}; the mirror serves ${shortDigest(targetImage.digest)}` });
  }

  private async copy(sourceDigest: string, tag: string, admitted?: AdmittedImage): Promise<DecisionResult> {
    const { dryRun, target } = this.request;
    const isOwnTag = tag === target.tag;
    const platformTags = isOwnTag ? this.platformTags : undefined;
    if (dryRun) return { outcome: 'copied', platformTags: platformTags?.names };
    let digest = sourceDigest;
    try {
      digest = await this.copyContent(sourceDigest, { tag, platformTags, beforeTag: (next) => this.beforeTag(tag, next, admitted) }, admitted);
    } catch (error) {
      // The tag may name this image by now: after an attempt that got no response, or after another run.
      const isTaken = error instanceof MirrorError && error.reason === 'immutable-tag';
      const targetImage = isTaken ? await this.readTarget(tag) : undefined;
      if (targetImage?.sourceDigest !== sourceDigest) throw error;
      digest = targetImage.digest;
      await platformTags?.follow(targetImage.manifest!);
    }
    if (isOwnTag) this.targetImage = { digest, sourceDigest };
    await this.previous.release(digest);
    return { outcome: 'copied', platformTags: platformTags?.names };
  }

  private copyContent(
    digest: string, options: Pick<CopyImageOptions, 'tag' | 'platformTags' | 'beforeTag'>, admitted: AdmittedImage | undefined,
  ): Promise<string> {
    const { attestations, context, request: { platforms, platformsIfAvailable, referrers } } = this;
    const heldCopy = admitted?.judgment.heldCopy;
    if (heldCopy !== undefined) return heldCopy.copy.promote(heldCopy.digest, options);
    return copyImage(context, { ...options, digest, platforms, platformsIfAvailable, referrers, attestations });
  }

  private async beforeTag(tag: string, next: string, admitted: AdmittedImage | undefined): Promise<void> {
    const { request: { target }, targetImage } = this;
    if (tag === target.tag && targetImage !== undefined) await this.previous.keep(next);
    if (admitted === undefined) return;
    const { admission, images, judgment: { digest } } = admitted;
    await admission.requireCurrent(digest, images, async () => servedDigest(await this.readTarget(target.tag), images.upstream));
  }

  /** An unchanged image may lack platform tags that were configured later. The mirror has all content that they need. */
  private async withPlatformTags(decided: DecisionResult): Promise<DecisionResult> {
    if (this.platformTags === undefined) return decided;
    const isChanged = await this.platformTags.follow(this.targetImage!.manifest!, this.request.dryRun);
    const outcome = isChanged && decided.outcome === 'unchanged' ? 'copied' : decided.outcome;
    return { ...decided, outcome, platformTags: this.platformTags.names };
  }

  private async copyToSuffixedTag(sourceDigest: string): Promise<DecisionResult> {
    const tagFor = (digest: string) => suffixedTag(this.request.target.tag, digest);
    let tag = tagFor(sourceDigest);
    const targetImage = await this.readTarget(tag);
    if (targetImage?.sourceDigest !== sourceDigest) {
      const copied = await this.copyIfAdmitted((digest) => tag = tagFor(digest));
      if (copied.outcome === 'held') return copied;
    }
    const consequence = `the mirror ${this.request.dryRun ? 'would hold' : 'holds'} the second as ${tag}`;
    return { outcome: 'tag-moved', suffixedTag: tag, message: this.movedMessage(sourceDigest, consequence) };
  }

  private movedMessage(newDigest: string, consequence: string): string {
    const { source, target } = this.request;
    const { digest, fullDigest, platforms, sourceDigest } = this.targetImage!;
    const named = `${target.repository}:${target.tag}`;
    if (fullDigest === newDigest) {
      const cause = this.attestations.isPinned ? 'but its digest is pinned' : 'but must keep them';
      return `${named} is a fixed tag and has the image without its attestations, ${cause}: ${consequence}`;
    }
    if (platforms !== undefined && this.request.platforms !== undefined && sourceDigest === digest) {
      return `${named} is a fixed tag and has other platforms (${platforms}) than configured: ${consequence}`;
    }
    const digests = `from ${shortDigest(sourceDigest)} to ${shortDigest(newDigest)}`;
    return `upstream moved the fixed tag ${formatImageReference(source)} ${digests}: ${consequence} (${named})`;
  }

  private readTarget(tag: string): Promise<TargetImage | undefined> {
    const { platforms, platformsIfAvailable, platformTags } = this.request;
    const query = { tag, platforms, platformsIfAvailable, manifest: platformTags !== undefined, attestations: this.attestations };
    return readTargetImage(this.context.target, this.context.retryContext, query);
  }

  private get attestations(): Omit<AttestationOptions, 'sourceDigest'> {
    const { attestations: policy = ATTESTATION_POLICIES[0], expectedDigest, source } = this.request;
    return { policy, isPinned: expectedDigest !== undefined || source.digest !== undefined };
  }

  private result(decided: DecisionResult): MirrorResult {
    const { source, target, statistics } = this.context;
    const { warnings: ownWarnings, ...counts } = statistics;
    const warnings = [...ownWarnings, ...[source, target].flatMap(({ credentialNote, endpoint }) => {
      return credentialNote === undefined ? [] : [`${endpoint.registry}: ${credentialNote}`];
    })];
    return {
      source: formatImageReference(this.request.source),
      target: formatImageReference(this.request.target),
      repository: this.request.target.repository,
      tag: this.request.target.tag,
      ...(this.request.owner === undefined ? {} : { owner: this.request.owner }),
      ...(this.request.dryRun ? { dryRun: true } : {}),
      sourceDigest: this.sourceDigest,
      targetDigest: this.targetImage?.digest,
      ...decided,
      ...this.admissionResult,
      ...this.previous.result,
      ...counts,
      ...(warnings.length > 0 ? { warnings: warnings.slice(0, MAX_WARNINGS) } : {}),
      requests: { source: source.requests, target: target.requests + (this.admission?.requests ?? 0) },
      countedPulls: source.manifestGets,
      seconds: Math.round(performance.now() - this.started) / 1000,
    };
  }
}
