import { Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { declareCatalogChecks } from './catalog-checks';
import { catalogRuns } from './catalog-runs';
import { ImageCatalog } from './image-catalog';
import { MirrorCatalogs, warnAboutShardSize } from './mirror-catalogs';
import { MirroredCatalogOptions } from './mirrored-catalog-options';
import { declarePlatforms, declareTimetable } from '../declarations/declared-image';
import { IImageMirror } from '../declarations/mirror-interfaces';
import { TagKind } from '../declarations/tag-policy';
import { parseUpstreamImage } from '../declarations/upstream-image';
import { neverMirroredProblem } from '../deploy/deploy-trigger';
import { catalogRepositoryName, catalogTagKind, floatingRepositoryPrefix } from '../image/catalog/catalog-repositories';
import { formatShard, MAX_SHARDS } from '../image/catalog/catalog-shard';
import { RunVariables } from '../image/contract/environment';
import { mirrorTag } from '../image/repository-name';
import { quote } from '../image/sanitize';
import { grantCatalogPull } from '../repositories/pull-grants';
import { SwitchedTimetable } from '../schedules/timetable';
import { FLAG, requireShapes } from '../synthesis/shapes';

/**
 * Properties of a `MirroredCatalog`.
 */
export interface MirroredCatalogProps extends MirroredCatalogOptions {
  /**
   * The mirror that copies the images. It must be in the same stack.
   */
  readonly mirror: IImageMirror;

  /**
   * The list of images.
   */
  readonly catalog: ImageCatalog;
}

/**
 * A catalog of a mirror: a list of images outside of the template, and the schedules that mirror them to Amazon ECR.
 *
 * The images are not known when the template is synthesized. So Amazon ECR creates each repository at the first push, with the settings of the
 * mirror. Fixed tags are in `mirror/...`, where tags are immutable. Floating tags are in `mirror-floating/...`, where tags can move.
 *
 * An entry that is not valid fails with an event that names it. The other entries are mirrored.
 *
 * ```ts
 * const mirror = new ImageMirror(this, 'Mirror');
 * const list = ssm.StringListParameter.fromStringListParameterName(this, 'List', '/platform/images');
 * mirror.addCatalog('Platform', ImageCatalog.fromParameter(list));
 * ```
 */
export class MirroredCatalog extends Construct {
  private readonly catalogs: MirrorCatalogs;
  private readonly repositories = new Map<string, ecr.IRepository>();

  /**
   * @throws Error when a file has mistakes or too many entries for its shards; when `shards` is not valid; when the mirror is in another stack;
   * when `schedule` or `timeWindow` has no effect; when `admission` is not valid, or is missing although an entry of a file has checks; and when the
   * `repositoryPrefix` of the mirror is not valid for repository creation templates, or overlaps with the prefix of another mirror
   */
  constructor(scope: Construct, id: string, props: MirroredCatalogProps) {
    super(scope, id);
    const shards = requireShards(props.shards ?? 1);
    requireSameStack(this, props.mirror);
    this.catalogs = MirrorCatalogs.of(props.mirror);
    const { defaults, deployTrigger, longestBuild } = this.catalogs.props;
    const { enabled, scheduled, ...timetable } = declareTimetable(props, defaults);
    const source = props.catalog._bind(this, defaults.repositoryPrefix);
    const platforms = requireCatalogPlatforms(props, defaults.platforms);
    const needs = this.catalogs.add(source, platforms?.length);
    const { images } = source;
    const { admission, mirror } = props;
    const checks = declareCatalogChecks(this, { mirror, admission, defaults, images, times: { ...timetable, scheduled } });
    const runs = catalogRuns(source, { ...props, shards, platforms, checks }, defaults);
    if (scheduled) this.defineSchedules(runs, { ...timetable, enabled });
    if (enabled) deployTrigger?.startRuns(this, 'FirstRun', runs, { needs, isScheduled: scheduled });
    if (enabled && !scheduled && deployTrigger === undefined) {
      this.node.addValidation({ validate: () => [neverMirroredProblem(`the catalog ${quote(this.node.path)}`)] });
    }
    warnAboutShardSize(this, images?.images ?? [], { shards, longestBuild });
  }

  /**
   * The image URI of an image of the catalog. For example, `nginx:1.27.0` is in `mirror/nginx`, and `nginx:stable` is in `mirror-floating/nginx`.
   *
   * The form of a tag decides its kind, also if a version range selects the tag: `1.2.0-dev` and `1.2.0-stable` are floating tags.
   * Synthesis does not check whether the image is in the list or in the mirror.
   *
   * @param image the upstream image, as `docker pull` accepts it
   * @param kind the `tagKind` of the entry, if it has one; derived from the form of the tag by default
   * @throws Error when the image is not a valid reference, and when a catalog cannot contain it
   */
  public imageUri(image: string, kind?: TagKind): string {
    const tag = mirrorTag(parseUpstreamImage(image));
    return this.repository(image, kind).repositoryUriForTag(tag);
  }

  /**
   * The repository of an image of the catalog. Amazon ECR creates it when the image is first mirrored.
   *
   * @param image the upstream image, as `docker pull` accepts it
   * @param kind the `tagKind` of the entry, if it has one; derived from the form of the tag by default
   * @throws Error under the conditions of `imageUri()`
   */
  public repository(image: string, kind?: TagKind): ecr.IRepository {
    const reference = parseUpstreamImage(image);
    const name = catalogRepositoryName(reference, catalogTagKind(mirrorTag(reference), kind), this.repositoryPrefix);
    const known = this.repositories.get(name) ?? ecr.Repository.fromRepositoryName(this, name.replace(/\//g, ':'), name);
    this.repositories.set(name, known);
    return known;
  }

  /**
   * Grants a role or user permission to pull all images of all catalogs of the mirror, including images that are listed later.
   *
   * The grant changes the IAM policies of the role or user, which must be in the account of the mirror. For principals in other accounts, use
   * `ImageMirror.grantPullToAccounts()` or `ImageMirror.grantPullToOrganization()`, which change the repository policies.
   *
   * @throws Error when the principal is known to be in another account, and when it has no IAM policies, for example an account or an organization
   */
  public grantPull(grantee: iam.IGrantable): iam.Grant {
    return grantCatalogPull(this, grantee, [this.repositoryPrefix, floatingRepositoryPrefix(this.repositoryPrefix)]);
  }

  /**
   * Grants permission to start runs: builds of the mirror's project that override only the variables of runs.
   *
   * The permission covers all catalogs and all images of the mirror. See `IMirroredImage.grantStart()`.
   */
  public grantStart(grantee: iam.IGrantable): iam.Grant {
    return this.catalogs.props.schedules.starters.grant(grantee);
  }

  private get repositoryPrefix(): string {
    return this.catalogs.props.repositories.prefix;
  }

  private defineSchedules(runs: readonly RunVariables[], timetable: SwitchedTimetable): void {
    const shards = runs.length;
    for (const [index, variables] of runs.entries()) {
      this.catalogs.props.schedules.define(this, index === 0 ? 'Schedule' : `Schedule${index + 1}`, {
        description: () => `Mirrors the catalog ${this.node.path}${shards === 1 ? '' : `, part ${formatShard({ number: index + 1, of: shards })}`}`,
        ...timetable,
        variables: () => variables,
      });
    }
  }
}

/** The platforms to mirror where they are available; `undefined` for all. */
function requireCatalogPlatforms({ allPlatforms, platforms }: MirroredCatalogOptions, ofMirror: readonly string[] | undefined) {
  requireShapes('the options of the catalog', { allPlatforms }, { allPlatforms: FLAG });
  return declarePlatforms({ allPlatforms, platforms }, ofMirror).platforms;
}

function requireSameStack(catalog: Construct, mirror: IImageMirror): void {
  const [own, mirrorStack] = [Stack.of(catalog), Stack.of(mirror)];
  if (own === mirrorStack) return;
  throw new Error(`the catalog is in the stack ${quote(own.node.path)}, but its mirror is in ${quote(mirrorStack.node.path)}; `
    + 'define the catalog in the stack of the mirror, with addCatalog()');
}

function requireShards(shards: number): number {
  if (Number.isInteger(shards) && shards >= 1 && shards <= MAX_SHARDS) return shards;
  throw new Error(`shards ${JSON.stringify(shards)} must be a whole number from 1 to ${MAX_SHARDS}; divide a longer list into several catalogs`);
}
