/** Two caches: one without credentials, and one with credentials of an existing secret. */
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { scenario } from './scenario';
import { CacheCredentials, PullThroughCache, UpstreamRegistry } from '../../src';

scenario('PullThroughCache', (stack) => {
  const publicImages = new PullThroughCache(stack, 'EcrPublic', { upstream: UpstreamRegistry.ECR_PUBLIC });
  const task = new ecs.FargateTaskDefinition(stack, 'Task');
  task.addContainer('Web', { image: publicImages.toContainerImage('public.ecr.aws/nginx/nginx:stable') });

  const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'ecr-pullthroughcache/docker-hub');
  const dockerHub = new PullThroughCache(stack, 'DockerHub', {
    upstream: UpstreamRegistry.DOCKER_HUB,
    credentials: CacheCredentials.fromSecret(secret),
  });
  dockerHub.grantPull(new iam.Role(stack, 'Developers', { assumedBy: new iam.AccountRootPrincipal() }));
});
