/**
 * The checks of an entry of a catalog. Editors of a catalog are not trusted, so an entry can only add checks to those of the mirror, or make them
 * stricter. It has no field that weakens a check.
 */
import { Fields, formatValue, isFields, isList, unknownFieldProblem } from './entry-fields';
import { AdmissionPolicy, DEFAULT_GAP_HOURS, MAX_AGE_HOURS, SEVERITIES, Severity } from '../admission/admission-policy';
import {
  DEFAULT_REF, fullWorkflow, GITHUB_ISSUER, KeylessRule, MAX_RULES, ProvenanceRule, PublicKeyRule, RULE_FIELDS, SignatureRule,
} from '../admission/signature-rule';
import { signatureRuleProblems } from '../admission/signature-rule-problem';
import { quote } from '../sanitize';

/** The checks of new images of an entry. */
export interface EntryAdmission {
  /** `ENFORCE` to enforce also those checks of the mirror that only report. */
  readonly mode?: 'ENFORCE';
  /** The days for which a new image waits. */
  readonly minimumAge?: number;
  /** The worst severity of a finding with which a new image is served. */
  readonly maximumSeverity?: Severity;
  /** The signatures, of which an image must have one. */
  readonly signatures?: readonly EntrySignature[];
}

/** A signature, as the field that names its kind. */
export type EntrySignature =
  | { readonly keyless: Omit<KeylessRule, 'kind'> }
  | { readonly publicKey: Omit<PublicKeyRule, 'kind'> }
  | { readonly githubProvenance: Omit<ProvenanceRule, 'kind' | 'issuer' | 'ref'> & { readonly issuer?: string; readonly ref?: string } };

const HOURS_PER_DAY = 24;

/** The longest age that an entry can set, in days. */
export const MAX_AGE_DAYS = MAX_AGE_HOURS / HOURS_PER_DAY;

/** The fields of each kind of signature. */
const SIGNATURE_FIELDS: Readonly<Record<string, readonly string[]>> = {
  keyless: RULE_FIELDS.keyless,
  publicKey: RULE_FIELDS.key,
  githubProvenance: RULE_FIELDS.provenance,
};

const WEAKER = 'an entry cannot weaken a check; set it in the app';

/** Remedies for fields that people know from the options of constructs. */
const OTHER_FIELDS: Readonly<Record<string, string>> = {
  maximumGap: WEAKER,
  serveSuperseded: WEAKER,
  findingExceptions: WEAKER,
  minimumAgeMode: WEAKER,
  signatureMode: WEAKER,
  scanMode: WEAKER,
  lockMode: WEAKER,
  lock: 'write the only valid digest in the field "digest" of the entry',
  holdFirstCopies: 'the first copies of a catalog always wait for their minimum age',
};

/** The problem with the checks of an entry, as text; undefined when they are valid. It never shows a key. */
export function admissionProblem(value: unknown): string | undefined {
  if (!isFields(value)) return 'it must be an object, for example {"minimumAge": 3}';
  const hint = (name: string) => Object.hasOwn(OTHER_FIELDS, name) ? OTHER_FIELDS[name] : undefined;
  const unknown = unknownFieldProblem(value, Object.keys(FIELDS), { hint });
  if (unknown !== undefined) return unknown;
  if (Object.keys(value).length === 0) return 'it is empty; add for example "minimumAge": 3, or remove it';
  for (const [name, field] of Object.entries(value)) {
    const problem = FIELDS[name as keyof EntryAdmission](field);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/**
 * The checks of an entry as a policy. `mode` is not part of it, because all its checks are enforced.
 *
 * A run does not know the schedule of the catalog, so the default gap applies: a weekly run must be able to see the same digest twice.
 */
export function entryPolicy({ maximumSeverity, minimumAge, signatures }: EntryAdmission): AdmissionPolicy {
  return {
    ...minimumAge === undefined ? {} : { minimumAge: { hours: minimumAge * HOURS_PER_DAY, maximumGapHours: DEFAULT_GAP_HOURS } },
    ...signatures === undefined ? {} : { signatures: [{ anyOf: signatures.map(toRule) }] },
    ...maximumSeverity === undefined ? {} : { scan: { maximumSeverity } },
  };
}

/** For each field, a function that returns the problem with its value. */
const FIELDS: Readonly<Record<keyof EntryAdmission, (value: unknown) => string | undefined>> = {
  minimumAge: (value) => {
    const isAge = Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_AGE_DAYS;
    return isAge ? undefined : `its minimumAge is ${shown(value)}: it must be a whole number of days from 1 to ${MAX_AGE_DAYS}, for example 3`;
  },
  maximumSeverity: (value) => {
    return SEVERITIES.includes(value as Severity) ? undefined : `its maximumSeverity is ${shown(value)}: it must be one of ${SEVERITIES.join(', ')}`;
  },
  signatures: (value) => {
    if (!isList(value, MAX_RULES)) return `its signatures must be a list of 1 to ${MAX_RULES} signatures`;
    const problems = value.map(signatureProblem);
    const index = problems.findIndex((problem) => problem !== undefined);
    return index === -1 ? undefined : `signature ${index + 1}: ${problems[index]}`;
  },
  mode: (value) => value === 'ENFORCE' ? undefined : `its mode is ${shown(value)}: it must be ENFORCE, because an entry cannot weaken a check`,
};

function signatureProblem(value: unknown): string | undefined {
  const kinds = Object.keys(SIGNATURE_FIELDS);
  const form = `it must be an object with one of the fields ${kinds.join(', ')}, for example {"keyless": {"issuer": ${quote(GITHUB_ISSUER)}, `
    + '"identity": "https://github.com/owner/name/.github/workflows/release.yml@refs/tags/*"}}';
  if (!isFields(value)) return form;
  const unknown = unknownFieldProblem(value, kinds);
  if (unknown !== undefined) return unknown;
  const [[kind, rule] = [], ...others] = Object.entries(value);
  if (kind === undefined || others.length > 0) return form;
  if (!isFields(rule)) return `its ${kind} must be an object with the fields ${SIGNATURE_FIELDS[kind].join(', ')}`;
  return unknownFieldProblem(rule, SIGNATURE_FIELDS[kind]) ?? signatureRuleProblems(toRule(value as unknown as EntrySignature))[0];
}

function toRule(signature: EntrySignature): SignatureRule {
  if ('keyless' in signature) return sorted({ kind: 'keyless', ...signature.keyless });
  if ('publicKey' in signature) return sorted({ kind: 'key', ...signature.publicKey });
  const { repository, workflow } = signature.githubProvenance;
  const full = typeof workflow === 'string' ? fullWorkflow(repository, workflow) : workflow;
  return sorted({ kind: 'provenance', issuer: GITHUB_ISSUER, ref: DEFAULT_REF, ...signature.githubProvenance, workflow: full });
}

/** A rule with its fields in alphabetical order, so that equal rules are equal as text. */
function sorted<T extends SignatureRule>(rule: T): T {
  return Object.fromEntries(Object.entries(rule).sort(([one], [other]) => one < other ? -1 : 1)) as Fields as unknown as T;
}

/** A value as an error shows it. Key material is in no error. */
function shown(value: unknown): string {
  const text = formatValue(value);
  return /PRIVATE KEY/i.test(text) ? 'a private key' : text;
}
