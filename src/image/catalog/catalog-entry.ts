/**
 * Catalogs: lists of images outside of templates. A catalog is untrusted input, so each of its entries must match a grammar.
 * The published schema `schemas/image-catalog-1.schema.json` defines the same form.
 */

import type { EntryAdmission } from './entry-admission';
import type { AttestationPolicy, TagMovedPolicy, UpstreamGonePolicy } from '../contract/environment';
import { MAX_TAG_LENGTH } from '../image-reference';
import type { TagKindName } from '../tag-kind';
import { MAX_RANGE_LENGTH, TagSelection } from '../tag-selection';

/** A catalog entry: an image, or the selected tags of a repository. */
export interface CatalogEntry {
  /** The upstream image in any spelling; with `tags` a repository, without a tag or digest. */
  readonly image: string;
  /** The tags of the repository to mirror. */
  readonly tags?: TagSelection;
  /** The platforms to mirror; by default those of the catalog, as far as upstream has them. */
  readonly platforms?: readonly string[];
  /** Whether to mirror all platforms, although the catalog has a list of platforms; false by default. */
  readonly allPlatforms?: boolean;
  /** The owner of the image, which each result of the image contains. */
  readonly owner?: string;
  /** The last day on which the image is mirrored, in UTC: `2027-03-31`. */
  readonly expires?: string;
  /** The digest that the upstream tag must have. */
  readonly digest?: string;
  /** The kind of the tag; by default derived from its form. */
  readonly tagKind?: TagKindName;
  /** The policy when a fixed tag has moved upstream; `FAIL` by default. */
  readonly onTagMoved?: TagMovedPolicy;
  /** The policy when upstream no longer has the image; by default as for the other images of the mirror. */
  readonly onUpstreamGone?: UpstreamGonePolicy;
  /** The checks of new images, in addition to those of the mirror. */
  readonly admission?: EntryAdmission;
  /** Whether to copy signatures and other referrers; by default as the catalog says. */
  readonly referrers?: boolean;
  /** Whether to look for referrers of an unchanged image that were published later; true by default. */
  readonly lateReferrers?: boolean;
  /** The policy for the attestations of an index; `KEEP_IF_ACCEPTED` by default. */
  readonly attestations?: AttestationPolicy;
  /** The number of previous images that a floating tag keeps; by default as for the other images of the mirror. */
  readonly keepPrevious?: number;
  /** With `tags`: the number of the newest versions that stay in the mirror; all by default. */
  readonly keepVersions?: number;
}

/** An image of a catalog, or the selected tags of a repository, with the facts that a construct needs at synthesis. */
export interface CatalogImage {
  /** The host of its registry. */
  readonly registry: string;
  /** The upstream repository with its registry. All images of a repository are in the same shard. */
  readonly upstream: string;
  /** The upstream image in canonical spelling; without a tag when a tag filter selects the tags. */
  readonly source: string;
  /** The number of mirrored tags; undefined when it is not known. */
  readonly tags?: number;
  /** The number of mirrored platforms, if its entry has platforms of its own. */
  readonly platforms?: number;
  /** Whether all its platforms are mirrored, although the catalog has a list of platforms. */
  readonly allPlatforms?: boolean;
  /** The position in the catalog of an entry with checks of its own. */
  readonly checkedAt?: string;
}

/** The images of a catalog, or its problems. */
export interface CatalogImages {
  readonly images: readonly CatalogImage[];
  /** The problems, each with its position in the catalog; empty when the catalog is valid. */
  readonly problems: readonly string[];
}

/** The exports of the bundled catalog parser, which constructs load at synthesis. */
export interface CatalogParser {
  readonly catalogImages: (text: string, repositoryPrefix: string) => CatalogImages;
}

/** The maximum number of entries in a catalog. */
export const MAX_CATALOG_ENTRIES = 5_000;

/** The patterns of fields, which are the same in the published schema. */
export const CATALOG_PATTERNS = {
  /** An image reference. `parseImageReference()` checks what a pattern cannot. */
  image: new RegExp('^(?:(?:[A-Za-z0-9][A-Za-z0-9.-]*|\\[[A-Fa-f0-9:.]+\\])(?::[0-9]{1,5})?/)?[a-z0-9]+(?:(?:[._/]|__|-+)[a-z0-9]+)*'
    + `(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,${MAX_TAG_LENGTH - 1}})?(?:@sha256:[a-f0-9]{64})?$`),
  owner: /^[A-Za-z0-9](?:[A-Za-z0-9 ._@/+:-]{0,98}[A-Za-z0-9])?$/,
  expires: /^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$/,
  semver: new RegExp(`^[0-9A-Za-z.*<>=|^~+ -]{1,${MAX_RANGE_LENGTH}}$`),
} as const;

/** A value of valid form as an entry. */
export function toCatalogEntry(value: unknown): CatalogEntry {
  return typeof value === 'string' ? { image: value } : value as CatalogEntry;
}

const MILLISECONDS_PER_DAY = 86_400_000;

/** Whether a text of the form `2027-03-31` is a day in the calendar. */
export function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && formatDay(time) === text;
}

/** The day of a time in milliseconds since the epoch, as a catalog spells it: `2027-03-31`, in UTC. */
export function formatDay(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** The number of days from one day to another; negative when the other day is earlier. */
export function daysUntil(day: string, today: string): number {
  return Math.round((Date.parse(day) - Date.parse(today)) / MILLISECONDS_PER_DAY);
}
