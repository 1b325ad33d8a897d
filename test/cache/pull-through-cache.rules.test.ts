/** A cache and a rule of the CDK in one app, for example while the cache replaces the rule. */
import { App, Aws, CfnCondition, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { PullThroughCache, UpstreamRegistry } from '../../src';

const ENV = { account: '111122223333', region: 'eu-west-1' };

function appWithRule(env: { account: string; region: string }, ecrRepositoryPrefix = 'quay'): { app: App; resource: ecr.CfnPullThroughCacheRule } {
  const app = new App();
  new PullThroughCache(new Stack(app, 'Stack', { env: ENV }), 'Cache', { upstream: UpstreamRegistry.QUAY });
  const other = new Stack(app, 'Other', { env });
  return { app, resource: new ecr.CfnPullThroughCacheRule(other, 'Old', { ecrRepositoryPrefix, upstreamRegistryUrl: 'quay.io' }) };
}

test('fail with one prefix in one account and Region', () => {
  expect(() => appWithRule(ENV).app.synth()).toThrow('the prefix "quay" already has a pull-through cache rule, which "Other/Old" defines, '
    + 'but Amazon ECR allows one in an account and Region; set another repositoryPrefix, or remove that rule and deploy');
});

test.each([
  ['with other prefixes', () => appWithRule(ENV, 'old')],
  ['with a prefix that is not known at synthesis', () => appWithRule(ENV, Aws.STACK_NAME)],
  ['in different Regions', () => appWithRule({ ...ENV, region: 'eu-central-1' })],
])('are possible %s', (_, create) => {
  expect(() => create().app.synth()).not.toThrow();
});

test('are possible if the rule has a condition', () => {
  const { app, resource } = appWithRule(ENV);
  resource.cfnOptions.condition = new CfnCondition(resource.stack, 'HasOld');
  expect(() => app.synth()).not.toThrow();
});
