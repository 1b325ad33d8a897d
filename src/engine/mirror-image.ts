import { setMaxListeners } from 'node:events';
import { DEFAULT_LOOKUPS, DEFAULT_TRANSFERS, CopyContext, Semaphore } from './copy/copy-context';
import { copyImage } from './copy/copy-image';
import { PlatformTags } from './copy/platform-tags';
import type { CredentialSource } from './credentials/credential-source';
import { decide, Decision } from './decision';
import { describeFailure, RunLimits, signalOf } from './failure';
import { MirrorError } from './mirror-error';
import { endpointOf } from './registry/endpoint';
import { RegistryClient } from './registry/registry-client';
import { RetryContext, RetryPolicy, withRetries } from './registry/retry';
import type { Transport } from './registry/transport';
import type { ProgressListener } from './report/progress';
import type { MirrorResult } from './result';
import { TargetImage, readTargetImage } from './target-image';
import type { TagMovedPolicy } from '../image/contract/environment';
import type { CustomImage } from '../image/custom-image';
import { formatImageReference, ImageReference, shortDigest } from '../image/image-reference';
import type { Platform } from '../image/platform';
import { suffixedTag } from '../image/repository-name';
import type { TagKindName } from '../image/tag-kind';

/** One image to mirror. */
export interface MirrorRequest {
  readonly source: ImageReference;
  /** Where to; always with a tag. */
  readonly target: ImageReference & { readonly tag: string };
  readonly kind: TagKindName;
  readonly onTagMoved: TagMovedPolicy;
  /** The platforms to mirror; undefined for all, which keeps the digest. */
  readonly platforms?: readonly Platform[];
  /** The platforms that get a tag of their own beside the target's, for those who take no index; undefined for none. */
  readonly platformTags?: readonly Platform[];
  /** Whether signatures and other referrers come along with a new image. */
  readonly referrers: boolean;
  /** The only digest that upstream may have; undefined for any. */
  readonly expectedDigest?: string;
  /** Who answers for the image. */
  readonly owner?: string;
  /** What is to be told of the image whatever happens. */
  readonly warnings?: readonly string[];
  /** How the image is customized once it is in the mirror, which is the business of others; undefined when it is not. */
  readonly custom?: CustomImage;
  /** Only find out what would be done. */
  readonly dryRun?: boolean;
}

/** What a run has at hand. */
export interface MirrorTools extends RunLimits {
  readonly transport: Transport;
  readonly credentials: CredentialSource;
  readonly progress: ProgressListener;
  readonly retry: RetryPolicy;
  /** Whether a registry is spoken to without TLS. */
  readonly plainHttp: (registry: string) => boolean;
  /** Transfers of blobs at a time, shared by the images of a run; by default each image has its own. */
  readonly transfers?: Semaphore;
  /** Look-ups at a time, likewise. */
  readonly lookups?: Semaphore;
}

/** Brings one image of the mirror up to date. Never throws: whatever goes wrong is told in the result. */
export async function mirrorImage(request: MirrorRequest, tools: MirrorTools): Promise<MirrorResult> {
  return new ImageMirroring(request, tools).run();
}

/** A result line stays readable, and an event within EventBridge's 256 KB. */
const MOST_WARNINGS = 20;

type Finding = Pick<MirrorResult, 'outcome' | 'reason' | 'message' | 'sourceDigest' | 'targetDigest' | 'suffixedTag' | 'platformTags'>;

class ImageMirroring {
  private readonly started = performance.now();
  private readonly stop = new AbortController();
  private readonly context: CopyContext;
  /** Those of the target's tag; a tag that keeps a moved image beside it has none. */
  private readonly platformTags?: PlatformTags;
  private sourceDigest?: string;
  private held?: TargetImage;

  constructor(private readonly request: MirrorRequest, private readonly tools: MirrorTools) {
    const signal = signalOf(tools, this.stop.signal);
    setMaxListeners(0, signal); // each request under way listens
    const run: RetryContext = {
      retry: tools.retry,
      deadline: tools.deadline,
      signal,
      onRetry: (error, seconds) => tools.progress.line(`${error.message}; trying again in ${seconds.toFixed(1)} s`),
    };
    this.context = {
      source: this.client(request.source, 'pull', signal),
      target: this.client(request.target, 'pull,push', signal),
      run,
      progress: tools.progress,
      statistics: { bytesCopied: 0, blobsCopied: 0, blobsSkipped: 0, referrersCopied: 0, warnings: [...request.warnings ?? []] },
      transfers: tools.transfers ?? new Semaphore(DEFAULT_TRANSFERS),
      lookups: tools.lookups ?? new Semaphore(DEFAULT_LOOKUPS),
    };
    const { kind, platformTags, target: { tag } } = request;
    if (platformTags !== undefined) this.platformTags = new PlatformTags(this.context, { tag, platforms: platformTags, fixed: kind === 'fixed' });
  }

  async run(): Promise<MirrorResult> {
    let finding: Finding;
    try {
      finding = await this.mirror();
    } catch (error) {
      finding = { outcome: 'failed', ...describeFailure(error, this.tools) };
    } finally {
      this.stop.abort();
    }
    return this.result(finding);
  }

  private async mirror(): Promise<Finding> {
    const { source, target, kind, onTagMoved } = this.request;
    const [sourceDigest, held] = await Promise.all([
      withRetries(this.context.run, () => this.context.source.manifestDigest(source.digest ?? source.tag!)),
      this.heldAs(target.tag),
    ]);
    this.held = held;
    if (sourceDigest === undefined) {
      const kept = held === undefined ? '' : '; the mirror keeps its copy';
      throw new MirrorError('not-found', `${source.registry}: there is no ${source.repository}:${source.tag ?? source.digest}${kept}; check the spelling, or give credentials if it is private`);
    }
    this.sourceDigest = sourceDigest;
    this.refuseUnexpected(sourceDigest);
    // An image of all platforms holds each choice of them.
    const targetDigest = held?.digest === sourceDigest ? sourceDigest : held?.standsFor;
    const decision = decide({ sourceDigest, targetDigest, kind, onTagMoved });
    this.tools.progress.line(`upstream ${sourceDigest}, mirror ${targetDigest ?? 'has none'}${this.request.dryRun ? '' : `: ${WORDS[decision]}`}`);
    return this.act(decision, sourceDigest);
  }

  private refuseUnexpected(sourceDigest: string): void {
    const { expectedDigest, source } = this.request;
    if (expectedDigest === undefined || expectedDigest === sourceDigest) return;
    const kept = this.held === undefined ? 'it is not mirrored' : `the mirror keeps ${this.held.digest}`;
    throw new MirrorError('digest-mismatch', `${formatImageReference(source)} has the digest ${sourceDigest} upstream, and only ${expectedDigest} is taken: ${kept}; `
      + 'find out what has changed, and then name the new digest');
  }

  private async act(decision: Decision, sourceDigest: string): Promise<Finding> {
    const { tag } = this.request.target;
    switch (decision) {
      case 'unchanged':
        return this.withPlatformTags({ outcome: 'unchanged' });
      case 'copy':
        return this.copy(sourceDigest, tag);
      case 'fail-moved':
        return { outcome: 'tag-moved', reason: 'immutable-tag', message: this.moved(sourceDigest, 'the mirror keeps the first; pin the digest, take a new tag, or set onTagMoved') };
      case 'keep-moved':
        return this.withPlatformTags({ outcome: 'tag-moved', message: this.moved(sourceDigest, 'the mirror keeps the first, as onTagMoved says') });
      case 'suffix-moved':
        return this.withPlatformTags(await this.keepBeside(sourceDigest, suffixedTag(tag, sourceDigest)));
    }
  }

  private async copy(sourceDigest: string, tag: string): Promise<Finding> {
    const { dryRun, platforms, referrers, target } = this.request;
    const platformTags = tag === target.tag ? this.platformTags : undefined;
    if (dryRun) return { outcome: 'copied', platformTags: platformTags?.names };
    let digest = sourceDigest;
    try {
      digest = await copyImage(this.context, { digest: sourceDigest, tag, platforms, platformTags, referrers });
    } catch (error) {
      // The tag may have been taken meanwhile by this very image: in a try whose answer was lost, or by another run.
      const taken = error instanceof MirrorError && error.reason === 'immutable-tag';
      const held = taken ? await this.heldAs(tag) : undefined;
      if (held?.standsFor !== sourceDigest) throw error;
      digest = held.digest;
      await platformTags?.follow(held.manifest!);
    }
    if (tag === target.tag) this.held = { digest, standsFor: sourceDigest };
    return { outcome: 'copied', platformTags: platformTags?.names };
  }

  /** An image that stays as it is may lack tags that were asked for later; the mirror has all that they need. */
  private async withPlatformTags(finding: Finding): Promise<Finding> {
    if (this.platformTags === undefined) return finding;
    const followed = await this.platformTags.follow(this.held!.manifest!, this.request.dryRun);
    return { ...finding, outcome: followed && finding.outcome === 'unchanged' ? 'copied' : finding.outcome, platformTags: this.platformTags.names };
  }

  private async keepBeside(sourceDigest: string, suffixed: string): Promise<Finding> {
    const there = await this.heldAs(suffixed);
    if (there?.standsFor !== sourceDigest) await this.copy(sourceDigest, suffixed);
    const consequence = `the mirror ${this.request.dryRun ? 'would hold' : 'holds'} the second as ${suffixed}`;
    return { outcome: 'tag-moved', suffixedTag: suffixed, message: this.moved(sourceDigest, consequence) };
  }

  private moved(sourceDigest: string, consequence: string): string {
    const { source, target } = this.request;
    const { platforms, standsFor } = this.held!;
    const digests = `from ${shortDigest(standsFor)} to ${shortDigest(sourceDigest)}`;
    const where = `${target.repository}:${target.tag}`;
    if (platforms !== undefined && this.request.platforms !== undefined && standsFor === this.held!.digest) {
      return `${where} is a fixed tag and holds other platforms than asked for (${platforms}): ${consequence}`;
    }
    return `upstream moved ${formatImageReference(source)}, a tag that should name one image for ever, ${digests}: ${consequence} (${where})`;
  }

  private heldAs(tag: string): Promise<TargetImage | undefined> {
    const { platforms, platformTags } = this.request;
    return readTargetImage(this.context.target, this.context.run, { tag, platforms, manifest: platformTags !== undefined });
  }

  private client({ registry, repository }: ImageReference, access: 'pull' | 'pull,push', signal: AbortSignal): RegistryClient {
    const { credentials, plainHttp, transport } = this.tools;
    return new RegistryClient({ endpoint: endpointOf(registry, plainHttp(registry)), repository, access, transport, credentials, signal });
  }

  private result(finding: Finding): MirrorResult {
    const { source, target, statistics } = this.context;
    const { warnings, ...counted } = statistics;
    return {
      source: formatImageReference(this.request.source),
      target: formatImageReference(this.request.target),
      repository: this.request.target.repository,
      tag: this.request.target.tag,
      ...(this.request.owner === undefined ? {} : { owner: this.request.owner }),
      ...(this.request.dryRun ? { dryRun: true } : {}),
      sourceDigest: this.sourceDigest,
      targetDigest: this.held?.digest,
      ...finding,
      ...counted,
      ...(warnings.length > 0 ? { warnings: warnings.slice(0, MOST_WARNINGS) } : {}),
      requests: { source: source.requests, target: target.requests },
      countedPulls: source.manifestGets,
      seconds: Math.round(performance.now() - this.started) / 1000,
    };
  }
}

const WORDS: Readonly<Record<Decision, string>> = {
  'unchanged': 'up to date',
  'copy': 'copying',
  'fail-moved': 'the tag moved',
  'keep-moved': 'the tag moved, keeping what is there',
  'suffix-moved': 'the tag moved, keeping both',
};
