/** Judges one signature by one rule. */
import { createPublicKey, KeyObject } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import type { TrustMaterial } from '@sigstore/verify';
import { RejectedSignature } from './rejected-signature';
import { requireClaim, SignatureCandidate, SignedClaim } from './signed-claim';
import { requireIdentity, requireProvenance, signerName } from './signer-identity';
import { keyFingerprint } from './trust-roots';
import { VerifiedSignature, verifyWithCertificate, verifyWithKey } from './verified-signature';
import { keyKindProblem, pemProblem } from '../../../image/admission/public-key';
import type { PublicKeyRule, SignatureRule } from '../../../image/admission/signature-rule';
import type { ImageReference } from '../../../image/image-reference';
import { quote } from '../../../image/sanitize';
import { MirrorError } from '../../mirror-error';

/** The image that a signature must be for. */
export interface SignedImage {
  readonly source: ImageReference;
  readonly digest: string;
  /** The bytes of the manifest with this digest. */
  readonly manifest: () => Promise<Buffer>;
}

/** A signature that matches a rule. */
export interface AcceptedSignature {
  /** The signer, for people. */
  readonly signer: string;
  readonly origin: string;
  readonly time?: Date;
}

/** A rule, with its parsed key. */
export interface ParsedRule {
  readonly rule: SignatureRule;
  readonly key?: KeyObject;
  /** The required signer, for people. */
  readonly description: string;
}

/** @throws MirrorError when a key is not a supported public key */
export function parseRule(rule: SignatureRule): ParsedRule {
  switch (rule.kind) {
    case 'key': {
      const key = parsePublicKey(rule);
      return { rule, key, description: `the public key ${keyFingerprint(key.export({ format: 'der', type: 'spki' }))}` };
    }
    case 'keyless':
      return { rule, description: quote(rule.identity) };
    case 'provenance':
      return { rule, description: `the workflow ${quote(rule.workflow)}` };
  }
}

function parsePublicKey({ pem }: PublicKeyRule): KeyObject {
  const invalid = (problem: string) => new MirrorError('invalid-configuration', `the public key of a signature: ${problem}`);
  const problem = pemProblem(pem);
  if (problem !== undefined) throw invalid(problem);
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw invalid('it is not a valid public key; copy the complete PEM file');
  }
  const kindProblem = keyKindProblem({ type: key.asymmetricKeyType, ...key.asymmetricKeyDetails });
  if (kindProblem !== undefined) throw invalid(kindProblem);
  return key;
}

/**
 * Judges a signature by a rule, with each trust root by itself: a certificate of one root never counts with the log of another.
 *
 * @throws RejectedSignature when it does not match
 */
export async function judgeSignature(
  { bundles, claim, origin }: SignatureCandidate, parsed: ParsedRule, image: SignedImage, trustRoots: readonly TrustMaterial[],
): Promise<AcceptedSignature> {
  requireClaim(claim, parsed.rule, image);
  requireSuitableKey(claim, parsed.key);
  const artifact = claim.kind === 'manifest' ? await image.manifest() : claim.kind === 'payload' ? claim.payload : undefined;
  let rejected: RejectedSignature | undefined;
  for (const trust of trustRoots) {
    for (const bundle of bundles) {
      try {
        return { ...verify(bundle, artifact, parsed, trust), origin };
      } catch (error) {
        // A signature for which a library throws any error is not valid.
        const problem = error instanceof RejectedSignature ? error : new RejectedSignature('malformed', 'it cannot be verified');
        if (problem.isMoreHelpful(rejected)) rejected = problem;
      }
    }
  }
  throw rejected ?? new RejectedSignature('unknown-authority', 'there is no trust root');
}

function verify(
  bundle: Bundle, artifact: Buffer | undefined, { description, key, rule }: ParsedRule, trust: TrustMaterial,
): Omit<AcceptedSignature, 'origin'> {
  const verified = key === undefined ? verifyWithCertificate(bundle, artifact, trust) : verifyWithKey(bundle, artifact, key, trust);
  requireThresholds(verified, rule);
  requireSigner(verified, rule);
  return { signer: signerName(verified.signer) || description, time: verified.time };
}

/** The library hashes what is signed before it verifies. An Ed25519 signature is of the bytes themselves. */
function requireSuitableKey({ kind }: SignedClaim, key: KeyObject | undefined): void {
  if (kind === 'statement' || key?.asymmetricKeyType !== 'ed25519') return;
  throw new RejectedSignature('other-signer', 'Ed25519 keys can only verify statements, and not this kind of signature; '
    + 'upstream must sign with cosign 3, or with an ECDSA key');
}

function requireThresholds({ logs, timestamps }: VerifiedSignature, rule: SignatureRule): void {
  const { logs: requiredLogs = rule.kind === 'key' ? 0 : 1, timestamps: requiredTimestamps = 0 } = rule;
  if (logs < requiredLogs) {
    throw new RejectedSignature('no-evidence', `it is valid, but verified in ${logs} transparency logs, and the rule requires ${requiredLogs}`);
  }
  if (timestamps >= requiredTimestamps) return;
  throw new RejectedSignature('no-evidence', `it is valid, but has verified timestamps of ${timestamps} authorities, and the rule requires `
    + `${requiredTimestamps}`);
}

function requireSigner({ signer }: VerifiedSignature, rule: SignatureRule): void {
  if (rule.kind === 'keyless') requireIdentity(signer, rule);
  if (rule.kind === 'provenance') requireProvenance(signer, rule);
}
