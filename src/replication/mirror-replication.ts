import { Annotations, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct } from 'constructs';
import { renderRules, ReplicationDestination, ReplicationRule } from './replication-rules';
import { IImageMirror } from '../declarations/mirror-interfaces';
import { quote } from '../image/sanitize';
import { MirrorBuilds } from '../project/mirror-project';
import { RepositorySet } from '../repositories/repository-set';
import { onSynthesis } from '../synthesis/aspects';
import { requireSameEnvironment, singletonProblems } from '../synthesis/environments';

/**
 * Properties of a `MirrorReplication`.
 */
export interface MirrorReplicationProps {
  /**
   * The mirror. Amazon ECR replicates the repositories under its `repositoryPrefix`.
   */
  readonly mirror: IImageMirror;

  /**
   * The destinations: from 1 to 25.
   */
  readonly destinations: ReplicationDestination[];

  /**
   * Other replication rules of the registry of this account and Region. The construct removes existing rules that are not listed here.
   *
   * Amazon ECR allows at most 9 other rules, and at most 25 different destinations in all rules, including the destinations of the mirror.
   *
   * @default - none
   */
  readonly otherRules?: ReplicationRule[];
}

/**
 * Replicates the images of a mirror to other Regions and accounts.
 *
 * **An account has one replication configuration in each Region, and this construct replaces it.** It removes existing rules, except those that
 * `otherRules` repeats. Removing the construct removes all rules. Define it once for each account and Region.
 *
 * Amazon ECR replicates only images that are pushed after the configuration exists. In the mirror's own stack, the first copies wait for it.
 *
 * **Amazon ECR does not replicate repository settings:** immutability, lifecycle rules, encryption, and policies. To set them, define a
 * `MirrorReplicaTemplate` in each destination. Without it, the defaults of Amazon ECR apply: replicas are mutable, and images never expire.
 * Images that expire in the mirror do not expire in the destinations.
 *
 * ```ts
 * declare const mirror: ImageMirror;
 * new MirrorReplication(this, 'Replication', { mirror, destinations: [{ region: 'us-east-1' }, { region: 'eu-west-1', account: '444455556666' }] });
 * ```
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
 */
export class MirrorReplication extends Construct {
  /**
   * @throws Error when there are no destinations; when a destination is not valid, or is the mirror's own account and Region; when there are more
   * rules, destinations, or prefixes than Amazon ECR allows; and when the mirror is in another account or Region
   */
  constructor(scope: Construct, id: string, props: MirrorReplicationProps) {
    super(scope, id);
    const { mirror, destinations, otherRules = [] } = props;
    requireSameEnvironment(this, mirror, 'define the replication in the account and Region of the mirror');
    const repositories = RepositorySet.of(mirror);
    const ownPrefix = `${repositories.prefix}/`;
    const rules = renderRules(Stack.of(this), [{ destinations, repositoryPrefixes: [ownPrefix] }, ...otherRules]);
    const resource = new ecr.CfnReplicationConfiguration(this, 'Resource', { replicationConfiguration: { rules } });
    // Images that are pushed earlier are never replicated.
    if (Stack.of(mirror) === Stack.of(this)) MirrorBuilds.of(mirror).project.node.addDependency(resource);
    this.node.addValidation({ validate: () => singletonProblems(resource, 'replication configuration', 'merge them into one with otherRules') });
    const prefixes = [ownPrefix, ...otherRules.flatMap(({ repositoryPrefixes = [''] }) => repositoryPrefixes)];
    const namesWithoutRule = () => repositories.literalNames().filter((name) => !prefixes.some((prefix) => name.startsWith(prefix)));
    warnAboutOtherRepositories(resource, namesWithoutRule);
  }
}

/**
 * Adds a warning about repositories of the mirror that no rule replicates, because they have a `repositoryName` with another prefix.
 *
 * @param resource the replication configuration
 * @param names returns the names of these repositories, after all images are added
 */
function warnAboutOtherRepositories(resource: Construct, names: () => readonly string[]): void {
  onSynthesis(resource, () => {
    if (names().length > 0) addRepositoriesWarning(resource, names());
  });
}

function addRepositoriesWarning(resource: Construct, names: readonly string[]): void {
  Annotations.of(resource).addWarningV2(
    'cdk-ecr-mirror:MirrorReplication.otherRepositories',
    `${names.map(quote).join(', ')} ${names.length === 1 ? 'is' : 'are'} in the mirror but not replicated, because no rule has a matching prefix; `
    + 'add a rule to otherRules',
  );
}
