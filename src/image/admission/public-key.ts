/** The public keys that signatures can be verified with. Constructs and the engine parse keys with Node.js, and judge them here. */

/** A public key, as Node.js describes it. */
export interface PublicKeyKind {
  /** `asymmetricKeyType`. */
  readonly type?: string;
  readonly namedCurve?: string;
  readonly modulusLength?: number;
}

/** More than any key needs, in characters. */
const MAX_PEM_LENGTH = 10_000;
const MIN_RSA_BITS = 2048;

/** The supported elliptic curves, as OpenSSL names them. */
const CURVES: readonly (string | undefined)[] = ['prime256v1', 'secp384r1'];

/** The key types that work, for errors. */
export const SUPPORTED_KEYS = `use an ECDSA P-256 or P-384 key, an RSA key of at least ${MIN_RSA_BITS} bits, or an Ed25519 key`;

const PUBLIC_KEY_ADVICE = 'use the public key: "cosign public-key --key cosign.key" prints it, and so does "aws kms get-public-key" in DER format';

/** The problem with a text as the PEM file of one public key; undefined when it looks like one. The problem never shows the text. */
export function pemProblem(pem: string): string | undefined {
  if (/PRIVATE KEY/i.test(pem)) return `it is a private key, and a private key must never be in an app; ${PUBLIC_KEY_ADVICE}`;
  if (pem.length > MAX_PEM_LENGTH) return `it is longer than ${MAX_PEM_LENGTH} characters; ${PUBLIC_KEY_ADVICE}`;
  const blocks = pem.match(/-----BEGIN [^-]*-----/g) ?? [];
  if (blocks.length > 1) return 'it has more than one key; use one signature for each key';
  if (/BEGIN CERTIFICATE/.test(blocks[0] ?? '')) return 'it is a certificate; use its public key: "openssl x509 -pubkey -noout -in certificate.pem" prints it';
  if (!/^\s*-----BEGIN (?:RSA )?PUBLIC KEY-----[\s\S]*-----END (?:RSA )?PUBLIC KEY-----\s*$/.test(pem)) {
    return `it is not a public key in PEM format, which starts with "-----BEGIN PUBLIC KEY-----"; ${PUBLIC_KEY_ADVICE}`;
  }
  return undefined;
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
