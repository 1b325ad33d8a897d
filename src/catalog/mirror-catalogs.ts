import { Annotations, Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, IDependable } from 'constructs';
import { defineCatalogTemplates } from './catalog-templates';
import { CatalogSource } from './image-catalog';
import { FirstCopy } from '../declarations/limits';
import { floatingRepositoryPrefix } from '../image/catalog/catalog-repositories';
import { CatalogImage } from '../image/catalog/catalog';
import { requiredShards, largestShard, MAX_SHARD_IMAGES, shardAdvice } from '../image/catalog/catalog-shard';
import { PUBLIC_GALLERY } from '../image/registry-hosts';
import { BuildRole } from '../project/build-role';
import { CatalogPrefixReservation } from '../repositories/prefix-reservations';
import { RepositorySet } from '../repositories/repository-set';
import { suppressRepositoryPrefixes } from '../synthesis/nag-suppressions';

/** What the catalogs of a mirror work on. */
export interface MirrorCatalogsProps {
  readonly repositories: RepositorySet;
  readonly repositoryPrefix: string;
  readonly buildRole: BuildRole;
}

/**
 * The catalogs of a mirror. The first one widens what builds may do, from the repositories that the template defines to all under the mirror's
 * prefixes, and to the creation of those; a mirror without one stays as it is.
 */
export class MirrorCatalogs {
  private readonly sources: CatalogSource[] = [];
  private readonly claim: CatalogPrefixReservation;
  private templates: readonly IDependable[] = [];

  /**
   * @throws Error when another mirror of the app has a catalog that may fill the repositories of this one
   */
  constructor(private readonly mirror: Construct, private readonly props: MirrorCatalogsProps) {
    this.claim = new CatalogPrefixReservation(mirror, props.repositoryPrefix);
  }

  /** How many there are. */
  public get count(): number {
    return this.sources.length;
  }

  /**
   * Lets builds mirror one more; returns what must be there before they do.
   *
   * @throws Error when the mirror's prefix is none that templates take, or one that another mirror or template of the app has
   */
  public add(source: CatalogSource): IDependable[] {
    if (this.sources.length === 0) this.prepare();
    this.sources.push(source);
    this.props.buildRole.allow(source.statements);
    source.grantDecrypt?.(this.props.buildRole.role);
    // Where nobody knows the images, any registry may be among theirs.
    const hasGallery = source.images?.images.some(({ registry }) => registry === PUBLIC_GALLERY) ?? true;
    if (hasGallery) this.props.repositories.noticeRegistry(PUBLIC_GALLERY);
    return [...this.templates, ...source.dependencies];
  }

  /** What is first copied from an upstream registry, as far as that is known. */
  public firstCopiesFrom(registry: string): FirstCopy[] {
    const images = this.sources.flatMap((source) => source.images?.images ?? []);
    return images.filter((image) => image.registry === registry).map(({ tags, platforms }) => ({ tags, platforms }));
  }

  /** What is first copied of all lists; one that nobody knows stands for as many tags as there are. */
  public allFirstCopies(): FirstCopy[] {
    const unknown = { tags: undefined, platforms: undefined };
    return this.sources.flatMap((source) => source.images?.images.map(({ tags, platforms }) => ({ tags, platforms })) ?? [unknown]);
  }

  private prepare(): void {
    const { repositories, repositoryPrefix, buildRole } = this.props;
    this.claim.widen();
    const prefixes = [repositoryPrefix, floatingRepositoryPrefix(repositoryPrefix)];
    this.templates = defineCatalogTemplates(new Construct(this.mirror, 'CreationTemplates'), repositoryPrefix, repositories);
    suppressRepositoryPrefixes(buildRole.role, prefixes);
    for (const prefix of prefixes) buildRole.repositories.includeAllUnder(prefix);
    const resources = prefixes.map((prefix) => Stack.of(this.mirror).formatArn({ service: 'ecr', resource: 'repository', resourceName: `${prefix}/*` }));
    buildRole.allow([new iam.PolicyStatement({ actions: ['ecr:CreateRepository'], resources })]);
  }
}

/** Several images are under way at a time, and one that is copied takes a minute at most where it is not large. */
const COPIES_PER_MINUTE = 4;

/** How a catalog is divided. */
export interface ShardSizes {
  readonly shards: number;
  /** How long a build may take. */
  readonly longestBuild: Duration;
}

/**
 * Warns when a build would get more images of a catalog than it can copy in its time.
 *
 * @throws Error when it would get more than it takes
 */
export function warnAboutShardSize(catalog: Construct, images: readonly CatalogImage[], { shards, longestBuild }: ShardSizes): void {
  const upstreams = images.map(({ upstream }) => upstream);
  const largest = largestShard(upstreams, shards);
  const copied = Math.max(1, Math.floor(longestBuild.toMinutes({ integral: false }) * COPIES_PER_MINUTE));
  if (largest > MAX_SHARD_IMAGES) {
    throw new Error(`${largest} of the ${images.length} images of the catalog would be mirrored by one build, and ${MAX_SHARD_IMAGES} is the limit; ${shardAdvice(upstreams)}`);
  }
  if (largest <= copied) return;
  const enough = requiredShards(upstreams, copied);
  Annotations.of(catalog).addWarningV2(
    'cdk-ecr-mirror:MirroredCatalog.shards',
    `${largest} of the ${images.length} images of the catalog are mirrored by one build, which copies about ${copied} in its ${longestBuild.toHumanString()}: `
    + `the first copies take several runs; ${enough === undefined ? 'no number of shards changes that' : `set shards: ${enough}`}`,
  );
}
