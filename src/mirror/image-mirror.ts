import { Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as signer from 'aws-cdk-lib/aws-signer';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ImageMirrorProps } from './image-mirror-props';
import { ImageMirrorAttributes, ImageMirrorLookupOptions, importMirror } from './imported-mirror';
import {
  defineAdmission, defineDeployTrigger, defineRepositories, findAllImages, findImage, imageDefaults, imageProblems, mapImageList,
  MIRROR_CONTEXTS, MirrorContext, requireMirrorShapes, requireUniqueRegistries,
} from './mirror-context';
import { MirrorGrants } from './mirror-grants';
import { lookUpMirror } from './mirror-lookup';
import { MirroredImage } from './mirrored-image';
import { PublishedMirror } from './published-mirror';
import { ImageCatalog } from '../catalog/image-catalog';
import { MirrorCatalogs } from '../catalog/mirror-catalogs';
import { MirroredCatalog } from '../catalog/mirrored-catalog';
import { MirroredCatalogOptions } from '../catalog/mirrored-catalog-options';
import { dockerBuildContexts } from '../consumers/docker-build-contexts';
import { CustomImages } from '../customize/custom-images';
import { customCompute } from '../customize/custom-project';
import { ImageIndex } from '../declarations/image-index';
import { FirstCopy, warnAboutDockerHubBudget } from '../declarations/limits';
import { IImageMirror, IMirroredImage } from '../declarations/mirror-interfaces';
import { MirroredImageOptions } from '../declarations/mirrored-image-options';
import { MirrorAlarmOptions } from '../declarations/monitored';
import { ImageReference } from '../image/image-reference';
import { MirrorNotifyOptions } from '../observe/alarm-options';
import { MirrorMonitoring } from '../observe/mirror-monitoring';
import { Monitoring } from '../observe/monitoring';
import { notify } from '../observe/notification';
import { ResultMetrics } from '../observe/result-metrics';
import { defineScanRule, OnScanFindingsOptions } from '../observe/scan-findings';
import { MirrorCompute } from '../project/mirror-compute';
import { MirrorBuilds } from '../project/mirror-project';
import { defineLogGroup } from '../project/operations-key';
import { MirrorSchedules } from '../schedules/schedules';
import { bridgeStages } from '../synthesis/aspects';

/**
 * Mirrors public container images into Amazon ECR, byte for byte and on a schedule.
 *
 * The construct defines an ECR repository for each upstream repository, one CodeBuild project that copies images, and one schedule for each image.
 * Tags are immutable, except for floating tags. The deployment makes the first copy of each image and waits for it; see `onDeploy`.
 * `IMonitored` describes the event rules, metrics, and alarms.
 *
 * ```ts
 * const mirror = new ImageMirror(this, 'Mirror', { images: ['nginx:stable', 'quay.io/prometheus/prometheus:v2.53.0'] });
 * new cdk.CfnOutput(this, 'Nginx', { value: mirror.image('nginx:stable').imageUri });
 * ```
 */
export class ImageMirror extends MirrorGrants implements IImageMirror, iam.IGrantable {
  /**
   * Imports a mirror that another app or another stage defines, by its attributes.
   *
   * Consumers get literal names: nothing is exported, and nothing waits for the first copy. Names of repositories are derived as in the mirror.
   * See `docs/shared-mirrors.md` for other accounts and Regions.
   *
   * ```ts
   * const mirror = ImageMirror.fromImageMirrorAttributes(this, 'Mirror', { account: '111122223333', images: ['nginx:stable'] });
   * new cdk.CfnOutput(this, 'Nginx', { value: mirror.image('nginx:stable').imageUri });
   * ```
   *
   * @throws Error when there are no images, and when an attribute is not valid
   */
  public static fromImageMirrorAttributes(scope: Construct, id: string, attributes: ImageMirrorAttributes): IImageMirror {
    return importMirror(scope, id, attributes);
  }

  /**
   * Imports the mirror that publishes its images in the account and Region; see the property `published`. The mirror must be deployed.
   *
   * The CDK CLI reads the list during synthesis and keeps it in `cdk.context.json`. After a change of the mirror, run `cdk context --clear`.
   *
   * @throws Error when the account or Region is not known at synthesis, and when the published list is not valid
   */
  public static fromLookup(scope: Construct, id: string, options: ImageMirrorLookupOptions = {}): IImageMirror {
    return lookUpMirror(scope, id, options);
  }

  /**
   * The role of the builds that mirror images, so that `key.grantDecrypt(mirror)` grants it a permission.
   *
   * A grant to `project` reaches the same role. The builds of customized images have another role.
   */
  public readonly grantPrincipal: iam.IPrincipal;

  /** The CodeBuild project that mirrors images. The environment variable `IMAGE` names one image, and `IMAGES` names several. */
  public readonly project: codebuild.IProject;

  /** The schedule group with all schedules of the mirror. */
  public readonly scheduleGroup: scheduler.IScheduleGroup;

  /** The dead-letter queue for runs that EventBridge Scheduler could not start within a day. */
  public readonly deadLetterQueue: sqs.IQueue;

  /** The log group of the builds. */
  public readonly logGroup: logs.ILogGroup;

  private readonly context: MirrorContext;
  private readonly catalogs: MirrorCatalogs;
  private readonly monitoring: MirrorMonitoring;

  /**
   * @throws Error when a property is not valid, is a token, or contradicts another, and when an image is not valid or contradicts another
   */
  constructor(scope: Construct, id: string, props: ImageMirrorProps = {}) {
    super(scope, id);
    bridgeStages(this.node.scopes);
    requireMirrorShapes(props);
    const credentials = requireUniqueRegistries(props.credentials ?? []);
    const defaults = imageDefaults(Stack.of(this), props);
    const firstCopies: FirstCopy[] = [];
    const repositories = defineRepositories(this, defaults, props);
    const logGroup = defineLogGroup(this, 'Logs', props);
    const compute = (props.compute ?? MirrorCompute.ec2())._bind();
    const builds = new MirrorBuilds(this, { options: props, compute, credentials, logGroup, repositories });
    const { eventBus, project } = builds;
    const schedules = new MirrorSchedules(this, { options: props, project, longestBuild: compute.longestBuild });
    const metrics = new ResultMetrics(this, 'Metrics', { logGroup, project, images: firstCopies });
    const deployTrigger = defineDeployTrigger(this, props, { builds, compute, logGroup, metrics, repositoryPrefix: defaults.repositoryPrefix });
    const signals = { projects: [project], eventBus, metrics };
    const customImages = new CustomImages(this, {
      compute: customCompute(props.customImageCompute, compute), logGroup, repositories, builds, deployTrigger, eventProjects: signals.projects,
    });
    this.catalogs = new MirrorCatalogs(this, {
      defaults, repositories, builds, longestBuild: compute.longestBuild, schedules, firstCopies, deployTrigger,
    });
    this.monitoring = new MirrorMonitoring(this, { ...signals, logGroup, schedules, deployTrigger, hasChecks: props.admission !== undefined });
    const admission = defineAdmission(this, defaults, { builds, compute, logGroup, repositories });
    const published = new PublishedMirror(this, defaults.repositoryPrefix);
    const context = { index: new ImageIndex(), defaults, repositories, schedules, signals, customImages, published, firstCopies, deployTrigger };
    this.context = { ...context, ...admission };
    MIRROR_CONTEXTS.set(this, this.context);
    this.project = project;
    this.grantPrincipal = builds.role.role;
    this.logGroup = logGroup;
    this.scheduleGroup = schedules.group;
    this.deadLetterQueue = schedules.deadLetterQueue;
    published.define(props.published);
    this.node.addValidation({ validate: () => imageProblems(this, this.catalogs.count) });
    warnAboutDockerHubBudget(project, firstCopies, credentials, props.registries);
    mapImageList(props.images ?? [], (image) => this.addImage(image));
  }

  /** All images of the mirror in the order of their definition, including images in other stacks. */
  public get images(): IMirroredImage[] {
    return this.context.index.all();
  }

  /**
   * Mirrors one more image. If the mirror has the same image with the same options, it is mirrored once, with a warning.
   *
   * If one stack cannot hold all images, define a `MirroredImage` in another stack.
   *
   * @param image the upstream image, as `docker pull` accepts it
   * @returns the new image, or the image that the mirror has already
   * @throws Error when the image is not valid, is in the mirror with other options, or contradicts another image
   */
  public addImage(image: string, options: MirroredImageOptions = {}): MirroredImage {
    return MirroredImage._addTo(this, image, options);
  }

  /**
   * Mirrors all images of a catalog: a list of images that is not part of the template. Each run of the catalog reads the list.
   *
   * **The first catalog extends the permissions of builds** to all repositories under `<repositoryPrefix>/` and `<repositoryPrefix>-floating/`, and
   * to the action `ecr:CreateRepository`. The repositories that builds create are retained when the stack is deleted, also with
   * `RemovalPolicy.DESTROY`.
   *
   * @throws Error under the conditions of the constructor of `MirroredCatalog`
   */
  public addCatalog(id: string, catalog: ImageCatalog, options: MirroredCatalogOptions = {}): MirroredCatalog {
    return new MirroredCatalog(this, id, { ...options, catalog, mirror: this });
  }

  /**
   * The mirror's copy of an upstream image, in any spelling: `nginx`, `nginx:latest`, and `docker.io/library/nginx:latest` are the same image.
   *
   * To find an image with a tag filter, pass its repository: `nginx`. If `nginx:latest` is also in the mirror, the result is `nginx:latest`.
   *
   * @param reference the upstream image, as `docker pull` accepts it
   * @throws Error when the mirror does not have the image, or has it several times; the error suggests similar images
   */
  public image(reference: string): IMirroredImage {
    return findImage(this, () => this.context.index.find(reference, this.catalogs.count > 0), () => this.addImage(reference));
  }

  /**
   * Allows all builds that push images to sign them with a profile of AWS Signer.
   *
   * Amazon ECR signs images on push if the account has a signing configuration for the repository.
   * The mirror does not change this configuration.
   *
   * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/managed-signing.html
   */
  public allowSigning(signingProfile: signer.ISigningProfile): void {
    MirrorBuilds.of(this).allowSigning(signingProfile);
  }

  /**
   * The mirror's images as named contexts of `docker build`, so that an unchanged Dockerfile with `FROM nginx:stable` uses the mirror.
   *
   * Pass them as `buildContexts` to `ecr_assets.DockerImageAsset`, `ecs.ContainerImage.fromAsset()`, and similar constructs. This property requires
   * `aws-cdk-lib` 2.245.0 or later. The contexts cover every spelling of an image, for BuildKit and Podman.
   *
   * **A Dockerfile is built before its app is deployed**, so the images must already be in the mirror: deploy the mirror first, in a separate stack.
   * The build pulls with the CDK's image publishing role. By default, this role has no pull permission on the mirror. Grant it:
   *
   * ```ts
   * const mirror = new ImageMirror(this, 'Mirror', { images: ['nginx:stable'] });
   * const publisher = iam.Role.fromRoleName(this, 'Publisher', `cdk-hnb659fds-image-publishing-role-${cdk.Aws.ACCOUNT_ID}-${cdk.Aws.REGION}`);
   * mirror.image('nginx:stable').grantPull(publisher);
   * ```
   *
   * @param images the images that Dockerfiles name, in any spelling; all images of the mirror by default
   * @returns for example `{ 'nginx:stable': 'docker-image://111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/nginx:stable', ... }`
   * @throws Error when an image is not in the mirror or has no single tag, and when its account, Region, or repository name is not known at synthesis
   */
  public dockerBuildContexts(images?: string[]): { [name: string]: string } {
    return dockerBuildContexts(findAllImages(images, this));
  }

  /**
   * Defines the five alarms of `MirrorAlarm`, and sends their notifications to an SNS topic. Another call adds another topic.
   *
   * CloudWatch bills $0.60 a month for the alarms and up to $0.90 for their metrics, independent of the number of images. With a `cron` schedule,
   * set `staleAfter`, or remove `MirrorAlarm.STALE` from `alarms`.
   *
   * The topic must be in the mirror's Region, and in the mirror's stack or in a stack that does not depend on it. If the app defines the topic, the
   * topic policy gets a statement that allows CloudWatch to publish. An encrypted topic needs a customer managed key that allows
   * `cloudwatch.amazonaws.com` the actions `kms:Decrypt` and `kms:GenerateDataKey*`.
   *
   * ```ts
   * declare const mirror: ImageMirror;
   * mirror.notify(new sns.Topic(this, 'MirrorAlerts'));
   * ```
   *
   * @returns the alarms, so that you can add other actions
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
   * @throws Error when the topic is in another Region, when its stack has images of the mirror, and when `staleAfter` is missing or not valid
   */
  public notify(topic: sns.ITopic, options: MirrorNotifyOptions = {}): cloudwatch.Alarm[] {
    return notify(this, topic, options);
  }

  /**
   * Defines a CloudWatch alarm that goes off when EventBridge Scheduler could not start a run for a day.
   *
   * The alarm stays on until the messages of these runs are deleted from `deadLetterQueue`, or expire there. CloudWatch bills $0.20 a month.
   */
  public alarmNotStarted(id: string, options: MirrorAlarmOptions = {}): cloudwatch.Alarm {
    return this.monitoring.alarmNotStarted(this, id, options);
  }

  /**
   * Defines an EventBridge rule for scans that find vulnerabilities in images of the mirror. The rule is on the account's default event bus.
   *
   * The rule supports basic scanning and enhanced scanning. It does not change the scanning configuration of the registry.
   * The rule matches all repositories under the mirror's prefix, and the mirror's repositories with other prefixes.
   *
   * @throws Error when `eventPattern` has a field that the rule sets itself; at synthesis when the pattern is too long because many repositories have
   * other prefixes
   * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
   */
  public onScanFindings(id: string, options: OnScanFindingsOptions = {}): events.Rule {
    const { context: { repositories }, catalogs } = this;
    return defineScanRule(this, id, { repositories, catalogs, description: `Scan findings: the mirror ${this.node.path}` }, options);
  }

  /** @internal */
  public _monitoring(): Monitoring {
    return this.monitoring;
  }

  /** @internal */
  public _find(reference: ImageReference): IMirroredImage | undefined {
    return this.context.index.findExactly(reference);
  }
}
