import { Annotations, Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, IDependable } from 'constructs';
import { defineCatalogTemplates } from './catalog-templates';
import { CatalogSource } from './image-catalog';
import { ImageDefaults } from '../declarations/declared-image';
import { FirstCopy } from '../declarations/limits';
import { IImageMirror, MirrorParts } from '../declarations/mirror-interfaces';
import { DeployTrigger } from '../deploy/deploy-trigger';
import { CatalogImage } from '../image/catalog/catalog-entry';
import { floatingRepositoryPrefix } from '../image/catalog/catalog-repositories';
import { COPIES_PER_MINUTE, largestShard, MAX_SHARD_IMAGES, requiredShards, shardAdvice } from '../image/catalog/catalog-shard';
import { parseImageReference } from '../image/image-reference';
import { PUBLIC_GALLERY } from '../image/registry-hosts';
import { MirrorBuilds } from '../project/mirror-project';
import { CatalogPrefixReservation } from '../repositories/prefix-reservations';
import { repositoryArn } from '../repositories/repository-arns';
import { RepositorySet } from '../repositories/repository-set';
import { MirrorSchedules } from '../schedules/schedules';
import { suppressRepositoryPrefixes } from '../synthesis/nag-suppressions';

/** The parts of a mirror that its catalogs use. */
export interface MirrorCatalogsProps {
  readonly defaults: ImageDefaults;
  readonly repositories: RepositorySet;
  readonly builds: MirrorBuilds;
  /** The time after which CodeBuild stops a build. */
  readonly longestBuild: Duration;
  readonly schedules: MirrorSchedules;
  /** The first copies of the mirror. The catalogs add theirs. */
  readonly firstCopies: FirstCopy[];
  /** `undefined` when deployments do not mirror images. */
  readonly deployTrigger?: DeployTrigger;
}

const PARTS = new MirrorParts<MirrorCatalogs>('catalogs');

/**
 * The catalogs of one mirror.
 *
 * The first catalog widens the permissions of builds to all repositories under the prefixes of the mirror, and to their creation.
 * The permissions of a mirror without catalogs stay narrow.
 */
export class MirrorCatalogs {
  /**
   * The catalogs of a mirror.
   *
   * @throws Error when the app does not define the mirror
   */
  public static of(mirror: IImageMirror): MirrorCatalogs {
    return PARTS.of(mirror);
  }

  /** Whether a mirror has catalogs. A catalog may list any image. */
  public static has(mirror: IImageMirror): boolean {
    return (PARTS.find(mirror)?.count ?? 0) > 0;
  }

  private readonly sources: CatalogSource[] = [];
  private readonly reservation: CatalogPrefixReservation;
  private templates: readonly IDependable[] = [];

  /**
   * @throws Error when a catalog of another mirror of the app may fill the repositories of this mirror
   */
  constructor(private readonly mirror: IImageMirror & Construct, public readonly props: MirrorCatalogsProps) {
    this.reservation = new CatalogPrefixReservation(mirror, props.repositories.prefix);
    PARTS.set(mirror, this);
  }

  /** The number of catalogs. */
  public get count(): number {
    return this.sources.length;
  }

  /**
   * Adds a catalog, and allows builds to mirror it. Returns the resources that must exist before a build reads the catalog.
   *
   * @param platforms the number of platforms of entries without platforms of their own; all by default
   * @throws Error when the prefix is not valid for creation templates, or when another mirror or template of the app uses it
   */
  public add(source: CatalogSource, platforms?: number): IDependable[] {
    if (this.sources.length === 0) this.prepare();
    this.sources.push(source);
    const { builds, firstCopies, repositories } = this.props;
    builds.role.allow(source.statements);
    source.grantDecrypt?.(builds.role.role);
    const images = source.images?.images;
    builds.addSources(images?.map((image) => image.source) ?? []);
    repositories.noteTagsOfCatalog(images?.flatMap(({ source: image }) => parseImageReference(image).tag ?? []) ?? []);
    firstCopies.push(...images?.map((image) => toCatalogCopy(image, platforms)) ?? [UNKNOWN_COPY]);
    // A list that is not known at synthesis may name images of any registry.
    if (images?.some(({ registry }) => registry === PUBLIC_GALLERY) ?? true) repositories.noticeRegistry(PUBLIC_GALLERY);
    return [...this.templates, ...source.dependencies];
  }

  private prepare(): void {
    const { repositories, builds } = this.props;
    this.reservation.addCatalog();
    const prefixes = [repositories.prefix, floatingRepositoryPrefix(repositories.prefix)];
    this.templates = defineCatalogTemplates(new Construct(this.mirror, 'CreationTemplates'), repositories);
    suppressRepositoryPrefixes(builds.role.role, prefixes);
    for (const prefix of prefixes) {
      builds.role.repositories.includeAllUnder(prefix);
      repositories.noteCreatedUnder(prefix);
    }
    const resources = prefixes.map((prefix) => repositoryArn(Stack.of(this.mirror), `${prefix}/*`));
    builds.role.allow([new iam.PolicyStatement({ actions: ['ecr:CreateRepository'], resources })]);
  }
}

/** The first copies of a catalog that is not known at synthesis. */
const UNKNOWN_COPY: FirstCopy = { registry: undefined, repository: undefined, tags: undefined, platforms: undefined };

function toCatalogCopy({ allPlatforms, platforms, registry, tags, upstream }: CatalogImage, ofCatalog: number | undefined): FirstCopy {
  const repository = upstream.slice(`${registry}/`.length);
  return { registry, repository, tags, platforms: platforms ?? (allPlatforms ? undefined : ofCatalog) };
}

/** The division of a catalog into builds. */
export interface ShardSizes {
  readonly shards: number;
  /** The time after which CodeBuild stops a build. */
  readonly longestBuild: Duration;
}

/**
 * Warns when a build gets more images of a catalog than it can copy before CodeBuild stops it.
 *
 * @throws Error when a build gets more images than the limit
 */
export function warnAboutShardSize(catalog: Construct, images: readonly CatalogImage[], { shards, longestBuild }: ShardSizes): void {
  const upstreams = images.map(({ upstream }) => upstream);
  const largest = largestShard(upstreams, shards);
  const copied = Math.max(1, Math.floor(longestBuild.toMinutes({ integral: false }) * COPIES_PER_MINUTE));
  if (largest > MAX_SHARD_IMAGES) {
    throw new Error(`${largest} of the ${images.length} images of the catalog would be mirrored by one build, but the limit is ${MAX_SHARD_IMAGES}; `
      + shardAdvice(upstreams));
  }
  if (largest <= copied) return;
  const enough = requiredShards(upstreams, copied);
  Annotations.of(catalog).addWarningV2(
    'cdk-ecr-mirror:MirroredCatalog.shards',
    `${largest} of the ${images.length} images of the catalog are mirrored by one build, `
    + `which copies about ${copied} images in ${longestBuild.toHumanString()}, so the first copies take several runs; `
    + (enough === undefined ? 'no number of shards changes that' : `set shards: ${enough}`),
  );
}
