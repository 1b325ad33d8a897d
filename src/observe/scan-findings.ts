import { Lazy, Stack, Token } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { requireNoReservedFields } from './event-rules';
import { MirrorCatalogs } from '../catalog/mirror-catalogs';
import { floatingRepositoryPrefix } from '../image/catalog/catalog-repositories';
import { renderedLength, repositoryArn } from '../repositories/repository-arns';
import { RepositorySet } from '../repositories/repository-set';

/**
 * Options of `onScanFindings()`.
 */
export interface OnScanFindingsOptions extends events.OnEventOptions {
  /**
   * The lowest severity that the rule matches. The rule also matches higher severities.
   *
   * @default ScanSeverity.HIGH
   */
  readonly severity?: ScanSeverity;

  /**
   * Whether the rule also matches the event of each single finding. Only enhanced scanning sends these events.
   *
   * These events report vulnerabilities that become known after the scan of an image. A new image with 200 findings sends 200 of these events at
   * once, in addition to the event of its scan.
   *
   * @default false
   */
  readonly eachFinding?: boolean;
}

/**
 * The severity of a vulnerability in Amazon ECR image scanning, highest first.
 */
export enum ScanSeverity {
  /** Critical severity. */
  CRITICAL = 'CRITICAL',

  /** High severity. */
  HIGH = 'HIGH',

  /** Medium severity. */
  MEDIUM = 'MEDIUM',

  /** Low severity. */
  LOW = 'LOW',
}

/** Properties of an EventBridge rule for scan findings. */
export interface ScanRuleProps {
  readonly repositories: RepositorySet;
  readonly catalogs: MirrorCatalogs;
  /** The description of the rule, unless the options have one. */
  readonly description: string;
}

/** The maximum length of an event pattern in EventBridge. */
const MAX_PATTERN_LENGTH = 2_048;

/** The length of the pattern without its resources, at most. */
const LENGTH_WITHOUT_RESOURCES = 600;

/** The severities, highest first. */
const SEVERITIES = Object.values(ScanSeverity);

/**
 * Defines an EventBridge rule for the findings of image scans in a mirror's repositories.
 *
 * The rule works with basic and with enhanced scanning. Basic scanning sends `ECR Image Scan`, enhanced scanning sends `Inspector2 Scan`, and both
 * count findings by severity. The resource of both events is the repository; the resource of a single finding is the image in it.
 *
 * @throws Error when `eventPattern` has a field that the rule sets; at synthesis when the pattern is too long
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-events.html
 */
export function defineScanRule(scope: Construct, id: string, props: ScanRuleProps, options: OnScanFindingsOptions): events.Rule {
  const { target, eventPattern, ruleName, description = props.description, severity = ScanSeverity.HIGH, eachFinding = false } = options;
  const ruleScope = options.crossStackScope ?? scope;
  const severities = SEVERITIES.slice(0, SEVERITIES.indexOf(severity) + 1);
  const resources = () => resourcePatterns(Stack.of(ruleScope), props);
  const rulePattern: events.EventPattern = {
    source: ['aws.ecr', 'aws.inspector2'],
    detailType: ['ECR Image Scan', 'Inspector2 Scan', ...eachFinding ? ['Inspector2 Finding'] : []],
    resources: Token.asList(Lazy.any({ produce: resources })),
    detail: anyOf([
      ...severities.map((name) => ({ 'finding-severity-counts': { [name]: [{ numeric: ['>', 0] }] } })),
      ...eachFinding ? [{ severity: severities, status: ['ACTIVE'] }] : [],
    ]),
  };
  requireNoReservedFields(rulePattern, eventPattern);
  // AWS services send their events to the account's default event bus, also when the mirror has another event bus.
  const rule = new events.Rule(ruleScope, id, { eventPattern, ruleName, description });
  rule.addEventPattern(rulePattern);
  rule.addTarget(target);
  rule.node.addValidation({ validate: () => [patternLengthProblem(Stack.of(ruleScope), resources()) ?? []].flat() });
  return rule;
}

/**
 * EventBridge requires at least two alternatives in `$or`.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 */
function anyOf(details: readonly Record<string, unknown>[]): Record<string, unknown> {
  return details.length === 1 ? details[0] : { $or: details };
}

/** Matches all repositories under the mirror's prefixes, and each other repository of the mirror by its ARN. */
function resourcePatterns(stack: Stack, { repositories, catalogs }: ScanRuleProps): unknown[] {
  const prefixes = [`${repositories.prefix}/`, ...catalogs.count === 0 ? [] : [`${floatingRepositoryPrefix(repositories.prefix)}/`]];
  const outside = repositories.literalNames().filter((name) => !prefixes.some((prefix) => name.startsWith(prefix)));
  const arns = [...outside.map((name) => repositoryArn(stack, name)), ...repositories.tokenArns()];
  return [...prefixes.map((prefix) => ({ prefix: repositoryArn(stack, prefix) })), ...arns.flatMap((arn) => [arn, { prefix: `${arn}/sha256:` }])];
}

function patternLengthProblem(stack: Stack, resources: unknown[]): string | undefined {
  const length = renderedLength(stack.resolve(resources)) + LENGTH_WITHOUT_RESOURCES;
  if (length <= MAX_PATTERN_LENGTH) return undefined;
  return `the event pattern of the rule would have about ${length} characters, and EventBridge allows ${MAX_PATTERN_LENGTH}: `
    + 'too many repositories are outside the mirror\'s repositoryPrefix; choose repository names under the prefix, '
    + 'or define your own events.Rule for these repositories';
}
