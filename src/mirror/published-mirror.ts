import { createHash } from 'node:crypto';
import { Annotations, AspectPriority, Aspects, Lazy, Stack } from 'aws-cdk-lib';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct, IConstruct } from 'constructs';
import { SinglePlatformTags } from '../consumers/single-platform-tags';
import { CustomizedImage } from '../customize/customized-image';
import { DeclaredImage } from '../declarations/declared-image';
import { familiarImageReference, shortDigest } from '../image/image-reference';
import { formatHead, formatImages, formatPart, PublishedImage, publishedParameterName, splitIntoParts } from '../image/published-list';
import { quote } from '../image/sanitize';
import { literalRepositoryName } from '../repositories/named-repository';
import { prefixOwner, PUBLISHED_LIST, reservePrefix } from '../repositories/prefix-reservations';

/** Parameter Store allows this number of levels in the name of a parameter. The last part of a long list is one more. */
const MAX_LEVELS = 15;

/** The list of images that a mirror publishes, so that other apps can find it with `ImageMirror.fromLookup()`. */
export class PublishedMirror {
  private readonly images: (() => PublishedImage | undefined)[] = [];
  private readonly parameters: ssm.CfnParameter[] = [];
  private list?: RenderedList;

  constructor(private readonly mirror: Construct, private readonly prefix: string) {}

  /** Adds an image. It is described when the template is rendered, because consumers add tags of single platforms. */
  public add(describe: () => PublishedImage | undefined): void {
    this.images.push(describe);
    this.notice();
  }

  /** Records that the description of an image changes. */
  public notice(): void {
    this.list = undefined;
  }

  /**
   * Defines the parameters of the list. By default, a mirror does not publish a list if another mirror of the app publishes one under the same name.
   *
   * @param isPublished the property of the mirror
   * @throws Error when another mirror of the app has the same prefix in the same account and Region, and when the prefix has too many levels
   */
  public define(isPublished: boolean | undefined): void {
    const { mirror, prefix } = this;
    const other = prefixOwner(mirror, PUBLISHED_LIST, prefix);
    if (isPublished === false) return;
    if (isPublished === undefined && other !== undefined) return warnAboutOtherList(mirror, prefix, other);
    reservePrefix(mirror, PUBLISHED_LIST, prefix, 'set another repositoryPrefix for one of them, or omit published');
    if (publishedParameterName(prefix, 2).split('/').length - 1 > MAX_LEVELS) {
      throw new Error(`repositoryPrefix ${quote(prefix)} has too many parts for the name of a parameter, which has at most ${MAX_LEVELS}; `
        + 'use a shorter prefix, or set published: false');
    }
    this.defineParameter();
    // The number of parts is known when all images were added. Aspects that run later, for example for tags, also visit the new parameters.
    Aspects.of(mirror).add({ visit: (node) => this.defineOtherParts(node) }, { priority: AspectPriority.READONLY });
    mirror.node.addValidation({ validate: () => this.problems() });
  }

  private defineOtherParts(node: IConstruct): void {
    if (node !== this.mirror) return;
    const { parts, unpublished } = this.render();
    while (this.parameters.length < parts.length) this.defineParameter();
    if (unpublished === 0) return;
    Annotations.of(this.parameters[0]).addWarningV2(
      'cdk-ecr-mirror:ImageMirror.notPublished',
      `${unpublished} of ${this.images.length} images are in repositories with names that are not known at synthesis, `
      + 'so other apps do not find them; set repositoryName for the repositories',
    );
  }

  private defineParameter(): void {
    const index = this.parameters.length;
    const number = index + 1;
    this.parameters.push(new ssm.CfnParameter(this.mirror, index === 0 ? 'PublishedImages' : `PublishedImagesPart${number}`, {
      type: 'String',
      name: publishedParameterName(this.prefix, number),
      description: `Images of the mirror ${this.mirror.node.path}`.slice(0, 1_024),
      value: Lazy.uncachedString({ produce: () => this.format(index) }),
    }));
  }

  private format(index: number): string {
    const { account, region } = Stack.of(this.mirror);
    const { digest, parts } = this.render();
    if (index > 0) return formatPart(digest, index + 1, parts[index] ?? []);
    return formatHead({ registry: `${account}.${region}`, prefix: this.prefix, digest, parts: this.parameters.length, images: parts[0] });
  }

  /** Renders the list once for all its parameters. Several tag filters of a repository have one entry. */
  private render(): RenderedList {
    if (this.list !== undefined) return this.list;
    const known = this.images.flatMap((describe) => describe() ?? []);
    const parts = splitIntoParts([...new Map(known.map((image) => [formatImages([image]), image])).values()]);
    const digest = shortDigest(`sha256:${createHash('sha256').update(formatImages(parts.flat())).digest('hex')}`);
    this.list = { parts, digest, unpublished: this.images.length - known.length };
    return this.list;
  }

  private problems(): string[] {
    const { parts } = this.render();
    if (parts.length <= this.parameters.length) return [];
    return [`the list of images that the mirror publishes needs ${parts.length} parameters, but an aspect added images after `
      + `${this.parameters.length} were defined; add the images without an aspect, or set published: false`];
  }
}

/** The list of images as the parameters have it. */
interface RenderedList {
  /** The images of each parameter. */
  readonly parts: readonly (readonly PublishedImage[])[];
  readonly digest: string;
  /** The number of images that other apps do not find. */
  readonly unpublished: number;
}

function warnAboutOtherList(mirror: Construct, prefix: string, other: Construct): void {
  Annotations.of(mirror).addWarningV2(
    'cdk-ecr-mirror:ImageMirror.otherMirrorPublishes',
    `the mirror is not published for other apps, because ${quote(other.node.path)} publishes its images under the same repositoryPrefix `
    + `${quote(prefix)}; set another repositoryPrefix, or published: false if no other app uses the mirror`,
  );
}

/** Describes an image for other apps; `undefined` when the name of its repository is not known at synthesis. */
export function toPublishedImage(declared: DeclaredImage, platformTags: SinglePlatformTags, custom?: CustomizedImage): PublishedImage | undefined {
  const { existingRepository, hasChosenRepository, platforms, reference, repositoryName, tags } = declared;
  const name = existingRepository === undefined ? repositoryName : literalRepositoryName(existingRepository);
  if (name === undefined) return undefined;
  const isFiltered = 'filter' in tags;
  return {
    image: familiarImageReference(isFiltered ? { registry: reference.registry, repository: reference.repository } : reference),
    filtered: isFiltered ? true : undefined,
    repository: custom?.repositoryName ?? (hasChosenRepository ? name : undefined),
    original: custom !== undefined && hasChosenRepository ? name : undefined,
    platforms: custom?.platforms ?? platforms,
    platformTags: platformTags.render()?.split(','),
    custom: custom === undefined ? undefined : custom.tagFor('x').slice('x-'.length),
  };
}
