/** Problems of rules for signatures: those that no signature can match, and those that everybody's signature matches. */
import { pemProblem } from './public-key';
import { KeylessRule, MAX_THRESHOLD, ProvenanceRule, SignatureRule } from './signature-rule';
import { quote } from '../sanitize';

const MAX_LENGTH = 1_000;
const ISSUER = /^https:\/\/[a-z0-9.-]+(?::[0-9]+)?(?:\/[^\s*?#]*)?$/i;
const OWNER = '[A-Za-z0-9][A-Za-z0-9-]{0,38}';
const REPOSITORY = new RegExp(`^${OWNER}/[A-Za-z0-9._-]{1,100}$`);
const REF = 'refs/(?:tags|heads)/[^\\s@]{1,200}';
const WORKFLOW = new RegExp(`^${OWNER}/[A-Za-z0-9._-]{1,100}/\\.github/workflows/[A-Za-z0-9._-]{1,100}\\.ya?ml(?:@${REF})?$`);

/** The problems of a rule, each with a remedy. A key is judged as text only. */
export function signatureProblems(rule: SignatureRule): string[] {
  const own = () => {
    switch (rule.kind) {
      case 'keyless':
        return [issuerProblem(rule.issuer), identityProblem(rule.identity)];
      case 'provenance':
        return [issuerProblem(rule.issuer), ...provenanceProblems(rule)];
      case 'key':
        return [prefixed('the public key', pemProblem(rule.pem))];
    }
  };
  return [...own(), ...thresholdProblems(rule)].filter((problem) => problem !== undefined);
}

function prefixed(subject: string, problem: string | undefined): string | undefined {
  return problem && `${subject}: ${problem}`;
}

function issuerProblem(issuer: KeylessRule['issuer']): string | undefined {
  if (issuer.includes('*')) return `issuer ${quote(issuer)} has a wildcard, and an issuer must be exact; use the "iss" of the signer's OIDC tokens`;
  if (issuer.length <= MAX_LENGTH && ISSUER.test(issuer)) return undefined;
  return `issuer ${quote(issuer)} is not a valid https URL; use for example "https://token.actions.githubusercontent.com"`;
}

/** The parts that decide who it is must not have a wildcard: the host and the first part of the path, or the domain of an email address. */
function identityProblem(identity: string): string | undefined {
  const invalid = (problem: string) => `identity ${quote(identity)} ${problem}`;
  if (identity === '' || /^[*\s]+$/.test(identity)) return invalid('matches everybody; use the exact identity in the certificate');
  if (identity.length > MAX_LENGTH || /\s/.test(identity)) return invalid(`must have 1 to ${MAX_LENGTH} characters and no spaces`);
  if (!identity.includes('*')) return undefined;
  const url = /^[a-z][a-z0-9+.-]*:\/\/([^/]*)(?:\/([^/]*))?/i.exec(identity);
  if (url !== null) {
    const [, host, first = ''] = url;
    if (host.includes('*')) return invalid('has a wildcard in its host, so it matches strangers; use the exact host');
    if (!first.includes('*')) return undefined;
    return invalid('has a wildcard in the first part of its path, so it matches strangers on this host; use the exact owner');
  }
  const domain = identity.slice(identity.lastIndexOf('@') + 1);
  if (identity.includes('@') && !domain.includes('*') && domain.includes('.')) return undefined;
  return invalid('has a wildcard before the part that decides who it is; start with "https://" and the exact host, or end with "@" and the exact domain');
}

function provenanceProblems({ ownerId, ref, repository, repositoryId, workflow }: ProvenanceRule): (string | undefined)[] {
  const ids = Object.entries({ repositoryId, ownerId }).map(([name, id]) => {
    if (id === undefined || /^[1-9][0-9]{0,19}$/.test(id)) return undefined;
    return `${name} ${quote(id)} is not a valid ID; use the number that "gh api repos/OWNER/NAME" prints as "id"`;
  });
  return [
    REPOSITORY.test(repository) ? undefined : `repository ${quote(repository)} is not valid; use the owner and the name: "owner/name"`,
    WORKFLOW.test(workflow) ? undefined : `workflow ${quote(workflow)} is not valid; use the name of its file, such as `
      + '"release.yml", or for a reusable workflow "owner/name/.github/workflows/build.yml@refs/tags/v1"',
    new RegExp(`^${REF}$`).test(ref) ? undefined : `ref ${quote(ref)} is not valid; use "refs/tags/" or "refs/heads/" and a name or pattern, such as `
      + '"refs/tags/v*"',
    ...ids,
  ];
}

function thresholdProblems({ kind, logs, timestamps }: SignatureRule): (string | undefined)[] {
  const each = Object.entries({ logs, timestamps }).map(([name, value]) => {
    if (value === undefined || (Number.isInteger(value) && value >= 0 && value <= MAX_THRESHOLD)) return undefined;
    return `${name} is ${value}; use a whole number, 0 to ${MAX_THRESHOLD}`;
  });
  const isTimeless = kind !== 'key' && logs === 0 && (timestamps ?? 0) === 0;
  return [...each, isTimeless ? 'logs and timestamps are both 0, so nothing proves that a certificate was valid; set timestamps to 1' : undefined];
}
