import { Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Construct, IDependable } from 'constructs';
import { ImageMirrorProps } from './image-mirror-props';
import { PublishedMirror } from './published-mirror';
import { Quarantine, QuarantineProps, requireChecksFit } from '../admission/admission-repositories';
import { MirrorDecisions, MirrorDecisionsProps } from '../admission/mirror-decisions';
import { ScanRules } from '../admission/scan-rules';
import { CustomImages } from '../customize/custom-images';
import { declareAdmission, formatChecks } from '../declarations/declared-admission';
import { IMAGE_DEFAULT_SHAPES, ImageDefaults, LIFECYCLE_RULES, requireOwner } from '../declarations/declared-image';
import { ImageIndex } from '../declarations/image-index';
import { requireKeptImages } from '../declarations/kept-images';
import { requireLifecycleRules } from '../declarations/lifecycle-options';
import { FirstCopy, stackSizeProblems } from '../declarations/limits';
import { IImageMirror, IMirroredImage, MirrorParts } from '../declarations/mirror-interfaces';
import { Attestations, OnTagMoved, OnUpstreamGone } from '../declarations/tag-policy';
import { parsePlatforms } from '../declarations/upstream-image';
import { functionNetwork } from '../deploy/deploy-options';
import { DeployTrigger, OnDeploy } from '../deploy/deploy-trigger';
import { DEFAULT_REPOSITORY_PREFIX, repositoryNameProblem } from '../image/repository-name';
import { quote } from '../image/sanitize';
import { MirrorSignals } from '../observe/monitoring';
import { ResultMetrics } from '../observe/result-metrics';
import { ComputeConfiguration } from '../project/mirror-compute';
import { MirrorBuilds } from '../project/mirror-project';
import { RegistryCredentials } from '../project/registry-credentials';
import { encryptionConfiguration, requireRepositoryTags } from '../repositories/encryption-and-tags';
import { RepositorySet } from '../repositories/repository-set';
import { MirrorSchedules } from '../schedules/schedules';
import { requireLiteral } from '../synthesis/literal';
import { hasDummy, hasPendingLookups } from '../synthesis/lookups';
import { FLAG, listOf, mapAll, objectWith, requireShape, requireShapes, text, valueOf } from '../synthesis/shapes';

/** The parts of a mirror that its images use. */
export interface MirrorContext {
  /** The images of the mirror. Each image adds itself. */
  readonly index: ImageIndex;
  readonly defaults: ImageDefaults;
  readonly repositories: RepositorySet;
  readonly schedules: MirrorSchedules;
  readonly signals: MirrorSignals;
  readonly customImages: CustomImages;
  readonly quarantine: Quarantine;
  readonly scanRules: ScanRules;
  /** The list for other apps. Each image adds itself. */
  readonly published: PublishedMirror;
  /** The first copies of the mirror. Each image adds its own. */
  readonly firstCopies: FirstCopy[];
  /** `undefined` when deployments do not mirror images. */
  readonly deployTrigger?: DeployTrigger;
}

/** The contexts of the mirrors of the app. */
export const MIRROR_CONTEXTS = new MirrorParts<MirrorContext>('images');

/**
 * Returns the settings that apply to all images of a mirror.
 *
 * @param stack the stack of the mirror
 * @throws Error when the repository prefix is not valid
 */
export function imageDefaults(stack: Stack, props: ImageMirrorProps): ImageDefaults {
  const times = {
    schedule: props.schedule ?? scheduler.ScheduleExpression.rate(Duration.days(1)),
    timeWindow: props.timeWindow ?? scheduler.TimeWindow.flexible(Duration.hours(1)),
    scheduled: props.scheduled ?? true,
  };
  return {
    stack,
    repositoryPrefix: requireRepositoryPrefix(props.repositoryPrefix ?? DEFAULT_REPOSITORY_PREFIX),
    ...times,
    enabled: props.enabled ?? true,
    onTagMoved: props.onTagMoved ?? OnTagMoved.FAIL,
    attestations: props.attestations ?? Attestations.KEEP_IF_ACCEPTED,
    lateReferrers: props.lateReferrers ?? true,
    referrers: props.referrers ?? true,
    onUpstreamGone: props.onUpstreamGone ?? OnUpstreamGone.KEEP,
    admission: props.admission ?? undefined,
    checks: declareAdmission('the mirror', { own: props.admission ?? {} }, times),
    platforms: parsePlatforms(props.platforms ?? undefined),
    owner: requireOwner(props.owner),
    ...requireKeptImages(props),
  };
}

/** The shapes of the props of a mirror, for callers without a compiler. */
const SHAPES = {
  // The items are checked one by one with their other mistakes.
  images: { ...listOf(text('nginx:stable'), '"nginx:stable"'), items: undefined },
  repositoryPrefix: text('mirror'),
  ...IMAGE_DEFAULT_SHAPES,
  groupRuns: FLAG,
  onDeploy: valueOf('OnDeploy', OnDeploy),
  deployVpc: objectWith('vpcId', 'ec2.Vpc.fromLookup(this, "Vpc", { isDefault: true })'),
  deploySecurityGroups: listOf(objectWith('securityGroupId', 'new ec2.SecurityGroup(this, "Group", { vpc })'), 'securityGroup'),
  credentials: listOf(objectWith('registry', 'RegistryCredentials.dockerHub(secret)', true), 'RegistryCredentials.dockerHub(secret)'),
  registries: listOf(objectWith('registry', 'RegistrySettings.of("docker.io", { endpoint })'), 'RegistrySettings.of("docker.io", { endpoint })'),
  compute: objectWith('_bind', 'MirrorCompute.ec2()'),
  customImageCompute: objectWith('_bind', 'MirrorCompute.ec2()'),
  proxy: objectWith('url', '{ url: "http://proxy.example.com:3128" }', true),
  fips: FLAG,
  certificateAuthorityPath: text('certificates.pem'),
  encryptionKey: objectWith('keyArn', 'new kms.Key(this, "Key")'),
  encryption: objectWith('value', 'ecr.RepositoryEncryption.KMS'),
  operationsEncryptionKey: objectWith('keyArn', 'new kms.Key(this, "Key")'),
  lifecycleRules: LIFECYCLE_RULES,
  untaggedImageExpiry: objectWith('toDays', 'Duration.days(30)'),
  imageScanOnPush: FLAG,
  repositoryRemovalPolicy: valueOf('RemovalPolicy', RemovalPolicy),
  eventBus: objectWith('eventBusArn', 'new events.EventBus(this, "Bus")'),
};

/** @throws Error when a prop is not of its type, which only compilers check otherwise */
export function requireMirrorShapes(props: ImageMirrorProps): void {
  requireShapes('the props of ImageMirror', props, SHAPES);
}

/** @throws Error when the prefix is not valid */
export function requireRepositoryPrefix(value: string): string {
  const prefix = requireLiteral(value, 'repositoryPrefix', 'write it as a string, for example "mirror"');
  if (prefix === '') throw new Error('repositoryPrefix is empty, but builds may push to all repositories under it; use for example "mirror"');
  const problem = repositoryNameProblem(prefix);
  if (problem) throw new Error(`repositoryPrefix ${quote(prefix)} cannot be the first part of a repository name: ${problem}`);
  return prefix;
}

/** Defines the set of the repositories of a mirror. */
export function defineRepositories(mirror: IImageMirror & Construct, defaults: ImageDefaults, props: ImageMirrorProps): RepositorySet {
  const { keepPrevious, repositoryPrefix } = defaults;
  return new RepositorySet(mirror, {
    repositoryPrefix,
    keepPrevious,
    encryptionKey: props.encryptionKey,
    encryption: encryptionConfiguration(props),
    tags: requireRepositoryTags(props.repositoryTags ?? {}),
    imageScanOnPush: props.imageScanOnPush ?? true,
    imageTagMutability: props.imageTagMutability,
    removalPolicy: props.repositoryRemovalPolicy ?? RemovalPolicy.RETAIN,
    lifecycleRules: requireLifecycleRules(props.lifecycleRules ?? []),
    untaggedImageExpiry: requireExpiryInDays(props.untaggedImageExpiry ?? Duration.days(30)),
  });
}

/** The parts of a mirror that its checks use. */
interface AdmissionParts extends Pick<QuarantineProps, 'builds' | 'repositories'>, Pick<MirrorDecisionsProps, 'compute' | 'logGroup'> {}

/** The parts of a mirror for the checks of new images. */
export function defineAdmission(
  mirror: IImageMirror & Construct, { checks, repositoryPrefix }: ImageDefaults, parts: AdmissionParts,
): Pick<MirrorContext, 'quarantine' | 'scanRules'> {
  const { builds, compute, logGroup, repositories } = parts;
  const defaultChecks = formatChecks(checks);
  requireChecksFit(defaultChecks);
  const quarantine = new Quarantine(mirror, { builds, repositories, defaultChecks });
  new MirrorDecisions(mirror, { builds, compute, logGroup, quarantine });
  quarantine.require(checks);
  return { quarantine, scanRules: new ScanRules(mirror, repositoryPrefix) };
}

/** The parts of a mirror that start builds during a deployment. */
export interface DeployTriggerParts {
  readonly builds: MirrorBuilds;
  readonly compute: ComputeConfiguration;
  readonly logGroup: logs.ILogGroup;
  readonly metrics: ResultMetrics;
  readonly repositoryPrefix: string;
}

/** Defines what mirrors images during a deployment; `undefined` when deployments do not mirror images. */
export function defineDeployTrigger(
  mirror: Construct,
  { onDeploy = OnDeploy.WAIT, fips, ...logOptions }: ImageMirrorProps,
  { builds, compute, logGroup, metrics, repositoryPrefix }: DeployTriggerParts,
): DeployTrigger | undefined {
  const network = functionNetwork(logOptions);
  if (onDeploy === OnDeploy.OFF) return undefined;
  const { longestBuild, vpc } = compute;
  // The whole VPCs: builds and functions need routes and endpoints that no other resource of the mirror refers to.
  const vpcs = [vpc, network?.vpc].filter((one) => one !== undefined);
  const buildsNeed: IDependable[] = [builds.role.role, metrics, ...new Set(vpcs)];
  const { project } = builds;
  return new DeployTrigger(mirror, { onDeploy, project, buildLogs: logGroup, logOptions, network, longestBuild, repositoryPrefix, buildsNeed, fips });
}

/** @throws Error when a registry, or a namespace of a registry, has two credentials */
export function requireUniqueRegistries(credentials: RegistryCredentials[]): RegistryCredentials[] {
  const scopes = credentials.map(({ registry, repositoryNamespace: path }) => path === undefined ? registry : `${registry}/${path}`);
  const duplicate = scopes.find((scope, index) => scopes.indexOf(scope) !== index);
  if (duplicate !== undefined) throw new Error(`the registry ${quote(duplicate)} has two credentials; remove one of them`);
  return credentials;
}

/** @throws Error when the duration is not a whole number of days */
function requireExpiryInDays(expiry: Duration): Duration {
  const days = expiry.isUnresolved() ? NaN : expiry.toDays({ integral: false });
  if (Number.isInteger(days) && days >= 1) return expiry;
  const value = expiry.isUnresolved() ? '(a token)' : quote(expiry.toHumanString());
  throw new Error(`untaggedImageExpiry ${value} must be a whole number of days, at least 1; `
    + 'use for example Duration.days(30)');
}

/**
 * Calls a function with each image of a list, and returns the results.
 *
 * @throws Error when the list is not known at synthesis, or has mistakes; the error has all mistakes
 */
export function mapImageList<T>(images: string[], call: (image: string) => T): T[] {
  if (Token.isUnresolved(images)) throw new Error('images must be known at synthesis, but it is a list token; write the images as strings');
  return mapAll('images', images, (image, index) => {
    requireShape(`images[${index}]`, image, IMAGE);
    return call(image);
  });
}

/** An item of a list of images. */
const IMAGE = { ...text('nginx:stable'), remedy: () => 'write for example "nginx:stable", and add an image that has options with addImage()' };

/**
 * Finds an image. Before the first lookup of values, the list of images is not complete, so an image that it does not have is added to it. The
 * second pass has the list.
 */
export function findImage(mirror: IImageMirror, find: () => IMirroredImage, add: () => IMirroredImage): IMirroredImage {
  try {
    return find();
  } catch (error) {
    if (!hasPendingLookups(mirror) && !mirror.images.some(({ source }) => hasDummy(source))) throw error;
    return add();
  }
}

/**
 * Finds the images of a list, or all images without a list.
 *
 * @throws Error with all mistakes of the list
 */
export function findAllImages(images: string[] | undefined, mirror: IImageMirror): IMirroredImage[] {
  if (images === undefined) return mirror.images;
  requireShape('images', images, SHAPES.images);
  return mapAll('images', images, (image) => mirror.image(image));
}

/** The problems of the images of a mirror: there are none, or more than a stack can hold. */
export function imageProblems(mirror: IImageMirror, catalogs: number): string[] {
  if (mirror.images.length + catalogs > 0 || hasPendingLookups(mirror)) return stackSizeProblems(mirror.images);
  return ['the mirror has no images; pass images, call addImage() or addCatalog(), or remove the mirror'];
}
