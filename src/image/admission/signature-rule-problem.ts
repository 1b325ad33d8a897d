/**
 * Mistakes in rules for signatures, which need no cryptography to find. `ImageSignature` and catalogs reject them with the same texts.
 */
import { MAX_THRESHOLD, SignatureRule } from './signature-rule';
import { quote } from '../sanitize';

/** The OIDC issuer of GitHub Actions on github.com. */
export const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com';

/** The Git references from which a build may be, unless a rule says otherwise: tags. */
export const DEFAULT_REF = 'refs/tags/*';

/** The maximum length of a text of a rule, in characters. */
export const MAX_RULE_TEXT_LENGTH = 2_000;

/** The patterns of texts of rules, which are the same in the schema of catalogs. */
export const SIGNATURE_PATTERNS = {
  /** An issuer is never a pattern. */
  issuer: /^https:\/\/[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?(?:\/[A-Za-z0-9._~%-]+)*\/?$/,
  /**
   * An identity: a URL, an email address, or another text without white space. In a URL, `*` must be after the first part of the path. In an email
   * address, it must be before the "@", and the domain must have a dot.
   */
  identity: new RegExp('^(?:[a-z][a-z0-9+.-]*://(?:(?![/*@])[!-~])+/(?:(?![/*])[!-~])+(?:/[!-~]*)?'
    + '|[!-.0-~]+@[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)+'
    + '|[!-)+-~]+)$'),
  /** A repository of GitHub: an owner and a name. */
  repository: /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/,
  /** A workflow with its repository. */
  workflow: /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?\/(?!\.{1,2}\/)[A-Za-z0-9._-]{1,100}\/\.github\/workflows\/[A-Za-z0-9._-]{1,200}\.ya?ml$/,
  /** Branches or tags. Everybody can open a pull request, so references of pull requests are not valid. */
  ref: /^refs\/(?:heads|tags)\/[!-~]+$/,
  /** A numeric ID of GitHub. */
  id: /^[1-9][0-9]{0,19}$/,
  /** One public key in PEM format. */
  pem: /^\s*-----BEGIN PUBLIC KEY-----(?:\r?\n[A-Za-z0-9+/=]{1,80})+\r?\n-----END PUBLIC KEY-----\s*$/,
} as const;

/** A name of a text with a pattern. */
type TextName = keyof typeof SIGNATURE_PATTERNS;

/** The form of each text. */
const FORMS: Readonly<Record<TextName, string>> = {
  issuer: `it must be the exact https URL of an OIDC issuer, for example ${quote(GITHUB_ISSUER)}`,
  identity: 'it must be the identity in a certificate, for example '
    + '"https://github.com/owner/name/.github/workflows/release.yml@refs/tags/*" or "release@example.com"',
  repository: 'it must be the owner and the name of a repository of GitHub, for example "owner/name"',
  workflow: 'it must be a workflow file with its repository, for example "owner/name/.github/workflows/release.yml"',
  ref: `it must be a branch or tag, for example ${quote(DEFAULT_REF)} or "refs/heads/main"`,
  id: 'it must be a number of GitHub in quotes, for example "1234567"',
  pem: 'it must be one public key in PEM format, which starts with "-----BEGIN PUBLIC KEY-----"',
};

/** The problem with a rule, as text; undefined when the rule is valid. Key material is never part of it. */
export function signatureRuleProblem(rule: SignatureRule): string | undefined {
  switch (rule.kind) {
    case 'keyless':
      return textProblem('issuer', rule.issuer) ?? identityProblem(rule.identity) ?? thresholdProblem(rule, 1);
    case 'key':
      return publicKeyProblem(rule.pem) ?? thresholdProblem(rule, 0);
    case 'provenance':
      return textProblem('issuer', rule.issuer) ?? repositoryProblem(rule.repository) ?? textProblem('workflow', rule.workflow)
        ?? refProblem(rule.ref) ?? idProblem('repositoryId', rule.repositoryId) ?? idProblem('ownerId', rule.ownerId) ?? thresholdProblem(rule, 1);
  }
}

function textProblem(name: TextName, value: unknown): string | undefined {
  return matches(name, value) ? undefined : `${name} ${shown(value)} is not valid: ${FORMS[name]}`;
}

function matches(name: TextName, value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_RULE_TEXT_LENGTH && SIGNATURE_PATTERNS[name].test(value);
}

/** Domains of mail providers. Everyone can have an address there. */
const MAIL_PROVIDERS = ['gmail.com', 'googlemail.com', 'hotmail.com', 'icloud.com', 'live.com', 'outlook.com', 'proton.me', 'yahoo.com'];

function identityProblem(identity: unknown): string | undefined {
  const isPattern = typeof identity === 'string' && identity.includes('*');
  const isShared = isPattern && MAIL_PROVIDERS.some((domain) => identity.toLowerCase().endsWith(`@${domain}`));
  if (isShared) return `identity ${shown(identity)} would match identities of other people: write the exact address of the signer`;
  if (matches('identity', identity)) return undefined;
  const pattern = typeof identity === 'string' && /^[!-~]+$/.test(identity) && identity.includes('*');
  if (!pattern) return textProblem('identity', identity);
  return `identity ${shown(identity)} would match identities of other people: in a URL, write "*" only after the owner, `
    + 'for example "https://github.com/owner/*/.github/workflows/release.yml@refs/tags/*"; in an email address, only before the "@"';
}

function repositoryProblem(repository: unknown): string | undefined {
  const [, name] = typeof repository === 'string' ? /^(?:https:\/\/)?github\.com\/([^/]+\/[^/]+?)(?:\.git)?\/?$/.exec(repository) ?? [] : [];
  if (name === undefined || !matches('repository', name)) return textProblem('repository', repository);
  return `repository ${shown(repository)} is not valid: use ${quote(name)}`;
}

function refProblem(ref: unknown): string | undefined {
  if (typeof ref !== 'string' || !ref.startsWith('refs/pull/')) return textProblem('ref', ref);
  return `ref ${shown(ref)} is not valid, because other people can open pull requests: use a branch or tag, for example ${quote(DEFAULT_REF)}`;
}

function idProblem(name: string, value: unknown): string | undefined {
  return value === undefined || matches('id', value) ? undefined : `${name} ${shown(value)} is not valid: ${FORMS.id}`;
}

/** A key is not part of any text: what looks like a mistake can be a secret. */
function publicKeyProblem(pem: unknown): string | undefined {
  if (matches('pem', pem)) return undefined;
  if (typeof pem !== 'string') return `the public key is not valid: ${FORMS.pem}`;
  if (/PRIVATE KEY/i.test(pem)) {
    return 'the public key is a private key: replace it with the public key, and stop using the private key, because others may have read it';
  }
  if (pem.includes('BEGIN CERTIFICATE')) {
    return 'the public key is a certificate: write the public key in it, which "openssl x509 -pubkey -noout -in FILE" prints';
  }
  if (pem.includes('BEGIN RSA PUBLIC KEY')) {
    return 'the public key has the format PKCS #1: convert it with "openssl rsa -RSAPublicKey_in -pubout -in FILE"';
  }
  return `the public key is not valid: ${FORMS.pem}`;
}

/** The thresholds of a rule, before they are validated. */
interface Thresholds {
  readonly logs?: unknown;
  readonly timestamps?: unknown;
}

/** A certificate is valid for minutes. So a keyless signature needs at least one trusted time, from a log or an authority. */
function thresholdProblem({ logs, timestamps }: Thresholds, trustedTimes: number): string | undefined {
  for (const [name, count] of Object.entries({ logs, timestamps })) {
    const isCount = Number.isInteger(count) && Number(count) >= 0 && Number(count) <= MAX_THRESHOLD;
    if (count !== undefined && !isCount) return `${name} ${shown(count)} is not valid: it must be a whole number from 0 to ${MAX_THRESHOLD}`;
  }
  if (Number(logs ?? trustedTimes) + Number(timestamps ?? 0) >= trustedTimes) return undefined;
  return 'logs is 0, so nothing proves when the certificate was used: set timestamps to 1 or more, or omit logs';
}

/** A value as an error shows it. A key can be in the wrong field. */
function shown(value: unknown): string {
  if (typeof value === 'string' && /-----BEGIN|PRIVATE KEY/i.test(value)) return 'is a key in PEM format and';
  return typeof value === 'string' ? quote(value) : quote(JSON.stringify(value) ?? 'undefined').slice(1, -1);
}
