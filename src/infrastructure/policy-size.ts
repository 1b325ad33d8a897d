/**
 * How long a policy gets after CloudFormation has resolved it.
 *
 * IAM takes 10,240 characters of inline policies in one role, white space not counted.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export const LONGEST_INLINE_POLICY = 10_240;

/** The longest values there are: `aws-us-gov`, 12 digits, `ap-southeast-1` and the like, `amazonaws.com.cn`. */
const PSEUDO_PARAMETER_LENGTHS: Record<string, number> = { 'AWS::Partition': 10, 'AWS::AccountId': 12, 'AWS::Region': 14, 'AWS::URLSuffix': 16 };

/** What an attribute or another stack's export is taken for: a long ARN. */
const UNKNOWN_LENGTH = 120;

/** The length of a resolved piece of a template as JSON, its intrinsic functions replaced by values as long as they can get. */
export function renderedLength(value: unknown): number {
  if (Array.isArray(value)) return 2 + separated(value.map(renderedLength));
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)?.length ?? 0;
  return intrinsicLength(value) ?? 2 + separated(Object.entries(value).map(([key, child]) => key.length + 3 + renderedLength(child)));
}

function intrinsicLength(value: object): number | undefined {
  const entries = Object.entries(value);
  if (entries.length !== 1) return undefined;
  const [name, argument] = entries[0];
  if (name === 'Ref') return (PSEUDO_PARAMETER_LENGTHS[String(argument)] ?? UNKNOWN_LENGTH) + 2;
  if (name === 'Fn::Join') return joinedLength(argument as [string, unknown[]]);
  return name.startsWith('Fn::') ? UNKNOWN_LENGTH + 2 : undefined;
}

/** The quotes of the parts become those of the whole. */
function joinedLength([delimiter, parts]: [string, unknown[]]): number {
  if (!Array.isArray(parts)) return UNKNOWN_LENGTH + 2;
  return 2 + parts.reduce<number>((sum, part) => sum + renderedLength(part) - 2, 0) + delimiter.length * Math.max(parts.length - 1, 0);
}

function separated(lengths: number[]): number {
  return lengths.reduce((sum, length) => sum + length, 0) + Math.max(lengths.length - 1, 0);
}
