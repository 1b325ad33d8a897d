/** Verifies signatures. All cryptography is that of Sigstore's libraries and of Node.js. */
import type { KeyObject } from 'node:crypto';
import type { Bundle, TransparencyLogEntry } from '@sigstore/bundle';
import { crypto, X509Certificate } from '@sigstore/core';
import { SignedEntity, Signer, toSignedEntity, TrustMaterial, VerificationError, Verifier } from '@sigstore/verify';
import { RejectedSignature, rejectErrors } from './rejected-signature';

/** A signature that is valid, with what proves when it was made. */
export interface VerifiedSignature {
  readonly signer: Signer;
  /** The number of different transparency logs that have it. */
  readonly logs: number;
  /** The number of different time-stamp authorities that have it. */
  readonly timestamps: number;
  /** The earliest time for which it is verified; undefined when nothing proves a time. */
  readonly time?: Date;
}

type Timestamp = SignedEntity['timestamps'][number];

/** The log entries and timestamps of a signature that are verified. */
interface Evidence {
  readonly entries: readonly TransparencyLogEntry[];
  readonly timestamps: readonly Timestamp[];
  readonly logs: number;
  readonly authorities: number;
  readonly times: readonly Date[];
}

/** More than any signature has. It limits the work for hostile ones. */
const MAX_ENTRIES = 10;
const MAX_CHECKPOINT_LENGTH = 10_000;
const MAX_PROOF_HASHES = 64;
/** The library reads the name in a checkpoint as a regular expression. A name of these characters is harmless as one. */
const CHECKPOINT_NAME = /^[\w.:/-]{1,200}$/;

const NO_THRESHOLDS = { ctlogThreshold: 0, timestampThreshold: 0, tlogThreshold: 0 };

/**
 * Verifies a signature that was made with a key.
 *
 * Log entries and timestamps that cannot be verified do not count, and do no harm: the key alone decides whether the signature is valid.
 */
export function verifyWithKey(bundle: Bundle, artifact: Buffer | undefined, key: KeyObject, trust: TrustMaterial): VerifiedSignature {
  const entity = readEntity(bundle, artifact);
  requireSignature(entity, key, 'other-signer', trust);
  const evidence = collectEvidence(entity, key, trust);
  return { signer: { key }, logs: evidence.logs, timestamps: evidence.authorities, ...earliest(evidence) };
}

/** Verifies a signature with a certificate. It needs a trusted time, because a certificate is valid for minutes. */
export function verifyWithCertificate(bundle: Bundle, artifact: Buffer | undefined, trust: TrustMaterial): VerifiedSignature {
  const entity = readEntity(bundle, artifact);
  if (entity.key.$case !== 'certificate') throw new RejectedSignature('other-signer', 'it was made with a key, and has no identity');
  const { certificate } = entity.key;
  const key = rejectErrors('malformed', 'its certificate has no valid key', () => crypto.createPublicKey(certificate.publicKey));
  requireSignature(entity, key, 'not-valid', trust);
  const evidence = collectEvidence(entity, key, trust);
  if (evidence.times.length === 0) throw withoutTime(entity, trust);
  const { entries: tlogEntries, timestamps } = evidence;
  try {
    const verifier = new Verifier(trust, { ctlogThreshold: trust.ctlogs.length > 0 ? 1 : 0, timestampThreshold: 1, tlogThreshold: 0 });
    const signer = verifier.verify({ ...entity, tlogEntries: [...tlogEntries], timestamps: [...timestamps] });
    return { signer, logs: evidence.logs, timestamps: evidence.authorities, ...earliest(evidence) };
  } catch (error) {
    throw certificateProblem(error, certificate, evidence, trust);
  }
}

function readEntity(bundle: Bundle, artifact: Buffer | undefined): SignedEntity {
  const { timestampVerificationData, tlogEntries } = bundle.verificationMaterial;
  if (tlogEntries.length > MAX_ENTRIES || (timestampVerificationData?.rfc3161Timestamps.length ?? 0) > MAX_ENTRIES) {
    throw new RejectedSignature('malformed', `it has more than ${MAX_ENTRIES} log entries or timestamps`);
  }
  return rejectErrors('malformed', 'its certificate or timestamp cannot be read', () => toSignedEntity(bundle, artifact));
}

/** Verifies the bytes only. */
function requireSignature(entity: SignedEntity, key: KeyObject, stage: 'other-signer' | 'not-valid', trust: TrustMaterial): void {
  const problem = stage === 'not-valid' ? 'its signature does not match what it signs' : 'it was not made with this key';
  rejectErrors(stage, problem, () => new Verifier(withKey(trust, key), NO_THRESHOLDS).verify(onlyKey(entity, {})));
}

/** Verifies each log entry and each timestamp by itself, so that one that is not valid does not spoil the others. */
function collectEvidence(entity: SignedEntity, key: KeyObject, trust: TrustMaterial): Evidence {
  const passes = (own: Partial<TrustMaterial>, part: Partial<SignedEntity>, thresholds: object) => {
    try {
      new Verifier({ ...withKey(trust, key), ...own }, { ...NO_THRESHOLDS, ...thresholds }).verify(onlyKey(entity, part));
      return true;
    } catch {
      return false;
    }
  };
  // An entry counts for the log that verifies it. The log that the entry names is not always covered by a signature.
  const logs = trust.tlogs.map((log) => {
    return entity.tlogEntries.filter((entry) => isHarmless(entry) && passes({ tlogs: [log] }, { tlogEntries: [entry] }, { tlogThreshold: 1 }));
  });
  const stamps = entity.timestamps.filter(({ $case }) => $case === 'timestamp-authority');
  const authorities = trust.timestampAuthorities.map((authority) => {
    return stamps.filter((stamp) => passes({ timestampAuthorities: [authority] }, { timestamps: [stamp] }, { timestampThreshold: 1 }));
  });
  const entries = [...new Set(logs.flat())];
  const logTimes = entries.filter(hasTime).map((tlogEntry): Timestamp => ({ $case: 'transparency-log', tlogEntry }));
  // The library refuses equal ones.
  const timestamps = distinct([...logTimes, ...new Set(authorities.flat())]);
  const distinctLogs = new Set(trust.tlogs.filter((_, index) => logs[index].length > 0).map(({ logID }) => logID.toString('hex')));
  const leaves = trust.timestampAuthorities.filter((_, index) => authorities[index].length > 0).map(({ certChain: [leaf] }) => leaf.publicKey);
  const distinctLeaves = new Set(leaves.map((leaf) => leaf.toString('hex')));
  return { entries, timestamps, logs: distinctLogs.size, authorities: distinctLeaves.size, times: timestamps.map(timeOf) };
}

/** The time of an entry is covered by the log's promise to include it. */
function hasTime({ inclusionPromise, integratedTime }: TransparencyLogEntry): boolean {
  return inclusionPromise !== undefined && integratedTime !== '0';
}

function timeOf(timestamp: Timestamp): Date {
  return timestamp.$case === 'transparency-log' ? new Date(Number(timestamp.tlogEntry.integratedTime) * 1000) : timestamp.timestamp.signingTime;
}

function distinct(timestamps: readonly Timestamp[]): Timestamp[] {
  return [...new Map(timestamps.map((timestamp) => [`${timestamp.$case} ${timeOf(timestamp).getTime()}`, timestamp])).values()];
}

function earliest({ times }: Evidence): { readonly time?: Date } {
  return times.length === 0 ? {} : { time: new Date(Math.min(...times.map((time) => time.getTime()))) };
}

function withKey(trust: TrustMaterial, publicKey: KeyObject): TrustMaterial {
  return { ...trust, publicKey: () => ({ publicKey, validFor: () => true }) };
}

/** A signature with a key, and with parts of its evidence. */
function onlyKey({ signature }: SignedEntity, part: Partial<SignedEntity>): SignedEntity {
  return { signature, key: { $case: 'public-key', hint: '' }, tlogEntries: [], timestamps: [], ...part };
}

/** Whether an entry cannot make the library work for long. */
function isHarmless({ inclusionProof }: TransparencyLogEntry): boolean {
  if (inclusionProof === undefined) return true;
  const { checkpoint, hashes, logIndex } = inclusionProof;
  const envelope = checkpoint?.envelope ?? '';
  if (envelope.length > MAX_CHECKPOINT_LENGTH || hashes.length > MAX_PROOF_HASHES || logIndex.length > 20) return false;
  return [...envelope.matchAll(/\u2014 (\S+)/g)].every(([, name]) => CHECKPOINT_NAME.test(name));
}

/** Why a signature has no trusted time. */
function withoutTime({ timestamps, tlogEntries }: SignedEntity, trust: TrustMaterial): RejectedSignature {
  const isKnown = ({ logId }: TransparencyLogEntry) => trust.tlogs.some(({ logID }) => logID.equals(logId.keyId));
  const unknown = tlogEntries.find((entry) => !isKnown(entry));
  if (unknown !== undefined) {
    const id = unknown.logId.keyId.toString('hex').slice(0, 12);
    return new RejectedSignature('unknown-authority', `the trust root doesn't have its transparency log (${id})`);
  }
  if (timestamps.some(({ $case }) => $case === 'timestamp-authority')) {
    return new RejectedSignature('unknown-authority', 'the trust root doesn\'t have its time-stamp authority, or its timestamp is not valid');
  }
  if (tlogEntries.length > 0) return new RejectedSignature('not-valid', 'its log entry is not valid, or proves no time');
  return new RejectedSignature('no-evidence', 'it has no log entry and no timestamp, so nothing proves that its certificate was valid');
}

function certificateProblem(error: unknown, certificate: X509Certificate, { times }: Evidence, trust: TrustMaterial): RejectedSignature {
  const text = error instanceof VerificationError ? error.message : '';
  if (/SCT verification/.test(text)) return new RejectedSignature('unknown-authority', 'the trust root doesn\'t have the log of its certificate');
  if (/SCT/.test(text)) return new RejectedSignature('not-valid', 'no log has its certificate');
  const isIssuer = (issuer: X509Certificate) => {
    try {
      return certificate.verify(issuer);
    } catch {
      return false;
    }
  };
  if (!trust.certificateAuthorities.some(({ certChain }) => certChain.some(isIssuer))) {
    return new RejectedSignature('unknown-authority', 'the trust root doesn\'t have the authority of its certificate');
  }
  const wrong = times.find((time) => !certificate.validForDate(time));
  if (wrong === undefined) return new RejectedSignature('not-valid', 'its certificate is not valid');
  const validity = `${certificate.notBefore.toISOString()} to ${certificate.notAfter.toISOString()}`;
  return new RejectedSignature('not-valid', `its certificate was valid from ${validity}, and the signature was made at ${wrong.toISOString()}`);
}
