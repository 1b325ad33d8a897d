/**
 * The metrics that are counted in the log of builds: named here once for the filters that count, and the alarms and dashboards that look.
 */

import type { MirrorResult } from './mirror-result';

/** What the namespaces of all mirrors start with; each mirror has one of its own, so that two in an account are not added up. */
export const METRIC_NAMESPACE = 'cdk-ecr-mirror';

/** What is counted of each result. */
export const METRIC_NAME = {
  /** The mirror holds a new image. */
  COPIED: 'Copied',
  /** Upstream and mirror hold the same image. */
  UNCHANGED: 'Unchanged',
  /** A fixed tag names another image upstream than in the mirror. */
  TAG_MOVED: 'TagMoved',
  /** The mirror could not be brought up to date. */
  FAILED: 'Failed',
  /** It could not, because a registry limits the rate. */
  RATE_LIMITED: 'RateLimited',
  /** The mirror holds what it should. */
  SUCCEEDED: 'Succeeded',
  /** Bytes of blobs that were sent to the mirror. */
  BYTES_COPIED: 'BytesCopied',
  /** How long it took. */
  SECONDS: 'Seconds',
} as const;

export type MetricName = typeof METRIC_NAME[keyof typeof METRIC_NAME];

/** What tells the metrics of a mirror's images apart. */
export const METRIC_DIMENSION = {
  REPOSITORY: 'Repository',
  TAG: 'Tag',
} as const;

/** A field of a result's line, as filters of Amazon CloudWatch Logs select it. */
export function resultField(name: keyof MirrorResult): string {
  return `$.${name}`;
}

/**
 * The EventBridge events of the mirror: named here once for the engine, which puts them, and the constructs, which grant and match them.
 */

/** The `source` of every event of the mirror. */
export const EVENT_SOURCE = 'cdk-ecr-mirror';

/**
 * The version of an event's detail, which is in its field `version`. A field that is taken away or changes its meaning makes a new one;
 * a field that is added does not.
 */
export const EVENT_VERSION = '1';

/** The `detail-type` of each event. */
export const EVENT_DETAIL_TYPE = {
  /** The mirror holds a new image. */
  MIRRORED: 'Image Mirrored',
  /** Upstream and mirror hold the same image. */
  UNCHANGED: 'Image Unchanged',
  /** A fixed tag names another image upstream than in the mirror. */
  TAG_MOVED: 'Upstream Tag Moved',
  /** The mirror could not be brought up to date. */
  FAILED: 'Image Mirror Failed',
} as const;
