import { Stack, Token, TokenComparison } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { quote } from '../image/sanitize';
import { requireAccountId } from '../repositories/pull-grants';
import { requireLiteral } from '../synthesis/literal';
import { listOf, objectWith, requireShape, text } from '../synthesis/shapes';

/** @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html */
const MAX_RULES = 10;
const MAX_DESTINATIONS = 25;
const MAX_FILTERS = 100;

const REGION = /^[a-z]{2,}(?:-[a-z]+)+-[0-9]+$/;

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RepositoryFilter.html */
const FILTER = /^(?:[a-z0-9]+(?:[._-][a-z0-9]*)*\/)*[a-z0-9]*(?:[._-][a-z0-9]*)*$/;

/**
 * Replication rules in the form of CloudFormation.
 *
 * @param stack the stack in the account and Region that images are replicated from
 * @throws Error when a rule is not valid in Amazon ECR
 */
export function renderRules(stack: Stack, rules: readonly ReplicationRule[]): ecr.CfnReplicationConfiguration.ReplicationRuleProperty[] {
  if (rules.length > MAX_RULES) {
    throw new Error(`there are ${rules.length} rules, including the rule of the mirror, `
      + `but Amazon ECR allows at most ${MAX_RULES}; merge some of otherRules`);
  }
  const rendered = rules.map((rule) => renderRule(stack, rule));
  const unique = new Set(rendered.flatMap(({ destinations }) => destinations.map(({ account, region }) => `${account} ${region}`)));
  if (unique.size > MAX_DESTINATIONS) {
    throw new Error(`there are ${unique.size} destinations in all rules, but Amazon ECR allows at most ${MAX_DESTINATIONS}; remove some`);
  }
  return rendered.map(({ destinations, repositoryFilters }) => ({
    destinations: destinations.map(({ account, region }) => ({ registryId: account, region })),
    repositoryFilters,
  }));
}

const DESTINATIONS = listOf(objectWith('region', '{ region: "us-east-1" }'), '{ region: "us-east-1" }');
const PREFIXES = listOf(text('mirror/'), '"mirror/"');

function renderRule(stack: Stack, { destinations, repositoryPrefixes }: ReplicationRule) {
  requireShape('destinations', destinations, DESTINATIONS);
  if (destinations.length === 0) throw new Error('destinations is empty; add at least one, for example [{ region: "us-east-1" }]');
  const repositoryFilters = repositoryPrefixes && renderFilters(repositoryPrefixes);
  return { destinations: destinations.map((destination) => renderDestination(stack, destination)), repositoryFilters };
}

function renderDestination(stack: Stack, { region, account = stack.account }: ReplicationDestination) {
  requireAccountId(account);
  if (!Token.isUnresolved(region) && !REGION.test(region)) throw new Error(`${quote(region)} is not a valid Region; write for example "us-east-1"`);
  requireSamePartition(region, stack.region);
  if (isSame(account, stack.account) && isSame(region, stack.region)) {
    throw new Error(`the destination ${quote(region)} is the account and Region of the mirror; use another Region or account`);
  }
  return { region, account };
}

/** Whether two values are known to be the same. Two tokens are the same only when they are the same token. */
function isSame(a: string, b: string): boolean {
  return a === b || Token.compareStrings(a, b) === TokenComparison.SAME;
}

/** @throws Error when two Regions are in different partitions, for example in AWS and AWS China */
function requireSamePartition(region: string, own: string): void {
  const [target, source] = [region, own].map((name) => (Token.isUnresolved(name) ? undefined : RegionInfo.get(name).partition));
  if (target === undefined || source === undefined || target === source) return;
  throw new Error(`the destination ${quote(region)} is in the partition ${target} and the mirror is in ${source}; `
    + 'use a Region of the same partition');
}

function renderFilters(prefixes: readonly string[]) {
  requireShape('repositoryPrefixes', prefixes, PREFIXES);
  if (prefixes.length === 0) throw new Error('repositoryPrefixes is empty; omit it to replicate all repositories');
  if (prefixes.length > MAX_FILTERS) {
    throw new Error(`a rule has ${prefixes.length} prefixes, but Amazon ECR allows at most ${MAX_FILTERS}; divide it into two rules`);
  }
  return prefixes.map((filter) => ({ filter: requireFilter(filter), filterType: 'PREFIX_MATCH' }));
}

function requireFilter(value: string): string {
  const prefix = requireLiteral(value, 'a repository prefix', 'write it as a string');
  if (prefix.length >= 2 && prefix.length <= 256 && FILTER.test(prefix)) return prefix;
  throw new Error(`${quote(prefix)} is not a valid repository prefix: it must be 2 to 256 lowercase letters, digits, "/", ".", "_" or "-"; `
    + 'write for example "mirror/"');
}

/**
 * A destination of replicated images: a Region, and optionally another account.
 */
export interface ReplicationDestination {
  /**
   * The Region, for example `eu-central-1`.
   */
  readonly region: string;

  /**
   * The account ID: 12 digits. An account other than the mirror's needs a `MirrorReplicationDestination`.
   *
   * @default - the mirror's account
   */
  readonly account?: string;
}

/**
 * A rule in the replication configuration of an account and Region.
 */
export interface ReplicationRule {
  /**
   * The destinations of the rule, at least one.
   */
  readonly destinations: ReplicationDestination[];

  /**
   * The prefixes of repository names: from 1 to 100. A prefix can end within a name: `prod` also matches `production/app`.
   *
   * @default - all repositories
   */
  readonly repositoryPrefixes?: string[];
}
