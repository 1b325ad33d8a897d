import { Lazy, Stack, Token } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { requireNoReservedFields } from './event-rules';
import { MirrorCatalogs } from '../catalog/mirror-catalogs';
import { floatingRepositoryPrefix } from '../image/catalog/catalog-repositories';
import { renderedLength } from '../repositories/repository-arns';
import { RepositorySet } from '../repositories/repository-set';

/**
 * Which findings of scans a rule takes.
 */
export interface OnScanFindingsOptions extends events.OnEventOptions {
  /**
   * The least severity: findings of this one and worse ones count.
   *
   * @default ScanSeverity.HIGH
   */
  readonly severity?: ScanSeverity;

  /**
   * Whether the rule also takes an event for each single finding, which only enhanced scanning puts.
   *
   * It is how one learns of a vulnerability that becomes known when an image was scanned long ago. An image that arrives with two hundred findings
   * puts two hundred such events at once, besides the one for its scan.
   *
   * @default false
   */
  readonly eachFinding?: boolean;
}

/**
 * How bad a vulnerability is that a scan of Amazon ECR has found, the worst first.
 */
export enum ScanSeverity {
  /** As bad as it gets. */
  CRITICAL = 'CRITICAL',

  /** Bad enough to act on soon. */
  HIGH = 'HIGH',

  /** Of some concern. */
  MEDIUM = 'MEDIUM',

  /** Of little concern. */
  LOW = 'LOW',
}

/** Whose scans a rule takes. */
export interface ScannedRepositories {
  readonly repositories: RepositorySet;
  readonly catalogs: MirrorCatalogs;
  /** The description of the rule, unless its owner gives another. */
  readonly description: string;
}

/** EventBridge takes a pattern of so many characters. */
const LONGEST_PATTERN = 2_048;

/** From the worst to the best. */
const SEVERITIES = Object.values(ScanSeverity);

/**
 * Defines a rule for what scans find in a mirror's repositories.
 *
 * It is right whichever scanning the account has. Basic scanning puts `ECR Image Scan`, enhanced scanning `Inspector2 Scan`, and both count findings
 * by severity. The resource of both is the repository; that of a single finding is the image in it.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-events.html
 */
export function defineScanRule(scope: Construct, id: string, props: ScannedRepositories, options: OnScanFindingsOptions): events.Rule {
  const { target, eventPattern, ruleName, description = props.description, severity = ScanSeverity.HIGH, eachFinding = false } = options;
  const place = options.crossStackScope ?? scope;
  const counted = SEVERITIES.slice(0, SEVERITIES.indexOf(severity) + 1);
  const resources = () => resourcesOf(Stack.of(place), props);
  const own: events.EventPattern = {
    source: ['aws.ecr', 'aws.inspector2'],
    detailType: ['ECR Image Scan', 'Inspector2 Scan', ...eachFinding ? ['Inspector2 Finding'] : []],
    resources: Token.asList(Lazy.any({ produce: resources })),
    detail: anyOf([
      ...counted.map((one) => ({ 'finding-severity-counts': { [one]: [{ numeric: ['>', 0] }] } })),
      ...eachFinding ? [{ severity: counted, status: ['ACTIVE'] }] : [],
    ]),
  };
  requireNoReservedFields(own, eventPattern);
  // Services of AWS put their events on the account's default bus, whatever bus the mirror has.
  const rule = new events.Rule(place, id, { eventPattern, ruleName, description });
  rule.addEventPattern(own);
  rule.addTarget(target);
  rule.node.addValidation({ validate: () => refuseLongPattern(Stack.of(place), resources()) });
  return rule;
}

/**
 * EventBridge refuses an `$or` of less than two.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 */
function anyOf(details: readonly Record<string, unknown>[]): Record<string, unknown> {
  return details.length === 1 ? details[0] : { $or: details };
}

/** All repositories under the mirror's prefixes, as its own policies name them where they are many, and one by one those that are not under them. */
function resourcesOf(stack: Stack, { repositories, catalogs }: ScannedRepositories): unknown[] {
  const prefixes = [`${repositories.prefix}/`, ...catalogs.count === 0 ? [] : [`${floatingRepositoryPrefix(repositories.prefix)}/`]];
  const outside = repositories.literalNames().filter((name) => !prefixes.some((prefix) => name.startsWith(prefix)));
  const arns = [...outside.map((name) => arnOf(stack, name)), ...repositories.tokenArns()];
  return [...prefixes.map((prefix) => ({ prefix: arnOf(stack, prefix) })), ...arns.flatMap((arn) => [arn, { prefix: `${arn}/sha256:` }])];
}

function arnOf(stack: Stack, resourceName: string): string {
  return stack.formatArn({ service: 'ecr', resource: 'repository', resourceName });
}

/** Room for everything but the resources. */
const RESERVE = 600;

function refuseLongPattern(stack: Stack, resources: unknown[]): string[] {
  const length = renderedLength(stack.resolve(resources));
  if (length + RESERVE <= LONGEST_PATTERN) return [];
  return [`the pattern of the rule would have about ${length + RESERVE} characters and EventBridge allows ${LONGEST_PATTERN}, for many repositories of the mirror are not under its prefix; `
    + 'name them under it, or define a rule of your own for them'];
}
