import { createHash } from 'node:crypto';
import { Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { IDependable } from 'constructs';
import { DeclaredImage, requireSingleTag } from '../declarations/declared-image';
import { IOriginalImage } from '../declarations/mirror-interfaces';
import { AllowedBuild, allowedBuildText, CustomImage, customPlatformTag, customTag, fingerprint, recipeText } from '../image/custom-image';
import { shortDigest } from '../image/image-reference';
import { quote } from '../image/sanitize';

/** The properties of a `CustomizedImage`. */
export interface CustomizedImageProps {
  /** The full name of the upstream image, for errors. */
  readonly source: string;
  readonly custom: CustomImage;
  readonly repository: ecr.IRepository;
  /** The resources that must exist before a build can build the image. */
  readonly buildsNeed: readonly IDependable[];
}

/** The customized image of a mirrored image: the repository and the tags that consumers use. */
export class CustomizedImage {
  public readonly platforms: readonly string[];
  public readonly repository: ecr.IRepository;
  public readonly repositoryName: string;
  /** The resources that must exist before the image can be built and pushed. */
  public readonly needs: readonly IDependable[];
  private readonly recipe: string;

  constructor(private readonly props: CustomizedImageProps) {
    const { buildsNeed, custom, repository } = props;
    this.platforms = custom.platforms;
    this.repository = repository;
    this.repositoryName = custom.repository;
    this.needs = [repository, ...buildsNeed];
    this.recipe = recipeDigest(custom);
  }

  /** The tag of the customized image. */
  public tagFor(tag: string): string {
    return customTag(tag, this.recipe);
  }

  /**
   * The tag of the customized image of a single platform.
   *
   * @throws Error when the image is not built for the platform
   */
  public platformTagFor(tag: string, platform: string): string {
    this.requirePlatform(platform);
    return customPlatformTag(tag, platform, this.recipe);
  }

  /**
   * Requires that the image is built for a platform.
   *
   * @throws Error that names the platforms that the image is built for
   */
  public requirePlatform(platform: string): void {
    const { platforms, props: { source } } = this;
    if (platforms.includes(platform)) return;
    throw new Error(`${quote(source)} is customized only for ${platforms.join(', ')}, but ${platform} is needed; add it to customPlatforms`);
  }

  /** The customized image as builds read it. */
  public render(): string {
    return JSON.stringify(this.props.custom);
  }
}

/** The tags of a customized image: one for all platforms, and one for each platform. */
export function customTags(tag: string, custom: CustomImage): string[] {
  const recipe = recipeDigest(custom);
  return [customTag(tag, recipe), ...custom.platforms.map((platform) => customPlatformTag(tag, platform, recipe))];
}

/** The fingerprint by which the project for customized images allows a build. If the repository name is a token, CloudFormation appends the name. */
export function fingerprintOf({ image, base, custom }: AllowedBuild): string {
  const isToken = Token.isUnresolved(base);
  return fingerprint(sha256(allowedBuildText({ image, base: isToken ? '' : base, custom })), isToken ? base : undefined);
}

/** A longer tag is truncated before the digest of the recipe is appended, so a pattern cannot start with the whole tag. */
const MAX_PATTERN_TAG_LENGTH = 90;

/** The exceptions from immutability for a customized image with floating tags. They match the tags of all its platforms, and no other tags. */
export function customMutableTags({ mutableTags, tags }: DeclaredImage, custom: CustomImage): string[] {
  if (mutableTags.length === 0) return [];
  const recipe = shortDigest(recipeDigest(custom));
  return ['filter' in tags || tags.tag.length > MAX_PATTERN_TAG_LENGTH ? `*-${recipe}*` : `${tags.tag}-${recipe}*`];
}

/** The tags of a customized image with fixed tags, as patterns. */
export function customFixedTags({ fixedTags, mutableTags, tags }: DeclaredImage, custom: CustomImage): string[] {
  if (mutableTags.length > 0) return [];
  if ('tag' in tags) return customTags(tags.tag, custom);
  return fixedTags.map((pattern) => `${pattern}-${shortDigest(recipeDigest(custom))}*`);
}

function recipeDigest(custom: CustomImage): string {
  return sha256(recipeText(custom));
}

function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;
}

/** The unchanged copy of an upstream image. */
export class OriginalImage implements IOriginalImage {
  /** @param pullRepository the repository as consumers in all stacks refer to it */
  constructor(
    private readonly declared: DeclaredImage, public readonly repository: ecr.IRepository, private readonly pullRepository: ecr.IRepository,
  ) {}

  public get tag(): string {
    return requireSingleTag(this.declared, 'use original.repository.repositoryUriForTag() with the tag that you need');
  }

  public get imageUri(): string {
    return this.pullRepository.repositoryUriForTag(this.tag);
  }

  public grantPull(grantee: iam.IGrantable): iam.Grant {
    return this.pullRepository.grantPull(grantee);
  }
}
