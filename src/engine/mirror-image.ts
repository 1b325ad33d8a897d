import { archivedImageError } from './archived-image';
import type { AttestationOptions } from './copy/attestations';
import { CopyContext, SharedLimits, sharedLimits } from './copy/copy-context';
import { copyImage } from './copy/copy-image';
import { copyLateReferrers } from './copy/late-referrers';
import { PlatformTags } from './copy/platform-tags';
import { decide, Decision, DECISION_TEXTS } from './decision';
import { describeFailure } from './failure';
import { MirrorError } from './mirror-error';
import { RegistryTools, RepositoryAccess } from './registry/repository-access';
import { withRetries } from './registry/retry';
import type { ProgressListener } from './report/progress';
import type { MirrorResult } from './result';
import { PreviousImages } from './retention/previous-images';
import type { ImageLister } from './retention/repository-images';
import { untilAborted } from './run-signal';
import { TargetImage, readTargetImage } from './target-image';
import type { AdmissionPolicy } from '../image/admission/admission-policy';
import { ATTESTATION_POLICIES, AttestationPolicy, TagMovedPolicy, UpstreamGonePolicy } from '../image/contract/environment';
import type { CustomImage } from '../image/custom-image';
import { formatImageReference, ImageReference, shortDigest } from '../image/image-reference';
import type { Platform } from '../image/platform';
import { suffixedTag } from '../image/repository-name';
import { isRetentionTag, RETENTION_TAG_PROBLEM } from '../image/retention';
import type { TagKindName } from '../image/tag-kind';

/** One image to mirror. */
export interface MirrorRequest {
  readonly source: ImageReference;
  /** The target image, always with a tag. */
  readonly target: ImageReference & { readonly tag: string };
  readonly kind: TagKindName;
  readonly onTagMoved: TagMovedPolicy;
  /** The platforms to mirror; undefined for all, which keeps the digest. */
  readonly platforms?: readonly Platform[];
  /** Whether upstream may lack some of the platforms, but not all of them; false by default. */
  readonly platformsIfAvailable?: boolean;
  /** The platforms that get a tag of their own in addition to the target's tag; undefined for none. */
  readonly platformTags?: readonly Platform[];
  /** Whether to copy signatures and other referrers with a new image. */
  readonly referrers: boolean;
  /** Whether to look for referrers that were published after the image was mirrored, if it is unchanged; false by default. */
  readonly lateReferrers?: boolean;
  /** The policy for the attestations of an index; `KEEP_IF_ACCEPTED` by default. */
  readonly attestations?: AttestationPolicy;
  /** The number of previous images that a floating tag keeps; none by default. */
  readonly keepPrevious?: number;
  /** The only valid digest of the source; undefined for any. */
  readonly expectedDigest?: string;
  /** The checks that a new image must pass before the tag serves it; none by default. */
  readonly admission?: AdmissionPolicy;
  /** Whether the first copy of the image is exempt from its minimum age, because the app names the image; false by default. */
  readonly isNamed?: boolean;
  /** The policy when upstream no longer has the image; `KEEP` by default. */
  readonly onUpstreamGone?: UpstreamGonePolicy;
  /** The owner of the image, which the result repeats. */
  readonly owner?: string;
  /** Warnings about the image, which the result repeats. */
  readonly warnings?: readonly string[];
  /** How the image is customized after it is mirrored; undefined when it is not. `mirrorImage()` ignores it. */
  readonly custom?: CustomImage;
  /** Whether to only check what a run would do (dry run). */
  readonly dryRun?: boolean;
}

/** What checks of new images need. */
export interface AdmissionTools {
  /** The quarantine repository of the target's registry: `mirror-held`. */
  readonly quarantine: string;
  /** The repository with the decisions of people: `mirror-decisions`. */
  readonly decisions: string;
  /** The path of a JSON file with a list of trust roots; undefined for the engine's own. */
  readonly trustRootFile?: string;
}

/** The tools that images are mirrored with. */
export interface MirrorTools extends RegistryTools {
  readonly progress: ProgressListener;
  /** The state that the images of a run share. By default, each image has its own limits. */
  readonly limits?: SharedLimits;
  /** The repositories and settings for checks of new images. A request with checks fails without them. */
  readonly admissionTools?: AdmissionTools;
  /** Lists the images of the target for retention. @default - the API of Amazon ECR, for its registries */
  readonly listImages?: ImageLister;
}

/** Mirrors one image. It never throws: the result describes each failure. */
export async function mirrorImage(request: MirrorRequest, tools: MirrorTools): Promise<MirrorResult> {
  return new MirrorTask(request, tools).run();
}

/** Keeps a result line readable, and an event within the 256 KB of Amazon EventBridge. */
const MAX_WARNINGS = 20;

/** The fields of a result that depend on the decision. */
type DecisionResult = Pick<MirrorResult, 'outcome' | 'reason' | 'message' | 'sourceDigest' | 'targetDigest' | 'suffixedTag' | 'platformTags'>;

class MirrorTask {
  private readonly started = performance.now();
  private readonly access: RepositoryAccess;
  private readonly context: CopyContext;
  /** The platform tags of the target's tag. The suffixed tag of a moved image has none. */
  private readonly platformTags?: PlatformTags;
  private readonly previous: PreviousImages;
  private sourceDigest?: string;
  private targetImage?: TargetImage;

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
      decided = await untilAborted(this.context.retryContext.signal, this.mirror());
    } catch (error) {
      decided = { outcome: 'failed', ...describeFailure(error, this.tools, this.request.source) };
    } finally {
      this.access.close();
      this.context.blobs.close();
    }
    return this.result(decided);
  }

  private async mirror(): Promise<DecisionResult> {
    const { source, target, kind, onTagMoved } = this.request;
    if (isRetentionTag(target.tag)) throw new MirrorError('invalid-reference', `${formatImageReference(target)}: ${RETENTION_TAG_PROBLEM}`);
    const [sourceDigest, targetImage] = await Promise.all([
      withRetries(this.context.retryContext, () => this.context.source.manifestDigest(source.digest ?? source.tag!, { confirm: true })),
      this.readTarget(target.tag),
    ]);
    this.targetImage = targetImage;
    if (sourceDigest === undefined) throw this.notFound();
    this.sourceDigest = sourceDigest;
    this.requireExpectedDigest(sourceDigest);
    if (targetImage === undefined) await this.requireNotArchived(sourceDigest);
    // A target with the same digest has all platforms, and with them each selection of platforms.
    const targetDigest = targetImage?.digest === sourceDigest ? sourceDigest : targetImage?.sourceDigest;
    const decision = decide({ sourceDigest, targetDigest, kind, onTagMoved });
    const action = this.request.dryRun ? '' : `: ${DECISION_TEXTS[decision]}`;
    this.tools.progress.line(`upstream ${sourceDigest}, mirror ${targetDigest ?? 'has none'}${action}`);
    return this.carryOut(decision, sourceDigest);
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
        return this.copy(sourceDigest, tag);
      case 'fail-moved': {
        const consequence = 'the mirror keeps the first; pin the digest, use a new tag, or set onTagMoved';
        return { outcome: 'tag-moved', reason: 'immutable-tag', message: this.movedMessage(sourceDigest, consequence) };
      }
      case 'keep-moved': {
        const consequence = 'the mirror keeps the first, as onTagMoved says';
        return this.withPlatformTags({ outcome: 'tag-moved', message: this.movedMessage(sourceDigest, consequence) });
      }
      case 'suffix-moved':
        return this.withPlatformTags(await this.copyToSuffixedTag(sourceDigest, suffixedTag(tag, sourceDigest)));
    }
  }

  private async unchanged(sourceDigest: string): Promise<DecisionResult> {
    const { dryRun, lateReferrers, referrers } = this.request;
    // Referrers refer to the full image, so an index with a selection of platforms or without attestations has none.
    const mayHaveReferrers = referrers && this.targetImage!.digest === sourceDigest;
    if (lateReferrers && mayHaveReferrers && !dryRun) await copyLateReferrers(this.context, sourceDigest);
    return this.withPlatformTags({ outcome: 'unchanged' });
  }

  private async copy(sourceDigest: string, tag: string): Promise<DecisionResult> {
    const { dryRun, platforms, platformsIfAvailable, referrers, target } = this.request;
    const { attestations } = this;
    const isOwnTag = tag === target.tag;
    const platformTags = isOwnTag ? this.platformTags : undefined;
    if (dryRun) return { outcome: 'copied', platformTags: platformTags?.names };
    const beforeTag = isOwnTag && this.targetImage !== undefined ? (next: string) => this.previous.keep(next) : undefined;
    let digest = sourceDigest;
    try {
      const options = { digest: sourceDigest, tag, platforms, platformsIfAvailable, platformTags, referrers, attestations, beforeTag };
      digest = await copyImage(this.context, options);
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

  /** An unchanged image may lack platform tags that were configured later. The mirror has all content that they need. */
  private async withPlatformTags(decided: DecisionResult): Promise<DecisionResult> {
    if (this.platformTags === undefined) return decided;
    const isChanged = await this.platformTags.follow(this.targetImage!.manifest!, this.request.dryRun);
    const outcome = isChanged && decided.outcome === 'unchanged' ? 'copied' : decided.outcome;
    return { ...decided, outcome, platformTags: this.platformTags.names };
  }

  private async copyToSuffixedTag(sourceDigest: string, tag: string): Promise<DecisionResult> {
    const targetImage = await this.readTarget(tag);
    if (targetImage?.sourceDigest !== sourceDigest) await this.copy(sourceDigest, tag);
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
      ...this.previous.result,
      ...counts,
      ...(warnings.length > 0 ? { warnings: warnings.slice(0, MAX_WARNINGS) } : {}),
      requests: { source: source.requests, target: target.requests },
      countedPulls: source.manifestGets,
      seconds: Math.round(performance.now() - this.started) / 1000,
    };
  }
}
