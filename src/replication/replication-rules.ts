import { Stack, Token, TokenComparison } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { quote } from '../image/sanitize';
import { requireAccountId } from '../repositories/pull-grants';
import { requireLiteral } from '../synthesis/literal';

/** @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html */
const MOST_RULES = 10;
const MOST_DESTINATIONS = 25;
const MOST_FILTERS = 100;

const REGION = /^[a-z]{2,}(?:-[a-z]+)+-[0-9]+$/;

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RepositoryFilter.html */
const FILTER = /^(?:[a-z0-9]+(?:[._-][a-z0-9]*)*\/)*[a-z0-9]*(?:[._-][a-z0-9]*)*$/;

/**
 * The rules as CloudFormation takes them.
 *
 * @param stack where images are replicated from
 * @throws Error when Amazon ECR would refuse them
 */
export function renderRules(stack: Stack, rules: readonly ReplicationRule[]): ecr.CfnReplicationConfiguration.ReplicationRuleProperty[] {
  if (rules.length > MOST_RULES) throw new Error(`${rules.length} rules are more than the ${MOST_RULES} that Amazon ECR takes, the mirror's own included; merge some of otherRules`);
  const rendered = rules.map((rule) => renderRule(stack, rule));
  const places = new Set(rendered.flatMap(({ destinations }) => destinations.map(({ account, region }) => `${account} ${region}`)));
  if (places.size > MOST_DESTINATIONS) throw new Error(`${places.size} destinations are more than the ${MOST_DESTINATIONS} that Amazon ECR takes in all rules of an account and Region`);
  return rendered.map(({ destinations, repositoryFilters }) => ({
    destinations: destinations.map(({ account, region }) => ({ registryId: account, region })),
    repositoryFilters,
  }));
}

function renderRule(stack: Stack, { destinations, repositoryPrefixes }: ReplicationRule) {
  if (destinations.length === 0) throw new Error('destinations is an empty list; write where to, for example [{ region: "us-east-1" }]');
  const repositoryFilters = repositoryPrefixes && renderFilters(repositoryPrefixes);
  return { destinations: destinations.map((destination) => place(stack, destination)), repositoryFilters };
}

function place(stack: Stack, { region, account = stack.account }: ReplicationDestination) {
  requireAccountId(account);
  if (!Token.isUnresolved(region) && !REGION.test(region)) throw new Error(`${quote(region)} is no Region; write for example "us-east-1"`);
  refuseOtherPartition(region, stack.region);
  if (isHere(account, stack.account) && isHere(region, stack.region)) {
    throw new Error(`the destination ${quote(region)} is where the mirror is; write another Region, or another account`);
  }
  return { region, account };
}

/** Two tokens are the same place only when they are the same token, as that of the stack's own account is. */
function isHere(one: string, own: string): boolean {
  return one === own || Token.compareStrings(one, own) === TokenComparison.SAME;
}

/** From a Region of AWS to one of AWS China, for example, there is no way. */
function refuseOtherPartition(region: string, own: string): void {
  const [its, ours] = [region, own].map((one) => (Token.isUnresolved(one) ? undefined : RegionInfo.get(one).partition));
  if (its === undefined || ours === undefined || its === ours) return;
  throw new Error(`the destination ${quote(region)} is in the partition ${its} and the mirror is in ${ours}; images are replicated within one partition only`);
}

function renderFilters(prefixes: readonly string[]) {
  if (prefixes.length === 0) throw new Error('repositoryPrefixes is an empty list; leave it out to replicate all repositories');
  if (prefixes.length > MOST_FILTERS) throw new Error(`${prefixes.length} prefixes are more than the ${MOST_FILTERS} that Amazon ECR takes in one rule; make two rules of it`);
  return prefixes.map((filter) => ({ filter: refuseNoFilter(filter), filterType: 'PREFIX_MATCH' }));
}

function refuseNoFilter(prefix: string): string {
  requireLiteral(prefix, 'a repository prefix', 'write it as a string');
  if (prefix.length >= 2 && prefix.length <= 256 && FILTER.test(prefix)) return prefix;
  throw new Error(`${quote(prefix)} cannot be a prefix of repositories: it is 2 to 256 lower-case letters, digits, "/", ".", "_" or "-"; write for example "mirror/"`);
}

/**
 * Where images are replicated to.
 */
export interface ReplicationDestination {
  /**
   * The Region, for example `eu-central-1`.
   */
  readonly region: string;

  /**
   * The account, 12 digits. Another than the mirror's needs a `MirrorReplicationDestination` there.
   *
   * @default - the mirror's account
   */
  readonly account?: string;
}

/**
 * One rule of the replication of an account's registry in one Region.
 */
export interface ReplicationRule {
  /**
   * Where images are replicated to.
   */
  readonly destinations: ReplicationDestination[];

  /**
   * What the names of the repositories start with; each is compared letter by letter, so that `prod` stands for `production/app` too. At most 100.
   *
   * @default - all repositories
   */
  readonly repositoryPrefixes?: string[];
}
