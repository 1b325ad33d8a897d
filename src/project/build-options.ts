import * as events from 'aws-cdk-lib/aws-events';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import { BuildProxy } from './build-proxy';
import { MirrorCompute } from './mirror-compute';
import { RegistryCredentials } from './registry-credentials';
import { RegistrySettings } from './registry-settings';

/**
 * Options of an `ImageMirror` for the builds of its CodeBuild project.
 */
export interface MirrorBuildOptions {
  /**
   * The credentials for upstream registries, at most one for each registry, and for each namespace of a registry.
   *
   * @default - anonymous access to all registries, except Amazon ECR and Amazon ECR Public: builds use their role there
   */
  readonly credentials?: RegistryCredentials[];

  /**
   * How builds use upstream registries, at most one setting for each registry.
   *
   * For example, a registry can have another endpoint, a limit of requests, or a reserve of pulls.
   *
   * @default - builds use each registry itself
   */
  readonly registries?: RegistrySettings[];

  /**
   * The compute of the builds that mirror images.
   *
   * @default MirrorCompute.ec2()
   */
  readonly compute?: MirrorCompute;

  /**
   * The compute of the builds that customize images. It must be EC2 compute, because Lambda compute does not support Docker.
   * See `MirroredImageOptions.dockerfileLines`.
   *
   * With a curated image of CodeBuild, `RUN` instructions for another processor run on the curated image for that processor.
   * With any other build image, `RUN` supports only the processor of the build image.
   *
   * @default - the same as `compute`, or EC2 compute with the same processor if `compute` is Lambda compute
   */
  readonly customImageCompute?: MirrorCompute;

  /**
   * The path of a PEM file with custom CA certificates, for upstream registries or proxies that use a private CA.
   *
   * Builds trust these CAs in addition to the public CAs. The file is read at synthesis, and its certificates become an asset of the stack.
   * It must not contain a private key.
   *
   * @default - builds trust the public CAs of Node.js
   */
  readonly certificateAuthorityPath?: string;

  /**
   * The paths of JSON files with trust roots for signatures: the logs and certificate authorities that `ImageSignature` trusts. They replace the
   * trust root of this library.
   *
   * Use it for another instance of Sigstore, or to refresh the trust root without a new version of this library: `cdk-ecr-mirror trust-root` writes
   * the current one. A signature must be valid with one of the trust roots. The files are read at synthesis, and become an asset of the stack.
   *
   * @default - the trust root of the public instance of Sigstore, as this version of the library has it
   * @see https://docs.sigstore.dev/about/threat-model/
   */
  readonly trustRootPaths?: string[];

  /**
   * The proxy server through which builds reach upstream registries and AWS services. It applies to the builds of customized images too.
   *
   * The CodeBuild projects get the variables `HTTPS_PROXY`, `HTTP_PROXY`, and `NO_PROXY`, which no schedule can override. The `RUN` instructions of
   * customized images get them as build arguments, which don't become part of the image. Set `certificateAuthorityPath` for a proxy that inspects TLS
   * connections.
   *
   * @default - builds connect directly
   * @see https://docs.aws.amazon.com/codebuild/latest/userguide/use-proxy-server.html
   */
  readonly proxy?: BuildProxy;

  /**
   * Whether builds and the Lambda functions of deployments use the FIPS endpoints of AWS, for example to push images to Amazon ECR.
   *
   * Image URIs, results, and events don't change. AWS has these endpoints in the Regions of the United States and in AWS GovCloud (US).
   * Upstream registries outside of AWS, and `public.ecr.aws`, have no FIPS endpoints.
   *
   * @default false
   * @see https://aws.amazon.com/compliance/fips/
   */
  readonly fips?: boolean;

  /**
   * The event bus that builds send the events of their results to: one event for each result.
   *
   * @default - the default event bus of the account
   */
  readonly eventBus?: events.IEventBus;

  /**
   * Whether the pulls of builds leave the last pull times of images in the registry unchanged.
   *
   * A run reads the images in the mirror, which counts as a pull. So a lifecycle rule that archives images by their last pull never applies to them.
   * With `true`, the mirror registers an exclusion in Amazon ECR: an account can have 100 of them in each Region.
   *
   * @default false
   * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegisterPullTimeUpdateExclusion.html
   */
  readonly excludePullTimes?: boolean;

  /**
   * The retention period of the logs of builds, and of the logs of the Lambda functions that start and follow builds during a deployment.
   *
   * @default logs.RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * The KMS key that encrypts the logs of the mirror, the inputs of its schedules, and its dead-letter queue. `encryptionKey` encrypts images.
   *
   * It must be a symmetric key in the Region of the mirror, in the stack of the mirror or in a stack that does not depend on it. The policy of a key
   * that the app defines gets a statement for each log group. For an imported key, a warning has these statements. The policy must also let IAM
   * policies of the account decide, which is the default of the CDK.
   *
   * A later change affects new logs and messages. Existing ones still need the previous key.
   *
   * @default - keys that AWS owns
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
   */
  readonly operationsEncryptionKey?: kms.IKey;
}
