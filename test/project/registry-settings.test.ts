/** Settings of upstream registries. */
import { App, Lazy, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { ImageMirror, ImageMirrorProps, MirrorCompute, RegistryCredentials, RegistrySettings, TagFilter } from '../../src';
import { readUpstreamSettings } from '../../src/engine/registry/upstream-settings';
import { mirrorStack } from '../support/mirror-stack';
import { judgeCall, rolePolicies } from '../support/policy-simulator';
import { COMMERCIAL, TemplateResolver } from '../support/template-resolver';

const ENDPOINT = 'artifactory.example.com/docker-remote';
const HUB = RegistrySettings.of('docker.io', { endpoint: ENDPOINT });
const CACHE = '111122223333.dkr.ecr.eu-west-1.amazonaws.com';

function variableOf(template: TemplateResolver, project: string): string | undefined {
  const id = template.ids('AWS::CodeBuild::Project').find((one) => one.startsWith(project))!;
  const variables: { Name: string; Value: string }[] = template.properties(id).Environment.EnvironmentVariables;
  return variables.find(({ Name }) => Name === 'MIRROR_REGISTRIES')?.Value;
}

function warnings(props: ImageMirrorProps, region: string, id: string): string[] {
  const stack = new Stack(new App(), 'Platform', { env: { account: '111122223333', region } });
  new ImageMirror(stack, 'Mirror', props);
  return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp(`ImageMirror.${id}`)).map(({ entry }) => String(entry.data));
}

const secret = () => secretsmanager.Secret.fromSecretNameV2(new Stack(new App(), 'Other'), 'Secret', 'token');

test('builds that mirror images read the endpoint, and builds of customized images do not', () => {
  const { mirror, deploy } = mirrorStack({ images: ['nginx:stable'], registries: [HUB] });
  mirror.addImage('redis:7.0.1', { dockerfileLines: ['ENV A=1'] });
  const template = deploy();
  const value = variableOf(template, 'MirrorProject')!;
  expect(JSON.parse(value)).toEqual([{ registry: 'docker.io', endpoint: ENDPOINT }]);
  expect(readUpstreamSettings(value).locate({ registry: 'docker.io', repository: 'library/nginx' })).toEqual({
    registry: 'artifactory.example.com', repository: 'docker-remote/library/nginx',
  });
  expect(variableOf(template, 'MirrorCustomImages')).toBeUndefined();
});

test('names, repositories, and schedules are the same as without an endpoint', () => {
  const define = (props: ImageMirrorProps) => {
    const { mirror, deploy } = mirrorStack({ images: ['nginx:stable', 'grafana/grafana:11.1.0'], ...props });
    const template = deploy();
    return [mirror.images.map(({ source }) => source), ['AWS::ECR::Repository', 'AWS::Scheduler::Schedule'].map((type) => template.ids(type).map((id) => [id, template.properties(id)]))];
  };
  expect(define({ registries: [HUB] })).toEqual(define({}));
});

test('without settings there is no variable', () => {
  expect(variableOf(mirrorStack({ images: ['nginx:stable'] }).deploy(), 'MirrorProject')).toBeUndefined();
  expect(variableOf(mirrorStack({ images: ['nginx:stable'], registries: [] }).deploy(), 'MirrorProject')).toBeUndefined();
});

test('spellings are normalized', () => {
  expect(RegistrySettings.of('index.docker.io', { endpoint: 'Artifactory.Example.com:8443/docker-remote' }))
    .toMatchObject({ registry: 'docker.io', endpoint: 'artifactory.example.com:8443/docker-remote' });
});

describe('errors', () => {
  test.each([
    ['', '"" is not a valid registry host'],
    ['https://docker.io', '"https://docker.io" is not a valid registry host'],
    ['docker.io/library', '"docker.io/library" is not a valid registry host'],
  ])('the registry %j', (registry, message) => {
    expect(() => RegistrySettings.of(registry, { endpoint: ENDPOINT })).toThrow(message);
  });

  test.each([
    ['http://artifactory.example.com', 'must have no scheme, because builds always use HTTPS'],
    ['https://artifactory.example.com/docker-remote', 'must have no scheme, because builds always use HTTPS'],
    ['artifactory.example.com/', 'is not valid'],
    ['docker-remote', 'is not valid'],
    ['artifactory.example.com/Docker', 'is not valid'],
    ['artifactory.example.com/a:b', 'is not valid'],
    ['index.docker.io/other', 'is the registry itself'],
  ])('the endpoint %j', (endpoint, message) => {
    expect(() => RegistrySettings.of('docker.io', { endpoint })).toThrow(message);
  });

  test('never contain a password', () => {
    const attempt = () => RegistrySettings.of('docker.io', { endpoint: 'https://user:hunter2@artifactory.example.com' });
    expect(attempt).toThrow('the endpoint "https://***@artifactory.example.com"');
  });

  test('are about tokens, which builds could not validate', () => {
    expect(() => RegistrySettings.of('docker.io', { endpoint: Lazy.string({ produce: () => ENDPOINT }) })).toThrow('endpoint must be known at synthesis');
  });

  test('are about settings without an option', () => {
    expect(() => RegistrySettings.of('docker.io', {})).toThrow('the settings for the registry "docker.io" are empty');
  });

  test('are about a registry with two settings', () => {
    expect(() => mirrorStack({ registries: [HUB, RegistrySettings.of('docker.io', { endpoint: 'other.example.com' })] })).toThrow('the registry "docker.io" has two settings');
  });

  test('are about endpoints in a row', () => {
    const other = RegistrySettings.of('artifactory.example.com', { endpoint: 'other.example.com' });
    expect(() => mirrorStack({ registries: [HUB, other] })).toThrow('is on a registry that has an endpoint too');
  });

  test('are about credentials that builds never use', () => {
    expect(() => mirrorStack({ registries: [HUB], credentials: [RegistryCredentials.dockerHub(secret())] }))
      .toThrow(`the credentials for "docker.io" have no effect, because builds pull from the endpoint "${ENDPOINT}"; set credentials for "artifactory.example.com"`);
    expect(() => mirrorStack({ registries: [HUB], credentials: [RegistryCredentials.fromSecret(ENDPOINT, secret())] })).not.toThrow();
  });
});

describe('a limit of requests', () => {
  test('is in the variable of the builds that mirror images, without an endpoint', () => {
    const value = variableOf(mirrorStack({ images: ['nginx:stable'], registries: [RegistrySettings.of('docker.io', { requestsPerSecond: 5 })] }).deploy(), 'MirrorProject')!;
    expect(JSON.parse(value)).toEqual([{ registry: 'docker.io', requestsPerSecond: 5 }]);
    expect(readUpstreamSettings(value).requestRate('docker.io')).toBeDefined();
    expect(readUpstreamSettings(value).locate({ registry: 'docker.io', repository: 'library/nginx' })).toEqual({ registry: 'docker.io', repository: 'library/nginx' });
  });

  test('can be for the registry of an endpoint, and the engine accepts both settings', () => {
    const registries = [HUB, RegistrySettings.of('artifactory.example.com', { requestsPerSecond: 1000 })];
    const value = variableOf(mirrorStack({ images: ['nginx:stable'], registries }).deploy(), 'MirrorProject')!;
    expect(readUpstreamSettings(value).requestRate('artifactory.example.com')).toBeDefined();
    expect(readUpstreamSettings(value).requestRate('docker.io')).toBeUndefined();
  });

  test.each([0, -1, 1001, 1.5, NaN, Infinity, '5' as unknown as number, null as unknown as number])('of %p is an error', (requestsPerSecond) => {
    expect(() => RegistrySettings.of('docker.io', { requestsPerSecond })).toThrow(/^requestsPerSecond of "docker.io" is .*; it must be a whole number, 1 to 1000$/);
  });

  test('must be known at synthesis', () => {
    const requestsPerSecond = Lazy.number({ produce: () => 5 });
    expect(() => RegistrySettings.of('docker.io', { requestsPerSecond })).toThrow('requestsPerSecond of "docker.io" must be known at synthesis');
  });

  test('has no effect on a registry with another endpoint, so it is an error', () => {
    expect(() => RegistrySettings.of('docker.io', { requestsPerSecond: 5, endpoint: ENDPOINT }))
      .toThrow('requestsPerSecond of "docker.io" has no effect, because builds pull from the endpoint; set requestsPerSecond in the settings for the registry of the endpoint');
  });
});

describe('a reserve of pulls', () => {
  test.each([0, 40, 100_000])('of %d is in the variable of the builds that mirror images, also with a limit of requests', (reservedPulls) => {
    const registries = [RegistrySettings.of('index.docker.io', { reservedPulls, requestsPerSecond: 5 })];
    const value = variableOf(mirrorStack({ images: ['nginx:stable'], registries }).deploy(), 'MirrorProject')!;
    expect(JSON.parse(value)).toEqual([{ registry: 'docker.io', requestsPerSecond: 5, reservedPulls }]);
    expect(readUpstreamSettings(value).pullReserve('docker.io')?.reserved).toBe(reservedPulls);
  });

  test.each([-1, 100_001, 1.5, NaN, '5' as unknown as number])('of %p is an error', (reservedPulls) => {
    expect(() => RegistrySettings.of('docker.io', { reservedPulls })).toThrow(/^reservedPulls of "docker.io" is .*; it must be a whole number, 0 to 100000$/);
  });

  test('must be known at synthesis', () => {
    expect(() => RegistrySettings.of('docker.io', { reservedPulls: Lazy.number({ produce: () => 5 }) })).toThrow('must be known at synthesis');
  });

  test('for another registry than Docker Hub is an error', () => {
    expect(() => RegistrySettings.of('quay.io', { reservedPulls: 5 })).toThrow('reservedPulls is set for "quay.io", but only Docker Hub counts pulls');
  });

  test('with another endpoint is an error', () => {
    expect(() => RegistrySettings.of('docker.io', { reservedPulls: 5, endpoint: ENDPOINT })).toThrow('only Docker Hub counts pulls; remove reservedPulls or the endpoint');
  });
});

describe('a pull-through cache of Amazon ECR as the endpoint', () => {
  const judge = (template: TemplateResolver, action: string, repository: string) => {
    const role = template.ids('AWS::IAM::Role').find((id) => /^MirrorBuildRole/.test(id))!;
    const resource = `arn:aws:ecr:eu-west-1:${COMMERCIAL.account}:repository/${repository}`;
    return judgeCall({ principal: template.arn(role), action, resource, account: COMMERCIAL.account }, { identity: rolePolicies(template, role) });
  };

  test('allows builds to pull, import, and list exactly the repositories of their images', async () => {
    const { mirror, deploy } = mirrorStack({ images: ['nginx:stable'], registries: [RegistrySettings.of('docker.io', { endpoint: `${CACHE}/docker-hub` })] });
    mirror.addImage('redis', { tags: TagFilter.semver('>=7', { latest: 2 }) });
    mirror.addImage('quay.io/a/b:1');
    const template = deploy();
    const actions = ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchImportUpstreamImage', 'ecr:CreateRepository'];
    for (const action of actions) {
      expect([action, await judge(template, action, 'docker-hub/library/nginx')]).toEqual([action, 'Allowed']);
      expect([action, await judge(template, action, 'docker-hub/library/other')]).toEqual([action, 'ImplicitlyDenied']);
    }
    expect(await judge(template, 'ecr:PutImage', 'docker-hub/library/nginx')).toBe('ImplicitlyDenied');
    expect(await judge(template, 'ecr:ListImages', 'docker-hub/library/redis')).toBe('Allowed');
    expect(await judge(template, 'ecr:ListImages', 'docker-hub/library/nginx')).toBe('ImplicitlyDenied');
  });

  test('an image that the app itself pulls from Amazon ECR is not imported', async () => {
    const template = mirrorStack({ images: [`${CACHE}/app:1`], registries: [RegistrySettings.of('docker.io', { endpoint: `${CACHE}/docker-hub` })] }).deploy();
    expect(await judge(template, 'ecr:BatchGetImage', 'app')).toBe('Allowed');
    expect(await judge(template, 'ecr:BatchImportUpstreamImage', 'app')).toBe('ImplicitlyDenied');
  });
});

describe('warnings are about the endpoint', () => {
  const images = Array.from({ length: 13 }, (_, index) => `team/app${index}:1.0.0`);
  const isolated = (stack: Stack) => new ec2.Vpc(stack, 'Vpc', { maxAzs: 1, natGateways: 0, subnetConfiguration: [{ name: 'isolated', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }] });

  test('the limit of Docker Hub', () => {
    expect(warnings({ images }, 'eu-west-1', 'dockerHubBudget')).toHaveLength(1);
    expect(warnings({ images, registries: [HUB] }, 'eu-west-1', 'dockerHubBudget')).toEqual([]);
  });

  test('registries that are not reachable from China', () => {
    expect(warnings({ images, registries: [HUB] }, 'cn-north-1', 'upstreamsInChina')).toEqual([]);
    const quay = RegistrySettings.of('docker.io', { endpoint: 'quay.io/proxy' });
    expect(warnings({ images, registries: [quay] }, 'cn-north-1', 'upstreamsInChina')).toEqual([expect.stringContaining('often cannot reach quay.io')]);
  });

  test('a VPC without a route to the internet', () => {
    const inVpc = (registries: RegistrySettings[]) => {
      const stack = new Stack(new App(), 'Platform', { env: { account: '111122223333', region: 'eu-west-1' } });
      new ImageMirror(stack, 'Mirror', { images, registries, compute: MirrorCompute.ec2({ vpc: isolated(stack) }) });
      return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('ImageMirror.network')).map(({ entry }) => String(entry.data));
    };
    expect(inVpc([HUB])[0]).toContain('need a NAT gateway or a proxy');
    expect(inVpc([RegistrySettings.of('docker.io', { endpoint: `${CACHE}/docker-hub` })])[0]).not.toContain('need a NAT gateway or a proxy');
  });
});
