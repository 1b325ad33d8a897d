import * as events from 'aws-cdk-lib/aws-events';
import { ScanSeverity } from './scan-severity';

/**
 * Which findings of scans a rule takes.
 */
export interface OnScanFindingsOptions extends events.OnEventOptions {
  /**
   * The least severity: findings of this one and worse ones count.
   *
   * @default ScanSeverity.HIGH
   */
  readonly severity?: ScanSeverity;

  /**
   * Whether the rule also takes an event for each single finding, which only enhanced scanning puts.
   *
   * It is how one learns of a vulnerability that becomes known when an image was scanned long ago. An image that arrives with two hundred findings
   * puts two hundred such events at once, besides the one for its scan.
   *
   * @default false
   */
  readonly eachFinding?: boolean;
}
