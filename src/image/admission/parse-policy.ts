/** Reads admission policies from text. The parsing is strict: unknown fields and values are refused, because a lost check would go unnoticed. */
import {
  AdmissionModeName, AdmissionPolicy, ExceptedFinding, LockPolicy, MAX_AGE_HOURS, MinimumAgePolicy, ScanPolicy, SEVERITIES, SignaturePolicy,
} from './admission-policy';
import { MAX_RULE_TEXT_LENGTH, MAX_RULES, RULE_FIELDS, SignatureRule } from './signature-rule';
import { signatureRuleProblems } from './signature-rule-problem';
import { isDigest } from '../image-reference';
import { isLastDay } from '../ownership';
import { parseJson } from '../parse-json';

/** The maximum number of exceptions for findings. */
const MAX_EXCEPTIONS = 200;

/** Parses an admission policy without a lock; undefined when the text is not a valid policy. */
export function parseAdmissionPolicy(json: string): AdmissionPolicy | undefined {
  return attempt(() => {
    const { minimumAge, scan, signatures } = fields(parseJson(json), ['minimumAge', 'scan', 'signatures']);
    return {
      ...minimumAge === undefined ? {} : { minimumAge: minimumAgePolicy(minimumAge) },
      ...scan === undefined ? {} : { scan: scanPolicy(scan) },
      ...signatures === undefined ? {} : { signatures: list(signatures, MAX_RULES).map(signaturePolicy) },
    };
  });
}

/** Parses the lock of an image; undefined when the text is not a valid lock. */
export function parseLockPolicy(json: string): LockPolicy | undefined {
  return attempt(() => {
    const { digests, mode } = fields(parseJson(json), ['digests', 'mode']);
    for (const digest of Object.values(object(digests))) valid(digest, (value) => typeof value === 'string' && isDigest(value));
    return { ...modeOf(mode), digests: digests as LockPolicy['digests'] };
  });
}

function minimumAgePolicy(value: unknown): MinimumAgePolicy {
  const { holdFirstCopies, hours, maximumGapHours, mode, serveSuperseded } = fields(
    value, ['holdFirstCopies', 'hours', 'maximumGapHours', 'mode', 'serveSuperseded']);
  return {
    ...modeOf(mode),
    hours: hoursOf(hours),
    maximumGapHours: hoursOf(maximumGapHours),
    ...flag('serveSuperseded', serveSuperseded),
    ...flag('holdFirstCopies', holdFirstCopies),
  };
}

function scanPolicy(value: unknown): ScanPolicy {
  const { exceptions, maximumSeverity, mode } = fields(value, ['exceptions', 'maximumSeverity', 'mode']);
  return {
    ...modeOf(mode),
    maximumSeverity: oneOf(maximumSeverity, SEVERITIES),
    ...exceptions === undefined ? {} : { exceptions: list(exceptions, MAX_EXCEPTIONS).map(findingException) },
  };
}

function findingException(value: unknown): ExceptedFinding {
  const { expires, id } = fields(value, ['expires', 'id']);
  return { id: text(id), expires: valid(expires, (day) => isLastDay(text(day))) as string };
}

function signaturePolicy(value: unknown): SignaturePolicy {
  const { anyOf, mode } = fields(value, ['anyOf', 'mode']);
  const rules = list(anyOf, MAX_RULES);
  if (rules.length === 0) throw new SyntaxError('no rule');
  return { ...modeOf(mode), anyOf: rules.map(signatureRule) };
}

function signatureRule(value: unknown): SignatureRule {
  const kind = oneOf((value as { kind?: unknown } | null)?.kind, ['keyless', 'key', 'provenance'] as const);
  const rule = fields(value, ['kind', ...RULE_FIELDS[kind]]) as unknown as SignatureRule;
  return valid(rule, () => signatureRuleProblems(rule).length === 0);
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function valid<T>(value: T, isValid: (value: T) => boolean): T {
  if (!isValid(value)) throw new SyntaxError('not valid');
  return value;
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  return valid(value, (part) => typeof part === 'object' && part !== null && !Array.isArray(part)) as Readonly<Record<string, unknown>>;
}

function fields(value: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  return valid(object(value), (part) => Object.keys(part).every((name) => known.includes(name)));
}

function list(value: unknown, limit: number): readonly unknown[] {
  return valid(value, (part) => Array.isArray(part) && part.length <= limit) as readonly unknown[];
}

function text(value: unknown): string {
  return valid(value, (part) => typeof part === 'string' && part !== '' && part.length <= MAX_RULE_TEXT_LENGTH) as string;
}

function oneOf<T extends string>(value: unknown, known: readonly T[]): T {
  return valid(value, (part) => known.some((one) => one === part)) as T;
}

function hoursOf(value: unknown): number {
  return valid(value, (part) => Number.isInteger(part) && Number(part) >= 1 && Number(part) <= MAX_AGE_HOURS) as number;
}

function modeOf(value: unknown): { readonly mode?: AdmissionModeName } {
  return value === undefined ? {} : { mode: oneOf(value, ['ENFORCE', 'AUDIT'] as const) };
}

function flag<K extends string>(name: K, value: unknown): { readonly [name in K]?: boolean } {
  return value === undefined ? {} : { [name]: valid(value, (part) => typeof part === 'boolean') } as { readonly [name in K]?: boolean };
}
