/** Compares the identity in a verified certificate with rules. */
import { ASN1Obj } from '@sigstore/core';
import type { Signer } from '@sigstore/verify';
import { RejectedSignature } from './rejected-signature';
import { KeylessRule, matchesPattern, ProvenanceRule, workflowParts } from '../../../image/admission/signature-rule';
import { quote } from '../../../image/sanitize';

/**
 * The extensions of a certificate with facts about a build, each as a DER-encoded UTF8String.
 *
 * @see https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
 */
const EXTENSIONS = {
  sourceRepository: '1.3.6.1.4.1.57264.1.12',
  sourceRef: '1.3.6.1.4.1.57264.1.14',
  repositoryId: '1.3.6.1.4.1.57264.1.15',
  ownerId: '1.3.6.1.4.1.57264.1.17',
};

const UTF8_STRING = 0x0c;
const GITHUB = 'https://github.com/';

/** The identity of a certificate, for people. */
export function signerName({ identity }: Signer): string {
  return identity?.subjectAlternativeName ?? '';
}

/** Requires the issuer and the identity of a rule. */
export function requireIdentity(signer: Signer, { identity, issuer }: KeylessRule): void {
  requireIssuer(signer, issuer);
  if (matchesPattern(identity, signerName(signer))) return;
  throw new RejectedSignature('other-identity', `it is by ${quote(signerName(signer))}, and the rule requires ${quote(identity)}`);
}

/** Requires the source repository, its reference, and the workflow of a rule. */
export function requireProvenance(signer: Signer, rule: ProvenanceRule): void {
  requireIssuer(signer, rule.issuer);
  requireWorkflow(signerName(signer), rule);
  requireValue('source repository', extension(signer, EXTENSIONS.sourceRepository), `${GITHUB}${rule.repository}`);
  const ref = extension(signer, EXTENSIONS.sourceRef);
  if (ref === undefined || !matchesPattern(rule.ref, ref)) throw otherValue('Git reference of the source', ref, rule.ref);
  if (rule.repositoryId !== undefined) requireValue('ID of the source repository', extension(signer, EXTENSIONS.repositoryId), rule.repositoryId);
  if (rule.ownerId !== undefined) requireValue('ID of the owner of the source repository', extension(signer, EXTENSIONS.ownerId), rule.ownerId);
}

/** The certificate names the workflow that signs. It can be a reusable workflow of another repository, which everybody can call. */
function requireWorkflow(name: string, { ref, workflow }: ProvenanceRule): void {
  const { file, ref: ownRef } = workflowParts(workflow);
  const start = `${GITHUB}${file}@`;
  if (!name.startsWith(start)) throw otherValue('workflow', name, `${start}…`);
  const found = name.slice(start.length);
  const pattern = ownRef ?? ref;
  if (!matchesPattern(pattern, found)) throw otherValue('Git reference of the workflow', found, pattern);
}

function requireIssuer({ identity }: Signer, issuer: string): void {
  const found = identity?.extensions?.issuer;
  if (found !== issuer) throw otherValue('issuer', found, issuer);
}

function requireValue(what: string, found: string | undefined, required: string): void {
  if (found !== required) throw otherValue(what, found, required);
}

function otherValue(what: string, found: string | undefined, required: string): RejectedSignature {
  const value = found === undefined ? 'missing' : quote(found);
  return new RejectedSignature('other-identity', `its ${what} is ${value}, and the rule requires ${quote(required)}`);
}

/** The text of an extension that the certificate has exactly once. */
function extension({ identity }: Signer, id: string): string | undefined {
  const found = identity?.oids?.filter(({ oid }) => oid?.id.join('.') === id) ?? [];
  if (found.length !== 1) return undefined;
  try {
    const { tag, value } = ASN1Obj.parseBuffer(Buffer.from(found[0].value));
    return tag.number === UTF8_STRING && tag.isUniversal() ? value.toString('utf8') : undefined;
  } catch {
    return undefined;
  }
}
