/**
 * The contract between the construct, which writes the custom resource that mirrors images while a stack is deployed, and the handlers behind it,
 * which read it.
 */

/** The type of the custom resource. */
export const CUSTOM_RESOURCE_TYPE = 'Custom::ImageMirror';

/** The properties of the custom resource. */
export const CUSTOM_RESOURCE_PROPERTIES = {
  /** A list of `RunVariables`: the images, as their schedules name them. A changed entry is an image to mirror anew. */
  IMAGES: 'Images',
  /** What the names of repositories start with: a changed one means other repositories for all images. */
  REPOSITORY_PREFIX: 'RepositoryPrefix',
  /** `WAIT` or `START`. */
  ON_DEPLOY: 'OnDeploy',
} as const;

/** Variables of the functions behind it. */
export const HANDLER_ENVIRONMENT = {
  /** The name of the project whose builds mirror. */
  PROJECT: 'MIRROR_PROJECT',
  /** How long a build may take, in minutes. */
  LONGEST_BUILD_MINUTES: 'MIRROR_LONGEST_BUILD_MINUTES',
  /** How long to try to start builds, in minutes. */
  START_MINUTES: 'MIRROR_START_MINUTES',
  /** How long to wait for builds that were started, in minutes. */
  WAIT_MINUTES: 'MIRROR_WAIT_MINUTES',
} as const;
