/**
 * The contract between the construct, which writes environment variables, and the engine, which reads them.
 * Both import this file, so a name cannot differ between them.
 */

import type { ProcessorName } from '../platform';

/** Variables that a schedule, or a person who starts a build by hand, sets for one run. */
export const RUN_ENVIRONMENT = {
  /** The upstream image, for example `docker.io/library/nginx:stable`. The only required one. */
  IMAGE: 'IMAGE',
  /** The repository in the mirror; by default derived from the image. */
  REPOSITORY: 'REPOSITORY',
  /** `fixed` or `floating`; by default judged by the tag. */
  TAG_KIND: 'TAG_KIND',
  /** `FAIL`, `KEEP` or `SUFFIX`; by default `FAIL`. */
  ON_TAG_MOVED: 'ON_TAG_MOVED',
  /** Platforms to mirror, separated by commas: `linux/amd64,linux/arm64`; by default all. */
  PLATFORMS: 'PLATFORMS',
  /** `false` to leave signatures and other referrers behind; by default they come along. */
  REFERRERS: 'REFERRERS',
  /** A `TagSelection` as JSON; the image is then a repository without a tag, and each selected tag is mirrored. */
  TAGS: 'TAGS',
  /** Platforms that get a tag of their own beside the image's, separated by commas: `linux/arm64` for `stable-linux-arm64`. By default none. */
  PLATFORM_TAGS: 'PLATFORM_TAGS',
  /** A `CustomImage` as JSON: how the image is customized once it is in the mirror. By default it is not. */
  CUSTOM_IMAGE: 'CUSTOM_IMAGE',
  /**
   * Several images in place of `IMAGE`: a JSON list of objects, each with the variables of one run by name, for example
   * `[{"IMAGE":"docker.io/library/nginx:stable"},{"IMAGE":"docker.io/library/redis","TAGS":"{\"pattern\":[\"7*\"]}"}]`.
   */
  IMAGES: 'IMAGES',
  /** Where a list of images lies that is mirrored in place of `IMAGE`: `ssm:/platform/images`, `s3://bucket/images.yaml`. */
  CATALOG: 'CATALOG',
  /** With `CATALOG`, the part of its images that this build mirrors: `2/4` for the second of four. By default all. */
  SHARD: 'SHARD',
} as const;

/** The variables of one run by name; those that are undefined keep the engine's default. */
export interface RunVariables {
  readonly [name: string]: string | undefined;
}

/** Variables that the project sets for all runs. */
export const PROJECT_ENVIRONMENT = {
  /** The host of the account's registry: `123456789012.dkr.ecr.eu-west-1.amazonaws.com`. */
  REGISTRY: 'MIRROR_REGISTRY',
  /** What repository names start with, without the final slash; may be empty. */
  REPOSITORY_PREFIX: 'MIRROR_REPOSITORY_PREFIX',
  /** The event bus that results are put on; absent when they are not. */
  EVENT_BUS: 'MIRROR_EVENT_BUS',
  /** Seconds after which a run gives up by itself and says so, before CodeBuild would stop it without a word. */
  DEADLINE_SECONDS: 'MIRROR_DEADLINE_SECONDS',
  /** A JSON list of `CredentialVariables`: for each registry with credentials, the variables that hold them. */
  CREDENTIALS: 'MIRROR_CREDENTIALS',
  /** A `CustomBuilds` as JSON: where customized images are built; absent where there are none. */
  CUSTOM_BUILDS: 'MIRROR_CUSTOM_BUILDS',
  /** What may be customized, as `declarationMark()`s, separated by commas. Those that do not fit are in `MIRROR_RECIPES_2` and so on. */
  RECIPES: 'MIRROR_RECIPES',
} as const;

/** Where customized images are built. */
export interface CustomBuilds {
  /** The name of the project. */
  readonly project: string;
  /** The processor that its builds run on. */
  readonly processor: ProcessorName;
  /** What a build on another processor takes in place of the project's own environment; absent where nothing does. */
  readonly otherEnvironment?: BuildEnvironmentOverride;
}

/** The environment of a single build, in the words of CodeBuild. */
export interface BuildEnvironmentOverride {
  /** `ARM_CONTAINER` or the like. */
  readonly type: string;
  /** `aws/codebuild/amazonlinux-aarch64-standard:3.0` or the like. */
  readonly image: string;
  /** `BUILD_GENERAL1_SMALL` or the like. */
  readonly computeType: string;
}

/** Where the engine finds the credentials of one registry. CodeBuild fills the variables from Secrets Manager and masks their values in its log. */
export interface CredentialVariables {
  /** The registry's host as image references name it: `docker.io`, `ghcr.io`. */
  readonly registry: string;
  /** The name of the variable that holds the user's name. */
  readonly username: string;
  /** The name of the variable that holds the password or access token. */
  readonly password: string;
}

/** The variables for the n-th registry with credentials. */
export function credentialVariables(registry: string, index: number): CredentialVariables {
  return { registry, username: `MIRROR_CREDENTIAL_${index}_USERNAME`, password: `MIRROR_CREDENTIAL_${index}_PASSWORD` };
}

/** What to do when a fixed tag names another image upstream than in the mirror. */
export type TagMovedPolicy = 'FAIL' | 'KEEP' | 'SUFFIX';

/** All policies for moved tags, the default one first. */
export const TAG_MOVED_POLICIES: readonly TagMovedPolicy[] = ['FAIL', 'KEEP', 'SUFFIX'];
