import { RemovalPolicy, Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { OnTagMoved } from '../declarations/tag-policy';
import { OnDeploy } from '../deploy/deploy-trigger';
import { MirrorCompute } from '../project/mirror-compute';
import { RegistryCredentials } from '../project/registry-credentials';

/**
 * Properties of an `ImageMirror`.
 */
export interface ImageMirrorProps {
  /**
   * The upstream images, as `docker pull` takes them: `nginx:stable`, `quay.io/prometheus/prometheus:v2.53.0`.
   *
   * @default - none; add them with `addImage()`
   */
  readonly images?: string[];

  /**
   * What the names of the mirror's repositories start with, without a final slash.
   *
   * Docker Hub's `nginx` becomes `mirror/nginx`, and `quay.io/prometheus/prometheus` becomes `mirror/quay.io/prometheus/prometheus`.
   * Choose one that nothing else uses: beyond about 60 repositories, builds may push to all repositories under it.
   *
   * @default 'mirror'
   */
  readonly repositoryPrefix?: string;

  /**
   * How often upstream is asked for a newer image. Asking is free at Docker Hub; only copying counts as a pull.
   *
   * @default scheduler.ScheduleExpression.rate(Duration.days(1))
   */
  readonly schedule?: scheduler.ScheduleExpression;

  /**
   * How late a run may start, so that a fleet of images does not start in one minute: an account takes about 30 builds in its queue.
   *
   * @default scheduler.TimeWindow.flexible(Duration.hours(1))
   */
  readonly timeWindow?: scheduler.TimeWindow;

  /**
   * What a run does when a fixed tag names another image upstream than in the mirror.
   *
   * @default OnTagMoved.FAIL
   */
  readonly onTagMoved?: OnTagMoved;

  /**
   * What a deployment does about images that are new, or declared anew.
   *
   * Images that did not change are left to their schedules. During a rollback, and when the app is destroyed, nothing is mirrored.
   *
   * @default OnDeploy.WAIT
   */
  readonly onDeploy?: OnDeploy;

  /**
   * Credentials for upstream registries, at most one for each.
   *
   * @default - every registry is asked without credentials
   */
  readonly credentials?: RegistryCredentials[];

  /**
   * Where builds run.
   *
   * @default MirrorCompute.ec2()
   */
  readonly compute?: MirrorCompute;

  /**
   * Where customized images are built: on CodeBuild's EC2 compute, for Docker runs nowhere else. See `dockerfileLines` of an image.
   *
   * Without it, `RUN` for the other of both processors runs in CodeBuild's own image for that.
   *
   * @default - as `compute`; where that is Lambda compute, on EC2 compute with its processor
   */
  readonly customImageCompute?: MirrorCompute;

  /**
   * The path of a file in PEM with the certificates of authorities that builds trust besides the public ones, for upstream registries,
   * or a proxy on the way to them, with a certificate of a private authority.
   *
   * The file is read at synthesis, and its certificates become an asset of the stack. It must not hold a private key.
   *
   * @default - builds trust the public authorities that Node knows
   */
  readonly certificateAuthorityPath?: string;

  /**
   * The key that encrypts the repositories that the mirror defines. It cannot be changed later without replacing them.
   *
   * @default - Amazon ECR's own key (AES-256)
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * What happens to the repositories that the mirror defines when they leave the app.
   *
   * **`RemovalPolicy.DESTROY` deletes the images in them too**, those included that are running.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly repositoryRemovalPolicy?: RemovalPolicy;

  /**
   * The age, counted from the push, at which an image expires that no tag names any more: whole days.
   *
   * It is the only lifecycle rule, for a tagged image may be running. Untagged are the images that a floating tag has left.
   * The images of single platforms are untagged as well and stay: Amazon ECR does not delete what an index still refers to.
   *
   * @default Duration.days(30)
   */
  readonly untaggedImageExpiry?: Duration;

  /**
   * Whether Amazon ECR scans each image for vulnerabilities when it arrives.
   *
   * @default true
   */
  readonly imageScanOnPush?: boolean;

  /**
   * The bus that takes an event for each run's result.
   *
   * @default - the account's default bus
   */
  readonly eventBus?: events.IEventBus;

  /**
   * How long the logs of builds are kept, and those of the functions that start and follow builds when the app is deployed.
   *
   * @default logs.RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: logs.RetentionDays;
}
