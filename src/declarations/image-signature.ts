import { createPublicKey, KeyObject } from 'node:crypto';
import { keyKindProblem, pemProblem } from '../image/admission/public-key';
import { DEFAULT_REF, fullWorkflow, GITHUB_ISSUER, SignatureRule } from '../image/admission/signature-rule';
import { signatureRuleProblems } from '../image/admission/signature-rule-problem';
import { requireLiteral } from '../synthesis/literal';
import { requireShapes, text } from '../synthesis/shapes';

/**
 * Options of `ImageSignature.publicKey()`.
 */
export interface SignatureEvidence {
  /**
   * The number of different transparency logs that must have the signature: 0 to 3.
   *
   * @default 1, and 0 for `ImageSignature.publicKey()`
   */
  readonly logs?: number;

  /**
   * The number of different time-stamp authorities that must have signed the time of the signature: 0 to 3.
   *
   * @default 0
   */
  readonly timestamps?: number;
}

/**
 * Options of `ImageSignature.keyless()`.
 */
export interface KeylessSignatureOptions extends SignatureEvidence {
  /**
   * The OIDC issuer that authenticated the signer. It must be equal: `https://token.actions.githubusercontent.com`.
   */
  readonly issuer: string;

  /**
   * The identity in the certificate: the URL of a workflow with its Git reference, or an email address.
   *
   * `*` matches any characters except `/`. The host, the first part of the path, and the domain of an email address must not have a `*`.
   */
  readonly identity: string;
}

/**
 * Options of `ImageSignature.githubProvenance()`.
 */
export interface GithubProvenanceOptions extends SignatureEvidence {
  /**
   * The source repository of the build: `owner/name`.
   */
  readonly repository: string;

  /**
   * The workflow that builds and signs the image.
   *
   * The name of a file is a workflow of the source repository: `release.yml`. A reusable workflow of another repository has its full name, and can
   * have its own Git reference, a branch or tag: `owner/name/.github/workflows/build.yml@refs/tags/v1`.
   */
  readonly workflow: string;

  /**
   * The Git reference of the source. It is also that of the workflow, unless `workflow` has one. `*` matches any characters except `/`.
   *
   * @default refs/tags/*
   */
  readonly gitRef?: string;

  /**
   * The numeric ID of the source repository. Another repository that gets the same name later has another ID.
   *
   * @default - the ID is not checked
   */
  readonly repositoryId?: string;

  /**
   * The numeric ID of the owner of the source repository.
   *
   * @default - the ID is not checked
   */
  readonly ownerId?: string;

  /**
   * The OIDC issuer of GitHub Actions. Some enterprises have their own.
   *
   * @default https://token.actions.githubusercontent.com
   */
  readonly issuer?: string;
}

const REMEDY = 'write it as a literal';

/**
 * A signature that an upstream image must have before a tag of the mirror serves it.
 *
 * Builds verify signatures offline, with the digest of the upstream image. They look for signatures that are OCI referrers, and for those under the
 * tags of cosign. With several signatures in `signatures`, an image needs one of them.
 *
 * ```ts
 * declare const mirror: ImageMirror;
 * mirror.addImage('ghcr.io/owner/name:1.2.3', {
 *   admission: {
 *     signatures: [ImageSignature.githubProvenance({ repository: 'owner/name', workflow: 'release.yml' })],
 *   },
 * });
 * ```
 *
 * @see https://docs.sigstore.dev/cosign/verifying/verify/
 */
export class ImageSignature {
  /**
   * A signature with a certificate for an identity, as `cosign sign` makes it without a key.
   *
   * @throws Error when the issuer or the identity is not valid, or matches everybody, and when a value is a token
   */
  public static keyless(options: KeylessSignatureOptions): ImageSignature {
    const name = 'ImageSignature.keyless()';
    requireShapes(`the options of ${name}`, options, { issuer: text(GITHUB_ISSUER), identity: text('release@example.com') });
    const { identity, issuer } = options;
    requireLiterals(name, { identity, issuer });
    return new ImageSignature(name, { kind: 'keyless', issuer, identity, ...thresholds(options) });
  }

  /**
   * A signature with a key: ECDSA P-256 or P-384, RSA, or Ed25519. For a key in AWS KMS, use the public key of `aws kms get-public-key`.
   *
   * @param pem the public key in PEM format
   * @throws Error when the text is not a supported public key, and when it is a token
   */
  public static publicKey(pem: string, options: SignatureEvidence = {}): ImageSignature {
    const name = 'ImageSignature.publicKey()';
    requireShapes(`the options of ${name}`, options, {});
    requireLiterals(name, { pem });
    return new ImageSignature(name, { kind: 'key', pem: pem.trim(), ...thresholds(options) });
  }

  /**
   * The SLSA provenance of a build in GitHub Actions, as `actions/attest-build-provenance` makes it with `push-to-registry: true`.
   *
   * Both the source repository and the workflow must match, because everybody can call a reusable workflow.
   *
   * @throws Error when a value is not valid, and when a value is a token
   * @see https://docs.github.com/en/actions/security-for-github-actions/using-artifact-attestations
   */
  public static githubProvenance(options: GithubProvenanceOptions): ImageSignature {
    const name = 'ImageSignature.githubProvenance()';
    requireShapes(`the options of ${name}`, options, {
      repository: text('owner/name'),
      workflow: text('release.yml'),
      gitRef: text(DEFAULT_REF),
      repositoryId: text('1234'),
      ownerId: text('1234'),
      issuer: text(GITHUB_ISSUER),
    });
    const { gitRef: ref = DEFAULT_REF, issuer = GITHUB_ISSUER, ownerId, repository, repositoryId, workflow } = options;
    requireLiterals(name, { issuer, gitRef: ref, repository, workflow, ownerId: ownerId ?? '', repositoryId: repositoryId ?? '' });
    const ids = { ...repositoryId === undefined ? {} : { repositoryId }, ...ownerId === undefined ? {} : { ownerId } };
    const full = fullWorkflow(repository, workflow);
    return new ImageSignature(name, { kind: 'provenance', issuer, repository, workflow: full, ref, ...ids, ...thresholds(options) });
  }

  private constructor(name: string, private readonly rule: SignatureRule) {
    const problems = [...signatureRuleProblems(rule), ...rule.kind === 'key' ? keyProblems(rule.pem) : []];
    if (problems.length > 0) throw new Error(`${name}: ${problems.join('; ')}`);
  }

  /**
   * The rule for the engine.
   *
   * @internal
   */
  public _render(): SignatureRule {
    return this.rule;
  }
}

function requireLiterals(name: string, values: Record<string, string>): void {
  for (const [property, value] of Object.entries(values)) requireLiteral(value, `${property} of ${name}`, REMEDY);
}

function thresholds({ logs, timestamps }: SignatureEvidence): SignatureEvidence {
  return { ...logs === undefined ? {} : { logs }, ...timestamps === undefined ? {} : { timestamps } };
}

/** The problems of a key that looks like one. */
function keyProblems(pem: string): string[] {
  if (pemProblem(pem) !== undefined) return [];
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    return ['the public key cannot be read; copy the complete PEM file'];
  }
  const problem = keyKindProblem({ type: key.asymmetricKeyType, ...key.asymmetricKeyDetails });
  return problem === undefined ? [] : [problem];
}
