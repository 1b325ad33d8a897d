import { Duration } from 'aws-cdk-lib';
import { ImageLock } from './image-lock';
import { ImageSignature } from './image-signature';

/**
 * The effect of a check of new images.
 */
export enum AdmissionMode {
  /** The mirror holds an image that fails the check: the tag in Amazon ECR keeps the image that it has. */
  ENFORCE = 'ENFORCE',

  /** The mirror serves an image that fails the check, and the result of the run says that it would be held. */
  AUDIT = 'AUDIT',

  /** The check is not made. It turns a check of the mirror off for one image. */
  OFF = 'OFF',
}

/**
 * The severity of a finding of an image scan in Amazon ECR.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanFinding.html
 */
export enum FindingSeverity {
  /** A finding that is for information only. */
  INFORMATIONAL = 'INFORMATIONAL',

  /** A finding of low severity. */
  LOW = 'LOW',

  /** A finding of medium severity. */
  MEDIUM = 'MEDIUM',

  /** A finding of high severity. */
  HIGH = 'HIGH',

  /** A finding of critical severity. */
  CRITICAL = 'CRITICAL',
}

/**
 * A finding of an image scan that does not hold an image until a day.
 */
export interface FindingException {
  /**
   * The ID of the vulnerability, as Amazon ECR reports it: `CVE-2024-3094`.
   */
  readonly vulnerability: string;

  /**
   * The reason for the exception, for readers of the app: 1 to 500 characters. It is not part of the template.
   */
  readonly reason: string;

  /**
   * The last day of the exception, in UTC: `2027-03-31`. From the next day, the finding holds images again.
   */
  readonly expires: string;
}

/**
 * The checks that a new image must pass before a tag in Amazon ECR serves it.
 *
 * A tag moves to a new image only if the image passes each enforced check. Until then, the tag keeps the image that it has, and each run decides
 * again. Checks judge new images: an image that a tag already serves is not checked again. See `docs/admission.md` for what checks do not stop.
 *
 * A field of an image replaces the same field of the mirror. The first check of a mirror adds two repositories: `<repositoryPrefix>-held` and
 * `<repositoryPrefix>-decisions`.
 */
export interface AdmissionOptions {
  /**
   * The mode of the checks without a mode of their own. The mode of an image also replaces the modes of single checks of the mirror.
   *
   * @default AdmissionMode.ENFORCE
   */
  readonly mode?: AdmissionMode;

  /**
   * The age of a new image: whole hours, from 1 hour to 60 days. It counts from when the mirror first saw the digest under the tag.
   *
   * The age counts only while each run sees the digest; see `maximumGap`. An image that upstream replaces or removes earlier is never served.
   * The first copy of a tag does not wait, unless `holdFirstCopies` is true.
   *
   * @default - new images do not wait
   */
  readonly minimumAge?: Duration;

  /**
   * The mode of the check of the age.
   *
   * @default - the value of `mode`
   */
  readonly minimumAgeMode?: AdmissionMode;

  /**
   * The longest time between two runs that saw a digest: whole hours, from 1 hour to 60 days. After a longer time, the age starts again.
   *
   * Keep it below two intervals: otherwise, an image can be hidden from a run without a new start of its age.
   *
   * @default - one and a half times the interval of the schedule plus its time window, but at most two intervals; 8 days for a `cron` schedule
   * with days of the month
   */
  readonly maximumGap?: Duration;

  /**
   * Whether the mirror can serve a digest that upstream has already replaced, once it is old enough.
   *
   * Set it for a tag that moves more often than its minimum age. **Malware that upstream has replaced can then become old enough.** A digest that
   * upstream deleted, or replaced by an earlier digest, is never served.
   *
   * @default false
   */
  readonly serveSuperseded?: boolean;

  /**
   * Whether the first copy of a tag must also have the minimum age. A deployment then fails until the image is old enough.
   *
   * @default false
   */
  readonly holdFirstCopies?: boolean;

  /**
   * The signatures of new images. A new image must have a signature that matches one of them.
   *
   * @default - new images need no signature
   */
  readonly signatures?: ImageSignature[];

  /**
   * The mode of the check of signatures.
   *
   * @default - the value of `mode`
   */
  readonly signatureMode?: AdmissionMode;

  /**
   * The worst severity of a finding with which a new image is still served. Amazon ECR scans each platform of the image in the quarantine repository.
   *
   * @default - new images are not scanned before they are served
   */
  readonly maximumSeverity?: FindingSeverity;

  /**
   * The findings that do not hold an image, each until a day.
   *
   * @default - none
   */
  readonly findingExceptions?: FindingException[];

  /**
   * The mode of the check of findings.
   *
   * @default - the value of `mode`
   */
  readonly scanMode?: AdmissionMode;

  /**
   * The lock file with the only digests that tags serve. It must have each image that the option applies to.
   *
   * The lock file decides when an image is served, so an enforced lock excludes `minimumAge`. A lock of an image replaces the minimum age of the
   * mirror.
   *
   * @default - the mirror serves any digest
   */
  readonly lockFile?: ImageLock;

  /**
   * The mode of the check of the lock file.
   *
   * @default - the value of `mode`
   */
  readonly lockMode?: AdmissionMode;
}
