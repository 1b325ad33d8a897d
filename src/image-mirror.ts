import { Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { DOCKER_HUB, ImageReference, quote } from './image/image-reference';
import { DEFAULT_REPOSITORY_PREFIX, repositoryNameProblem } from './image/repository-name';
import { ImageMirrorProps } from './image-mirror-props';
import { defineBuildRole } from './infrastructure/build-role';
import { defineCertificatesAsset } from './infrastructure/certificates-asset';
import { ComputeConfiguration } from './infrastructure/compute-configuration';
import { dockerBuildContexts } from './infrastructure/consumers/docker-build-contexts';
import { DeployTrigger } from './infrastructure/deploy-trigger';
import { FirstCopy, watchDockerHubBudget } from './infrastructure/docker-hub-budget';
import { defineEngineAsset } from './infrastructure/engine-asset';
import { ImageIndex } from './infrastructure/image-index';
import { requireLiteral } from './infrastructure/literal';
import { MirrorContext } from './infrastructure/mirror-context';
import { defineMirrorProject } from './infrastructure/mirror-project';
import { accountsMayPull, organizationMayPull } from './infrastructure/pull-permission';
import { RepositoryArns } from './infrastructure/repository-arns';
import { RepositorySet } from './infrastructure/repository-set';
import { defineSchedulerRole } from './infrastructure/scheduler-role';
import { stackSizeProblem } from './infrastructure/stack-size';
import { MirrorCompute } from './mirror-compute';
import { MirroredImage } from './mirrored-image';
import { MirroredImageOptions } from './mirrored-image-options';
import { OnDeploy } from './on-deploy';
import { OnTagMoved } from './on-tag-moved';
import { RegistryCredentials } from './registry-credentials';

/**
 * Mirrors public container images into Amazon ECR, byte for byte and on a schedule.
 *
 * It defines an Amazon ECR repository for each upstream repository, immutable except for tags that float, one CodeBuild project that copies,
 * and one schedule for each image. The first copy is made by the deployment itself, which waits for it; see `onDeploy`.
 *
 * ```ts
 * const mirror = new ImageMirror(this, 'Mirror', { images: ['nginx:stable', 'quay.io/prometheus/prometheus:v2.53.0'] });
 * new cdk.CfnOutput(this, 'Nginx', { value: mirror.image('nginx:stable').imageUri });
 * ```
 */
export class ImageMirror extends Construct {
  /** The project whose builds mirror. The variable `IMAGE` names an image, or `IMAGES` several. */
  public readonly project: codebuild.IProject;

  /** The group of all schedules of the mirror. */
  public readonly scheduleGroup: scheduler.IScheduleGroup;

  /** The queue that takes the runs which could not be started for a day. */
  public readonly deadLetterQueue: sqs.IQueue;

  /** The log group of the builds. */
  public readonly logGroup: logs.ILogGroup;

  private readonly index = new ImageIndex();
  private readonly context: MirrorContext;

  /**
   * @throws Error when a property is a token or contradicts another, and when an image cannot be parsed or contradicts another
   */
  constructor(scope: Construct, id: string, props: ImageMirrorProps = {}) {
    super(scope, id);
    const credentials = refuseTwins(props.credentials ?? []);
    const repositoryPrefix = refusePrefix(props.repositoryPrefix ?? DEFAULT_REPOSITORY_PREFIX);
    const repositories = new RepositorySet(this, {
      encryptionKey: props.encryptionKey,
      imageScanOnPush: props.imageScanOnPush ?? true,
      removalPolicy: props.repositoryRemovalPolicy ?? RemovalPolicy.RETAIN,
      untaggedImageExpiry: refuseExpiry(props.untaggedImageExpiry ?? Duration.days(30)),
    });
    this.logGroup = new logs.LogGroup(this, 'Logs', { retention: props.logRetention ?? DEFAULT_LOG_RETENTION });
    const compute = (props.compute ?? MirrorCompute.ec2())._bind();
    const { project, role } = this.defineProject(props, compute, credentials, { repositoryPrefix, repositories });
    this.project = project;
    // The CDK would keep the group, and its name would then be taken when the app is deployed again.
    this.scheduleGroup = new scheduler.ScheduleGroup(this, 'Schedules', { removalPolicy: RemovalPolicy.DESTROY });
    this.deadLetterQueue = this.defineDeadLetterQueue();
    const deployTrigger = this.defineDeployTrigger(props, compute, { role, repositoryPrefix });
    this.context = { ...this.scheduleContext(), ...scheduleDefaults(props), repositories, repositoryPrefix, deployTrigger };
    this.node.addValidation({ validate: () => this.validateImages() });
    const isAnonymous = !credentials.some(({ registry }) => registry === DOCKER_HUB);
    if (isAnonymous) watchDockerHubBudget(this.project, () => this.index.firstCopiesFrom(DOCKER_HUB));
    for (const image of refuseTokens(props.images ?? [])) this.addImage(image);
  }

  /** All images of the mirror in the order of their definition, those included that other stacks define. */
  public get images(): MirroredImage[] {
    return this.index.all();
  }

  /**
   * Mirrors one more image.
   *
   * To mirror more images than one stack can hold, define a `MirroredImage` in another stack.
   *
   * @param image the upstream image, as `docker pull` takes it
   * @throws Error when the image cannot be parsed, is in the mirror already, or contradicts another
   */
  public addImage(image: string, options: MirroredImageOptions = {}): MirroredImage {
    const imageId = MirroredImage._idFor(image, options);
    if (this.node.tryFindChild(imageId) !== undefined) throw new Error(`${quote(image)} is in the mirror already${options.tags ? ' with the same filter' : ''}; add it once`);
    return new MirroredImage(this, imageId, { ...options, image, mirror: this });
  }

  /**
   * The mirror's copy of an image, by any spelling of it: `nginx`, `nginx:latest` and `docker.io/library/nginx:latest` are one image.
   *
   * An image whose tags a filter selects is found by its repository, `nginx`, unless `nginx:latest` is in the mirror besides.
   *
   * @throws Error that names the nearest images when the mirror has no such image
   */
  public image(reference: string): MirroredImage {
    return this.index.find(reference);
  }

  /**
   * Lets all accounts of an organization pull all images of the mirror, those included that are added later.
   *
   * The policies of the repositories say so. Another account must let its own roles pull besides, with an identity policy:
   * `ecr:BatchCheckLayerAvailability`, `ecr:BatchGetImage` and `ecr:GetDownloadUrlForLayer` on the repositories, `ecr:GetAuthorizationToken` on `*`.
   * In the mirror's own account, every role that gets a token may then pull. A repository that the app does not define keeps its policy,
   * with a warning. (cdk-nag's `AwsSolutions-ECR1` sees the principal `*`, and not the condition `aws:PrincipalOrgID` beside it.)
   *
   * @param organizationId for example `o-abcde12345`
   * @throws Error when it is no organization's id
   */
  public grantPullToOrganization(organizationId: string): void {
    this.context.repositories.addToResourcePolicies(organizationMayPull(organizationId));
  }

  /**
   * Lets other accounts pull all images of the mirror, those included that are added later.
   *
   * The policies of the repositories say so. The other account must let its own roles pull besides, with an identity policy, as for an organization.
   * A repository that the app does not define keeps its policy, with a warning.
   *
   * @param accountIds each 12 digits
   * @throws Error when there is none, or when one is no account's id
   */
  public grantPullToAccounts(accountIds: string[]): void {
    this.context.repositories.addToResourcePolicies(accountsMayPull(accountIds));
  }

  /**
   * The mirror's images as named contexts of `docker build`: a Dockerfile that says `FROM nginx:stable` is built from the mirror, untouched.
   *
   * They are for `buildContexts` of `ecr_assets.DockerImageAsset`, `ecs.ContainerImage.fromAsset()` and the like, which `aws-cdk-lib` has since
   * 2.245.0, and stand for every spelling of an image, with BuildKit as with Podman.
   *
   * **A Dockerfile is built before its app is deployed**, so the images must be in the mirror already: deploy it first, in a stack of its own.
   * The build pulls as the role that publishes the images of the app, and the CDK lets that role read those only. Let it pull the mirror's too:
   *
   * ```ts
   * const mirror = new ImageMirror(this, 'Mirror', { images: ['nginx:stable'] });
   * const publisher = iam.Role.fromRoleName(this, 'Publisher', `cdk-hnb659fds-image-publishing-role-${cdk.Aws.ACCOUNT_ID}-${cdk.Aws.REGION}`);
   * mirror.image('nginx:stable').grantPull(publisher);
   * ```
   *
   * @param images the images that Dockerfiles name, by any spelling; by default all of the mirror
   * @returns for example `{ 'nginx:stable': 'docker-image://111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/nginx:stable', ... }`
   * @throws Error when one is not in the mirror or has no single tag, and when the account and Region of its stack are not known at synthesis
   */
  public dockerBuildContexts(images?: string[]): { [name: string]: string } {
    return dockerBuildContexts(images === undefined ? this.images : images.map((image) => this.image(image)));
  }

  /** @internal */
  public _context(): MirrorContext {
    return this.context;
  }

  /**
   * The mirror's copy of exactly this image, a digest naming the same image whatever tag is beside it; undefined when there is none.
   *
   * @internal
   */
  public _find(reference: ImageReference): MirroredImage | undefined {
    return this.index.findExactly(reference);
  }

  /** @internal */
  public _register(image: MirroredImage, reference: ImageReference, firstCopy: FirstCopy): void {
    this.index.add(reference, image, firstCopy);
  }

  private defineProject(
    props: ImageMirrorProps, compute: ComputeConfiguration, credentials: RegistryCredentials[],
    { repositoryPrefix, repositories }: { repositoryPrefix: string; repositories: RepositorySet },
  ) {
    const authority = props.certificateAuthorityPath;
    const shared = {
      compute,
      certificates: authority === undefined ? undefined : defineCertificatesAsset(this, 'Certificates', authority),
      credentials,
      engine: defineEngineAsset(this, 'Engine'),
      eventBus: props.eventBus ?? events.EventBus.fromEventBusName(this, 'DefaultEventBus', 'default'),
      logGroup: this.logGroup,
    };
    const role = defineBuildRole(this, 'BuildRole', { ...shared, repositories: new RepositoryArns(Stack.of(this), repositories, repositoryPrefix) });
    return { project: defineMirrorProject(this, 'Project', { ...shared, repositoryPrefix, role }), role };
  }

  private defineDeployTrigger(
    { onDeploy = OnDeploy.WAIT, logRetention = DEFAULT_LOG_RETENTION }: ImageMirrorProps, { longestBuild, vpc }: ComputeConfiguration,
    { role, repositoryPrefix }: { role: iam.IRole; repositoryPrefix: string },
  ) {
    if (onDeploy === OnDeploy.OFF) return undefined;
    return new DeployTrigger(this, {
      onDeploy,
      project: this.project,
      buildLogs: this.logGroup,
      logRetention,
      longestBuild,
      repositoryPrefix,
      // The whole network: a build needs routes and endpoints that nothing else of the mirror refers to.
      buildsNeed: [role, ...vpc === undefined ? [] : [vpc]],
    });
  }

  private defineDeadLetterQueue(): sqs.Queue {
    return new sqs.Queue(this, 'DeadLetterQueue', { enforceSSL: true, encryption: sqs.QueueEncryption.SQS_MANAGED, retentionPeriod: Duration.days(14) });
  }

  private scheduleContext() {
    const { project, scheduleGroup, deadLetterQueue } = this;
    return { project, scheduleGroup, deadLetterQueue, role: defineSchedulerRole(this, 'SchedulerRole', { project, scheduleGroup, deadLetterQueue }) };
  }

  private validateImages(): string[] {
    if (this.images.length === 0) return ['the mirror has no image; pass images, call addImage(), or remove the mirror'];
    const imagesIn = new Map<Stack, number>();
    for (const image of this.images) imagesIn.set(Stack.of(image), (imagesIn.get(Stack.of(image)) ?? 0) + 1);
    return [...imagesIn].flatMap(([stack, images]) => stackSizeProblem(stack, images) ?? []);
  }
}

const DEFAULT_LOG_RETENTION = logs.RetentionDays.THREE_MONTHS;

function scheduleDefaults(props: ImageMirrorProps) {
  return {
    schedule: props.schedule ?? scheduler.ScheduleExpression.rate(Duration.days(1)),
    timeWindow: props.timeWindow ?? scheduler.TimeWindow.flexible(Duration.hours(1)),
    onTagMoved: props.onTagMoved ?? OnTagMoved.FAIL,
  };
}

function refusePrefix(prefix: string): string {
  requireLiteral(prefix, 'repositoryPrefix', 'write it as a string, for example "mirror"');
  if (prefix === '') throw new Error('repositoryPrefix must not be empty, for builds may push to all repositories under it; write for example "mirror"');
  const problem = repositoryNameProblem(prefix);
  if (problem) throw new Error(`repositoryPrefix ${quote(prefix)} cannot be the start of a repository's name: ${problem}`);
  return prefix;
}

function refuseTwins(credentials: RegistryCredentials[]): RegistryCredentials[] {
  const registries = credentials.map(({ registry }) => registry);
  const twin = registries.find((registry, index) => registries.indexOf(registry) !== index);
  if (twin !== undefined) throw new Error(`there are two credentials for the registry ${quote(twin)}; keep one of them`);
  return credentials;
}

function refuseExpiry(expiry: Duration): Duration {
  const days = expiry.isUnresolved() ? NaN : expiry.toDays({ integral: false });
  if (Number.isInteger(days) && days >= 1) return expiry;
  throw new Error(`untaggedImageExpiry ${expiry.isUnresolved() ? '(a token)' : quote(expiry.toHumanString())} must be whole days, at least one; write for example Duration.days(30)`);
}

function refuseTokens(images: string[]): string[] {
  if (Token.isUnresolved(images)) throw new Error('images must be known at synthesis, but it is a list token; write the images as strings');
  return images;
}
