import { Annotations, AspectPriority, Aspects } from 'aws-cdk-lib';
import { Construct, IConstruct } from 'constructs';
import { quote } from '../../image/image-reference';

/**
 * Warns of repositories of the mirror that no rule replicates, because their owner chose names of another prefix.
 *
 * @param resource the replication configuration
 * @param names the names of such repositories, asked when all images were added
 */
export function watchOtherRepositories(resource: Construct, names: () => readonly string[]): void {
  const visit = (node: IConstruct) => {
    if (node === resource && names().length > 0) warn(resource, names());
  };
  Aspects.of(resource).add({ visit }, { priority: AspectPriority.READONLY });
}

function warn(resource: Construct, names: readonly string[]): void {
  Annotations.of(resource).addWarningV2(
    'cdk-ecr-mirror:MirrorReplication.otherRepositories',
    `${names.map(quote).join(', ')} ${names.length === 1 ? 'is' : 'are'} in the mirror and not replicated, for no rule has a prefix of the name; name them in otherRules`,
  );
}
