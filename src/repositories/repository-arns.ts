import { Stack } from 'aws-cdk-lib';
import { RepositorySet } from './repository-set';

/** Up to this many repositories are named one by one; beyond, a policy is easier to judge with one pattern. */
const MOST_EXACT_ARNS = 60;

/** Room for what others add to the role, such as the key of a secret. */
const RESERVE = 500;

/**
 * The ARNs of a mirror's repositories as its build role names them: exact while they fit into the role's policy,
 * then one pattern for all that share the mirror's prefix, and exact ones for the others.
 *
 * They are formed from literal names, so that the mirror's stack needs nothing from the stacks that define the repositories.
 */
export class RepositoryArns {
  private readonly whole = new Set<string>();

  constructor(private readonly stack: Stack, private readonly repositories: RepositorySet) {}

  /** From now on, all repositories whose names start with a prefix belong to the mirror, those included that nobody defines. */
  public includeAllUnder(prefix: string): void {
    this.whole.add(prefix);
  }

  /** The ARNs for a policy whose other statements take so many characters. */
  public render(otherStatementsLength: number): string[] {
    if (this.whole.size > 0) return this.underPatterns([...this.whole].sort());
    const exact = this.exactArns(() => true);
    const fits = exact.length <= MOST_EXACT_ARNS && this.length(exact) + otherStatementsLength <= MAX_INLINE_POLICY_LENGTH - RESERVE;
    return fits ? exact : this.underPatterns([this.repositories.prefix]);
  }

  /** Why no form of the ARNs fits; empty when one does. */
  public validate(otherStatementsLength: number): string[] {
    const length = this.length(this.render(otherStatementsLength)) + otherStatementsLength;
    if (length <= MAX_INLINE_POLICY_LENGTH - RESERVE) return [];
    const outside = this.exactArns((name) => !isUnder(name, this.repositories.prefix)).length;
    return [
      `the build role's policy would have about ${length} characters, and IAM allows ${MAX_INLINE_POLICY_LENGTH}: ${outside} repositories are not under `
      + `${JSON.stringify(`${this.repositories.prefix}/`)} and must be named one by one; name them ${JSON.stringify(`${this.repositories.prefix}/...`)}, or define a second ImageMirror for some of them`,
    ];
  }

  /** Acts once, when the first image of an upstream registry gets its place in one of the repositories. */
  public onceMirroringFrom(registry: string, act: () => void): void {
    this.repositories.onceMirroringFrom(registry, act);
  }

  private underPatterns(prefixes: readonly string[]): string[] {
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
    return this.stack.formatArn({ service: 'ecr', resource: 'repository', resourceName: repositoryName });
  }

  private length(arns: string[]): number {
    return renderedLength(this.stack.resolve(arns));
  }
}

function isUnder(name: string, prefix: string): boolean {
  return name.startsWith(`${prefix}/`);
}

/**
 * How long a policy gets after CloudFormation has resolved it.
 *
 * IAM takes 10,240 characters of inline policies in one role, white space not counted.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export const MAX_INLINE_POLICY_LENGTH = 10_240;

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
