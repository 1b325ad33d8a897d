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

/** What a customized image is made of. */
export interface CustomizedImageProps {
  /** The upstream image, as errors name it. */
  readonly source: string;
  readonly custom: CustomImage;
  readonly repository: ecr.IRepository;
  /** What must be there before it can be built. */
  readonly buildsNeed: readonly IDependable[];
}

/** An image that is customized: what those who use it get. */
export class CustomizedImage {
  public readonly platforms: readonly string[];
  public readonly repository: ecr.IRepository;
  public readonly repositoryName: string;
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

  /** The tag of what an image of the mirror becomes. */
  public tagFor(tag: string): string {
    return customTag(tag, this.recipe);
  }

  /**
   * The same for a single platform.
   *
   * @throws Error when it is not built for that
   */
  public platformTagFor(tag: string, platform: string): string {
    this.requirePlatform(platform);
    return customPlatformTag(tag, platform, this.recipe);
  }

  /** @throws Error when it is not built for a platform */
  public requirePlatform(platform: string): void {
    const { platforms, props: { source } } = this;
    if (platforms.includes(platform)) return;
    throw new Error(`${quote(source)} is customized for ${platforms.join(', ')} only, and ${platform} is wanted; add that to customPlatforms`);
  }

  /** As builds read it. */
  public render(): string {
    return JSON.stringify(this.props.custom);
  }
}

/** The tags that a customized image has: that of all platforms, and that of each. */
export function customTags(tag: string, custom: CustomImage): string[] {
  const recipe = recipeDigest(custom);
  return [customTag(tag, recipe), ...custom.platforms.map((platform) => customPlatformTag(tag, platform, recipe))];
}

/** What the project that builds customized images names one of them by. A name that is a token is left to CloudFormation. */
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

function recipeDigest(custom: CustomImage): string {
  return sha256(recipeText(custom));
}

function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;
}

/** The unchanged copy of an upstream image. */
export class OriginalImage implements IOriginalImage {
  constructor(private readonly declared: DeclaredImage, public readonly repository: ecr.IRepository) {}

  public get tag(): string {
    return requireSingleTag(this.declared, 'use original.repository.repositoryUriForTag() with the tag that you need');
  }

  public get imageUri(): string {
    return this.repository.repositoryUriForTag(this.tag);
  }

  public grantPull(grantee: iam.IGrantable): iam.Grant {
    return this.repository.grantPull(grantee);
  }
}
