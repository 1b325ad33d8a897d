import { runSimulation } from '@cloud-copilot/iam-simulate';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { CreationTemplate, PullThroughCache, UpstreamRegistry } from '../../src';
import { COMMERCIAL, TemplateResolver } from '../support/template-resolver';

const { account, region } = COMMERCIAL;
const IMAGE = 'quay.io/prometheus/prometheus:v2.53.0';

/** One call that a role makes. */
interface Call {
  readonly action: string;
  readonly resource: string;
}

/** A deployed cache with everybody who pulls from it. */
function deployCaches() {
  const stack = new Stack(new App(), 'Stack');
  const cache = new PullThroughCache(stack, 'Cache', { upstream: UpstreamRegistry.QUAY, creationTemplate: CreationTemplate.of({ repositoryTags: { team: 'platform' } }) });
  const role = (id: string) => new iam.Role(stack, id, { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
  cache.grantPull(role('PullsAll'));
  cache.grantPull(role('PullsOne'), IMAGE, 'quay.io/prometheus/prometheus:v2.52.0');
  cache.repository(IMAGE).grantPull(role('PullsRepository'));
  new ecs.FargateTaskDefinition(stack, 'Task').addContainer('web', { image: cache.toContainerImage(IMAGE) });
  new codebuild.Project(stack, 'Project', { environment: { buildImage: cache.toBuildImage(IMAGE) }, buildSpec: codebuild.BuildSpec.fromObject({ version: '0.2' }) });
  const root = new PullThroughCache(stack, 'Root', { upstream: UpstreamRegistry.KUBERNETES, repositoryPrefix: 'ROOT', creationTemplate: CreationTemplate.none() });
  root.grantPull(role('PullsRoot'));
  new PullThroughCache(stack, 'Upstream', { upstream: UpstreamRegistry.ecr('444455556666', 'us-east-1'), upstreamRepositoryPrefix: 'team' });
  return new TemplateResolver(Template.fromStack(stack).toJSON());
}

const deployed = deployCaches();

function repository(name: string, place = `${region}:${account}`) {
  return `arn:aws:ecr:${place}:repository/${name}`;
}

/** Whether the policies of the role whose logical id starts so, and nothing else, allow a call. */
async function judge(roleName: string, { action, resource }: Call): Promise<string> {
  const [roleId, ...others] = deployed.ids('AWS::IAM::Role').filter((id) => id.startsWith(roleName));
  expect(others).toEqual([]);
  const attached = deployed.ids('AWS::IAM::Policy').map((id) => deployed.properties(id)).filter(({ Roles }) => JSON.stringify(Roles).includes(roleId));
  const inline: Record<string, unknown>[] = deployed.properties(roleId).Policies ?? [];
  const response = await runSimulation({
    identityPolicies: [...inline, ...attached].map(({ PolicyName, PolicyDocument }) => ({ name: String(PolicyName), policy: PolicyDocument })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    request: { action, principal: deployed.arn(roleId), resource: { resource, accountId: resource.split(':')[4] || account }, contextVariables: {} },
  }, {});
  if (response.resultType === 'error') throw new Error(`the simulator refuses ${action} on ${resource}: ${JSON.stringify(response.errors)}`);
  return response.overallResult;
}

const PULL = ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchImportUpstreamImage', 'ecr:CreateRepository'];
const PROMETHEUS = 'quay/prometheus/prometheus';
const EXACTLY_ONE = ['PullsOne', 'PullsRepository', 'TaskExecutionRole', 'ProjectRole'];

describe('whoever may pull', () => {
  test.each(['PullsAll', ...EXACTLY_ONE])('may do what the first pull of an image does: %s', async (role) => {
    for (const action of PULL) expect([action, await judge(role, { action, resource: repository(PROMETHEUS) })]).toEqual([action, 'Allowed']);
    expect(await judge(role, { action: 'ecr:GetAuthorizationToken', resource: '*' })).toBe('Allowed');
  });

  test.each(['PullsAll', ...EXACTLY_ONE])('may neither push nor delete nor change settings: %s', async (role) => {
    const actions = [
      'ecr:PutImage', 'ecr:InitiateLayerUpload', 'ecr:UploadLayerPart', 'ecr:CompleteLayerUpload', 'ecr:BatchDeleteImage', 'ecr:DeleteRepository',
      'ecr:SetRepositoryPolicy', 'ecr:PutLifecyclePolicy', 'ecr:PutImageTagMutability', 'ecr:TagResource',
    ];
    for (const action of actions) expect([action, await judge(role, { action, resource: repository(PROMETHEUS) })]).toEqual([action, 'ImplicitlyDenied']);
    expect(await judge(role, { action: 'ecr:CreatePullThroughCacheRule', resource: '*' })).toBe('ImplicitlyDenied');
    expect(await judge(role, { action: 'ecr:PutRegistryPolicy', resource: '*' })).toBe('ImplicitlyDenied');
  });

  test.each(['PullsAll', ...EXACTLY_ONE])('may do nothing with repositories that are not of the cache: %s', async (role) => {
    const elsewhere = [
      repository('quay'), repository('quayside/prometheus/prometheus'), repository('mirror/quay/prometheus/prometheus'), repository('production/app'),
      repository(PROMETHEUS, `us-east-1:${account}`), repository(PROMETHEUS, `${region}:444455556666`),
    ];
    for (const resource of elsewhere) {
      for (const action of PULL) expect([action, resource, await judge(role, { action, resource })]).toEqual([action, resource, 'ImplicitlyDenied']);
    }
  });

  test.each(EXACTLY_ONE)('one image may pull no other: %s', async (role) => {
    for (const name of ['quay/argoproj/argocd', `${PROMETHEUS}-operator`, `${PROMETHEUS}/operator`]) {
      for (const action of PULL) expect([name, action, await judge(role, { action, resource: repository(name) })]).toEqual([name, action, 'ImplicitlyDenied']);
    }
  });

  test('everything may pull every image of the cache', async () => {
    for (const action of PULL) expect([action, await judge('PullsAll', { action, resource: repository('quay/argoproj/argocd') })]).toEqual([action, 'Allowed']);
  });

  test('from a cache of all repositories may pull from all, and still not push', async () => {
    for (const action of PULL) expect([action, await judge('PullsRoot', { action, resource: repository('coredns/coredns') })]).toEqual([action, 'Allowed']);
    expect(await judge('PullsRoot', { action: 'ecr:PutImage', resource: repository('coredns/coredns') })).toBe('ImplicitlyDenied');
  });
});

describe('the role that creates repositories', () => {
  test('may create and tag those of the cache, and nothing else', async () => {
    for (const action of ['ecr:CreateRepository', 'ecr:TagResource']) {
      expect([action, await judge('CacheTemplateRole', { action, resource: repository(PROMETHEUS) })]).toEqual([action, 'Allowed']);
      expect([action, await judge('CacheTemplateRole', { action, resource: repository('production/app') })]).toEqual([action, 'ImplicitlyDenied']);
    }
    for (const action of ['ecr:PutImage', 'ecr:BatchGetImage', 'ecr:DeleteRepository', 'ecr:SetRepositoryPolicy']) {
      expect([action, await judge('CacheTemplateRole', { action, resource: repository(PROMETHEUS) })]).toEqual([action, 'ImplicitlyDenied']);
    }
  });
});

describe('the role that pulls from another account', () => {
  const READ = ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchImportUpstreamImage', 'ecr:GetImageCopyStatus'];
  const WRITE = ['ecr:InitiateLayerUpload', 'ecr:UploadLayerPart', 'ecr:CompleteLayerUpload', 'ecr:PutImage'];
  const cached = repository('ecr-444455556666/app');

  test('may write to the repositories of the cache, and to no others', async () => {
    for (const action of [...READ, ...WRITE]) expect([action, await judge('UpstreamUpstreamRole', { action, resource: cached })]).toEqual([action, 'Allowed']);
    for (const action of WRITE) {
      for (const resource of [repository('production/app'), repository('team/app', 'us-east-1:444455556666')]) {
        expect([action, resource, await judge('UpstreamUpstreamRole', { action, resource })]).toEqual([action, resource, 'ImplicitlyDenied']);
      }
    }
  });

  test('reads the part of the registry that the cache serves, and no other', async () => {
    const policies = deployed.properties(deployed.ids('AWS::IAM::Role').find((id) => id.startsWith('UpstreamUpstreamRole'))!).Policies;
    const reading = policies[0].PolicyDocument.Statement.filter(({ Action }: { Action: string[] }) => Action.includes('ecr:BatchGetImage'));
    expect(reading.map(({ Resource }: { Resource: string[] }) => Resource)).toEqual([[repository('team/*', 'us-east-1:444455556666'), repository('ecr-444455556666/*')]]);
  });

  test('may delete nothing', async () => {
    for (const action of ['ecr:BatchDeleteImage', 'ecr:DeleteRepository']) {
      expect([action, await judge('UpstreamUpstreamRole', { action, resource: cached })]).toEqual([action, 'ImplicitlyDenied']);
    }
  });
});
