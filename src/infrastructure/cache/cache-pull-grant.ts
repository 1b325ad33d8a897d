import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';

/** What a pull takes beside the pull, so that Amazon ECR fetches the image or brings it up to date. */
export const IMPORT_ACTION = 'ecr:BatchImportUpstreamImage';

const PULL_ACTIONS = ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'];

/**
 * Lets somebody pull from repositories of a cache, those included that do not exist yet: the first pull creates them.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html
 */
export function grantCachePull(grantee: iam.IGrantable, repositoryArns: string[]): iam.Grant {
  ecr.AuthorizationToken.grantRead(grantee);
  return iam.Grant.addToPrincipal({ grantee, actions: [...PULL_ACTIONS, IMPORT_ACTION, 'ecr:CreateRepository'], resourceArns: repositoryArns });
}
