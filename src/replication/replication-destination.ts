import { Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { DEFAULT_REPOSITORY_PREFIX, repositoryNameProblem } from '../image/repository-name';
import { quote } from '../image/sanitize';
import { ACCOUNT_IDS, requireAccountId } from '../repositories/pull-grants';
import { repositoryArn } from '../repositories/repository-arns';
import { singletonProblems } from '../synthesis/environments';
import { requireLiteral } from '../synthesis/literal';
import { mapAll, requireShape } from '../synthesis/shapes';

/**
 * Properties of a `MirrorReplicationDestination`.
 */
export interface MirrorReplicationDestinationProps {
  /**
   * The account IDs of the mirrors that replicate to this account and Region, 12 digits each.
   */
  readonly sourceAccounts: string[];

  /**
   * The `repositoryPrefix` of the mirrors, without a final slash.
   *
   * @default 'mirror'
   */
  readonly repositoryPrefix?: string;

  /**
   * Other statements of the registry policy of this account and Region. The construct removes existing statements that are not listed here.
   *
   * @default - none
   */
  readonly otherStatements?: iam.PolicyStatement[];
}

/**
 * The registry policy that allows the `MirrorReplication` of other accounts to replicate to this account and Region.
 * Replication within one account doesn't need it.
 *
 * **An account has one registry policy in each Region, and this construct replaces it.** It removes existing statements, except those that
 * `otherStatements` repeats. Define it once for each account and Region.
 *
 * ```ts
 * new MirrorReplicationDestination(this, 'Replicas', { sourceAccounts: ['111122223333'] });
 * ```
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-create-replication.html
 */
export class MirrorReplicationDestination extends Construct {
  /**
   * @throws Error when there are no accounts, when an account ID is not valid, and when the prefix is not valid
   */
  constructor(scope: Construct, id: string, props: MirrorReplicationDestinationProps) {
    super(scope, id);
    const { sourceAccounts, repositoryPrefix = DEFAULT_REPOSITORY_PREFIX, otherStatements = [] } = props;
    requireShape('sourceAccounts', sourceAccounts, ACCOUNT_IDS);
    if (sourceAccounts.length === 0) throw new Error('sourceAccounts is empty; add the accounts of the mirrors');
    mapAll('sourceAccounts', sourceAccounts, requireAccountId);
    requirePrefix(repositoryPrefix);
    const replicate = new iam.PolicyStatement({
      principals: [...new Set(sourceAccounts)].sort().map((account) => new iam.AccountPrincipal(account)),
      actions: ['ecr:CreateRepository', 'ecr:ReplicateImage'],
      resources: [repositoryArn(Stack.of(this), `${repositoryPrefix}/*`)],
    });
    const policyText = new iam.PolicyDocument({ statements: [replicate, ...otherStatements] });
    const resource = new ecr.CfnRegistryPolicy(this, 'Resource', { policyText });
    this.node.addValidation({ validate: () => singletonProblems(resource, 'registry policy', 'merge them into one with otherStatements') });
  }
}

/** @throws Error when the prefix is not valid, or not known at synthesis */
export function requirePrefix(prefix: string): void {
  const problem = repositoryNameProblem(requireLiteral(prefix, 'repositoryPrefix', 'write it as a string, for example "mirror"'));
  if (problem) throw new Error(`repositoryPrefix ${quote(prefix)} is not valid: ${problem}`);
}
