/**
 * What the cost model takes for granted about runs and images. Put in numbers of your own: builds say how long they took,
 * and `cdk-ecr-mirror check --app` how large images are.
 */
export const ASSUMPTIONS = {
  /** A month of 30 days. */
  DAYS_PER_MONTH: 30,
  /** A run that finds nothing new: 3 to 36 seconds to get a machine, as others measured, and less than one for two requests. */
  CHECK_SECONDS: 20,
  /** How many images one build of `groupRuns` checks. Their list fits into one variable, and the division leaves a quarter of the room free. */
  GROUPED_IMAGES: 60,
  /** A run that copies an image. */
  COPY_SECONDS: 80,
  /** All platforms of an image, compressed. Layers that images of one repository share are stored once. */
  IMAGE_GIGABYTES: 0.5,
  /** How often a floating tag moves in a month. */
  MOVES_PER_MONTH: 1,
  /** What a build writes to its log: CodeBuild's own lines and those of the engine. */
  LOG_KILOBYTES: 8,
  /** How long logs are kept. */
  LOG_MONTHS: 3,
  /** A build reads the name and the password. */
  SECRET_READS_PER_RUN: 2,
  /** How long a deployment waits for new images. */
  DEPLOYMENT_MINUTES: 10,
  /** What cdk-ecr-deployment's function takes for one image, and the memory that it has by default. */
  PEER_COPY_SECONDS: 60,
  PEER_GIGABYTES: 0.5,
} as const;
