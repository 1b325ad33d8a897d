import { Annotations, ResourceEnvironment, Stack, Token } from 'aws-cdk-lib';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { ImportedImage, ImportedImageOwner } from './imported-image';
import { mapImageList, requireRepositoryPrefix } from './mirror-context';
import { dockerBuildContexts } from '../consumers/docker-build-contexts';
import { ImageIndex } from '../declarations/image-index';
import { IImageMirror, IMirroredImage } from '../declarations/mirror-interfaces';
import { parsePlatforms, parseUpstreamImage, parseUpstreamRepository, requireTag } from '../declarations/upstream-image';
import { familiarImageReference, ImageReference } from '../image/image-reference';
import { formatImages, PublishedImage } from '../image/published-list';
import { DEFAULT_REPOSITORY_PREFIX, repositoryNameProblem } from '../image/repository-name';
import { quote } from '../image/sanitize';
import { requireAccountId } from '../repositories/pull-grants';
import { bridgeStages } from '../synthesis/aspects';
import { isDifferent } from '../synthesis/environments';
import { requireLiteral } from '../synthesis/literal';
import { hasDummy } from '../synthesis/lookups';
import { mapAll } from '../synthesis/shapes';

/**
 * The description of an image in a mirror that another app defines.
 */
export interface MirroredImageAttributes {
  /**
   * The upstream image, as `docker pull` accepts it: `nginx:stable`. Without a tag if a filter selects the tags.
   */
  readonly image: string;

  /**
   * The name of the ECR repository that consumers pull from.
   *
   * @default - the name that the mirror derives: `mirror/nginx`, or for a customized image `mirror/custom/nginx`
   */
  readonly repositoryName?: string;

  /**
   * For a customized image, the name of the repository of the unchanged image.
   *
   * @default - the name that the mirror derives: `mirror/nginx`
   */
  readonly originalRepositoryName?: string;

  /**
   * The tag in Amazon ECR.
   *
   * @default - the upstream tag; for a customized image, with `customizationDigest` at its end
   */
  readonly tag?: string;

  /**
   * Whether a tag filter selects the tags of the image.
   *
   * @default false
   */
  readonly hasTagFilter?: boolean;

  /**
   * The platforms that the mirror has, if it does not have all platforms. The image then has a different digest than upstream.
   * For a customized image, the platforms that it is built for.
   *
   * @default - all platforms
   */
  readonly platforms?: ecr_assets.Platform[];

  /**
   * The platforms that the mirror also keeps under separate tags, for AWS Lambda. The mirror keeps the tags of `singlePlatformTags`.
   *
   * @default - none
   */
  readonly platformTags?: ecr_assets.Platform[];

  /**
   * For a customized image, the 12 hexadecimal digits at the end of its tag: `4f1c0e2a9b7d` for `1.14-4f1c0e2a9b7d`.
   *
   * They change with the Dockerfile lines.
   *
   * @default - the image is not customized
   */
  readonly customizationDigest?: string;
}

/**
 * The location of a mirror that another app defines.
 */
export interface ImageMirrorLookupOptions {
  /**
   * The `repositoryPrefix` of the mirror.
   *
   * @default 'mirror'
   */
  readonly repositoryPrefix?: string;

  /**
   * The account ID of the mirror: 12 digits.
   *
   * @default - the account of the stack
   */
  readonly account?: string;

  /**
   * The Region of the mirror.
   *
   * @default - the Region of the stack
   */
  readonly region?: string;
}

/**
 * Attributes of a mirror that another app defines.
 */
export interface ImageMirrorAttributes extends ImageMirrorLookupOptions {
  /**
   * The upstream images in the mirror, in any spelling: `nginx:stable`, `docker.io/library/nginx:stable`.
   *
   * @default - none; use `imageAttributes`
   */
  readonly images?: string[];

  /**
   * The images that need a description: customized images, and images with a tag filter, a chosen repository name, or a subset of platforms.
   *
   * @default - none
   */
  readonly imageAttributes?: MirroredImageAttributes[];
}

interface ImportedMirrorProps {
  readonly location: Required<ImageMirrorLookupOptions>;
  /** The images of the mirror; `undefined` in a first synthesis that only collects lookups. */
  readonly published: readonly PublishedImage[] | undefined;
  /** The remedy for an image that is not in the mirror. */
  readonly addRemedy: string;
}

/** A mirror that another app defines. */
export class ImportedMirror extends Construct implements IImageMirror {
  public readonly _importedFrom: ResourceEnvironment;
  private readonly index: ImageIndex;
  private readonly owner: ImportedImageOwner;
  private readonly placeholders = new Map<string, ImportedImage>();

  constructor(scope: Construct, id: string, { location, published, addRemedy }: ImportedMirrorProps) {
    super(scope, id);
    bridgeStages(this.node.scopes);
    const { account, region, repositoryPrefix } = location;
    this.index = new ImageIndex(addRemedy);
    this._importedFrom = { account, region };
    this.owner = { account, region, repositoryPrefix, isPending: published === undefined, onGrant: (grantee) => this.noticeGrant(grantee) };
    for (const image of published ?? []) this.add(image);
  }

  public get images(): IMirroredImage[] {
    return this.index.all();
  }

  public image(reference: string): IMirroredImage {
    return this.owner.isPending ? this.placeholder(parseUpstreamImage(reference)) : this.index.find(reference);
  }

  public dockerBuildContexts(images?: string[]): { [name: string]: string } {
    return dockerBuildContexts(images === undefined ? this.images : images.map((image) => this.image(image)));
  }

  public _find(reference: ImageReference): IMirroredImage | undefined {
    return this.owner.isPending ? this.placeholder(reference) : this.index.findExactly(reference);
  }

  private add(published: PublishedImage): void {
    const name = [published.image, ...published.repository === undefined ? [] : ['in', published.repository]].join(' ').replace(/\//g, ':');
    const isFirst = this.node.tryFindChild(name) === undefined;
    const image = new ImportedImage(this, isFirst ? name : `${name} ${this.images.length + 1}`, this.owner, published);
    this.index.add({ reference: image._reference, source: image.source }, image);
  }

  /** Stands for any image until the list of the mirror is known. */
  private placeholder(reference: ImageReference): ImportedImage {
    const image = familiarImageReference(reference);
    const known = this.placeholders.get(image) ?? new ImportedImage(this, image.replace(/\//g, ':'), this.owner, { image });
    this.placeholders.set(image, known);
    return known;
  }

  /** Only the owner of a repository can allow another account to pull. */
  private noticeGrant({ grantPrincipal: { principalAccount = Stack.of(this).account } }: iam.IGrantable): void {
    const { account } = this._importedFrom;
    if (!isDifferent(account, principalAccount)) return;
    Annotations.of(this).addWarningV2(
      'cdk-ecr-mirror:ImageMirror.importedFromOtherAccount',
      `the mirror is in the account ${quote(account)}, so its repository policies must also allow the account ${quote(principalAccount)} to pull; `
      + `in the app that defines the mirror, call grantPullToAccounts([${quote(principalAccount)}]) or grantPullToOrganization(), `
      + 'and acknowledge this warning',
    );
  }
}

/**
 * Returns the location of a mirror, with the defaults of the stack.
 *
 * @throws Error when an option is not valid
 */
export function importedLocation(scope: Construct, options: ImageMirrorLookupOptions): Required<ImageMirrorLookupOptions> {
  const stack = Stack.of(scope);
  const { account = stack.account, region = stack.region, repositoryPrefix = DEFAULT_REPOSITORY_PREFIX } = options;
  requireAccountId(account);
  if (!Token.isUnresolved(region) && !REGION.test(region)) throw new Error(`${quote(region)} is not a valid Region; use for example "eu-west-1"`);
  return { account, region, repositoryPrefix: requireRepositoryPrefix(repositoryPrefix) };
}

const REGION = /^[a-z]{2,}(?:-[a-z0-9]+)+$/;

/** @throws Error when the attributes are not valid */
export function importMirror(scope: Construct, id: string, attributes: ImageMirrorAttributes): IImageMirror {
  const { images = [], imageAttributes = [] } = attributes;
  const published = [
    ...mapImageList(images, (image) => canonical({ image })),
    ...mapAll('imageAttributes', imageAttributes, (image) => canonical(toPublished(image))),
  ];
  if (published.length === 0) throw new Error('the mirror has no images; set images or imageAttributes, or use ImageMirror.fromLookup()');
  // In a first synthesis that only collects lookups, the list can have a dummy value.
  const isComplete = !published.some(({ image }) => hasDummy(image));
  const unique = [...new Map(published.map((image) => [formatImages([image]), image])).values()];
  const addRemedy = 'add it in the app that defines the mirror, and to the attributes of the imported mirror';
  const location = importedLocation(scope, attributes);
  const mirror = new ImportedMirror(scope, id, { location, published: isComplete ? unique : undefined, addRemedy });
  if (unique.length < published.length) warnAboutDuplicates(mirror, published);
  return mirror;
}

function warnAboutDuplicates(mirror: Construct, published: readonly PublishedImage[]): void {
  const names = published.map(({ image }) => image);
  const repeated = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))].sort();
  Annotations.of(mirror).addWarningV2('cdk-ecr-mirror:ImageMirror.importedTwice', `${repeated.map(quote).join(', ')} `
    + `${repeated.length === 1 ? 'is' : 'are'} in the attributes of the imported mirror more than once; write each image once`);
}

/** The same image in its shortest spelling, so that construct ids do not depend on the spelling. */
function canonical(image: PublishedImage): PublishedImage {
  return { ...image, image: familiarImageReference(image.filtered ? parseUpstreamRepository(image.image) : parseUpstreamImage(image.image)) };
}

function toPublished(attributes: MirroredImageAttributes): PublishedImage {
  const { customizationDigest: custom, image, hasTagFilter, originalRepositoryName: original, repositoryName: repository, tag } = attributes;
  requireName('repositoryName', repository);
  requireName('originalRepositoryName', original);
  if (original !== undefined && custom === undefined) {
    throw new Error('originalRepositoryName is set without customizationDigest, but only customized images have it; set customizationDigest too');
  }
  if (custom !== undefined && !/^[0-9a-f]{12}$/.test(custom)) {
    throw new Error(`customizationDigest ${quote(custom)} must be the 12 hexadecimal digits at the end of the tag, for example "4f1c0e2a9b7d"`);
  }
  return {
    image,
    filtered: hasTagFilter ? true : undefined,
    repository,
    original,
    tag: tag === undefined ? undefined : requireTag(tag),
    platforms: parsePlatforms(attributes.platforms),
    platformTags: parsePlatforms(attributes.platformTags),
    custom,
  };
}

function requireName(property: string, name: string | undefined): void {
  if (name === undefined) return;
  const problem = repositoryNameProblem(requireLiteral(name, property, 'write it as a string'));
  if (problem !== undefined) throw new Error(`${property} ${quote(name)} is not valid: ${problem}`);
}
