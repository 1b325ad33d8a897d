/** Claims of signatures: the image that they are for, and whether they are signatures at all. A claim counts only when the signature is verified. */
import type { Bundle } from '@sigstore/bundle';
import { HashAlgorithm } from '@sigstore/protobuf-specs';
import { envelopeBundle, simpleSigningBundles, storedBundle } from './cosign-layer';
import { RejectedSignature, rejectErrors } from './rejected-signature';
import { ENVELOPE_TYPE, SIMPLE_SIGNING_TYPE, SignatureLayer } from './signature-layers';
import type { SignatureRule } from '../../../image/admission/signature-rule';
import { formatImageReference, ImageReference, parseImageReference } from '../../../image/image-reference';
import { parseJson } from '../../../image/parse-json';
import { quote } from '../../../image/sanitize';

/** A signature that can be verified. */
export interface SignatureCandidate {
  readonly origin: string;
  /** The bundle; several if only one of them can be valid. */
  readonly bundles: readonly Bundle[];
  readonly claim: SignedClaim;
}

/** A simple signing payload, an in-toto statement, or a signature of the bytes of the manifest. */
export type SignedClaim =
  | { readonly kind: 'payload'; readonly payload: Buffer; readonly digest: unknown; readonly type: string; readonly reference: unknown }
  | { readonly kind: 'statement'; readonly digests: readonly unknown[]; readonly predicateType: string }
  | { readonly kind: 'manifest'; readonly digest: string };

/** The type of a simple signing payload. */
const SIGNATURE_TYPE = 'cosign container image signature';
/** The predicate of a statement that is a signature. */
const SIGNATURE_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';
/** The predicates of the provenance of a build. */
const PROVENANCE_PREDICATES = ['https://slsa.dev/provenance/v0.2', 'https://slsa.dev/provenance/v1', 'https://slsa.dev/provenance/v1.0'];
const STATEMENT_PAYLOAD = 'application/vnd.in-toto+json';
const STATEMENT_TYPES: readonly unknown[] = ['https://in-toto.io/Statement/v0.1', 'https://in-toto.io/Statement/v1'];

/** Reads a layer. */
export function readCandidate(layer: SignatureLayer): SignatureCandidate {
  const { annotations, bytes, mediaType, origin } = layer;
  return rejectErrors('malformed', 'it cannot be read', () => {
    if (mediaType === SIMPLE_SIGNING_TYPE) return { origin, bundles: simpleSigningBundles(bytes, annotations), claim: payloadClaim(bytes) };
    const bundle = mediaType === ENVELOPE_TYPE ? envelopeBundle(bytes, annotations) : storedBundle(bytes);
    return { origin, bundles: [bundle], claim: claimOf(bundle) };
  });
}

function claimOf({ content }: Bundle): SignedClaim {
  if (content.$case === 'dsseEnvelope') return statementClaim(content.dsseEnvelope.payload, content.dsseEnvelope.payloadType);
  const { algorithm, digest } = content.messageSignature.messageDigest;
  if (algorithm === HashAlgorithm.SHA2_256) return { kind: 'manifest', digest: `sha256:${digest.toString('hex')}` };
  throw new RejectedSignature('malformed', 'it signs another hash than SHA-256 of the manifest, which is not supported');
}

function payloadClaim(payload: Buffer): SignedClaim {
  const { critical } = fields(parseJson(payload.toString('utf8')));
  const { identity, image, type } = fields(critical);
  if (typeof type !== 'string') throw new RejectedSignature('malformed', 'it is not a simple signing payload');
  return { kind: 'payload', payload, digest: fields(image)['docker-manifest-digest'], type, reference: fields(identity)['docker-reference'] };
}

function statementClaim(payload: Buffer, payloadType: string): SignedClaim {
  const { _type: type, predicateType, subject } = fields(parseJson(payload.toString('utf8')));
  if (payloadType !== STATEMENT_PAYLOAD || !STATEMENT_TYPES.includes(type) || typeof predicateType !== 'string' || !Array.isArray(subject)) {
    throw new RejectedSignature('malformed', 'it is not an in-toto statement');
  }
  return { kind: 'statement', predicateType, digests: subject.map((entry) => fields(fields(entry).digest).sha256) };
}

/** Whether a statement with a predicate can match a rule. */
export function acceptsPredicate({ kind }: SignatureRule, predicateType: string): boolean {
  return kind === 'provenance' ? PROVENANCE_PREDICATES.includes(predicateType) : predicateType === SIGNATURE_PREDICATE;
}

/**
 * Requires that a claim is a signature of the kind of a rule, and for an image.
 *
 * @throws RejectedSignature
 */
export function requireClaim(claim: SignedClaim, rule: SignatureRule, image: { readonly source: ImageReference; readonly digest: string }): void {
  switch (claim.kind) {
    case 'statement':
      if (!acceptsPredicate(rule, claim.predicateType)) throw otherKind([claim.predicateType], rule);
      // Each statement that the signer made about the image names it as one of its subjects.
      if (!claim.digests.includes(image.digest.replace('sha256:', ''))) throw otherDigest(claim.digests[0]);
      return;
    case 'payload':
      requireSignatureKind(rule);
      if (claim.type !== SIGNATURE_TYPE) throw otherKind([claim.type], rule);
      if (claim.digest !== image.digest) throw otherDigest(claim.digest);
      requireReference(claim.reference, image.source);
      return;
    case 'manifest':
      // The signature is also verified with the bytes of the manifest.
      requireSignatureKind(rule);
      if (claim.digest !== image.digest) throw otherDigest(claim.digest);
  }
}

function requireSignatureKind({ kind }: SignatureRule): void {
  if (kind === 'provenance') throw new RejectedSignature('other-kind', 'it is a signature, and the rule requires the provenance of a build');
}

/** The rejection of statements that are not signatures. */
export function otherKind(predicateTypes: readonly string[], { kind }: SignatureRule): RejectedSignature {
  const found = predicateTypes.slice(0, 5).map(quote).join(', ');
  const required = kind === 'provenance' ? 'the provenance of a build' : 'a signature';
  return new RejectedSignature('other-kind', `it states ${found}, which is not ${required}`);
}

function otherDigest(digest: unknown): RejectedSignature {
  const found = typeof digest === 'string' ? quote(digest) : 'none';
  return new RejectedSignature('other-image', `it is for another digest (${found})`);
}

/** Requires that a payload with a reference is for the same repository. One key can sign many repositories. */
function requireReference(reference: unknown, source: ImageReference): void {
  if (typeof reference !== 'string' || reference === '') return;
  const invalid = `it is for ${quote(reference)}, which is not a valid image reference`;
  const named = rejectErrors('other-image', invalid, () => parseImageReference(reference));
  if (named.registry === source.registry && named.repository === source.repository) return;
  throw new RejectedSignature('other-image', `it is for the repository ${quote(`${named.registry}/${named.repository}`)}, and the image is `
    + `${quote(formatImageReference(source))}; mirror the image from the repository in the signature`);
}

function fields(value: unknown): Record<string, unknown> {
  return Object(value) as Record<string, unknown>;
}
