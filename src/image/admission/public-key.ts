/** The public keys that signatures can be verified with. Constructs and the engine parse keys with Node.js, and judge them here. */
import { MAX_RULE_TEXT_LENGTH } from './signature-rule';

/** A public key, as Node.js describes it. */
export interface PublicKeyKind {
  /** `asymmetricKeyType`. */
  readonly type?: string;
  readonly namedCurve?: string;
  readonly modulusLength?: number;
}

/** One public key in PEM format, with the header of RFC 7468. */
export const PUBLIC_KEY_PEM = /^\s*-----BEGIN PUBLIC KEY-----(?:\r?\n[A-Za-z0-9+/=]{1,80})+\r?\n-----END PUBLIC KEY-----\s*$/;

const MIN_RSA_BITS = 2048;

/** The supported elliptic curves, as OpenSSL names them. */
const CURVES: readonly (string | undefined)[] = ['prime256v1', 'secp384r1'];

/** The key types that work, for errors. */
const SUPPORTED_KEYS = `use an ECDSA P-256 or P-384 key, an RSA key of at least ${MIN_RSA_BITS} bits, or an Ed25519 key`;

const PUBLIC_KEY_ADVICE = 'use the public key: "cosign public-key --key cosign.key" prints it, and so does "aws kms get-public-key" in DER format';

/** The problem with a value as the PEM file of one public key; undefined when it looks like one. The problem never shows the value. */
export function pemProblem(pem: unknown): string | undefined {
  if (typeof pem !== 'string') return `it is not a public key in PEM format; ${PUBLIC_KEY_ADVICE}`;
  if (/PRIVATE KEY/i.test(pem)) return `it is a private key, which others may have read now; stop using it, and ${PUBLIC_KEY_ADVICE}`;
  if (pem.length > MAX_RULE_TEXT_LENGTH) return `it is longer than ${MAX_RULE_TEXT_LENGTH} characters; ${PUBLIC_KEY_ADVICE}`;
  if ((pem.match(/-----BEGIN /g) ?? []).length > 1) return 'it has more than one key; use one signature for each key';
  if (pem.includes('BEGIN CERTIFICATE')) return 'it is a certificate; use its public key: "openssl x509 -pubkey -noout -in FILE" prints it';
  if (pem.includes('BEGIN RSA PUBLIC KEY')) return 'it has the format PKCS #1; convert it with "openssl rsa -RSAPublicKey_in -pubout -in FILE"';
  if (PUBLIC_KEY_PEM.test(pem)) return undefined;
  return `it is not a public key in PEM format, which starts with "-----BEGIN PUBLIC KEY-----"; ${PUBLIC_KEY_ADVICE}`;
}

/** The problem with the kind of a key; undefined for a supported kind. */
export function keyKindProblem({ modulusLength = 0, namedCurve, type }: PublicKeyKind): string | undefined {
  switch (type) {
    case 'ec':
      return CURVES.includes(namedCurve) ? undefined : `ECDSA keys with the curve ${namedCurve} are not supported; ${SUPPORTED_KEYS}`;
    case 'rsa':
      return modulusLength >= MIN_RSA_BITS ? undefined : `an RSA key of ${modulusLength} bits is too short; ${SUPPORTED_KEYS}`;
    case 'ed25519':
      return undefined;
    default:
      return `keys of the type ${type ?? 'unknown'} are not supported; ${SUPPORTED_KEYS}`;
  }
}
