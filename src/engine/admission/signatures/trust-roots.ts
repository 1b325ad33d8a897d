import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toTrustMaterial, TrustMaterial } from '@sigstore/verify';
import sigstoreTrustRoot from './sigstore-trust-root.json';
import { parseJson } from '../../../image/parse-json';
import { quote } from '../../../image/sanitize';
import { MirrorError } from '../../mirror-error';

/** More than any list of trust roots needs, in bytes. */
const MAX_FILE_BYTES = 1024 * 1024;
const MAX_TRUST_ROOTS = 20;

const roots = new Map<string, readonly TrustMaterial[]>();

/**
 * The trust roots of a file, or the trust root of the public Sigstore instance. A signature must be valid with one of them.
 *
 * The file has one trust root, a JSON list of them, or one on each line, as `gh attestation trusted-root` prints them.
 *
 * @throws MirrorError when the file is not valid
 */
export function trustRoots(file: string | undefined): readonly TrustMaterial[] {
  const known = roots.get(file ?? '');
  if (known !== undefined) return known;
  const loaded = file === undefined ? [toTrustMaterial(TrustedRoot.fromJSON(sigstoreTrustRoot))] : readTrustRoots(file);
  roots.set(file ?? '', loaded);
  return loaded;
}

function readTrustRoots(file: string): TrustMaterial[] {
  const invalid = (problem: string) => new MirrorError('invalid-configuration', `the file of trust roots ${quote(file)} ${problem}; `
    + 'write it with "cdk-ecr-mirror trust-root"');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw invalid('cannot be read');
  }
  if (text.length > MAX_FILE_BYTES) throw invalid(`is larger than ${MAX_FILE_BYTES} bytes`);
  const values = parseTrustRoots(text);
  if (values.length === 0 || values.length > MAX_TRUST_ROOTS) throw invalid(`must have 1 to ${MAX_TRUST_ROOTS} trust roots in JSON format`);
  return values.map((value, index) => {
    const material = toMaterial(value);
    if (material === undefined) throw invalid(`has a trust root that is not valid (number ${index + 1})`);
    return material;
  });
}

/** The values of a list, of lines, or a single value. */
export function parseTrustRoots(text: string): unknown[] {
  const value = parseJson(text);
  if (value !== undefined) return Array.isArray(value) ? value : [value];
  const lines = text.split('\n').filter((line) => line.trim() !== '').map(parseJson);
  return lines.includes(undefined) ? [] : lines;
}

/** The trust root in a JSON value. Without certificate authorities, the file is probably another one. */
function toMaterial(value: unknown): TrustMaterial | undefined {
  try {
    const material = toTrustMaterial(TrustedRoot.fromJSON(value));
    return material.certificateAuthorities.some(({ certChain }) => certChain.length > 0) ? material : undefined;
  } catch {
    return undefined;
  }
}

/** A short name of a public key, for people. */
export function keyFingerprint(key: Buffer): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 12);
}
