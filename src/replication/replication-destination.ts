import { Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { quote } from '../image/sanitize';
import { DEFAULT_REPOSITORY_PREFIX, repositoryNameProblem } from '../image/repository-name';
import { requireAccountId } from '../repositories/pull-grants';
import { requireSingletonInRegistry } from '../synthesis/environments';
import { requireLiteral } from '../synthesis/literal';

/**
 * Properties of a `MirrorReplicationDestination`.
 */
export interface MirrorReplicationDestinationProps {
  /**
   * The accounts whose mirrors are replicated to here, each 12 digits.
   */
  readonly sourceAccounts: string[];

  /**
   * What the names of the mirrors' repositories start with, without a final slash: the mirrors' `repositoryPrefix`.
   *
   * @default 'mirror'
   */
  readonly repositoryPrefix?: string;

  /**
   * Further statements of the policy of the account's registry in this Region, which this construct would otherwise remove.
   *
   * @default - none
   */
  readonly otherStatements?: iam.PolicyStatement[];
}

/**
 * Lets the `MirrorReplication` of other accounts replicate to this account and Region. Within one account it is not needed.
 *
 * **An account has one registry policy in each Region, and this construct replaces it.** Statements that exist already are gone
 * unless `otherStatements` repeats them. Define it once for each account and Region.
 *
 * ```ts
 * new MirrorReplicationDestination(this, 'Replicas', { sourceAccounts: ['111122223333'] });
 * ```
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-create-replication.html
 */
export class MirrorReplicationDestination extends Construct {
  /**
   * @throws Error when there is no account, when one is no account's id, and when no repository's name can start with the prefix
   */
  constructor(scope: Construct, id: string, props: MirrorReplicationDestinationProps) {
    super(scope, id);
    const { sourceAccounts, repositoryPrefix = DEFAULT_REPOSITORY_PREFIX, otherStatements = [] } = props;
    if (sourceAccounts.length === 0) throw new Error('sourceAccounts is an empty list; write the accounts whose mirrors are replicated to here');
    for (const account of sourceAccounts) requireAccountId(account);
    refusePrefix(repositoryPrefix);
    const replicate = new iam.PolicyStatement({
      principals: [...new Set(sourceAccounts)].sort().map((account) => new iam.AccountPrincipal(account)),
      actions: ['ecr:CreateRepository', 'ecr:ReplicateImage'],
      resources: [Stack.of(this).formatArn({ service: 'ecr', resource: 'repository', resourceName: `${repositoryPrefix}/*` })],
    });
    const policyText = new iam.PolicyDocument({ statements: [replicate, ...otherStatements] });
    const resource = new ecr.CfnRegistryPolicy(this, 'Resource', { policyText });
    this.node.addValidation({ validate: () => requireSingletonInRegistry(resource, 'registry policy', 'merge them into one with otherStatements') });
  }
}

function refusePrefix(prefix: string): void {
  requireLiteral(prefix, 'repositoryPrefix', 'write it as a string, for example "mirror"');
  const problem = repositoryNameProblem(prefix);
  if (problem) throw new Error(`repositoryPrefix ${quote(prefix)} cannot be the start of a repository's name: ${problem}`);
}
