/**
 * Converts what cosign stores under its own tags into bundles: a layer has what was signed, and its annotations have the rest.
 *
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 * @see https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md
 */
import { createHash, X509Certificate } from 'node:crypto';
import { Bundle, BUNDLE_V01_MEDIA_TYPE, bundleFromJSON, BUNDLE_V03_MEDIA_TYPE } from '@sigstore/bundle';
import { RejectedSignature } from './rejected-signature';
import { parseJson } from '../../../image/parse-json';

/** The annotations of a layer. */
export type Annotations = Readonly<Record<string, string>>;

const SIGNATURE = 'dev.cosignproject.cosign/signature';
const CERTIFICATE = 'dev.sigstore.cosign/certificate';
const LOG_ENTRY = 'dev.sigstore.cosign/bundle';
const TIMESTAMP = 'dev.sigstore.cosign/rfc3161timestamp';

/** The hash algorithms of signatures, by their names in Node.js. The layer doesn't say which one was used. */
const HASHES = { sha256: 'SHA2_256', sha384: 'SHA2_384', sha512: 'SHA2_512' };

/** The bundles of a layer with a simple signing payload, one for each hash algorithm that its signature can have. */
export function simpleSigningBundles(payload: Buffer, annotations: Annotations): Bundle[] {
  const signature = annotations[SIGNATURE];
  if (!signature) throw new RejectedSignature('malformed', 'its layer has no signature');
  return Object.entries(HASHES).map(([hash, algorithm]) => {
    const messageDigest = { algorithm, digest: createHash(hash).update(payload).digest('base64') };
    return toBundle({ messageSignature: { messageDigest, signature } }, annotations);
  });
}

/** The bundle of a layer with a DSSE envelope. */
export function envelopeBundle(envelope: Buffer, annotations: Annotations): Bundle {
  const { payload, payloadType, signatures } = fields(parseJson(envelope.toString('utf8')));
  const list = Array.isArray(signatures) ? signatures : [];
  if (list.length !== 1) throw new RejectedSignature('malformed', `its envelope has ${list.length} signatures, and only one is supported`);
  const { keyid, sig } = fields(list[0]);
  return toBundle({ dsseEnvelope: { payload, payloadType, signatures: [{ keyid: keyid ?? '', sig }] } }, annotations);
}

function toBundle(content: object, annotations: Annotations): Bundle {
  const tlogEntries = logEntries(annotations[LOG_ENTRY]);
  const material = {
    ...keyOf(annotations[CERTIFICATE]),
    tlogEntries,
    timestampVerificationData: { rfc3161Timestamps: timestamps(annotations[TIMESTAMP]) },
  };
  // Only this version accepts an entry without a proof of inclusion, which cosign does not store here.
  return bundleFromJSON({ mediaType: BUNDLE_V01_MEDIA_TYPE, ...content, verificationMaterial: material });
}

function keyOf(certificate: string | undefined): object {
  if (!certificate) return { publicKey: { hint: '' } };
  const rawBytes = new X509Certificate(certificate).raw.toString('base64');
  return { x509CertificateChain: { certificates: [{ rawBytes }] } };
}

function logEntries(annotation: string | undefined): object[] {
  if (!annotation) return [];
  const { Payload, SignedEntryTimestamp } = fields(parseJson(annotation));
  const { body, integratedTime, logID, logIndex } = fields(Payload);
  const { apiVersion, kind } = fields(parseJson(Buffer.from(String(body), 'base64').toString('utf8')));
  if (kind === 'intoto' && apiVersion === '0.0.1') {
    throw new RejectedSignature('malformed', 'its log entry has the format intoto 0.0.1 of cosign 1 and 2.0.0, which is not supported; '
      + 'upstream must sign with a newer cosign');
  }
  return [{
    logIndex: String(logIndex),
    logId: { keyId: Buffer.from(String(logID), 'hex').toString('base64') },
    kindVersion: { kind: String(kind), version: String(apiVersion) },
    integratedTime: String(integratedTime),
    inclusionPromise: { signedEntryTimestamp: SignedEntryTimestamp },
    canonicalizedBody: body,
  }];
}

function timestamps(annotation: string | undefined): object[] {
  const { SignedRFC3161Timestamp: signedTimestamp } = fields(annotation ? parseJson(annotation) : undefined);
  return signedTimestamp ? [{ signedTimestamp }] : [];
}

function fields(value: unknown): Record<string, unknown> {
  return Object(value) as Record<string, unknown>;
}

/** The bundle of a layer that is a bundle itself. */
export function storedBundle(bytes: Buffer): Bundle {
  const json = parseJson(bytes.toString('utf8'));
  // Early bundles of the version 0.3 have the name of the older versions.
  return bundleFromJSON({ mediaType: BUNDLE_V03_MEDIA_TYPE, ...fields(json) });
}
