/**
 * The owner of an image, and the last day on which it is mirrored, for images of catalogs and of apps.
 */
import { CATALOG_PATTERNS, daysUntil, isDay } from './catalog/catalog-entry';

/** Who owns an image, and until when it is mirrored. */
export interface Ownership {
  /** The owner, which each result of the image contains. */
  readonly owner?: string;
  /** The last day on which the image is mirrored, in UTC: `2027-03-31`. */
  readonly expires?: string;
}

/** The form of an owner. */
export const OWNER_FORM = '1 to 100 letters, digits, spaces or any of ". _ @ / + : -", for example "team-payments"';

/** The form of a last day. */
export const EXPIRES_FORM = 'a date such as "2027-03-31"';

/** Whether a text is a valid owner. */
export function isOwner(text: string): boolean {
  return CATALOG_PATTERNS.owner.test(text);
}

/** Whether a text is a valid last day, which the calendar has. */
export function isLastDay(text: string): boolean {
  return CATALOG_PATTERNS.expires.test(text) && isDay(text);
}

/** The number of days before the last day in which results have a warning. */
const EXPIRY_WARNING_DAYS = 14;

/** Whether the last day of an image is over. */
export function isExpired({ expires }: Ownership, today: string): boolean {
  return expires !== undefined && daysUntil(expires, today) < 0;
}

/** The warning of an image that expires soon; undefined for other images. */
export function expiryWarning({ expires }: Ownership, today: string): string | undefined {
  const days = expires === undefined ? Infinity : daysUntil(expires, today);
  return days <= EXPIRY_WARNING_DAYS ? `it expires on ${expires}, ${days === 0 ? 'today' : `in ${days} days`}` : undefined;
}
