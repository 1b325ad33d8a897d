import { Annotations, CfnResource, Stack, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct, IConstruct } from 'constructs';
import { DeclaredImage } from './declared-image';
import { marksImages } from './kept-images';
import { MirroredImageOptions } from './mirrored-image-options';
import { Attestations, TagKind } from './tag-policy';
import { CheckPolicy, hasChecks } from '../image/admission/admission-policy';
import { EXPIRED_TAG_PATTERN } from '../image/retention';
import { quote } from '../image/sanitize';
import { onSynthesis } from '../synthesis/aspects';

/** The options that two declarations of one image set differently, with both values: `schedule "rate(1 day)" and "rate(7 days)"`. */
export function differentOptions(one: DeclaredImage, other: DeclaredImage): string[] {
  const [ones, others] = [comparableOptions(one), comparableOptions(other)];
  return Object.keys(ones).filter((name) => ones[name] !== others[name]).map((name) => `${name} ${ones[name]} and ${others[name]}`);
}

/** The default time zone of schedules. */
const UTC = 'Etc/UTC';

function comparableOptions(image: DeclaredImage): { readonly [option: string]: string } {
  const { schedule, timeWindow, platforms, platformsIfAvailable, referrers, lateReferrers, attestations } = image;
  const { onTagMoved, kindOverride, mutableTags, dockerfileLines } = image;
  const timezoneName = schedule.timeZone?.timezoneName;
  const list = (values: readonly string[] | undefined, none: string) => values === undefined ? none : JSON.stringify(values);
  return {
    schedule: quote(schedule.expressionString) + (timezoneName === undefined || timezoneName === UTC ? '' : ` (${timezoneName})`),
    timeWindow: timeWindow.maxWindow === undefined ? timeWindow.mode : `${timeWindow.mode} ${timeWindow.maxWindow.toHumanString()}`,
    enabled: String(image.enabled),
    scheduled: String(image.scheduled),
    owner: image.owner ?? 'none',
    expires: image.expires ?? 'never',
    platforms: `${list(platforms, 'all')}${platformsIfAvailable ? ' of the mirror' : ''}`,
    referrers: String(referrers),
    lateReferrers: String(lateReferrers),
    attestations,
    onTagMoved,
    onUpstreamGone: image.onUpstreamGone,
    admission: hasChecks(image.admission) ? JSON.stringify(image.admission) : 'none',
    tagKind: kindOverride ?? (mutableTags.length > 0 ? TagKind.FLOATING : TagKind.FIXED),
    dockerfileLines: list(dockerfileLines, 'none'),
    customPlatforms: list(image.customPlatforms, 'the default'),
    keepPrevious: String(mutableTags.length > 0 ? image.keepPrevious : 0),
    keepVersions: image.keepVersions?.toString() ?? 'all',
    lifecycleRules: image.lifecycleRules === undefined ? 'of the mirror' : JSON.stringify(image.lifecycleRules),
  };
}

/**
 * Warns about options of an image that have no effect, and checks that its floating tags can move in a repository that the app defines.
 *
 * @throws Error when options contradict each other
 */
export function checkOptions(scope: Construct, options: MirroredImageOptions, image: DeclaredImage): void {
  for (const [id, message] of optionsWithoutEffect(options, image)) {
    Annotations.of(scope).addWarningV2(id, `${quote(image.source)}: ${message}`);
  }
  if (image.lockProblem !== undefined) scope.node.addValidation({ validate: () => [image.lockProblem!] });
  if (image.existingRepository === undefined) return;
  if (options.lifecycleRules !== undefined) {
    throw new Error(`lifecycleRules is set, but ${quote(image.source)} is in an existing repository, which has its own rules; `
      + 'add the rules to the repository where it is defined, or let the mirror define the repository');
  }
  scope.node.addValidation({ validate: () => immutabilityProblems(image) });
  if (marksImages(image) && (options.keepPrevious ?? image.keepVersions) !== undefined) onSynthesis(scope, () => warnAboutMarkedImages(scope, image));
}

function optionsWithoutEffect(options: MirroredImageOptions, image: DeclaredImage): [id: string, message: string][] {
  const warnings: [string, string][] = [];
  const reason = options.onTagMoved === undefined ? undefined : reasonThatNoFixedTagMoves(image);
  if (reason !== undefined) {
    warnings.push(['cdk-ecr-mirror:MirroredImage.onTagMovedWithoutEffect', `onTagMoved has no effect, because ${reason}; remove onTagMoved`]);
  }
  if (options.lateReferrers === true && !image.referrers) {
    warnings.push(['cdk-ecr-mirror:MirroredImage.lateReferrersWithoutEffect',
      'lateReferrers has no effect, because referrers is false; remove one of them']);
  }
  if (options.attestations === Attestations.DROP && image.reference.digest !== undefined) {
    warnings.push(['cdk-ecr-mirror:MirroredImage.pinnedAttestations',
      'a run fails if the image has attestations, because an image without them has another digest; '
      + 'remove attestations, or write the image without its digest']);
  }
  if (options.keepPrevious !== undefined && image.mutableTags.length === 0) {
    warnings.push(['cdk-ecr-mirror:MirroredImage.keepPreviousWithoutEffect',
      'keepPrevious has no effect, because fixed tags never move; remove keepPrevious']);
  }
  return [...warnings, ...limitsOfChecks(image)];
}

/** The ways in which a tag can serve an image that did not pass the checks, and checks that no run repeats. */
function limitsOfChecks({ admission, enabled, existingRepository, scheduled }: DeclaredImage): [id: string, message: string][] {
  const warnings: [string, string][] = [];
  const { lock, minimumAge, scan, signatures = [] } = admission;
  const isEnforced = (check: CheckPolicy | undefined) => check !== undefined && check.mode !== 'AUDIT';
  if (existingRepository !== undefined && [lock, minimumAge, scan, ...signatures].some(isEnforced)) {
    warnings.push(['cdk-ecr-mirror:MirroredImage.uncheckedPushes',
      'the image has checks, but the mirror does not define its repository, so other principals may push images that no check judged; '
      + 'let the mirror define the repository, or allow only the builds of the mirror to push to it and acknowledge this warning']);
  }
  if (isEnforced(minimumAge) && enabled && !scheduled) {
    warnings.push(['cdk-ecr-mirror:MirroredImage.heldUntilNextRun',
      'minimumAge holds a new image until a later run, but scheduled is false, so no schedule starts one; start runs with cdk-ecr-mirror start or a '
      + 'rule, or turn the check off with minimumAgeMode: AdmissionMode.OFF']);
  }
  return warnings;
}

/** Warns when no lifecycle rule expires the images that builds mark in an existing repository. */
function warnAboutMarkedImages(scope: Construct, { existingRepository, source }: DeclaredImage): void {
  const resource = repositoryResource(existingRepository!);
  const policy = resource && JSON.stringify(Stack.of(resource).resolve(resource.lifecyclePolicy));
  if (policy?.includes(EXPIRED_TAG_PATTERN)) return;
  Annotations.of(scope).addWarningV2('cdk-ecr-mirror:MirroredImage.markedImagesStay',
    `${quote(source)}: builds mark images that nothing needs with tags such as ${quote(EXPIRED_TAG_PATTERN)}, but the mirror does not define the `
    + 'lifecycle rules of an existing repository; add a rule that expires these images, which docs/retention.md shows, or acknowledge this warning');
}

/**
 * Why a workload may lose its image after a floating tag has moved, and what to do; `undefined` if it keeps its image.
 *
 * An image with a digest does not move, and a filter has no single tag that a workload names.
 */
export function movedTagProblem({ existingRepository, keepPrevious, mutableTags, reference, source }: DeclaredImage): string | undefined {
  const [tag] = mutableTags;
  if (tag === undefined || reference.digest !== undefined) return undefined;
  const isForeign = existingRepository !== undefined && repositoryResource(existingRepository) === undefined;
  if (keepPrevious > 0 && !isForeign) return undefined;
  const reason = keepPrevious > 0 ? 'this app does not define the lifecycle rules of its repository' : 'keepPrevious is 0';
  const remedy = keepPrevious > 0
    ? 'keep all tags that start with "mirror.previous." in its lifecycle policy, and acknowledge this warning' : 'set keepPrevious';
  return `it uses the floating tag ${quote(tag)} of ${quote(source)}, and ${reason}. `
    + 'So its image may expire after the tag has moved to another image; '
    + `use a fixed tag, pin the digest, or ${remedy}`;
}

/** The reason why a run never finds another image under a fixed tag; `undefined` when it can. */
function reasonThatNoFixedTagMoves({ reference, tags, kindOverride, mutableTags }: DeclaredImage): string | undefined {
  if (reference.digest !== undefined && reference.tag === undefined) return 'a digest always names the same image';
  if ('tag' in tags) return mutableTags.length > 0 ? `the tag ${quote(tags.tag)} is floating, and floating tags follow upstream` : undefined;
  const onlyFloating = kindOverride === TagKind.FLOATING || tags.filter._selectsOnly(mutableTags);
  return onlyFloating ? 'all tags of the filter are floating, and floating tags follow upstream' : undefined;
}

/** The floating tags that cannot move in their repository, if the app defines it. It is read late, because its properties can still change. */
function immutabilityProblems({ source, existingRepository, mutableTags }: DeclaredImage): string[] {
  const resource = repositoryResource(existingRepository!);
  if (resource === undefined) return [];
  const stack = Stack.of(resource);
  const mutability: unknown = stack.resolve(resource.imageTagMutability);
  const exceptions = exceptionPatterns(stack.resolve(resource.imageTagMutabilityExclusionFilters));
  const isImmutable = (tag: string) => {
    const isException = exceptions.some((pattern) => matches(tag, pattern));
    if (mutability === 'IMMUTABLE') return true;
    return mutability === 'IMMUTABLE_WITH_EXCLUSION' ? !isException : mutability === 'MUTABLE_WITH_EXCLUSION' && isException;
  };
  return mutableTags.filter((tag) => !tag.includes('*') && isImmutable(tag)).map((tag) => (
    `${quote(source)} has the floating tag ${quote(tag)}, but the tag is immutable in the repository ${quote(resource.node.path)}, `
    + 'so a run fails when upstream moves the tag; let the tag move with imageTagMutability and imageTagMutabilityExclusionFilters, '
    + 'set tagKind: TagKind.FIXED if the tag never moves, or let the mirror define the repository'
  ));
}

function exceptionPatterns(filters: unknown): string[] {
  const values = (Array.isArray(filters) ? filters : []).map((filter) => Object(filter).imageTagMutabilityExclusionFilterValue as unknown);
  return values.filter((value): value is string => typeof value === 'string');
}

function matches(tag: string, pattern: string): boolean {
  return new RegExp(`^${pattern.split('*').map((part) => part.replace(/[^A-Za-z0-9_]/g, '\\$&')).join('.*')}$`).test(tag);
}

/** The resource of a repository that the app defines, also if the image has an import of it by its name. */
function repositoryResource(repository: ecr.IRepository): ecr.CfnRepository | undefined {
  const child = repository.node.defaultChild;
  if (child !== undefined && isRepositoryResource(child)) return child;
  const { repositoryName, stack } = repository;
  if (Token.isUnresolved(repositoryName)) return undefined;
  const isSame = (resource: ecr.CfnRepository) => resource.repositoryName === repositoryName
    && Stack.of(resource).account === stack.account && Stack.of(resource).region === stack.region;
  return stack.node.root.node.findAll().filter(isRepositoryResource).find(isSame);
}

function isRepositoryResource(construct: IConstruct): construct is ecr.CfnRepository {
  return CfnResource.isCfnResource(construct) && construct.cfnResourceType === ecr.CfnRepository.CFN_RESOURCE_TYPE_NAME;
}
