import { Stack } from 'aws-cdk-lib';
import { RepositorySet } from './repository-set';
import { quote } from '../image/sanitize';

/** The ARN of the repositories with a name, or a pattern of names, in the account and Region of a stack. */
export function repositoryArn(stack: Stack, resourceName: string): string {
  return stack.formatArn({ service: 'ecr', resource: 'repository', resourceName });
}

/** A policy lists at most this number of repositories. For more, it has one pattern, which is shorter. */
const MAX_EXACT_ARNS = 60;

/** The number of characters for statements that others add to the role, for example for the key of a secret. */
export const RESERVED_LENGTH = 500;

/**
 * The ARNs of the repositories of a mirror, for the policy of its build role.
 *
 * The policy lists all ARNs if they fit. Otherwise, it has one pattern for all repositories under the prefix of the mirror, and lists the others.
 * The ARNs contain literal names, so the stack of the mirror does not depend on the stacks that define the repositories.
 */
export class RepositoryArns {
  private readonly prefixes = new Set<string>();

  constructor(private readonly stack: Stack, private readonly repositories: RepositorySet) {}

  /** Includes all repositories under a prefix, also repositories that the app does not define. */
  public includeAllUnder(prefix: string): void {
    this.prefixes.add(prefix);
  }

  /**
   * The ARNs for the policy.
   *
   * @param otherStatementsLength the number of characters of the other statements of the policy
   */
  public render(otherStatementsLength: number): string[] {
    if (this.prefixes.size > 0) return this.patternsAndOthers([...this.prefixes].sort());
    const exact = this.exactArns(() => true);
    const fits = exact.length <= MAX_EXACT_ARNS && this.length(exact) + otherStatementsLength <= MAX_INLINE_POLICY_LENGTH - RESERVED_LENGTH;
    return fits ? exact : this.patternsAndOthers([this.repositories.prefix]);
  }

  /** Validates that the ARNs fit into the policy. Returns the problems. */
  public validate(otherStatementsLength: number): string[] {
    const length = this.length(this.render(otherStatementsLength)) + otherStatementsLength;
    if (length <= MAX_INLINE_POLICY_LENGTH - RESERVED_LENGTH) return [];
    const outside = this.exactArns((name) => !isUnder(name, this.repositories.prefix)).length;
    const prefix = `${this.repositories.prefix}/`;
    return [
      `the policy of the build role would have about ${length} characters, but IAM allows ${MAX_INLINE_POLICY_LENGTH}: `
      + `it lists ${outside} repositories that are not under ${quote(prefix)}; `
      + `use names that start with ${quote(prefix)}, or define a second ImageMirror for some of them`,
    ];
  }

  /** Calls a function once, for the first image of an upstream registry. */
  public onceMirroringFrom(registry: string, listener: () => void): void {
    this.repositories.onceMirroringFrom(registry, listener);
  }

  /** One pattern for each prefix, and the ARNs of the repositories that are under none of the prefixes. */
  private patternsAndOthers(prefixes: readonly string[]): string[] {
    const outside = this.exactArns((name) => !prefixes.some((prefix) => isUnder(name, prefix)));
    return [...prefixes.map((prefix) => this.arn(`${prefix}/*`)), ...outside];
  }

  private exactArns(include: (name: string) => boolean): string[] {
    return [
      ...this.repositories.literalNames().filter(include).map((name) => this.arn(name)),
      ...this.repositories.tokenArns(),
    ];
  }

  private arn(repositoryName: string): string {
    return repositoryArn(this.stack, repositoryName);
  }

  private length(arns: string[]): number {
    return renderedLength(this.stack.resolve(arns));
  }
}

function isUnder(name: string, prefix: string): boolean {
  return name.startsWith(`${prefix}/`);
}

/**
 * The maximum number of characters of all inline policies of a role. IAM does not count white space.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export const MAX_INLINE_POLICY_LENGTH = 10_240;

/** The lengths of the longest values: `aws-us-gov`, 12 digits, Regions like `ap-southeast-1`, `amazonaws.com.cn`. */
const PSEUDO_PARAMETER_LENGTHS: Record<string, number> = { 'AWS::Partition': 10, 'AWS::AccountId': 12, 'AWS::Region': 14, 'AWS::URLSuffix': 16 };

/** The assumed length of an attribute, or of an export of another stack: the length of a long ARN. */
const UNKNOWN_LENGTH = 120;

/** The length of a resolved part of a template as JSON. Intrinsic functions count with the length of their longest values. */
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

/** The joined text has one pair of quotes, so the quotes of the parts do not count. */
function joinedLength([delimiter, parts]: [string, unknown[]]): number {
  if (!Array.isArray(parts)) return UNKNOWN_LENGTH + 2;
  return 2 + parts.reduce<number>((sum, part) => sum + renderedLength(part) - 2, 0) + delimiter.length * Math.max(parts.length - 1, 0);
}

function separated(lengths: number[]): number {
  return lengths.reduce((sum, length) => sum + length, 0) + Math.max(lengths.length - 1, 0);
}
