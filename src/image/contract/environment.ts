/**
 * The environment variables of builds. The construct writes them and the engine reads them.
 */

import type { ProcessorName } from '../platform';

/** The variables of one run. A schedule sets them, or a user who starts a build. */
export const RUN_ENVIRONMENT = {
  /** The upstream image, for example `docker.io/library/nginx:stable`. Required. */
  IMAGE: 'IMAGE',
  /** The repository in the mirror. Default: derived from the image. */
  REPOSITORY: 'REPOSITORY',
  /** The kind of the tag: `fixed` or `floating`. Default: derived from the form of the tag. */
  TAG_KIND: 'TAG_KIND',
  /** The policy when a fixed tag has moved upstream: `FAIL`, `KEEP` or `SUFFIX`. Default: `FAIL`. */
  ON_TAG_MOVED: 'ON_TAG_MOVED',
  /** The policy when upstream no longer has the image: `KEEP` or `FAIL`. Default: `KEEP`. */
  ON_UPSTREAM_GONE: 'ON_UPSTREAM_GONE',
  /** An `AdmissionPolicy` as JSON, without its lock: the checks of new images. `{}` for none. Default: `MIRROR_ADMISSION`. */
  ADMISSION: 'ADMISSION',
  /** A `LockPolicy` as JSON: the only digests that the tags may serve. Default: none. */
  LOCK: 'LOCK',
  /** The platforms to mirror, separated by commas: `linux/amd64,linux/arm64`. Default: all. */
  PLATFORMS: 'PLATFORMS',
  /**
   * The platforms to mirror if upstream has them, separated by commas. A run fails only if upstream has none of them. It excludes `PLATFORMS`; with
   * `CATALOG`, it applies to entries without platforms of their own. Default: all.
   */
  PLATFORMS_IF_AVAILABLE: 'PLATFORMS_IF_AVAILABLE',
  /** `false` to opt out of copying signatures and other referrers. Default: `true`. */
  REFERRERS: 'REFERRERS',
  /** The policy for attestations: `KEEP_IF_ACCEPTED`, `KEEP` or `DROP`. Default: `KEEP_IF_ACCEPTED`. */
  ATTESTATIONS: 'ATTESTATIONS',
  /**
   * When to look for referrers that were published after an image was mirrored: `true` in each run, or in a window of the day such as
   * `06:00-12:00` in UTC or `06:00-12:00 Europe/Berlin`. Default: `MIRROR_LATE_REFERRERS`.
   */
  LATE_REFERRERS: 'LATE_REFERRERS',
  /** The owner of the image, which its results repeat; with `CATALOG`, of the entries without an owner. Default: none. */
  OWNER: 'OWNER',
  /** The last day on which the image is mirrored, in UTC: `2027-03-31`. Default: none. */
  EXPIRES: 'EXPIRES',
  /** A `TagSelection` as JSON: the tags to mirror. `IMAGE` must then be a repository, without a tag. */
  TAGS: 'TAGS',
  /** The platforms that get a tag of their own, separated by commas: `linux/arm64` for `stable-linux-arm64`. Default: none. */
  PLATFORM_TAGS: 'PLATFORM_TAGS',
  /** The number of previous images that the floating tag keeps: `0` for none. Default: `MIRROR_KEEP_PREVIOUS`. */
  KEEP_PREVIOUS: 'KEEP_PREVIOUS',
  /** With `TAGS`, the number of the newest versions that the mirror keeps. Default: all. */
  KEEP_VERSIONS: 'KEEP_VERSIONS',
  /** With `KEEP_VERSIONS`, the tags that other images of the repository need: a JSON list of `TagSelection`. Default: none. */
  OTHER_TAGS: 'OTHER_TAGS',
  /** A `CustomImage` as JSON: the customized image to build from the mirrored image. Default: none. */
  CUSTOM_IMAGE: 'CUSTOM_IMAGE',
  /**
   * Several images instead of `IMAGE`: a JSON list of objects with the variables of one image each, for example
   * `[{"IMAGE":"docker.io/library/nginx:stable"},{"IMAGE":"docker.io/library/redis","TAGS":"{\"pattern\":[\"7*\"]}"}]`.
   * `LATE_REFERRERS` may be set beside it, for all entries that don't set it.
   */
  IMAGES: 'IMAGES',
  /** The location of a catalog to mirror instead of `IMAGE`: `ssm:/platform/images`, `s3://bucket/images.yaml`. */
  CATALOG: 'CATALOG',
  /** With `CATALOG`, the shard to mirror: `2/4` for the second of four. Default: all images. */
  SHARD: 'SHARD',
} as const;

/**
 * The maximum length of the value of an environment variable, in characters. CodeBuild does not document a limit, but it rejected a value of more
 * than 4,096 characters.
 *
 * @see https://github.com/wolfeidau/buildkite-serverless-agent/issues/35
 */
export const MAX_VARIABLE_LENGTH = 4_000;

/** The values of run variables by name. An undefined value means the engine's default. */
export interface RunVariables {
  readonly [name: string]: string | undefined;
}

/** The variables that the CodeBuild project sets for all runs. */
export const PROJECT_ENVIRONMENT = {
  /** The host of the mirror's registry: `123456789012.dkr.ecr.eu-west-1.amazonaws.com`. */
  REGISTRY: 'MIRROR_REGISTRY',
  /** The prefix of repository names, without a final slash. May be empty. */
  REPOSITORY_PREFIX: 'MIRROR_REPOSITORY_PREFIX',
  /** The ARN of the event bus for results. Absent when there are no events. */
  EVENT_BUS: 'MIRROR_EVENT_BUS',
  /** The seconds after which a run fails with a message. CodeBuild's own timeout would stop it without one. */
  DEADLINE_SECONDS: 'MIRROR_DEADLINE_SECONDS',
  /** `true` to look for late referrers in runs that don't say when. Default: `false`. */
  LATE_REFERRERS: 'MIRROR_LATE_REFERRERS',
  /** The number of previous images that floating tags keep in runs that don't set it. Default: none. */
  KEEP_PREVIOUS: 'MIRROR_KEEP_PREVIOUS',
  /** An `AdmissionPolicy` as JSON: the checks of images without checks of their own. Absent when there are none. */
  ADMISSION: 'MIRROR_ADMISSION',
  /** The quarantine repository: `mirror-held`. Absent when no image has checks. */
  QUARANTINE: 'MIRROR_QUARANTINE',
  /** The repository with the decisions of people: `mirror-decisions`. Absent when no image has checks. */
  DECISIONS: 'MIRROR_DECISIONS',
  /** The name of the project that records the decisions of people. Commands read it; builds do not. Absent when no image has checks. */
  DECISION_PROJECT: 'MIRROR_DECISION_PROJECT',
  /** The path of a JSON file with a list of trust roots for keyless signatures. Default: the trust root of the engine. */
  TRUST_ROOT: 'MIRROR_TRUST_ROOT',
  /** A list of `CredentialVariables` as JSON: the registries with credentials. */
  CREDENTIALS: 'MIRROR_CREDENTIALS',
  /** A list of `RegistryRule` as JSON: the registries with settings. Absent when there are none. */
  REGISTRIES: 'MIRROR_REGISTRIES',
  /** A `CustomBuilds` as JSON: the project that builds customized images. Absent when there are none. */
  CUSTOM_BUILDS: 'MIRROR_CUSTOM_BUILDS',
  /** The allowed builds of customized images, as fingerprints separated by commas. More of them are in `MIRROR_RECIPES_2` and so on. */
  RECIPES: 'MIRROR_RECIPES',
} as const;

/** The variable with which the AWS SDKs, and builds, use FIPS endpoints. The value is `true`. */
export const FIPS_VARIABLE = 'AWS_USE_FIPS_ENDPOINT';

/** The CodeBuild project that builds customized images. */
export interface CustomBuilds {
  /** The name of the project. */
  readonly project: string;
  /** The processor of the project. */
  readonly processor: ProcessorName;
  /** The build environment with the other processor; absent when no image needs it. */
  readonly otherEnvironment?: BuildEnvironmentOverride;
}

/** The environment of a build when it differs from the project's, in the terms of CodeBuild. */
export interface BuildEnvironmentOverride {
  /** The environment type, for example `ARM_CONTAINER`. */
  readonly type: string;
  /** The build image, for example `aws/codebuild/amazonlinux-aarch64-standard:3.0`. */
  readonly image: string;
  /** The compute type, for example `BUILD_GENERAL1_SMALL`. */
  readonly computeType: string;
}

/** The variables with the credentials of one registry. CodeBuild reads their values from Secrets Manager and masks them in the build log. */
export interface CredentialVariables {
  /** The registry's host in image references: `docker.io`, `ghcr.io`. */
  readonly registry: string;
  /** The start of the repositories that the credentials are for: `team-a`. Absent when they are for all repositories of the registry. */
  readonly repositoryNamespace?: string;
  /** The name of the variable with the user name. */
  readonly username: string;
  /** The name of the variable with the password or access token. */
  readonly password: string;
  /** The host of a token service on another domain that may receive the credentials. Absent when there is none. */
  readonly allowedRealm?: string;
}

/** The repositories that credentials are for. */
export type CredentialScope = Pick<CredentialVariables, 'registry' | 'repositoryNamespace'>;

/** The credential variables of a registry or namespace, by its position in the list of credentials. */
export function credentialVariables(
  { registry, repositoryNamespace, allowedRealm }: CredentialScope & Pick<CredentialVariables, 'allowedRealm'>, index: number,
): CredentialVariables {
  const names = { username: `MIRROR_CREDENTIAL_${index}_USERNAME`, password: `MIRROR_CREDENTIAL_${index}_PASSWORD` };
  const scope = repositoryNamespace === undefined ? { registry } : { registry, repositoryNamespace };
  return { ...scope, ...names, ...allowedRealm === undefined ? {} : { allowedRealm } };
}

/**
 * Finds the credentials for a repository: those of the longest namespace that its path starts with, then those of the whole registry.
 *
 * A namespace is one or more whole parts of a path: `team-a` is for `team-a/app`, and not for `team-ab/app`.
 *
 * @param repository undefined for a request that concerns the whole registry
 */
export function findCredentials<T extends CredentialScope>(list: readonly T[], registry: string, repository?: string): T | undefined {
  const isFor = ({ repositoryNamespace, ...scope }: T) => {
    return scope.registry === registry && (repositoryNamespace === undefined || `${repository ?? ''}/`.startsWith(`${repositoryNamespace}/`));
  };
  return list.filter(isFor).sort((one, other) => (other.repositoryNamespace ?? '').length - (one.repositoryNamespace ?? '').length)[0];
}

/** How builds use an upstream registry. */
export interface RegistryRule {
  /** The registry's host in image references: `docker.io`. */
  readonly registry: string;
  /** The registry to pull from instead, with a path: `artifactory.example.com/docker-remote`. Absent for the registry itself. */
  readonly endpoint?: string;
  /** The maximum number of requests to the registry in a second. Absent for no limit. */
  readonly requestsPerSecond?: number;
  /** The number of pulls that builds leave to others, for Docker Hub itself. Absent for no reserve. */
  readonly reservedPulls?: number;
}

/** The highest limit of requests to a registry in a second. */
export const MAX_REQUESTS_PER_SECOND = 1000;

/** The highest number of pulls that builds leave to others. */
export const MAX_RESERVED_PULLS = 100_000;

/**
 * The image reference that a build pulls: at the endpoint of its registry, or the reference itself.
 *
 * @param image a reference in canonical spelling, with or without a tag or digest: `docker.io/library/nginx:stable`
 */
export function pulledFrom(rules: readonly RegistryRule[], image: string): string {
  const { registry, endpoint } = rules.find((rule) => image.startsWith(`${rule.registry}/`)) ?? {};
  return registry === undefined || endpoint === undefined ? image : `${endpoint}${image.slice(registry.length)}`;
}

/** The policy when a fixed tag has moved upstream, so that it names different images upstream and in the mirror. */
export type TagMovedPolicy = 'FAIL' | 'KEEP' | 'SUFFIX';

/** All policies for moved tags, the default first. */
export const TAG_MOVED_POLICIES: readonly TagMovedPolicy[] = ['FAIL', 'KEEP', 'SUFFIX'];

/** The policy when upstream no longer has an image that the mirror has. */
export type UpstreamGonePolicy = 'KEEP' | 'FAIL';

/** All policies for images that are gone upstream, the default first. */
export const UPSTREAM_GONE_POLICIES: readonly UpstreamGonePolicy[] = ['KEEP', 'FAIL'];

/** The variables of a build that decides about an image in quarantine. A person starts it; no schedule, function, or other build can. */
export const DECISION_ENVIRONMENT = {
  /** The image with the digest: `docker.io/library/nginx:stable@sha256:…`. */
  IMAGE: 'IMAGE',
  /** The repository in the mirror. Default: derived from the image. */
  REPOSITORY: 'REPOSITORY',
  /** `RELEASE` or `REFUSE`. */
  DECISION: 'DECISION',
  /** Why, for people: one line of at most 500 characters. */
  REASON: 'REASON',
  /** The `LOCK` of the image, which a release outranks until the lock changes. Default: none. */
  LOCK: 'LOCK',
} as const;

/** The policy for the attestations that an image lists in its index. */
export type AttestationPolicy = 'KEEP_IF_ACCEPTED' | 'KEEP' | 'DROP';

/** All policies for attestations, the default first. */
export const ATTESTATION_POLICIES: readonly AttestationPolicy[] = ['KEEP_IF_ACCEPTED', 'KEEP', 'DROP'];
