import { Stack } from 'aws-cdk-lib';
import { Construct, IConstruct } from 'constructs';
import { quote } from '../../image/image-reference';
import { isSameRegistry } from '../same-environment';

/** What Amazon ECR has one of for each prefix in an account and Region. */
export type PrefixUse = 'pull-through cache rule' | 'repository creation template';

interface Claim {
  readonly use: PrefixUse;
  readonly prefix: string;
  readonly claimant: Construct;
}

/** All claims of an app, by its root. */
const CLAIMS = new WeakMap<IConstruct, Claim[]>();

/**
 * Takes a prefix for a cache.
 *
 * @param remedy what to do when it is taken
 * @throws Error when another cache of the app has taken it, in a place that is known to be the same account and Region
 */
export function claimPrefix(claimant: Construct, use: PrefixUse, prefix: string, remedy: string): void {
  const claims = CLAIMS.get(claimant.node.root) ?? [];
  const twin = claims.find((claim) => claim.use === use && claim.prefix === prefix && isSameRegistry(Stack.of(claim.claimant), Stack.of(claimant)));
  if (twin !== undefined) {
    throw new Error(`the prefix ${quote(prefix)} has a ${use} already, which ${quote(twin.claimant.node.path)} defines, and Amazon ECR takes one in an account and Region; ${remedy}`);
  }
  CLAIMS.set(claimant.node.root, [...claims, { use, prefix, claimant }]);
}
