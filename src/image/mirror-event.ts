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
