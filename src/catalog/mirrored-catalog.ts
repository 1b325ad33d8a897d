import { Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { CatalogSource, ImageCatalog } from './image-catalog';
import { MirrorCatalogs, warnAboutShardSize } from './mirror-catalogs';
import { IImageMirror } from '../declarations/mirror-interfaces';
import { OnTagMoved, TagKind } from '../declarations/tag-policy';
import { parseUpstreamImage } from '../declarations/upstream-image';
import { catalogRepositoryName, catalogTagKind, floatingRepositoryPrefix } from '../image/catalog/catalog-repositories';
import { formatShard, MAX_SHARDS } from '../image/catalog/catalog-shard';
import { RUN_ENVIRONMENT, RunVariables } from '../image/contract/environment';
import { mirrorTag } from '../image/repository-name';
import { quote } from '../image/sanitize';
import { grantCatalogPull } from '../repositories/pull-grants';

/**
 * How the images of a catalog are mirrored.
 */
export interface MirroredCatalogOptions {
  /**
   * How often the list is read, and upstream is asked for newer images.
   *
   * @default - as the mirror's images
   */
  readonly schedule?: scheduler.ScheduleExpression;

  /**
   * How late a run may start.
   *
   * @default - as for the mirror's images
   */
  readonly timeWindow?: scheduler.TimeWindow;

  /**
   * How many builds the images are divided among, each with a schedule of its own: 1 to 30.
   *
   * A build takes 500 entries at most, and checks them in a minute or two; copying takes longer, and what was not done in a build's time is done by
   * the next. Entries beyond that fail one by one, and in a file of the app all at synthesis. The tags of one upstream repository are always mirrored
   * by the same build, whatever the shards: select many of them with `tags`, which is one entry.
   *
   * @default 1
   */
  readonly shards?: number;

  /**
   * What a run does when a fixed tag names another image upstream than in the mirror, and the entry does not say.
   *
   * @default - as for the mirror's images
   */
  readonly onTagMoved?: OnTagMoved;
}

/**
 * Properties of a `MirroredCatalog`.
 */
export interface MirroredCatalogProps extends MirroredCatalogOptions {
  /**
   * The mirror that copies the images, in the same stack.
   */
  readonly mirror: IImageMirror;

  /**
   * Where the list of images lies.
   */
  readonly catalog: ImageCatalog;
}

/**
 * A list of images that lies outside of the template, and the schedules by which a mirror keeps all of them in Amazon ECR.
 *
 * Nobody knows the images when the template is written, so that Amazon ECR creates a repository when it is first pushed to, by the mirror's own
 * rules. Tags that are fixed go to `mirror/...` and are immutable there; tags that float go to `mirror-floating/...` and can move.
 *
 * A bad entry fails by itself, with an event that names it, and does not stop the others.
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
   * @throws Error when a file has mistakes or more entries than its shards take, when there are too many shards, when the mirror is in another
   * stack, and when its `repositoryPrefix` is none that creation templates take, or contains that of another mirror of the app or the other way round
   */
  constructor(scope: Construct, id: string, props: MirroredCatalogProps) {
    super(scope, id);
    const shards = refuseShards(props.shards ?? 1);
    if (Stack.of(this) !== Stack.of(props.mirror)) {
      throw new Error(`the catalog is in the stack ${quote(Stack.of(this).node.path)} and its mirror in ${quote(Stack.of(props.mirror).node.path)}; define it in the mirror's stack, with addCatalog()`);
    }
    this.catalogs = MirrorCatalogs.of(props.mirror);
    const { defaults, deployTrigger, longestBuild, schedules } = this.catalogs.props;
    const source = props.catalog._bind(this, defaults.repositoryPrefix);
    const needs = this.catalogs.add(source);
    const runs = Array.from({ length: shards }, (_, index) => this.variablesOf(source, index + 1, props));
    for (const [index, variables] of runs.entries()) {
      schedules.define(this, index === 0 ? 'Schedule' : `Schedule${index + 1}`, {
        description: `Mirrors the catalog ${this.node.path}${shards === 1 ? '' : `, part ${formatShard({ number: index + 1, of: shards })}`}`,
        schedule: props.schedule ?? defaults.schedule,
        timeWindow: props.timeWindow ?? defaults.timeWindow,
        variables: () => variables,
      });
    }
    deployTrigger?.start(this, 'FirstRun', runs, needs);
    warnAboutShardSize(this, source.images?.images ?? [], { shards, longestBuild });
  }

  /**
   * What `docker pull` takes for an image of the catalog: `nginx:1.27.0` is in `mirror/nginx`, `nginx:stable` in `mirror-floating/nginx`.
   *
   * Every tag is judged by its form, one that a range of versions selects too: `1.2.0-dev.1` and `1.2.0-stable` float, as they do by themselves.
   * Whether the image is in the list, and in the mirror, is not known at synthesis.
   *
   * @param image the upstream image, as `docker pull` takes it
   * @param kind whether the tag is fixed, where the entry has a `tagKind`: the same; by default judged by the form of the tag
   * @throws Error when the image cannot be parsed, and when no catalog can have it
   */
  public imageUri(image: string, kind?: TagKind): string {
    const tag = mirrorTag(parseUpstreamImage(image));
    return this.repository(image, kind).repositoryUriForTag(tag);
  }

  /**
   * The repository of an image of the catalog, which Amazon ECR creates when the image is first mirrored.
   *
   * @param image the upstream image, as `docker pull` takes it
   * @param kind as for `imageUri()`
   * @throws Error as `imageUri()` does
   */
  public repository(image: string, kind?: TagKind): ecr.IRepository {
    const reference = parseUpstreamImage(image);
    const name = catalogRepositoryName(reference, catalogTagKind(mirrorTag(reference), kind), this.repositoryPrefix);
    const known = this.repositories.get(name) ?? ecr.Repository.fromRepositoryName(this, name.replace(/\//g, ':'), name);
    this.repositories.set(name, known);
    return known;
  }

  /**
   * Lets a role or user of the mirror's account pull all images of the mirror's catalogs, those included that are listed later.
   *
   * It is said in the policies of the role or user. Whoever is in another account needs the word of the repositories too: see
   * `ImageMirror.grantPullToAccounts()` and `ImageMirror.grantPullToOrganization()`.
   *
   * @throws Error when the principal is known to be of another account, or has no policies, such as an account or an organization
   */
  public grantPull(grantee: iam.IGrantable): iam.Grant {
    return grantCatalogPull(this, grantee, [this.repositoryPrefix, floatingRepositoryPrefix(this.repositoryPrefix)]);
  }

  private get repositoryPrefix(): string {
    return this.catalogs.props.repositories.prefix;
  }

  private variablesOf({ location }: CatalogSource, number: number, props: MirroredCatalogProps): RunVariables {
    const { shards = 1, onTagMoved = this.catalogs.props.defaults.onTagMoved } = props;
    return {
      [RUN_ENVIRONMENT.CATALOG]: location,
      [RUN_ENVIRONMENT.SHARD]: shards === 1 ? undefined : formatShard({ number, of: shards }),
      [RUN_ENVIRONMENT.ON_TAG_MOVED]: onTagMoved === OnTagMoved.FAIL ? undefined : onTagMoved,
    };
  }
}

function refuseShards(shards: number): number {
  if (Number.isInteger(shards) && shards >= 1 && shards <= MAX_SHARDS) return shards;
  throw new Error(`shards ${JSON.stringify(shards)} must be a whole number from 1 to ${MAX_SHARDS}; divide a longer list into several catalogs`);
}
