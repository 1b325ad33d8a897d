/**
 * The names of what admission stores in Amazon ECR. There is no other store: repositories and tags are the state.
 *
 * The quarantine repository has a marker for each run that saw an image that it did not serve, and the images that wait for a scan. The repository
 * of decisions has a marker for each decision of a person. Builds of images cannot write to it. Both repositories are immutable.
 */

/** The quarantine repository of a mirror with a prefix: `mirror-held`. */
export function quarantineRepository(prefix: string): string {
  return `${prefix}-held`;
}

/** The repository with the decisions of people: `mirror-decisions`. */
export function decisionRepository(prefix: string): string {
  return `${prefix}-decisions`;
}

/** The image of a mirror, whatever its tag. */
export interface QuarantinedImage {
  /** The upstream repository: `docker.io/library/nginx`. */
  readonly source: string;
  /** The repository in the mirror: `mirror/nginx`. */
  readonly repository: string;
}

/** A marker in one of the repositories. */
export interface Marker {
  readonly kind: MarkerKind;
  /** The hashes of the image and of its tag: `1f2e….9a8b…`. */
  readonly key: string;
  /** The time of the run or the decision, in seconds since the epoch. */
  readonly seconds: number;
  /** The digest of the upstream image. */
  readonly digest: string;
}

/** A run saw the digest upstream; a person released it; a person refused it. */
export type MarkerKind = 'seen' | 'released' | 'refused';

/** The digits of a hash in a tag. A tag has 128 characters. */
const HASH_LENGTH = 16;

/** Computes the `sha256` digest of a text, with its prefix. */
export type DigestOf = (text: string) => string;

/** The hash of an image in tags. */
export function imageHash({ repository, source }: QuarantinedImage, digestOf: DigestOf): string {
  return hash(`${source} ${repository}`, digestOf);
}

/** The key of an image with a tag: an age that was earned under one tag does not count for another. */
export function imageKey(image: QuarantinedImage & { readonly tag: string }, digestOf: DigestOf): string {
  return `${imageHash(image, digestOf)}.${hash(image.tag, digestOf)}`;
}

/** The tag of a marker. It has the whole digest, so that no other image can have the same tag. */
export function markerTag({ digest, key, kind, seconds }: Marker): string {
  return `${kind}.${key}.${seconds}.${digest.replace('sha256:', '')}`;
}

const MARKER = new RegExp(`^(seen|released|refused)\\.([0-9a-f]{${HASH_LENGTH}}\\.[0-9a-f]{${HASH_LENGTH}})\\.([1-9][0-9]{0,11})\\.([0-9a-f]{64})$`);

/** The marker that a tag stands for; undefined for other tags. */
export function parseMarkerTag(tag: string): Marker | undefined {
  const [, kind, key, seconds, digest] = MARKER.exec(tag) ?? [];
  return kind === undefined ? undefined : { kind: kind as MarkerKind, key, seconds: Number(seconds), digest: `sha256:${digest}` };
}

/** The tag of an image in quarantine. The digest is that of the upstream image, and the tag can name a selection of its platforms. */
export function heldTag(key: string, digest: string, selection: string, digestOf: DigestOf): string {
  return `${heldTagPrefix(key)}${digest.replace('sha256:', '').slice(0, 48)}.${hash(selection, digestOf)}`;
}

/** The start of the tags of an image in quarantine. The key can be the hash of the image only, for all its tags. */
export function heldTagPrefix(key: string): string {
  return `held.${key}.`;
}

function hash(text: string, digestOf: DigestOf): string {
  return digestOf(text).replace('sha256:', '').slice(0, HASH_LENGTH);
}
