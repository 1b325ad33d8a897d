import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { CachePrefixes, PullThroughUpstream, ROOT } from '../../image/pull-through';

/** What Amazon ECR does with both sides: it reads upstream, and follows what it copies. */
const IMPORT_ACTIONS = ['ecr:BatchGetImage', 'ecr:BatchImportUpstreamImage', 'ecr:GetDownloadUrlForLayer', 'ecr:GetImageCopyStatus'];

/** What it does with the cache alone. */
const CACHE_ACTIONS = ['ecr:CompleteLayerUpload', 'ecr:InitiateLayerUpload', 'ecr:PutImage', 'ecr:UploadLayerPart'];

/**
 * Defines the role with which Amazon ECR pulls from the Amazon ECR of another account.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html
 */
export function defineUpstreamRole(scope: Construct, id: string, upstream: PullThroughUpstream, prefixes: CachePrefixes): iam.Role {
  const stack = Stack.of(scope);
  const arn = (prefix: string, place: { account?: string; region?: string } = {}) =>
    stack.formatArn({ service: 'ecr', resource: 'repository', resourceName: prefix === ROOT ? '*' : `${prefix}/*`, ...place });
  const cache = arn(prefixes.repositoryPrefix);
  const source = arn(prefixes.upstreamRepositoryPrefix, { account: upstream.account, region: upstream.region });
  return new iam.Role(scope, id, {
    description: `Amazon ECR, when it pulls from ${upstream.registry}`,
    // No conditions: which keys Amazon ECR sends along when it takes the role is not documented.
    assumedBy: new iam.ServicePrincipal('pullthroughcache.ecr.amazonaws.com'),
    inlinePolicies: {
      PullThroughCache: new iam.PolicyDocument({
        statements: [
          // The action knows no resource.
          new iam.PolicyStatement({ actions: ['ecr:GetAuthorizationToken'], resources: ['*'] }),
          new iam.PolicyStatement({ actions: IMPORT_ACTIONS, resources: [source, cache] }),
          new iam.PolicyStatement({ actions: CACHE_ACTIONS, resources: [cache] }),
        ],
      }),
    },
  });
}
