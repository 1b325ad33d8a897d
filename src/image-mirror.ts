import { Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as events from 'aws-cdk-lib/aws-events';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { DOCKER_HUB, ImageReference, quote } from './image/image-reference';
import { DEFAULT_REPOSITORY_PREFIX, repositoryNameProblem } from './image/repository-name';
import { defineBuildRole } from './infrastructure/build-role';
import { defineCertificatesAsset } from './infrastructure/certificates-asset';
import { FirstCopy, watchDockerHubBudget } from './infrastructure/docker-hub-budget';
import { defineEngineAsset } from './infrastructure/engine-asset';
import { ImageIndex } from './infrastructure/image-index';
import { requireLiteral } from './infrastructure/literal';
import { MirrorContext } from './infrastructure/mirror-context';
import { defineMirrorProject } from './infrastructure/mirror-project';
import { RepositoryArns } from './infrastructure/repository-arns';
import { RepositorySet } from './infrastructure/repository-set';
import { defineSchedulerRole } from './infrastructure/scheduler-role';
import { stackSizeProblem } from './infrastructure/stack-size';
import { MirrorCompute } from './mirror-compute';
import { MirroredImage, MirroredImageOptions } from './mirrored-image';
import { OnTagMoved } from './on-tag-moved';
import { RegistryCredentials } from './registry-credentials';

/**
 * Properties of an `ImageMirror`.
 */
export interface ImageMirrorProps {
  /**
   * The upstream images, as `docker pull` takes them: `nginx:stable`, `quay.io/prometheus/prometheus:v2.53.0`.
   *
   * @default - none; add them with `addImage()`
   */
  readonly images?: string[];

  /**
   * What the names of the mirror's repositories start with, without a final slash.
   *
   * Docker Hub's `nginx` becomes `mirror/nginx`, and `quay.io/prometheus/prometheus` becomes `mirror/quay.io/prometheus/prometheus`.
   * Choose one that nothing else uses: beyond about 60 repositories, builds may push to all repositories under it.
   *
   * @default 'mirror'
   */
  readonly repositoryPrefix?: string;

  /**
   * How often upstream is asked for a newer image. Asking is free at Docker Hub; only copying counts as a pull.
   *
   * @default scheduler.ScheduleExpression.rate(Duration.days(1))
   */
  readonly schedule?: scheduler.ScheduleExpression;

  /**
   * How late a run may start, so that a fleet of images does not start in one minute: an account takes about 30 builds in its queue.
   *
   * @default scheduler.TimeWindow.flexible(Duration.hours(1))
   */
  readonly timeWindow?: scheduler.TimeWindow;

  /**
   * What a run does when a fixed tag names another image upstream than in the mirror.
   *
   * @default OnTagMoved.FAIL
   */
  readonly onTagMoved?: OnTagMoved;

  /**
   * Credentials for upstream registries, at most one for each.
   *
   * @default - every registry is asked without credentials
   */
  readonly credentials?: RegistryCredentials[];

  /**
   * Where builds run.
   *
   * @default MirrorCompute.ec2()
   */
  readonly compute?: MirrorCompute;

  /**
   * The path of a file in PEM with the certificates of authorities that builds trust besides the public ones, for upstream registries,
   * or a proxy on the way to them, with a certificate of a private authority.
   *
   * The file is read at synthesis, and its certificates become an asset of the stack. It must not hold a private key.
   *
   * @default - builds trust the public authorities that Node knows
   */
  readonly certificateAuthorityPath?: string;

  /**
   * The key that encrypts the repositories that the mirror defines. It cannot be changed later without replacing them.
   *
   * @default - Amazon ECR's own key (AES-256)
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * What happens to the repositories that the mirror defines when they leave the app.
   *
   * **`RemovalPolicy.DESTROY` deletes the images in them too**, those included that are running.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly repositoryRemovalPolicy?: RemovalPolicy;

  /**
   * The age, counted from the push, at which an image expires that no tag names any more: whole days.
   *
   * It is the only lifecycle rule, for a tagged image may be running. Untagged are the images that a floating tag has left.
   * The images of single platforms are untagged as well and stay: Amazon ECR does not delete what an index still refers to.
   *
   * @default Duration.days(30)
   */
  readonly untaggedImageExpiry?: Duration;

  /**
   * Whether Amazon ECR scans each image for vulnerabilities when it arrives.
   *
   * @default true
   */
  readonly imageScanOnPush?: boolean;

  /**
   * The bus that takes an event for each run's result.
   *
   * @default - the account's default bus
   */
  readonly eventBus?: events.IEventBus;

  /**
   * How long the logs of builds are kept.
   *
   * @default logs.RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: logs.RetentionDays;
}

/**
 * Mirrors public container images into Amazon ECR, byte for byte and on a schedule.
 *
 * It defines an Amazon ECR repository for each upstream repository, immutable except for tags that float, one CodeBuild project that copies,
 * and one schedule for each image. The first copy is made by the first run of the schedule.
 *
 * ```ts
 * const mirror = new ImageMirror(this, 'Mirror', { images: ['nginx:stable', 'quay.io/prometheus/prometheus:v2.53.0'] });
 * new cdk.CfnOutput(this, 'Nginx', { value: mirror.image('nginx:stable').imageUri });
 * ```
 */
export class ImageMirror extends Construct {
  /** The project that mirrors one image in each build. The variable `IMAGE` names it. */
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
    this.logGroup = new logs.LogGroup(this, 'Logs', { retention: props.logRetention ?? logs.RetentionDays.THREE_MONTHS });
    this.project = this.defineProject(props, credentials, repositoryPrefix, repositories);
    // The CDK would keep the group, and its name would then be taken when the app is deployed again.
    this.scheduleGroup = new scheduler.ScheduleGroup(this, 'Schedules', { removalPolicy: RemovalPolicy.DESTROY });
    this.deadLetterQueue = this.defineDeadLetterQueue();
    this.context = { ...this.scheduleContext(), ...scheduleDefaults(props), repositories, repositoryPrefix };
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

  /** @internal */
  public _context(): MirrorContext {
    return this.context;
  }

  /** @internal */
  public _register(image: MirroredImage, reference: ImageReference, firstCopy: FirstCopy): void {
    this.index.add(reference, image, firstCopy);
  }

  private defineProject(props: ImageMirrorProps, credentials: RegistryCredentials[], repositoryPrefix: string, repositories: RepositorySet) {
    const authority = props.certificateAuthorityPath;
    const shared = {
      compute: (props.compute ?? MirrorCompute.ec2())._bind(),
      certificates: authority === undefined ? undefined : defineCertificatesAsset(this, 'Certificates', authority),
      credentials,
      engine: defineEngineAsset(this, 'Engine'),
      eventBus: props.eventBus ?? events.EventBus.fromEventBusName(this, 'DefaultEventBus', 'default'),
      logGroup: this.logGroup,
    };
    const role = defineBuildRole(this, 'BuildRole', { ...shared, repositories: new RepositoryArns(Stack.of(this), repositories, repositoryPrefix) });
    return defineMirrorProject(this, 'Project', { ...shared, repositoryPrefix, role });
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
