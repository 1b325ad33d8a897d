/**
 * Checks the signatures of upstream images. It is a bundle of its own, because it needs the libraries of Sigstore.
 *
 * It judges the digest of the upstream image, before any selection of platforms: a signature of a child never counts for the index, or the reverse.
 */
import type { TrustMaterial } from '@sigstore/verify';
import { RejectedSignature } from './rejected-signature';
import { AcceptedSignature, judgeSignature, ParsedRule, parseRule, SignedImage } from './signature-judge';
import { MAX_SIGNATURES, SignatureLayer, SignatureSearch } from './signature-layers';
import { acceptsPredicate, otherKind, readCandidate } from './signed-claim';
import { trustRoots } from './trust-roots';
import type { SignaturePolicy } from '../../../image/admission/admission-policy';
import type { HeldBy } from '../../../image/contract/mirror-result';
import { shortDigest } from '../../../image/image-reference';
import { sanitizeLine } from '../../../image/sanitize';
import { CopyContext, lookUp } from '../../copy/copy-context';
import { digestOf } from '../../digest';
import { MirrorError } from '../../mirror-error';
import type { RegistryClient } from '../../registry/registry-client';
import type { Candidate, FailedVerdict, Verdict } from '../check';

/** The options of the check of signatures. */
export interface SignatureCheckOptions {
  readonly policy: SignaturePolicy;
  readonly candidate: Candidate;
  /** Requests to upstream go to `context.source`, and those for what the mirror serves to `context.target`. */
  readonly context: CopyContext;
  /** The path of a JSON file with a list of trust roots; undefined for the engine's own. */
  readonly trustRootFile?: string;
}

/** Keeps a result line readable. */
const MAX_MESSAGE_LENGTH = 1_000;

/**
 * Checks whether an image has a signature that matches one of the rules.
 *
 * @throws MirrorError when a rule or the file of trust roots is not valid, and when the run ends
 */
export async function checkSignature({ candidate, context, policy, trustRootFile }: SignatureCheckOptions): Promise<Verdict> {
  return new SignatureCheck(candidate, context, policy.anyOf.map(parseRule), trustRoots(trustRootFile)).run();
}

class SignatureCheck {
  /** The most helpful reason why a signature does not count. */
  private rejected?: RejectedSignature;
  private servedTime?: Promise<Date | undefined>;
  /** Whether the signatures of the served image can be where the check could not look. */
  private isServedUnreadable = false;
  /** Why it could not look. */
  private readonly failures: string[] = [];

  constructor(
    private readonly candidate: Candidate, private readonly context: CopyContext,
    private readonly rules: readonly ParsedRule[], private readonly roots: readonly TrustMaterial[],
  ) {}

  async run(): Promise<Verdict> {
    const search = this.search(this.context.source, this.candidate.digest);
    for await (const accepted of this.signatures(search, this.context.source, this.candidate.digest, (reason) => this.reject(reason))) {
      if (!await this.isNewEnough(accepted)) continue;
      const time = accepted.time === undefined ? '' : `, verified for ${formatTime(accepted.time)}`;
      return { passed: true, note: sanitizeLine(`signed by ${accepted.signer}${time}`, MAX_MESSAGE_LENGTH) };
    }
    return this.failed(search);
  }

  private search(client: RegistryClient, digest: string): SignatureSearch {
    const accepts = (predicateType: string) => this.rules.some(({ rule }) => acceptsPredicate(rule, predicateType));
    const simpleSigning = this.rules.some(({ rule: { kind } }) => kind !== 'provenance');
    return new SignatureSearch(this.context, { client, digest, accepts, simpleSigning });
  }

  /** The signatures of an image that match a rule. */
  private async *signatures(
    search: SignatureSearch, client: RegistryClient, digest: string, reject: (reason: RejectedSignature) => void,
  ): AsyncGenerator<AcceptedSignature> {
    const image: SignedImage = { source: this.candidate.source, digest, manifest: () => this.manifest(client, digest) };
    for await (const layer of search.layers()) {
      for (const rule of this.rules) {
        const accepted = await this.judge(layer, rule, image, reject);
        if (accepted === undefined) continue;
        yield accepted;
        break;
      }
    }
  }

  private async judge(
    layer: SignatureLayer, rule: ParsedRule, image: SignedImage, reject: (reason: RejectedSignature) => void,
  ): Promise<AcceptedSignature | undefined> {
    try {
      return await judgeSignature(readCandidate(layer), rule, image, this.roots);
    } catch (error) {
      if (error instanceof RejectedSignature) {
        reject(new RejectedSignature(error.stage, `${layer.origin}: ${error.message}`));
        return undefined;
      }
      if (!(error instanceof MirrorError) || this.context.retryContext.signal.aborted) throw error;
      this.failures.push(error.message);
      return undefined;
    }
  }

  private async manifest(client: RegistryClient, digest: string): Promise<Buffer> {
    const { bytes } = await lookUp(this.context, client, () => client.manifest(digest));
    if (digestOf(bytes) === digest) return bytes;
    throw new MirrorError('digest-mismatch', `${client.endpoint.registry}: manifest ${digest} arrived with other content`);
  }

  private reject(reason: RejectedSignature): void {
    if (reason.isMoreHelpful(this.rejected)) this.rejected = reason;
  }

  /** Whether a signature is not older than that of the served image. The right signer also made those of images with known vulnerabilities. */
  private async isNewEnough({ origin, time }: AcceptedSignature): Promise<boolean> {
    const { digest, served } = this.candidate;
    if (time === undefined || served === undefined || served === digest) return true;
    this.servedTime ??= this.timeOf(served);
    const servedTime = await this.servedTime;
    if (servedTime === undefined) return !this.isServedUnreadable;
    if (time >= servedTime) return true;
    this.reject(new RejectedSignature('downgrade', `${origin}: it was made at ${formatTime(time)}, and the signature of the served image `
      + `${shortDigest(served)} at ${formatTime(servedTime)}; if this is intended, release the image`));
    return false;
  }

  /** The earliest time for which a signature of the served image is verified. The mirror's copy counts first: upstream can remove its own. */
  private async timeOf(digest: string): Promise<Date | undefined> {
    for (const client of [this.context.target, this.context.source]) {
      const search = this.search(client, digest);
      const times: number[] = [];
      for await (const { time } of this.signatures(search, client, digest, () => undefined)) if (time !== undefined) times.push(time.getTime());
      if (times.length > 0) return new Date(Math.min(...times));
      this.failures.push(...search.failures);
      this.isServedUnreadable ||= search.failures.length > 0;
    }
    return undefined;
  }

  private failed({ failures, isIncomplete, otherKinds }: SignatureSearch): FailedVerdict {
    const unreadable = [...failures, ...this.failures];
    const limit = isIncomplete ? `; only ${MAX_SIGNATURES} signatures of limited size are examined` : '';
    // A valid signature may be where the check could not look. A downgrade is certain.
    if (unreadable.length > 0 && this.rejected?.stage !== 'downgrade') {
      return hold('unreachable', `its signatures cannot be read: ${unreadable[0]}; the next run looks again`);
    }
    if (this.rejected === undefined && otherKinds.size > 0) this.reject(otherKind([...otherKinds], this.rules[0].rule));
    const required = this.rules.map(({ description }) => description).join(' or ');
    if (this.rejected === undefined) {
      return hold('unsigned', `it has no signature by ${required}; wait until upstream signs it, or release it${limit}`);
    }
    const { heldBy, message } = this.rejected;
    return hold(heldBy, `it has no valid signature by ${required}: ${message}${ADVICE[heldBy] ?? ''}${limit}`);
  }
}

/** Remedies that a reason does not have. */
const ADVICE: Partial<Record<HeldBy, string>> = {
  'trust-root-outdated': '; refresh the trust root with "cdk-ecr-mirror trust-root", or find out who signs the image',
};

function hold(heldBy: HeldBy, message: string): FailedVerdict {
  return { passed: false, heldBy, message: sanitizeLine(message, MAX_MESSAGE_LENGTH) };
}

function formatTime(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
