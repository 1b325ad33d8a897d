import { Stack, Token, TokenComparison } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { RUN_ENVIRONMENT } from './image/environment';
import { formatImageReference, ImageReference, isTag, quote } from './image/image-reference';
import { mirrorRepositoryName, repositoryNameProblem } from './image/repository-name';
import { ImageMirror } from './image-mirror';
import { refuseForeignRepository } from './infrastructure/existing-repository';
import { requireLiteral } from './infrastructure/literal';
import { defineMirrorSchedule } from './infrastructure/mirror-schedule';
import { platformList } from './infrastructure/platform-list';
import { selectedTags } from './infrastructure/selected-tags';
import { parseUpstreamImage, parseUpstreamRepository } from './infrastructure/upstream-image';
import { OnTagMoved } from './on-tag-moved';
import { TagFilter } from './tag-filter';
import { TagKind } from './tag-kind';

/**
 * How one image is mirrored.
 */
export interface MirroredImageOptions {
  /**
   * How often upstream is asked for a newer image.
   *
   * @default - as the mirror's other images
   */
  readonly schedule?: scheduler.ScheduleExpression;

  /**
   * How late a run may start.
   *
   * @default - as the mirror's other images
   */
  readonly timeWindow?: scheduler.TimeWindow;

  /**
   * The full name of the repository in Amazon ECR, which the mirror defines.
   *
   * @default - the mirror's prefix, the registry's host unless it is Docker Hub, and the upstream repository
   */
  readonly repositoryName?: string;

  /**
   * A repository that exists, or that you define.
   *
   * Its mutability is yours to set: a floating tag cannot move in an immutable repository. It is in the account and Region of the mirror.
   * When you define it in the same app, it is in the stack of the mirror; import one of another stack by its name.
   *
   * @default - the mirror defines one
   */
  readonly repository?: ecr.IRepository;

  /**
   * Which tags of the upstream repository are mirrored, instead of a single one. The image is then written without a tag: `nginx`.
   *
   * One schedule mirrors them all. Versions of `TagFilter.semver()` are immutable. What `TagFilter.pattern()` selects may float, so that each pattern
   * is one of the five exceptions from immutability that Amazon ECR allows in a repository; `tagKind` says otherwise for all tags of the filter.
   *
   * @default - the one tag or digest that the image names
   */
  readonly tags?: TagFilter;

  /**
   * The platforms that are mirrored, for example `[ecr_assets.Platform.LINUX_AMD64, ecr_assets.Platform.LINUX_ARM64]`.
   *
   * The mirror then holds a new index with these platforms and the attestations about them. Its digest is another than upstream's, the same
   * in each run, and its annotation `io.github.cdk-ecr-mirror.source-digest` says what it was made of. The images of the platforms keep their
   * digests, but signatures of upstream's whole index do not come along. A run fails when upstream lacks one of the platforms.
   * An image that is no index is copied as it is.
   *
   * Choose before the first copy: for a tag that is fixed, another choice is another image, and `onTagMoved` decides.
   *
   * @default - all platforms, byte for byte
   */
  readonly platforms?: ecr_assets.Platform[];

  /**
   * Whether signatures, attestations and bills of materials that upstream keeps beside the image are mirrored too.
   *
   * One that cannot be copied is a warning in the log, and the image is mirrored all the same.
   *
   * @default true
   */
  readonly referrers?: boolean;

  /**
   * Whether the tag names one release for ever or follows upstream. With `tags`, it is said of all that are selected.
   *
   * @default - judged by the tag: full versions, dates and git hashes are fixed, everything else floats
   */
  readonly tagKind?: TagKind;

  /**
   * What a run does when the tag is fixed and names another image upstream than in the mirror.
   *
   * @default - as the mirror's other images
   */
  readonly onTagMoved?: OnTagMoved;
}

/**
 * Properties of a `MirroredImage`.
 */
export interface MirroredImageProps extends MirroredImageOptions {
  /**
   * The mirror that copies the image. It may be in another stack of the same account and Region, which is deployed first.
   */
  readonly mirror: ImageMirror;

  /**
   * The upstream image, as `docker pull` takes it: `nginx:stable`, `quay.io/prometheus/prometheus:v2.53.0`, `nginx@sha256:...`.
   */
  readonly image: string;
}

/**
 * One upstream image and its copy in Amazon ECR.
 *
 * It defines the image's schedule, and its repository unless another image of the mirror is in that already. Both are in the stack of this construct,
 * so a fleet that outgrows one stack continues in the next:
 *
 * ```ts
 * declare const mirror: ImageMirror;
 * declare const otherStack: cdk.Stack;
 * new MirroredImage(otherStack, 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
 * ```
 */
export class MirroredImage extends Construct {
  /**
   * The construct id that `addImage()` uses: it depends on the image and where it goes, and on nothing else.
   *
   * @internal
   */
  public static _idFor(image: string, options: MirroredImageOptions): string {
    const source = formatImageReference(parse(image, options.tags));
    const elsewhere = options.repository?.node.path ?? options.repositoryName;
    return [
      source,
      ...options.tags === undefined ? [] : ['tags', options.tags._render()],
      ...elsewhere === undefined ? [] : ['in', elsewhere],
    ].join(' ').replace(/\//g, ':');
  }

  /** The upstream image in its canonical spelling: `docker.io/library/nginx:stable`; without a tag when a filter selects its tags. */
  public readonly source: string;

  /** The repository in Amazon ECR. */
  public readonly repository: ecr.IRepository;

  /** Undefined when a filter selects the tags. */
  private readonly singleTag?: string;

  /**
   * @throws Error when the image cannot be parsed or contradicts another image of the mirror, and when the mirror is in another account or Region
   */
  constructor(scope: Construct, id: string, props: MirroredImageProps) {
    super(scope, id);
    const context = props.mirror._context();
    const reference = parse(props.image, props.tags);
    refuseOtherEnvironment(this, props.mirror);
    this.source = formatImageReference(reference);
    const { tag, filter, toldKind, mutableTags } = selectedTags(reference, props.tags, props.tagKind);
    this.singleTag = tag;
    const platforms = platformList(props.platforms);
    const repositoryName = repositoryNameFor(reference, context.repositoryPrefix, props);
    this.repository = context.repositories.claim({
      source: this.source, repositoryName, tags: filter ?? tag!, mutableTags, stack: Stack.of(this), existing: props.repository,
    });
    const onTagMoved = props.onTagMoved ?? context.onTagMoved;
    defineMirrorSchedule(this, 'Schedule', context, {
      description: `Mirrors ${this.source}${filter === undefined ? '' : `, the tags ${filter}`}`,
      schedule: props.schedule ?? context.schedule,
      timeWindow: props.timeWindow ?? context.timeWindow,
      variables: {
        [RUN_ENVIRONMENT.IMAGE]: this.source,
        [RUN_ENVIRONMENT.REPOSITORY]: isChosen(props) ? repositoryName : undefined,
        [RUN_ENVIRONMENT.TAG_KIND]: toldKind,
        [RUN_ENVIRONMENT.ON_TAG_MOVED]: onTagMoved === OnTagMoved.FAIL ? undefined : onTagMoved,
        [RUN_ENVIRONMENT.PLATFORMS]: platforms?.join(','),
        [RUN_ENVIRONMENT.REFERRERS]: props.referrers === false ? 'false' : undefined,
        [RUN_ENVIRONMENT.TAGS]: filter,
      },
    });
    props.mirror._register(this, reference, { tags: props.tags === undefined ? 1 : props.tags._mostTags(), platforms: platforms?.length });
  }

  /**
   * The tag in Amazon ECR: the upstream tag, or one made of the digest when the reference has no tag.
   *
   * @throws Error when a filter selects the image's tags, for they are known when it runs; use `imageUriForTag()`
   */
  public get tag(): string {
    if (this.singleTag !== undefined) return this.singleTag;
    throw new Error(`${quote(this.source)} has no single tag, for a filter selects its tags when it runs; write imageUriForTag() with the tag that you want`);
  }

  /**
   * What `docker pull` takes: the registry, the repository and the tag in Amazon ECR.
   *
   * @throws Error when a filter selects the image's tags; use `imageUriForTag()`
   */
  public get imageUri(): string {
    return this.repository.repositoryUriForTag(this.tag);
  }

  /**
   * What `docker pull` takes for a tag of the image's repository, for example one that its filter selects.
   *
   * Whether the tag is there is not known at synthesis.
   *
   * @param tag the tag in Amazon ECR
   * @throws Error when it is no tag
   */
  public imageUriForTag(tag: string): string {
    if (!Token.isUnresolved(tag) && !isTag(tag)) {
      throw new Error(`${quote(tag)} is no tag, which is 1 to 128 letters, digits, "_", "." and "-", and starts with none of the last two; write for example "1.27.0"`);
    }
    return this.repository.repositoryUriForTag(tag);
  }

  /**
   * Lets somebody pull from the image's repository.
   */
  public grantPull(grantee: iam.IGrantable): iam.Grant {
    return this.repository.grantPull(grantee);
  }
}

function parse(image: string, tags: TagFilter | undefined): ImageReference {
  return tags === undefined ? parseUpstreamImage(image) : parseUpstreamRepository(image);
}

/** Whether the repository is another than the engine would derive from the image. */
function isChosen(options: MirroredImageOptions): boolean {
  return options.repositoryName !== undefined || options.repository !== undefined;
}

function repositoryNameFor(reference: ImageReference, prefix: string, props: MirroredImageProps): string {
  if (props.repository !== undefined) {
    if (props.repositoryName !== undefined) throw new Error('repository and repositoryName contradict each other; set one of them');
    refuseForeignRepository(props.repository, props.mirror);
    return props.repository.repositoryName;
  }
  if (props.repositoryName === undefined) return mirrorRepositoryName(reference, prefix);
  requireLiteral(props.repositoryName, 'repositoryName', 'write it as a string, or pass the repository itself as repository');
  const problem = repositoryNameProblem(props.repositoryName);
  if (problem) throw new Error(`repositoryName ${quote(props.repositoryName)} is not possible: ${problem}`);
  return props.repositoryName;
}

/** A schedule starts builds of its own account and Region, and builds push to their own registry. */
function refuseOtherEnvironment(image: Construct, mirror: ImageMirror): void {
  const [own, its] = [Stack.of(image), Stack.of(mirror)];
  for (const part of ['account', 'region'] as const) {
    if (Token.compareStrings(own[part], its[part]) === TokenComparison.DIFFERENT) {
      throw new Error(`the stack ${quote(own.node.path)} is in the ${part} ${quote(own[part])} and its mirror is in ${quote(its[part])}; define an ImageMirror for each account and Region`);
    }
  }
}
