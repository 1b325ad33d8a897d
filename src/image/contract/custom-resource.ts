/**
 * The custom resource that mirrors images during a deployment. The construct writes its properties and the handlers read them.
 */

/** The type of the custom resource. */
export const CUSTOM_RESOURCE_TYPE = 'Custom::ImageMirror';

/** The properties of the custom resource. */
export const CUSTOM_RESOURCE_PROPERTIES = {
  /** A list of `RunVariables`: the images, with the same variables as in their schedules. New and changed entries are mirrored. */
  IMAGES: 'Images',
  /** The prefix of repositories. A changed prefix means other repositories, so all images are mirrored. */
  REPOSITORY_PREFIX: 'RepositoryPrefix',
  /** Whether the deployment waits for the builds: `WAIT` or `START`. */
  ON_DEPLOY: 'OnDeploy',
} as const;

/** The key of the metadata of the custom resource that describes its images and catalogs without a schedule. */
export const UNSCHEDULED_METADATA = 'cdk-ecr-mirror:Unscheduled';

/** The images and catalogs without a schedule, for commands that start or check them. */
export interface UnscheduledRuns {
  /** The ARN of the project that mirrors them, or a token for it. */
  readonly project: unknown;
  /** Their variables. A value can be a token. */
  readonly images: readonly Readonly<Record<string, unknown>>[];
}

/** The environment variables of the handlers. */
export const HANDLER_ENVIRONMENT = {
  /** The name of the CodeBuild project. */
  PROJECT: 'MIRROR_PROJECT',
  /** The timeout of a build, in minutes. */
  LONGEST_BUILD_MINUTES: 'MIRROR_LONGEST_BUILD_MINUTES',
  /** The time limit for starting builds, in minutes. */
  START_MINUTES: 'MIRROR_START_MINUTES',
  /** The time limit for waiting for started builds, in minutes. */
  WAIT_MINUTES: 'MIRROR_WAIT_MINUTES',
} as const;
