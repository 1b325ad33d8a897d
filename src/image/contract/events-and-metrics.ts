/**
 * Metrics and events of mirrors. Metric filters, alarms and dashboards use the metric names. The engine puts the events,
 * and constructs grant and match them.
 */

import type { MirrorResult } from './mirror-result';

/** The start of metric namespaces. Each mirror has its own namespace, so metrics of two mirrors in an account are separate. */
export const METRIC_NAMESPACE = 'cdk-ecr-mirror';

/** The metrics of each result. */
export const METRIC_NAME = {
  /** A new image was copied to the mirror. */
  COPIED: 'Copied',
  /** The image is the same upstream and in the mirror. */
  UNCHANGED: 'Unchanged',
  /** A new image is held, because it does not pass a check. */
  HELD: 'Held',
  /** The hours for which an image is held. */
  HELD_HOURS: 'HeldHours',
  /** Upstream no longer has the image. */
  UPSTREAM_GONE: 'UpstreamGone',
  /** A fixed tag names different images upstream and in the mirror. */
  TAG_MOVED: 'TagMoved',
  /** The image could not be mirrored. */
  FAILED: 'Failed',
  /** The image could not be mirrored because of a registry's rate limit. */
  RATE_LIMITED: 'RateLimited',
  /** The image in the mirror is up to date. */
  SUCCEEDED: 'Succeeded',
  /** The bytes of blobs that were uploaded to the mirror. */
  BYTES_COPIED: 'BytesCopied',
  /** The duration in seconds. */
  SECONDS: 'Seconds',
} as const;

export type MetricName = typeof METRIC_NAME[keyof typeof METRIC_NAME];

/** The metric dimensions that identify an image of a mirror. */
export const METRIC_DIMENSION = {
  REPOSITORY: 'Repository',
  TAG: 'Tag',
} as const;

/** The selector of a result line's field in a CloudWatch Logs metric filter. */
export function resultField(name: keyof MirrorResult): string {
  return `$.${name}`;
}

/** The `source` of all events. */
export const EVENT_SOURCE = 'cdk-ecr-mirror';

/**
 * The version of an event's detail, in its field `version`. Removing a field or changing its meaning requires a new version.
 * Adding a field does not.
 */
export const EVENT_VERSION = '1';

/** The `detail-type` of each event. */
export const EVENT_DETAIL_TYPE = {
  /** A new image was copied to the mirror. */
  MIRRORED: 'Image Mirrored',
  /** The image is the same upstream and in the mirror. */
  UNCHANGED: 'Image Unchanged',
  /** A new image is held, because it does not pass a check. */
  HELD: 'Image Held',
  /** A person released an image from quarantine. */
  RELEASED: 'Image Released',
  /** A person refused an image. */
  REFUSED: 'Image Refused',
  /** Upstream no longer has the image, and the mirror keeps its copy. */
  UPSTREAM_GONE: 'Upstream Image Gone',
  /** A fixed tag names different images upstream and in the mirror. */
  TAG_MOVED: 'Upstream Tag Moved',
  /** The image could not be mirrored. */
  FAILED: 'Image Mirror Failed',
} as const;
