import { Annotations, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct } from 'constructs';
import { renderRules, ReplicationDestination, ReplicationRule } from './replication-rules';
import { quote } from '../image/image-reference';
import { ImageMirror } from '../mirror/image-mirror';
import { onSynthesis } from '../synthesis/aspects';
import { requireSameEnvironment, requireSingletonInRegistry } from '../synthesis/environments';

/**
 * Properties of a `MirrorReplication`.
 */
export interface MirrorReplicationProps {
  /**
   * The mirror whose repositories are replicated: those under its prefix.
   */
  readonly mirror: ImageMirror;

  /**
   * Where they are replicated to, at most 25 places.
   */
  readonly destinations: ReplicationDestination[];

  /**
   * The other rules of the account's registry in this Region, which this construct would otherwise remove: at most 9, with at most 25 places in all.
   *
   * @default - none
   */
  readonly otherRules?: ReplicationRule[];
}

/**
 * Replicates the images of a mirror to other Regions and accounts.
 *
 * **An account has one replication configuration in each Region, and this construct replaces it.** Rules that exist already are gone
 * unless `otherRules` repeats them; when the construct leaves the app, so do all rules. Define it once for each account and Region.
 *
 * Amazon ECR replicates what is pushed after this was defined, and not what was there before. In the mirror's own stack, first copies wait for it.
 *
 * **Replicas are plain repositories.** Immutability, lifecycle, encryption and policies are not replicated. They come from a repository creation
 * template in each destination, `ecr.CfnRepositoryCreationTemplate` with `appliedFor: ['REPLICATION']` and the mirror's prefix, and else they are
 * Amazon ECR's defaults. Leave the tags of replicas mutable where tags of the mirror float. What expires in the mirror stays in the replicas.
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
   * @throws Error when there is no destination, when one is none or is where the mirror is, when there are more rules, destinations or prefixes than
   * Amazon ECR takes, and when the mirror is in another account or Region
   */
  constructor(scope: Construct, id: string, props: MirrorReplicationProps) {
    super(scope, id);
    const { mirror, destinations, otherRules = [] } = props;
    requireSameEnvironment(this, mirror, 'define the replication in the account and Region that it replicates from');
    const { repositoryPrefix, repositories } = mirror._context();
    const rules = renderRules(Stack.of(this), [{ destinations, repositoryPrefixes: [`${repositoryPrefix}/`] }, ...otherRules]);
    const resource = new ecr.CfnReplicationConfiguration(this, 'Resource', { replicationConfiguration: { rules } });
    // What is pushed before is never replicated.
    if (Stack.of(mirror) === Stack.of(this)) mirror.project.node.addDependency(resource);
    this.node.addValidation({ validate: () => requireSingletonInRegistry(resource, 'replication configuration', 'merge them into one with otherRules') });
    const prefixes = [`${repositoryPrefix}/`, ...otherRules.flatMap(({ repositoryPrefixes = [''] }) => repositoryPrefixes)];
    warnAboutOtherRepositories(resource, () => repositories.literalNames().filter((name) => !prefixes.some((prefix) => name.startsWith(prefix))));
  }
}

/**
 * Warns of repositories of the mirror that no rule replicates, because their owner chose names of another prefix.
 *
 * @param resource the replication configuration
 * @param names the names of such repositories, asked when all images were added
 */
export function warnAboutOtherRepositories(resource: Construct, names: () => readonly string[]): void {
  onSynthesis(resource, () => {
    if (names().length > 0) warn(resource, names());
  });
}

function warn(resource: Construct, names: readonly string[]): void {
  Annotations.of(resource).addWarningV2(
    'cdk-ecr-mirror:MirrorReplication.otherRepositories',
    `${names.map(quote).join(', ')} ${names.length === 1 ? 'is' : 'are'} in the mirror and not replicated, for no rule has a prefix of the name; name them in otherRules`,
  );
}
