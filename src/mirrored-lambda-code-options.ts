/**
 * How a function of AWS Lambda runs an image of the mirror.
 */
export interface MirroredLambdaCodeOptions {
  /**
   * The command, as a list of its words.
   *
   * @default - the `CMD` of the image
   */
  readonly cmd?: string[];

  /**
   * The entry point, as a list of its words.
   *
   * @default - the `ENTRYPOINT` of the image
   */
  readonly entrypoint?: string[];

  /**
   * The working directory.
   *
   * @default - the `WORKDIR` of the image
   */
  readonly workingDirectory?: string;
}
