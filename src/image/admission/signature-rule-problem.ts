/**
 * Mistakes in rules for signatures, which need no cryptography to find: rules that no signature can match, and rules that signatures of others match.
 * `ImageSignature`, catalogs, and the variables of runs refuse the same rules.
 */
import { pemProblem, PUBLIC_KEY_PEM } from './public-key';
import { DEFAULT_REF, fullWorkflow, GITHUB_ISSUER, MAX_RULE_TEXT_LENGTH, MAX_THRESHOLD, ProvenanceRule, SignatureRule } from './signature-rule';
import { quote } from '../sanitize';

/** An owner on GitHub. Owners of enterprises have a "_", and some old ones end with "-". */
const OWNER = '[A-Za-z0-9][A-Za-z0-9_-]{0,38}';
/** Branches or tags. Everybody can open a pull request, so references of pull requests are not valid. */
const REF = 'refs/(?:heads|tags)/[!-~]{1,250}';

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
  repository: new RegExp(`^${OWNER}/(?!\\.{1,2}$)[A-Za-z0-9._-]{1,100}$`),
  /** A workflow, with or without its repository, and with or without a Git reference. */
  workflow: new RegExp(`^(?:(?:${OWNER}/(?!\\.{1,2}/)[A-Za-z0-9._-]{1,100}/)?\\.github/workflows/)?[A-Za-z0-9._-]{1,200}\\.ya?ml(?:@${REF})?$`),
  ref: new RegExp(`^${REF}$`),
  /** A numeric ID of GitHub. */
  id: /^[1-9][0-9]{0,19}$/,
  /** One public key in PEM format. */
  pem: PUBLIC_KEY_PEM,
} as const;

/** A name of a text with a pattern. */
type TextName = Exclude<keyof typeof SIGNATURE_PATTERNS, 'pem'>;

/** The form of each text. */
const FORMS: Readonly<Record<TextName, string>> = {
  issuer: `it must be the exact https URL of an OIDC issuer, for example ${quote(GITHUB_ISSUER)}`,
  identity: 'it must be the identity in a certificate, for example '
    + '"https://github.com/owner/name/.github/workflows/release.yml@refs/tags/*" or "release@example.com"',
  repository: 'it must be the owner and the name of a repository of GitHub, for example "owner/name"',
  workflow: 'it must be a workflow file, for example "release.yml", or with its repository "owner/name/.github/workflows/build.yml@refs/tags/v1"',
  ref: `it must be a branch or tag, for example ${quote(DEFAULT_REF)} or "refs/heads/main"`,
  id: 'it must be the number in quotes that "gh api repos/OWNER/NAME" prints as "id", for example "1234567"',
};

/** The problems of a rule, each with a remedy; empty when the rule is valid. Key material is never part of them. */
export function signatureRuleProblems(rule: SignatureRule): string[] {
  return [...ownProblems(rule), ...thresholdProblems(rule, rule.kind === 'key' ? 0 : 1)].filter((problem) => problem !== undefined);
}

function ownProblems(rule: SignatureRule): (string | undefined)[] {
  switch (rule.kind) {
    case 'keyless':
      return [textProblem('issuer', rule.issuer), identityProblem(rule.identity)];
    case 'key':
      return [publicKeyProblem(rule.pem)];
    case 'provenance':
      return [
        textProblem('issuer', rule.issuer), repositoryProblem(rule.repository), workflowProblem(rule), refProblem(rule.ref),
        idProblem('repositoryId', rule.repositoryId), idProblem('ownerId', rule.ownerId),
      ];
  }
}

function textProblem(name: TextName, value: unknown): string | undefined {
  return matches(name, value) ? undefined : invalid(name, value);
}

function invalid(name: TextName, value: unknown): string {
  return `${name} ${shown(value)} is not valid: ${FORMS[name]}`;
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

/** A rule names the repository of the workflow. A workflow of a repository that is not valid needs no problem of its own. */
function workflowProblem({ repository, workflow }: ProvenanceRule): string | undefined {
  if (!matches('repository', repository) && typeof workflow === 'string' && workflow.startsWith(`${repository}/`)) return undefined;
  return matches('workflow', workflow) && fullWorkflow(repository, workflow) === workflow ? undefined : invalid('workflow', workflow);
}

function refProblem(ref: unknown): string | undefined {
  if (typeof ref !== 'string' || !ref.startsWith('refs/pull/')) return textProblem('ref', ref);
  return `ref ${shown(ref)} is not valid, because other people can open pull requests: use a branch or tag, for example ${quote(DEFAULT_REF)}`;
}

function idProblem(name: string, value: unknown): string | undefined {
  return value === undefined || matches('id', value) ? undefined : `${name} ${shown(value)} is not valid: ${FORMS.id}`;
}

function publicKeyProblem(pem: unknown): string | undefined {
  const problem = pemProblem(pem);
  return problem && `the public key is not valid: ${problem}`;
}

/** The thresholds of a rule, before they are validated. */
interface Thresholds {
  readonly logs?: unknown;
  readonly timestamps?: unknown;
}

/** A certificate is valid for minutes. So a keyless signature needs at least one trusted time, from a log or an authority. */
function thresholdProblems({ logs, timestamps }: Thresholds, trustedTimes: number): (string | undefined)[] {
  const problems = Object.entries({ logs, timestamps }).map(([name, count]) => {
    const isCount = Number.isInteger(count) && Number(count) >= 0 && Number(count) <= MAX_THRESHOLD;
    return count === undefined || isCount ? undefined : `${name} ${shown(count)} is not valid: it must be a whole number from 0 to ${MAX_THRESHOLD}`;
  });
  if (problems.some((problem) => problem !== undefined) || Number(logs ?? trustedTimes) + Number(timestamps ?? 0) >= trustedTimes) return problems;
  return ['logs is 0, so nothing proves when the certificate was used: set timestamps to 1 or more, or omit logs'];
}

/** A value as an error shows it. A key can be in the wrong field. */
function shown(value: unknown): string {
  if (typeof value === 'string' && /-----BEGIN|PRIVATE KEY/i.test(value)) return 'is a key in PEM format and';
  return typeof value === 'string' ? quote(value) : quote(JSON.stringify(value) ?? 'undefined').slice(1, -1);
}
