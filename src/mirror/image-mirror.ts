import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ImageMirrorProps } from './image-mirror-props';
import { FirstCopy, stackSizeProblems, warnAboutDockerHubBudget } from '../declarations/limits';
import { ImageIndex } from '../declarations/image-index';
import { defineMirrorBuilds } from '../project/mirror-project';
import { MirrorContext, requireExpiryInDays, requireRepositoryPrefix, requireLiterals, requireUniqueRegistries, scheduleDefaults } from './mirror-context';
import { notify } from '../observe/notification';
import { Monitoring } from '../observe/monitoring';
import { defineNotStartedAlarm, mirrorMonitoring } from '../observe/mirror-monitoring';
import { ResultMetrics } from '../observe/result-metrics';
import { defineScanRule, OnScanFindingsOptions } from '../observe/scan-findings';
import { accountsPullStatement, organizationPullStatement } from '../repositories/pull-grants';
import { RepositorySet } from '../repositories/repository-set';
import { defineDeadLetterQueue, defineSchedulerRole, StartTimes } from '../schedules/schedules';
import { MirrorAlarmOptions, MirrorNotifyOptions } from '../observe/alarm-options';
import { ComputeConfiguration, MirrorCompute } from '../project/mirror-compute';
import { MirroredCatalog, MirroredCatalogOptions } from '../catalog/mirrored-catalog';
import { MirroredImage } from './mirrored-image';
import { ImageCatalog } from '../catalog/image-catalog';
import { MirrorCatalogs } from '../catalog/mirror-catalogs';
import { dockerBuildContexts } from '../consumers/docker-build-contexts';
import { customCompute } from '../customize/custom-compute';
import { CustomImages } from '../customize/custom-images';
import { MirroredImageOptions } from '../declarations/mirrored-image-props';
import { DeployTrigger, OnDeploy } from '../deploy/deploy-trigger';
import { DOCKER_HUB, ImageReference } from '../image/image-reference';
import { quote } from '../image/sanitize';
import { DEFAULT_REPOSITORY_PREFIX } from '../image/repository-name';
import { MonitoredConstruct } from '../observe/monitored-construct';

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
export class ImageMirror extends MonitoredConstruct {
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
    const credentials = requireUniqueRegistries(props.credentials ?? []);
    const repositoryPrefix = requireRepositoryPrefix(props.repositoryPrefix ?? DEFAULT_REPOSITORY_PREFIX);
    const repositories = new RepositorySet(this, {
      encryptionKey: props.encryptionKey,
      imageScanOnPush: props.imageScanOnPush ?? true,
      removalPolicy: props.repositoryRemovalPolicy ?? RemovalPolicy.RETAIN,
      untaggedImageExpiry: requireExpiryInDays(props.untaggedImageExpiry ?? Duration.days(30)),
    });
    this.logGroup = new logs.LogGroup(this, 'Logs', { retention: props.logRetention ?? DEFAULT_LOG_RETENTION });
    const compute = (props.compute ?? MirrorCompute.ec2())._bind();
    const settings = { compute, credentials, logGroup: this.logGroup, repositories, repositoryPrefix };
    const { project, buildRole, eventBus } = defineMirrorBuilds(this, props, settings);
    this.project = project;
    // The CDK would keep the group, and its name would then be taken when the app is deployed again.
    this.scheduleGroup = new scheduler.ScheduleGroup(this, 'Schedules', { removalPolicy: RemovalPolicy.DESTROY });
    this.deadLetterQueue = defineDeadLetterQueue(this, 'DeadLetterQueue');
    const copies = () => [this.index, catalogs].flatMap((known) => known.allFirstCopies());
    const metrics = new ResultMetrics(this, 'Metrics', { logGroup: this.logGroup, project, images: copies });
    const signals = { projects: [project], eventBus, metrics };
    const deployTrigger = this.defineDeployTrigger(props, compute, { role: buildRole.role, repositoryPrefix, metrics });
    const custom = { compute: customCompute(props.customImageCompute, compute), eventBus, logGroup: this.logGroup, eventProjects: signals.projects };
    const customImages = new CustomImages(this, { ...custom, repositories, repositoryPrefix, project, buildRole, deployTrigger });
    const catalogs = new MirrorCatalogs(this, { repositories, repositoryPrefix, buildRole });
    const parts = { repositories, repositoryPrefix, compute, deployTrigger, signals, customImages, catalogs };
    this.context = { ...this.scheduleContext(), ...scheduleDefaults(props), ...parts };
    this.node.addValidation({ validate: () => this.validateImages() });
    const isAnonymous = !credentials.some(({ registry }) => registry === DOCKER_HUB);
    if (isAnonymous) warnAboutDockerHubBudget(this.project, () => [this.index, catalogs].flatMap((images) => images.firstCopiesFrom(DOCKER_HUB)));
    for (const image of requireLiterals(props.images ?? [])) this.addImage(image);
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
   * Mirrors all images of a list that lies outside of the template, by one schedule.
   *
   * **It widens what builds may do**, to all repositories under `repositoryPrefix` and the same with `-floating`, and to `ecr:CreateRepository`.
   * Nothing deletes what they create: neither the end of the stack nor `repositoryRemovalPolicy`.
   *
   * @throws Error when a file has mistakes or is too long, with too many shards, and when creation templates or other mirrors forbid the prefix
   */
  public addCatalog(id: string, catalog: ImageCatalog, options: MirroredCatalogOptions = {}): MirroredCatalog {
    return new MirroredCatalog(this, id, { ...options, catalog, mirror: this });
  }

  /**
   * The mirror's copy of an image, by any spelling of it: `nginx`, `nginx:latest` and `docker.io/library/nginx:latest` are one image.
   *
   * An image whose tags a filter selects is found by its repository, `nginx`, unless `nginx:latest` is in the mirror besides.
   *
   * @throws Error that names the nearest images when the mirror has no such image
   */
  public image(reference: string): MirroredImage {
    return this.index.find(reference, this.context.catalogs.count > 0);
  }

  /**
   * Lets all accounts of an organization pull all images of the mirror, those included that are added later.
   *
   * The policies of the repositories say so. Another account must let its own roles pull besides, with an identity policy:
   * `ecr:BatchCheckLayerAvailability`, `ecr:BatchGetImage` and `ecr:GetDownloadUrlForLayer` on the repositories, `ecr:GetAuthorizationToken` on `*`.
   * In the mirror's own account, every role that gets a token may then pull. A repository that the app does not define keeps its policy, with a
   * warning; so does, without one, what a catalog has created already: see `docs/catalog.md`. (cdk-nag's `AwsSolutions-ECR1` sees the principal
   * `*`, and not the condition `aws:PrincipalOrgID` beside it.)
   *
   * @param organizationId for example `o-abcde12345`
   * @throws Error when it is no organization's id
   */
  public grantPullToOrganization(organizationId: string): void {
    this.context.repositories.addToResourcePolicies(organizationPullStatement(organizationId));
  }

  /**
   * Lets other accounts pull all images of the mirror, those included that are added later.
   *
   * The policies of the repositories say so. The other account must let its own roles pull besides, with an identity policy, as for an organization.
   * A repository that the app does not define, or that a catalog has created already, keeps its policy, as for an organization.
   *
   * @param accountIds each 12 digits
   * @throws Error when there is none, or when one is no account's id
   */
  public grantPullToAccounts(accountIds: string[]): void {
    this.context.repositories.addToResourcePolicies(accountsPullStatement(accountIds));
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

  /**
   * Tells a topic when something is wrong: five alarms, each with a description that says what it means and links the procedure for it.
   *
   * CloudWatch bills $0.60 a month for them, and up to $0.90 for the metrics that they count, however many images there are. With a `cron` schedule,
   * `staleAfter` must be set. Called again, it tells another topic too. The topic is in the mirror's Region, and in its stack or one that needs
   * nothing of it. Its policy is made to let CloudWatch publish, unless the app does not define it; one that is encrypted needs a key of your own
   * that lets `cloudwatch.amazonaws.com` use `kms:Decrypt` and `kms:GenerateDataKey*`.
   *
   * ```ts
   * declare const mirror: ImageMirror;
   * mirror.notify(new sns.Topic(this, 'Trouble'));
   * ```
   *
   * @returns the alarms, to which further actions may be added
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
   * @throws Error when the topic is in another Region or its stack has images of the mirror, and when `staleAfter` is not possible or is missing
   */
  public notify(topic: sns.ITopic, options: MirrorNotifyOptions = {}): cloudwatch.Alarm[] {
    return notify(this, topic, options);
  }

  /**
   * Defines an alarm that rings when schedules gave up on starting runs: as long as such runs are in `deadLetterQueue`.
   */
  public alarmNotStarted(id: string, options: MirrorAlarmOptions = {}): cloudwatch.Alarm {
    return defineNotStartedAlarm(this, this, id, options);
  }

  /**
   * Defines a rule for scans that find vulnerabilities in images of the mirror, on the account's default bus, where Amazon ECR puts them.
   *
   * It is right with basic and with enhanced scanning. Which of them an account has is a setting of its registry as a whole, and not changed.
   * The rule takes the scans of all repositories under the mirror's prefix.
   *
   * @throws Error when the pattern has fields that the rule sets itself; and at synthesis when it is too long, for many repositories have other names
   */
  public onScanFindings(id: string, options: OnScanFindingsOptions = {}): events.Rule {
    return defineScanRule(this, id, { ...this.context, description: `Scan findings: the mirror ${this.node.path}` }, options);
  }

  /** @internal */
  public _observed(): Monitoring {
    return mirrorMonitoring(this);
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

  private defineDeployTrigger(
    { onDeploy = OnDeploy.WAIT, logRetention = DEFAULT_LOG_RETENTION }: ImageMirrorProps, { longestBuild, vpc }: ComputeConfiguration,
    { role, repositoryPrefix, metrics }: { role: iam.IRole; repositoryPrefix: string; metrics: ResultMetrics },
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
      buildsNeed: [role, metrics, ...vpc === undefined ? [] : [vpc]],
    });
  }

  private scheduleContext() {
    const { project, scheduleGroup, deadLetterQueue } = this;
    const role = defineSchedulerRole(this, 'SchedulerRole', { project, scheduleGroup, deadLetterQueue });
    return { project, scheduleGroup, deadLetterQueue, role, startTimes: new StartTimes(project), timetables: [] };
  }

  private validateImages(): string[] {
    if (this.images.length + this.context.catalogs.count === 0) return ['the mirror has no image; pass images, call addImage() or addCatalog(), or remove the mirror'];
    return stackSizeProblems(this.images);
  }
}

const DEFAULT_LOG_RETENTION = logs.RetentionDays.THREE_MONTHS;
