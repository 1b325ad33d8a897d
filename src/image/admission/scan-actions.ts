/**
 * The IAM actions that the scan check of new images needs, for the role of builds.
 *
 * Two sources say that `ecr:DescribeImageScanFindings` is not enough with enhanced scanning: Amazon ECR asks Amazon Inspector with the permissions of
 * the caller. It was not tried with this library. Without enhanced scanning, the actions of Amazon Inspector are not used.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html
 * @see https://github.com/alexjurkiewicz/ecr-scan-image/issues/19 for the refusal without `inspector2:ListFindings`
 */
export const SCAN_ACTIONS = {
  /** On the quarantine repository. */
  repository: ['ecr:BatchGetRepositoryScanningConfiguration', 'ecr:DescribeImageScanFindings', 'ecr:StartImageScan'],
  /** On `*`, because these actions have no resource types. */
  anyResource: ['inspector2:ListCoverage', 'inspector2:ListFindings'],
} as const;
