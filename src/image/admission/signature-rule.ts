/** The signatures that an image may have. */

/** The fields of all rules. */
interface SignatureThresholds {
  /** The number of transparency logs that must have the signature. Absent for 1; for a public key, for 0. */
  readonly logs?: number;
  /** The number of timestamps of time-stamp authorities that the signature must have. Absent for 0. */
  readonly timestamps?: number;
}

/** A signature with a certificate for an identity. */
export interface KeylessRule extends SignatureThresholds {
  readonly kind: 'keyless';
  /** The exact OIDC issuer: `https://token.actions.githubusercontent.com`. */
  readonly issuer: string;
  /** The identity in the certificate. `*` stands for any characters except `/`; all other characters stand for themselves. */
  readonly identity: string;
}

/** A signature with a key. */
export interface PublicKeyRule extends SignatureThresholds {
  readonly kind: 'key';
  /** The public key in PEM format. */
  readonly pem: string;
}

/** The provenance of a build in GitHub Actions. */
export interface ProvenanceRule extends SignatureThresholds {
  readonly kind: 'provenance';
  readonly issuer: string;
  /** The source repository of the build: `owner/name`. */
  readonly repository: string;
  /**
   * The workflow that signs, with its repository: `owner/name/.github/workflows/release.yml`. A reusable workflow can have its own Git reference:
   * `owner/name/.github/workflows/build.yml@refs/tags/v1`. Without one, `ref` is also that of the workflow.
   */
  readonly workflow: string;
  /** The Git reference of the source. `*` stands for any characters except `/`. */
  readonly ref: string;
  /** The numeric ID of the source repository, which a new repository of the same name does not have. */
  readonly repositoryId?: string;
  /** The numeric ID of the owner of the source repository. */
  readonly ownerId?: string;
}

/** A rule for signatures. */
export type SignatureRule = KeylessRule | PublicKeyRule | ProvenanceRule;

/** The fields of each kind of rule, without `kind`. */
export const RULE_FIELDS: Readonly<Record<SignatureRule['kind'], readonly string[]>> = {
  keyless: ['issuer', 'identity', 'logs', 'timestamps'],
  key: ['pem', 'logs', 'timestamps'],
  provenance: ['repository', 'workflow', 'ref', 'repositoryId', 'ownerId', 'issuer', 'logs', 'timestamps'],
};

/** The maximum number of rules of a policy, and of signature policies of an image. */
export const MAX_RULES = 20;

/** The most that a threshold can ask for. */
export const MAX_THRESHOLD = 3;

/** The maximum length of a text of a rule, in characters. A public key in PEM format needs fewer: 1,500 for RSA with 8192 bits. */
export const MAX_RULE_TEXT_LENGTH = 2_000;

/** The OIDC issuer of GitHub Actions on github.com. */
export const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com';

/** The Git references from which a build may be, unless a rule says otherwise: tags. */
export const DEFAULT_REF = 'refs/tags/*';

const WORKFLOWS = '.github/workflows/';

/** The parts of a workflow: the file, and its own Git reference if it has one. A reference can have another "@". */
export function workflowParts(workflow: string): { readonly file: string; readonly ref?: string } {
  const at = workflow.indexOf('@');
  return at === -1 ? { file: workflow } : { file: workflow.slice(0, at), ref: workflow.slice(at + 1) };
}

/** A workflow with its repository. The name of a file, such as `release.yml`, is a workflow of the source repository. */
export function fullWorkflow(repository: string, workflow: string): string {
  const name = workflow.startsWith(WORKFLOWS) ? workflow.slice(WORKFLOWS.length) : workflow;
  return workflowParts(name).file.includes('/') ? name : `${repository}/${WORKFLOWS}${name}`;
}

/**
 * Whether a text matches a pattern of identities or Git references as a whole. `*` stands for any characters except `/`, and all other characters
 * stand for themselves.
 *
 * A regular expression would need too long for patterns with many `*`, which the entries of a catalog can have.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  const segments = text.split('/');
  const patterns = pattern.split('/');
  return patterns.length === segments.length && patterns.every((part, index) => matchesSegment(part, segments[index]));
}

/** The first place for each part between two `*` is the best one, because it leaves the most for the parts after it. */
function matchesSegment(pattern: string, text: string): boolean {
  const [start, ...parts] = pattern.split('*');
  const end = parts.pop();
  if (end === undefined || !text.startsWith(start)) return pattern === text;
  let position = start.length;
  for (const part of parts) {
    const found = text.indexOf(part, position);
    if (found === -1) return false;
    position = found + part.length;
  }
  return text.endsWith(end) && position + end.length <= text.length;
}
