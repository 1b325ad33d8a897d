/**
 * The apps that the offline judges look at: all examples, and one app for each feature that changes what a template contains.
 *
 * A new feature that writes a resource, a policy, a rule, or an input of a schedule belongs into one of these apps.
 */
import * as path from 'node:path';
import { App, Aspects, Duration, RemovalPolicy, SecretValue, Stack, StackProps, Stage } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as signer from 'aws-cdk-lib/aws-signer';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { defineChecked } from './checked-app';
import { defineObserved } from './observed-app';
import {
  CacheCredentials, ComputeArchitecture, CreationTemplate, ImageCatalog, ImageMirror, MirrorCompute, MirroredImage,
  MirroredImagesAspect, MirrorReplicaTemplate, MirrorReplication, MirrorReplicationDestination, OnDeploy, OnTagMoved, PullThroughCache,
  RegistryCredentials, RegistrySettings, TagFilter, TagOrder, UpstreamRegistry,
} from '../../src';

/** Mirrors whose deployments start no builds have a third of the resources, which saves time. */
const WITHOUT_PROVIDER = { onDeploy: OnDeploy.OFF };

const ENVIRONMENT = { account: '111122223333', region: 'eu-west-1' };

/** CloudFormation has no CodeBuild there, which cfn-lint knows. */
export const REGION_WITHOUT_CODEBUILD = 'mx-central-1';

/** An app, and where its templates are deployed. */
export interface JudgedApp {
  readonly name: string;
  /** @param authorityFile a file with a certificate */
  readonly define: (app: App, authorityFile: string) => void;
  /** @default - Regions of all sizes and ages */
  readonly regions?: readonly string[];
}

/** The examples by their files, without extension. They are apps themselves. */
export const EXAMPLES = ['base-image-rebuild', 'customized-image', 'tags-and-platforms', 'sample-app/app', 'workloads/app'].map((name) => ({
  name: `examples/${name}`,
  file: path.join(__dirname, '..', '..', 'examples', name),
}));

export const JUDGED_APPS: readonly JudgedApp[] = [
  { name: 'new-region', define: (app) => { mirrorIn(app, { ...WITHOUT_PROVIDER, images: ['nginx:stable'] }); }, regions: [REGION_WITHOUT_CODEBUILD] },
  { name: 'tags', define: defineTags },
  { name: 'platforms-of-a-mirror', define: definePlatformsOfMirror, regions: [ENVIRONMENT.region] },
  { name: 'credentials-certificates-and-keys', define: defineCredentials },
  { name: 'vpc', define: defineVpc, regions: [ENVIRONMENT.region] },
  { name: 'proxy', define: defineProxy },
  { name: 'endpoints', define: defineEndpoints },
  { name: 'fips', define: (app) => { mirrorIn(app, { images: ['nginx:stable'], fips: true }); }, regions: ['us-east-1'] },
  { name: 'lambda-compute', define: defineLambdaCompute, regions: ['us-east-1', 'us-west-2', 'eu-west-1', 'ap-southeast-2'] },
  { name: 'catalogs', define: defineCatalogs },
  { name: 'encryption', define: defineEncryption },
  { name: 'customized-images', define: defineCustomizedImages },
  { name: 'retention', define: defineRetention, regions: [ENVIRONMENT.region] },
  { name: 'replication', define: defineReplication, regions: [ENVIRONMENT.region] },
  { name: 'pull-through-cache', define: definePullThroughCaches },
  { name: 'observed', define: defineObserved },
  { name: 'checked', define: defineChecked },
  { name: 'many-stacks', define: defineManyStacks },
  { name: 'grouped-runs', define: defineGroupedRuns },
  { name: 'switched-off', define: defineSwitchedOff },
  { name: 'started-by-events', define: defineStartedByEvents },
  { name: 'stages', define: defineStages, regions: [ENVIRONMENT.region] },
  { name: 'consumers', define: defineConsumers, regions: [ENVIRONMENT.region] },
  { name: 'other-teams', define: defineOtherTeams, regions: [ENVIRONMENT.region] },
  { name: 'ecr-upstreams', define: defineEcrUpstreams, regions: [ENVIRONMENT.region] },
  { name: 'china', define: defineChina, regions: ['cn-north-1'] },
];

function mirrorIn(app: App, props: ConstructorParameters<typeof ImageMirror>[2] = { images: ['nginx:stable', 'redis:7.4.0'] }, stackProps: StackProps = {}) {
  const stack = new Stack(app, 'Platform', stackProps);
  return { stack, mirror: new ImageMirror(stack, 'Mirror', props) };
}

function defineTags(app: App): void {
  const { mirror } = mirrorIn(app, { images: ['python:3.12', 'python:3.12.4', 'python@sha256:'.padEnd(78, 'a')], ...WITHOUT_PROVIDER, onTagMoved: OnTagMoved.SUFFIX, lateReferrers: false });
  mirror.addImage('nginx', { tags: TagFilter.semver('>=1.25 <2', { latest: 5 }), platforms: [Platform.LINUX_AMD64, Platform.LINUX_ARM64], referrers: false });
  mirror.addImage('minio/minio', { tags: TagFilter.pattern('RELEASE.*Z', { latest: 5, order: TagOrder.LAST_NUMBER }) });
  mirror.addImage('redis', { tags: TagFilter.pattern('7*-alpine', { exclude: ['*-rc*'] }), schedule: scheduler.ScheduleExpression.rate(Duration.days(7)) });
}

function definePlatformsOfMirror(app: App): void {
  const own = { platforms: [Platform.LINUX_AMD64, Platform.LINUX_ARM64], referrers: false, owner: 'Team Platform' };
  const { stack, mirror } = mirrorIn(app, { ...WITHOUT_PROVIDER, images: ['nginx:stable'], ...own });
  mirror.addImage('busybox:1.37.0', { allPlatforms: true, referrers: true, owner: 'team-tools', expires: '2099-12-31' });
  const list = new ssm.StringListParameter(stack, 'List', { stringListValue: ['grafana/grafana:11.1.0'] });
  mirror.addCatalog('Teams', ImageCatalog.fromParameter(list), { platforms: [Platform.LINUX_ARM64], referrers: true });
}

function defineCredentials(app: App, authorityFile: string): void {
  const stack = new Stack(app, 'Platform');
  const key = new kms.Key(stack, 'Key');
  const secret = new secretsmanager.Secret(stack, 'DockerHub', { encryptionKey: key });
  const byPartialArn = secretsmanager.Secret.fromSecretPartialArn(stack, 'GitHub', 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:github');
  new ImageMirror(stack, 'Mirror', {
    images: ['nginx:stable', 'ghcr.io/stefanprodan/podinfo:6.7.0'],
    credentials: [RegistryCredentials.dockerHub(secret), RegistryCredentials.github(byPartialArn), RegistryCredentials.fromSecret('ghcr.io/team-a', secret)],
    certificateAuthorityPath: authorityFile,
    encryptionKey: key,
    repositoryRemovalPolicy: RemovalPolicy.DESTROY,
    untaggedImageExpiry: Duration.days(7),
    eventBus: new events.EventBus(stack, 'Bus'),
    logRetention: logs.RetentionDays.ONE_WEEK,
    timeWindow: scheduler.TimeWindow.flexible(Duration.minutes(15)),
  });
}

function defineVpc(app: App): void {
  const stack = new Stack(app, 'Platform', { env: ENVIRONMENT });
  const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 });
  new ImageMirror(stack, 'Mirror', {
    ...WITHOUT_PROVIDER,
    images: ['nginx:stable'],
    compute: MirrorCompute.ec2({ vpc, architecture: ComputeArchitecture.ARM_64, timeout: Duration.minutes(30) }),
    deployVpc: vpc,
  });
}

function defineProxy(app: App): void {
  const { mirror } = mirrorIn(app, { ...WITHOUT_PROVIDER, proxy: { url: 'http://proxy.example.com:3128', noProxy: ['.amazonaws.com', '10.0.0.0/8'] } });
  mirror.addImage('redis:7.0.1', { dockerfileLines: ['RUN apt-get update'] });
}

function defineEndpoints(app: App): void {
  const registries = [
    RegistrySettings.of('docker.io', { endpoint: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub' }),
    RegistrySettings.of('quay.io', { endpoint: 'artifactory.example.com/quay-remote' }),
    RegistrySettings.of('artifactory.example.com', { requestsPerSecond: 10 }),
  ];
  mirrorIn(app, { ...WITHOUT_PROVIDER, images: ['nginx:stable', 'quay.io/prometheus/prometheus:v2.53.0'], registries });
}

function defineLambdaCompute(app: App): void {
  for (const [name, architecture] of [['Arm', ComputeArchitecture.ARM_64], ['Intel', ComputeArchitecture.X86_64]] as const) {
    new ImageMirror(new Stack(app, name), 'Mirror', { ...WITHOUT_PROVIDER, repositoryPrefix: name.toLowerCase(), images: ['nginx:stable'], compute: MirrorCompute.awsLambda({ architecture }) });
  }
}

function defineCatalogs(app: App): void {
  const { stack, mirror } = mirrorIn(app, { images: ['nginx:stable'] });
  const key = new kms.Key(stack, 'ListKey');
  mirror.addCatalog('Parameter', ImageCatalog.fromParameter(new ssm.StringListParameter(stack, 'List', { stringListValue: ['grafana/grafana:11.1.0'] })));
  const bucket = new s3.Bucket(stack, 'Lists', { encryptionKey: key, enforceSSL: true });
  mirror.addCatalog('Bucket', ImageCatalog.fromBucket(bucket, 'platform/images.yaml'), { shards: 3 });
  mirror.addCatalog('File', ImageCatalog.fromFile(path.join(__dirname, 'images.yaml')));
  new ImageMirror(new Stack(app, 'Encrypted'), 'Mirror', { ...WITHOUT_PROVIDER, repositoryPrefix: 'encrypted', encryptionKey: key })
    .addCatalog('Teams', ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(stack, 'Imported', '/platform/images')));
}

function defineEncryption(app: App): void {
  const managed = mirrorIn(app, { ...WITHOUT_PROVIDER, images: ['nginx:stable'], encryption: ecr.RepositoryEncryption.KMS, repositoryTags: { 'cost-center': '4711' } });
  managed.mirror.addCatalog('Teams', ImageCatalog.fromParameter(new ssm.StringListParameter(managed.stack, 'List', { stringListValue: ['nginx:1.27.0'] })));
  const operationsEncryptionKey = new kms.Key(new Stack(app, 'Keys'), 'Operations');
  new ImageMirror(new Stack(app, 'Operations'), 'Mirror', { repositoryPrefix: 'operations', images: ['nginx:stable'], operationsEncryptionKey });
}

function defineRetention(app: App): void {
  const { stack, mirror } = mirrorIn(app, {
    ...WITHOUT_PROVIDER,
    images: ['nginx:stable', 'nginx:1.27.0'],
    keepPrevious: 30,
    keepVersions: 20,
    lifecycleRules: [{ description: 'Pull requests', tagPatternList: ['pr-*'], maxImageAge: Duration.days(14), rulePriority: 7 }],
  });
  mirror.addImage('grafana/grafana:nightly', { keepPrevious: 3, dockerfileLines: ['RUN true'] });
  mirror.addImage('redis', { tags: TagFilter.semver('7.x', { latest: 5 }), keepVersions: 9, lifecycleRules: [{ tagPrefixList: ['old'], maxImageCount: 3 }] });
  mirror.addImage('vault', { tags: TagFilter.semver('1.x'), lifecycleRules: [{ maxImageCount: 500 }] });
  const list = ssm.StringListParameter.fromStringListParameterName(stack, 'List', '/platform/images');
  mirror.addCatalog('Teams', ImageCatalog.fromParameter(list), { keepPrevious: 0, keepVersions: 7 });
}

function defineCustomizedImages(app: App): void {
  const { mirror } = mirrorIn(app);
  mirror.addImage('hashicorp/vault:1.14', {
    dockerfileLines: ['RUN mkdir /etc/vault', 'VOLUME ["/etc/vault"]'],
    customPlatforms: [Platform.LINUX_AMD64, Platform.LINUX_ARM64],
  });
  mirror.addImage('alpine:3.20.1', { dockerfileLines: ['RUN apk add curl'] });
}

function defineReplication(app: App): void {
  const { stack, mirror } = mirrorIn(app, { ...WITHOUT_PROVIDER, images: ['nginx:stable'] }, { env: ENVIRONMENT });
  new MirrorReplication(stack, 'Replication', {
    mirror,
    destinations: [{ region: 'us-east-1' }, { region: 'eu-west-1', account: '444455556666' }],
    otherRules: [{ destinations: [{ region: 'eu-central-1' }], repositoryPrefixes: ['production/'] }],
  });
  mirror.grantPullToAccounts(['444455556666']);
  new MirrorReplicationDestination(new Stack(app, 'Destination', { env: { ...ENVIRONMENT, account: '444455556666' } }), 'FromPlatform', {
    sourceAccounts: [ENVIRONMENT.account],
  });
  new MirrorReplicaTemplate(new Stack(app, 'Replicas', { env: { ...ENVIRONMENT, account: '444455556666' } }), 'Replicas', {
    encryption: ecr.RepositoryEncryption.KMS, repositoryTags: { 'cost-center': '4711' },
  }).grantPullToAccounts(['777788889999']);
}

function definePullThroughCaches(app: App): void {
  const stack = new Stack(app, 'Platform');
  const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'DockerHub', 'ecr-pullthroughcache/docker-hub');
  const hub = new PullThroughCache(stack, 'Hub', { upstream: UpstreamRegistry.DOCKER_HUB, credentials: CacheCredentials.fromSecret(secret) });
  hub.grantPullToOrganization('o-abcdefghij');
  new PullThroughCache(stack, 'GitHub', {
    upstream: UpstreamRegistry.GITHUB,
    credentials: CacheCredentials.fromSecretValue('robot', SecretValue.secretsManager('github', { jsonField: 'token' })),
    creationTemplate: CreationTemplate.none(),
  });
  new PullThroughCache(stack, 'Quay', { upstream: UpstreamRegistry.QUAY, creationTemplate: CreationTemplate.of({ encryptionKey: new kms.Key(stack, 'Key') }) });
  new PullThroughCache(stack, 'OtherAccount', { upstream: UpstreamRegistry.ecr('444455556666', 'us-east-1') });
  hub.grantPull(new iam.Role(stack, 'Puller', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') }), 'library/nginx:1.27');
}

function defineManyStacks(app: App): void {
  const { mirror } = mirrorIn(app, WITHOUT_PROVIDER);
  for (const team of ['One', 'Two']) {
    const stack = new Stack(app, team);
    new MirroredImage(stack, 'App', { mirror, image: `team/${team.toLowerCase()}:1.0.0` });
    new MirroredImage(stack, 'Tool', { mirror, image: `quay.io/${team.toLowerCase()}/tool:stable` });
  }
}

function defineGroupedRuns(app: App): void {
  const { mirror } = mirrorIn(app, { ...WITHOUT_PROVIDER, groupRuns: true, schedule: scheduler.ScheduleExpression.rate(Duration.hours(6)), images: Array.from({ length: 120 }, (_, index) => `team/app${index}:1.0.0`) });
  mirror.addImage('nginx', { tags: TagFilter.semver('1.x', { latest: 5 }), timeWindow: scheduler.TimeWindow.off() });
  new MirroredImage(new Stack(app, 'Team'), 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
}

function defineSwitchedOff(app: App): void {
  const { stack, mirror } = mirrorIn(app, { images: ['nginx:stable'], scheduled: false });
  mirror.addImage('redis:7.4.0', { enabled: false });
  mirror.addCatalog('File', ImageCatalog.fromFile(path.join(__dirname, 'images.yaml')), { shards: 2 });
  mirror.notify(new sns.Topic(stack, 'Topic', { enforceSSL: true }));
  new MirroredImage(new Stack(app, 'Team'), 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
  new ImageMirror(new Stack(app, 'Frozen'), 'Mirror', { repositoryPrefix: 'frozen', images: ['nginx:stable'], enabled: false });
}

function defineStartedByEvents(app: App): void {
  const { stack, mirror } = mirrorIn(app, { ...WITHOUT_PROVIDER, images: ['nginx:stable'] });
  const image = mirror.addImage('redis:7.4.0', { dockerfileLines: ['ENV A="b"'] });
  // A pattern that some of the judges' events match.
  const eventPattern = { source: ['cdk-ecr-mirror'], detailType: ['Image Mirrored'] };
  new events.Rule(stack, 'Published', { eventPattern, targets: [mirror.image('nginx:stable').asRuleTarget(), image.asRuleTarget()] });
  new events.Rule(new Stack(app, 'Team'), 'Published', { eventPattern, targets: [image.asRuleTarget()] });
  image.grantStart(new iam.Role(stack, 'Releases', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') }));
}

function defineStages(app: App): void {
  const stage = new Stage(app, 'Production', { env: ENVIRONMENT });
  const mirror = new ImageMirror(new Stack(stage, 'Platform'), 'Mirror', { images: ['nginx:stable'] });
  new MirroredImage(new Stack(stage, 'Team'), 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
}

function defineConsumers(app: App): void {
  const { mirror } = mirrorIn(app, { ...WITHOUT_PROVIDER, images: ['nginx:stable'] }, { env: ENVIRONMENT });
  mirror.grantPullToOrganization('o-abcdefghij');
  const stack = new Stack(app, 'Workload', { env: ENVIRONMENT });
  new ecs.FargateTaskDefinition(stack, 'Task').addContainer('web', { image: ecs.ContainerImage.fromRegistry('nginx:stable') });
  Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [mirror], enforce: true }));
}

function defineOtherTeams(app: App): void {
  const stack = new Stack(app, 'Workload', { env: ENVIRONMENT });
  const mirror = ImageMirror.fromImageMirrorAttributes(stack, 'Mirror', { account: '444455556666', images: ['nginx:stable', 'redis:7.4.0'] });
  new ecs.FargateTaskDefinition(stack, 'Task').addContainer('web', { image: mirror.image('nginx:stable').toContainerImage() });
  new codebuild.Project(stack, 'Build', {
    buildSpec: codebuild.BuildSpec.fromSourceFilename('buildspec.yml'),
    source: codebuild.Source.s3({ bucket: new s3.Bucket(stack, 'Source', { enforceSSL: true }), path: 'source.zip' }),
    environment: { buildImage: mirror.image('redis:7.4.0').toBuildImage() },
  });
}

function defineEcrUpstreams(app: App): void {
  const { stack, mirror } = mirrorIn(app, {
    ...WITHOUT_PROVIDER,
    // More floating tags than a repository has exceptions.
    images: [...['3.11', '3.12', '3.13', '3.11-slim', '3.12-slim', '3.13-slim', 'slim'].map((tag) => `python:${tag}`),
      '602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/coredns:v1.11.1'],
    excludePullTimes: true,
  }, { env: ENVIRONMENT });
  mirror.addImage('444455556666.dkr.ecr.eu-west-1.amazonaws.com/team/app', { tags: TagFilter.pattern('v*') });
  mirror.allowSigning(new signer.SigningProfile(stack, 'Signing', { platform: signer.Platform.NOTATION_OCI_SHA384_ECDSA }));
  new kms.Key(stack, 'Key').grantDecrypt(mirror);
}

function defineChina(app: App): void {
  const { stack, mirror } = mirrorIn(app, { images: ['nginx:stable', 'quay.io/prometheus/prometheus:v2.53.0'] }, { env: { account: '111122223333', region: 'cn-north-1' } });
  mirror.addCatalog('Teams', ImageCatalog.fromParameter(new ssm.StringListParameter(stack, 'List', { stringListValue: ['grafana/grafana:11.1.0'] })));
  mirror.notify(new sns.Topic(stack, 'Topic'));
}
