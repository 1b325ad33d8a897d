/**
 * How bad a vulnerability is that a scan of Amazon ECR has found, the worst first.
 */
export enum ScanSeverity {
  /** As bad as it gets. */
  CRITICAL = 'CRITICAL',

  /** Bad enough to act on soon. */
  HIGH = 'HIGH',

  /** Of some concern. */
  MEDIUM = 'MEDIUM',

  /** Of little concern. */
  LOW = 'LOW',
}
