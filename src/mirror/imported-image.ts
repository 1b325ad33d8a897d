import { ResourceEnvironment } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct, Dependable, IConstruct } from 'constructs';
import { buildPlatform, MirroredBuildImage } from '../consumers/build-image';
import { MirroredContainerImage } from '../consumers/container-image';
import { MirroredDockerImageCode, MirroredLambdaCode } from '../consumers/lambda-code';
import { customRepositoryName } from '../customize/custom-repositories';
import { IMirroredImage, IOriginalImage } from '../declarations/mirror-interfaces';
import { MirroredBuildImageOptions, MirroredLambdaCodeOptions } from '../declarations/mirrored-image-options';
import { parseUpstreamImage, parseUpstreamRepository, requireDigest, requireTag } from '../declarations/upstream-image';
import { customPlatformTag, customTag, orderedPlatforms } from '../image/custom-image';
import { formatImageReference, ImageReference } from '../image/image-reference';
import { parsePlatform, platformTag } from '../image/platform';
import { PublishedImage } from '../image/published-list';
import { mirrorRepositoryName, mirrorTag } from '../image/repository-name';
import { quote } from '../image/sanitize';
import { MonitoredConstruct } from '../observe/monitored-construct';
import { Monitoring } from '../observe/monitoring';
import { NamedRepository } from '../repositories/named-repository';
import { grantImportedPull } from '../repositories/pull-grants';

/** The mirror of an imported image. */
export interface ImportedImageOwner extends ResourceEnvironment {
  readonly repositoryPrefix: string;
  /** Whether the images are not known yet, because the CDK looks them up and synthesizes again. */
  readonly isPending: boolean;
  /** Called when a principal gets pull permission. */
  readonly onGrant: (grantee: iam.IGrantable) => void;
}

/** An image of a mirror that another app defines. All names are literal, so nothing is exported, and nothing waits for the first copy. */
export class ImportedImage extends MonitoredConstruct implements IMirroredImage {
  public readonly source: string;
  public readonly repository: ecr.IRepository;
  public readonly original: IOriginalImage;
  public readonly _repositoryName: string;
  public readonly _pullRepository: ecr.IRepository;
  public readonly _reference: ImageReference;

  constructor(scope: Construct, id: string, private readonly owner: ImportedImageOwner, private readonly published: PublishedImage) {
    super(scope, id);
    const { account, region, repositoryPrefix } = owner;
    this._reference = published.filtered ? parseUpstreamRepository(published.image) : parseUpstreamImage(published.image);
    this.source = formatImageReference(this._reference);
    const unchanged = (published.custom === undefined ? published.repository : published.original)
      ?? mirrorRepositoryName(this._reference, repositoryPrefix, 'set its repositoryName');
    this._repositoryName = published.custom === undefined
      ? unchanged : published.repository ?? customRepositoryName(unchanged, this._reference, repositoryPrefix);
    this.repository = new NamedRepository(this, 'Repository', { repositoryName: this._repositoryName, account, region });
    this._pullRepository = this.repository;
    const original = published.custom === undefined
      ? this.repository : new NamedRepository(this, 'OriginalRepository', { repositoryName: unchanged, account, region });
    this.original = this.describeOriginal(original);
    // The other app has made the first copy.
    Dependable.implement(this, { dependencyRoots: [] });
  }

  public get tag(): string {
    return this._singleTag('use imageUriForTag() with the tag that you need');
  }

  public get imageUri(): string {
    return this.repository.repositoryUriForTag(this.tag);
  }

  public imageUriForTag(tag: string): string {
    const { custom } = this.published;
    return this.repository.repositoryUriForTag(custom === undefined ? requireTag(tag) : customTag(requireTag(tag), recipe(custom)));
  }

  public imageUriForDigest(digest: string): string {
    return this.repository.repositoryUriForDigest(requireDigest(digest));
  }

  public grantPull(grantee: iam.IGrantable): iam.Grant {
    this.owner.onGrant(grantee);
    return grantImportedPull(this.repository, grantee);
  }

  public toContainerImage(): ecs.ContainerImage {
    return new MirroredContainerImage(this, this.imageUri);
  }

  public toBuildImage(options: MirroredBuildImageOptions = {}): codebuild.IBuildImage {
    const platform = buildPlatform(options.platform);
    this.requirePlatform(platform);
    return new MirroredBuildImage(this, this.tag, platform);
  }

  public toLambdaCode(options: MirroredLambdaCodeOptions = {}): lambda.DockerImageCode {
    return new MirroredDockerImageCode(this.toLambdaFunctionCode(options));
  }

  public toLambdaFunctionCode(options: MirroredLambdaCodeOptions = {}): lambda.Code {
    this._singleTag(`${ADD_IN_OWNER} the tag that you need`);
    return new MirroredLambdaCode(this, options);
  }

  public asRuleTarget(): events.IRuleTarget {
    throw this.noRuns();
  }

  public grantStart(_grantee: iam.IGrantable): iam.Grant {
    throw this.noRuns();
  }

  public _requireReachableFrom(_user: IConstruct): void {
    // Literal names reach everything.
  }

  public _singleTag(remedy: string): string {
    const { custom, filtered, tag } = this.published;
    if (filtered) throw new Error(`${quote(this.source)} uses a tag filter, so it has no single tag; ${remedy}`);
    const upstream = mirrorTag(this._reference);
    return tag ?? (custom === undefined ? upstream : customTag(upstream, recipe(custom)));
  }

  /** AWS Lambda doesn't support multi-platform images, so the other app must keep a tag with only this platform. */
  public _platformTag(platform: string): string {
    const { custom, platformTags = [] } = this.published;
    this.requirePlatform(platform);
    if (custom !== undefined) return customPlatformTag(mirrorTag(this._reference), platform, recipe(custom));
    const tag = platformTag(this._singleTag(`${ADD_IN_OWNER} the tag that you need`), parsePlatform(platform)!);
    if (this.owner.isPending || orderedPlatforms(platformTags)?.includes(platform)) return tag;
    throw new Error(`the mirror has no separate tag for ${platform} of ${quote(this.source)}, but AWS Lambda doesn't support multi-platform images; `
      + 'in the app that defines the mirror, set singlePlatformTags for this image and deploy. '
      + 'With ImageMirror.fromImageMirrorAttributes(), then also set platformTags in imageAttributes');
  }

  public _uriFor({ digest }: ImageReference): string {
    const { custom, platforms } = this.published;
    return digest === undefined || custom !== undefined || platforms !== undefined ? this.imageUri : this.imageUriForDigest(digest);
  }

  public _monitoring(): Monitoring {
    throw new Error(`another app defines the mirror of ${quote(this.source)}, so its event rules, metrics, and alarms are not available here; `
      + 'define them in the app that defines the mirror');
  }

  private noRuns(): Error {
    return new Error(`another app defines the mirror of ${quote(this.source)}, so its runs cannot be started from here; `
      + 'define the rule, or grant the permission, in the app that defines the mirror');
  }

  /** @throws Error that names the platforms that the mirror has */
  private requirePlatform(platform: string): void {
    const { platforms } = this.published;
    if (platforms === undefined || orderedPlatforms(platforms)?.includes(platform)) return;
    throw new Error(`${quote(this.source)} is mirrored only for ${platforms.join(', ')}, but ${platform} is needed; `
      + 'add it in the app that defines the mirror');
  }

  private describeOriginal(repository: ecr.IRepository): IOriginalImage {
    const { _reference, owner, published, source } = this;
    const tag = () => {
      if (!published.filtered) return published.custom === undefined ? published.tag ?? mirrorTag(_reference) : mirrorTag(_reference);
      throw new Error(`${quote(source)} uses a tag filter, so it has no single tag; `
        + 'use original.repository.repositoryUriForTag() with the tag that you need');
    };
    return {
      repository,
      get tag() {
        return tag();
      },
      get imageUri() {
        return repository.repositoryUriForTag(tag());
      },
      grantPull: (grantee) => {
        owner.onGrant(grantee);
        return grantImportedPull(repository, grantee);
      },
    };
  }
}

const ADD_IN_OWNER = 'in the app that defines the mirror, also mirror';

/** The digest of a recipe, of which only the start is published. */
function recipe(custom: string): string {
  return `sha256:${custom}`;
}
