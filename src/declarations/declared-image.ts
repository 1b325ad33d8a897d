import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { AdmissionOptions } from './admission-options';
import { declareImageAdmission, layersOf } from './declared-admission';
import { KeptImages, keptImagesOf } from './kept-images';
import { requireLifecycleRules } from './lifecycle-options';
import { MirroredImageOptions } from './mirrored-image-options';
import { TagFilter } from './tag-filter';
import { Attestations, OnTagMoved, OnUpstreamGone, TagKind } from './tag-policy';
import { RepositoryOwner, targetRepositoryName } from './target-repository';
import { parsePlatforms, parseUpstreamImage, parseUpstreamRepository } from './upstream-image';
import { AdmissionPolicy } from '../image/admission/admission-policy';
import { formatImageReference, ImageReference } from '../image/image-reference';
import { EXPIRES_FORM, isLastDay, isOwner, OWNER_FORM, Ownership } from '../image/ownership';
import { mirrorTag } from '../image/repository-name';
import { isRetentionTag, RETENTION_TAG_PROBLEM } from '../image/retention';
import { quote } from '../image/sanitize';
import { tagKind } from '../image/tag-kind';
import { suffixedTagPattern } from '../image/tag-patterns';
import { pathInStage } from '../synthesis/environments';
import { requireLiteral } from '../synthesis/literal';
import { describeValue, FLAG, listOf, objectWith, requireShapes, text, valueOf } from '../synthesis/shapes';

/** The tags that one schedule mirrors: a single tag, or the tags that a filter selects. */
export type DeclaredTags = { readonly tag: string } | { readonly filter: TagFilter };

/** The settings of a mirror that apply to all its images. */
export interface ImageDefaults extends RepositoryOwner, KeptImages, Pick<Ownership, 'owner'> {
  readonly schedule: scheduler.ScheduleExpression;
  readonly timeWindow: scheduler.TimeWindow;
  readonly enabled: boolean;
  readonly scheduled: boolean;
  readonly onTagMoved: OnTagMoved;
  readonly attestations: Attestations;
  readonly lateReferrers: boolean;
  readonly referrers: boolean;
  readonly onUpstreamGone: OnUpstreamGone;
  /** The options for checks, which images can replace; `undefined` when there are none. */
  readonly admission?: AdmissionOptions;
  /** The checks of images without options of their own, without a lock. Empty when there are none. */
  readonly checks: AdmissionPolicy;
  /** The platforms to mirror of images that have them; `undefined` for all. */
  readonly platforms?: readonly string[];
}

/** The shapes of the settings that mirrors and images have, for callers without a compiler. */
export const IMAGE_DEFAULT_SHAPES = {
  schedule: objectWith('expressionString', 'scheduler.ScheduleExpression.rate(Duration.days(1))'),
  timeWindow: objectWith('mode', 'scheduler.TimeWindow.flexible(Duration.hours(1))'),
  enabled: FLAG,
  scheduled: FLAG,
  onTagMoved: valueOf('OnTagMoved', OnTagMoved),
  attestations: valueOf('Attestations', Attestations),
  lateReferrers: FLAG,
  referrers: FLAG,
  onUpstreamGone: valueOf('OnUpstreamGone', OnUpstreamGone),
  owner: text('team-payments'),
};

/** The rules are checked one by one with their other mistakes. */
export const LIFECYCLE_RULES = {
  ...listOf(objectWith('tagPatternList', ''), '{ tagPatternList: ["pr-*"], maxImageAge: Duration.days(14) }'), items: undefined,
};

/** The shapes of the options of an image. Lists are checked where they are parsed. */
const OPTION_SHAPES = {
  ...IMAGE_DEFAULT_SHAPES,
  repository: objectWith('repositoryName', 'ecr.Repository.fromRepositoryName(this, "Repository", "team/nginx")'),
  tags: objectWith('_render', 'TagFilter.semver("1.x") or TagFilter.pattern("1.2.*")'),
  lifecycleRules: LIFECYCLE_RULES,
  dockerfileLines: listOf(text('RUN mkdir /data'), '"RUN mkdir /data"'),
  allPlatforms: FLAG,
  expires: text('2027-03-31'),
  tagKind: valueOf('TagKind', TagKind),
};

/** An image that the app declares. Its text and options are parsed once, here; repositories, schedules, and consumers use this value. */
export interface DeclaredImage extends KeptImages, Ownership {
  readonly reference: ImageReference;
  /** The upstream image in its canonical form: `docker.io/library/nginx:stable`. Without a tag where a filter selects the tags. */
  readonly source: string;
  readonly tags: DeclaredTags;
  /** The kind of the tags where it differs from the engine's own judgment of their form. */
  readonly kindOverride?: TagKind;
  /** The tags, and patterns of tags, that may move. */
  readonly mutableTags: readonly string[];
  /** The tags that never move, and patterns of such tags in the syntax of `image/tag-patterns.ts`. */
  readonly fixedTags: readonly string[];
  /** The chosen mutability of the repository; `undefined` for the mirror's. */
  readonly imageTagMutability?: ecr.TagMutability;
  /** The chosen lifecycle rules of the repository, in the order of their evaluation; `undefined` for the mirror's. */
  readonly lifecycleRules?: readonly ecr.LifecycleRule[];
  /** The platforms to mirror; `undefined` for all. */
  readonly platforms?: readonly string[];
  /** Whether the platforms are those of the mirror, so that upstream may lack some of them. */
  readonly platformsIfAvailable: boolean;
  readonly referrers: boolean;
  readonly lateReferrers: boolean;
  readonly attestations: Attestations;
  readonly onTagMoved: OnTagMoved;
  readonly onUpstreamGone: OnUpstreamGone;
  /** The checks of new images, with the lock. Empty when there are none. */
  readonly admission: AdmissionPolicy;
  /** Why the lock file cannot decide about the image. */
  readonly lockProblem?: string;
  readonly schedule: scheduler.ScheduleExpression;
  readonly timeWindow: scheduler.TimeWindow;
  readonly enabled: boolean;
  readonly scheduled: boolean;
  /** A token only for an existing repository. */
  readonly repositoryName: string;
  /** Whether the user chose the repository. The engine derives the name of any other repository itself. */
  readonly hasChosenRepository: boolean;
  /** The repository that the mirror does not define. */
  readonly existingRepository?: ecr.IRepository;
  /** The instructions that follow `FROM`; `undefined` for an image that is not customized. */
  readonly dockerfileLines?: readonly string[];
  /** The platforms of the customized image; `undefined` for the default. */
  readonly customPlatforms?: readonly string[];
}

/**
 * Declares an image: parses it, and resolves its options against the settings of its mirror.
 *
 * @throws Error when the image, its repository, or an option is not valid
 */
export function declareImage(image: string, options: MirroredImageOptions, defaults: ImageDefaults): DeclaredImage {
  requireShapes(`the options of ${describeValue(image)}`, options, OPTION_SHAPES);
  const reference = options.tags === undefined ? parseUpstreamImage(image) : parseUpstreamRepository(image);
  const onTagMoved = options.onTagMoved ?? defaults.onTagMoved;
  const { fixedTags, ...tags } = declareTags(reference, options);
  const source = formatImageReference(reference);
  const timetable = declareTimetable(options, defaults);
  return {
    reference,
    source,
    ...tags,
    fixedTags: onTagMoved === OnTagMoved.SUFFIX ? [...fixedTags, ...fixedTags.map(suffixedTagPattern)] : fixedTags,
    ...declarePlatforms(options, defaults.platforms),
    referrers: options.referrers ?? defaults.referrers,
    lateReferrers: options.lateReferrers ?? defaults.lateReferrers,
    attestations: options.attestations ?? defaults.attestations,
    imageTagMutability: options.imageTagMutability,
    ...keptImagesOf(image, options.tags, options, defaults),
    lifecycleRules: options.lifecycleRules && requireLifecycleRules(options.lifecycleRules),
    onTagMoved,
    onUpstreamGone: options.onUpstreamGone ?? defaults.onUpstreamGone,
    ...timetable,
    ...declareImageAdmission({ source, tag: 'tag' in tags.tags ? tags.tags.tag : undefined }, layersOf(options, defaults), timetable),
    owner: requireOwner(options.owner) ?? defaults.owner,
    expires: requireLastDay(options.expires),
    repositoryName: targetRepositoryName(reference, options, defaults),
    hasChosenRepository: options.repositoryName !== undefined || options.repository !== undefined,
    existingRepository: options.repository,
    dockerfileLines: options.dockerfileLines,
    customPlatforms: declareCustomPlatforms(options),
  };
}

/** The options of images and catalogs for when they are mirrored. */
export type TimetableOptions = Pick<MirroredImageOptions, 'schedule' | 'timeWindow' | 'enabled' | 'scheduled'>;

/**
 * Resolves when an image or a catalog is mirrored.
 *
 * @throws Error when a schedule is set that has no effect
 */
export function declareTimetable(options: TimetableOptions, defaults: ImageDefaults) {
  const scheduled = options.scheduled ?? defaults.scheduled;
  const unused = (['schedule', 'timeWindow'] as const).find((name) => (options[name] ?? undefined) !== undefined);
  if (!scheduled && unused !== undefined) {
    const own = options.scheduled === false;
    throw new Error(`${unused} has no effect, because scheduled is false${own ? '' : ' for the whole mirror'}; `
      + `remove ${unused}, or ${own ? 'remove scheduled' : 'set scheduled: true here'}`);
  }
  return {
    schedule: options.schedule ?? defaults.schedule,
    timeWindow: options.timeWindow ?? defaults.timeWindow,
    enabled: options.enabled ?? defaults.enabled,
    scheduled,
  };
}

/**
 * Chooses between the platforms of an image, or of a catalog, and those of its mirror. Upstream may lack some of the mirror's platforms.
 *
 * @throws Error when the image has platforms and `allPlatforms`
 */
export function declarePlatforms(
  { allPlatforms = false, platforms }: Pick<MirroredImageOptions, 'allPlatforms' | 'platforms'>, ofMirror: readonly string[] | undefined,
): Pick<DeclaredImage, 'platforms' | 'platformsIfAvailable'> {
  if (allPlatforms && platforms !== undefined) throw new Error('allPlatforms is true, but platforms is set too; remove one of them');
  const isOfMirror = !allPlatforms && platforms === undefined && ofMirror !== undefined;
  return { platforms: isOfMirror ? ofMirror : parsePlatforms(platforms), platformsIfAvailable: isOfMirror };
}

/** @throws Error when the owner is not valid, or is a token */
export function requireOwner(value: string | undefined): string | undefined {
  const owner = value ?? undefined;
  if (owner === undefined) return undefined;
  if (isOwner(requireLiteral(owner, 'owner', 'write it as a string, for example "team-payments"'))) return owner;
  throw new Error(`owner ${quote(owner)} must be ${OWNER_FORM}`);
}

function requireLastDay(value: string | undefined): string | undefined {
  const expires = value ?? undefined;
  if (expires === undefined) return undefined;
  if (isLastDay(requireLiteral(expires, 'expires', 'write it as a string, for example "2027-03-31"'))) return expires;
  throw new Error(`expires ${quote(expires)} must be ${EXPIRES_FORM}`);
}

function declareTags(reference: ImageReference, { tags: filter, tagKind: chosenKind }: MirroredImageOptions) {
  if (filter !== undefined) {
    const kindOverride = filter._kind(chosenKind);
    return { tags: { filter }, kindOverride, mutableTags: filter._mutablePatterns(chosenKind), fixedTags: filter._fixedPatterns(chosenKind) };
  }
  const tag = mirrorTag(reference);
  if (isRetentionTag(tag)) throw new Error(`${quote(formatImageReference(reference))}: ${RETENTION_TAG_PROBLEM}`);
  if (reference.tag === undefined && chosenKind === TagKind.FLOATING) {
    throw new Error(`tagKind is FLOATING, but ${quote(formatImageReference(reference))} is a digest, which always names the same image; `
      + 'remove tagKind, or write the image with a tag');
  }
  const kind = chosenKind ?? tagKind(tag);
  const [mutableTags, fixedTags] = kind === TagKind.FLOATING ? [[tag], []] : [[], [tag]];
  return { tags: { tag }, kindOverride: kind === tagKind(tag) ? undefined : chosenKind, mutableTags, fixedTags };
}

function declareCustomPlatforms({ customPlatforms, dockerfileLines }: MirroredImageOptions): string[] | undefined {
  if (customPlatforms?.length === 0) throw new Error('customPlatforms is empty; omit it to build for the platforms of the image');
  if (customPlatforms !== undefined && dockerfileLines === undefined) {
    throw new Error('customPlatforms is set without dockerfileLines, but only customized images have it; '
      + 'set dockerfileLines too, or omit customPlatforms');
  }
  return parsePlatforms(customPlatforms);
}

/**
 * Returns the single tag of an image in Amazon ECR.
 *
 * @param remedy what to do instead of asking for a single tag
 * @throws Error when a filter selects the tags
 */
export function requireSingleTag({ source, tags }: Pick<DeclaredImage, 'source' | 'tags'>, remedy: string): string {
  if ('tag' in tags) return tags.tag;
  throw new Error(`${quote(source)} uses a tag filter, so it has no single tag; ${remedy}`);
}

/** The tags as one text. Two equal filters have the same text. */
export function formatTags(tags: DeclaredTags): string {
  return 'tag' in tags ? tags.tag : tags.filter._render();
}

/**
 * Returns the construct id of an image that `addImage()` defines. It depends only on the image, its tag filter, and its repository:
 * another id would replace the schedule of the image.
 */
export function constructIdFor({ source, tags, existingRepository, repositoryName, hasChosenRepository }: DeclaredImage): string {
  const filter = 'filter' in tags ? ['tags', formatTags(tags)] : [];
  const repository = hasChosenRepository ? ['in', existingRepository === undefined ? repositoryName : pathInStage(existingRepository)] : [];
  return [source, ...filter, ...repository].join(' ').replace(/\//g, ':');
}
