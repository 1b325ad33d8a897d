import type { Manifest } from './manifest';
import { formatPlatform, Platform, samePlatform } from '../../image/platform';
import { MirrorError } from '../mirror-error';
import { printable } from '../report/printable';

/** How deep an index may list other indexes. */
export const DEEPEST_INDEX = 4;

/** One image as an index lists it. That digests are digests was checked when the index was read, and nothing else. */
export interface IndexEntry {
  readonly mediaType?: unknown;
  readonly digest: string;
  readonly size: number;
  readonly platform?: unknown;
  readonly annotations?: Readonly<Record<string, unknown>>;
}

/** What an index lists. */
export interface IndexContent {
  readonly manifests: IndexEntry[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The content of an index. */
export function indexContentOf({ bytes }: Manifest): IndexContent {
  return JSON.parse(bytes.toString('utf8')) as IndexContent;
}

/** Whether an entry is of a platform. */
export function isFor({ platform }: IndexEntry, asked: Platform): boolean {
  const offered = platformIn(platform);
  return offered !== undefined && samePlatform(asked, offered);
}

/** The platform that an entry or an image's configuration names; undefined for none, as of attestations, whose platform is `unknown/unknown`. */
export function platformIn(value: unknown): Platform | undefined {
  const { os, architecture, variant } = Object(value) as Record<string, unknown>;
  if (typeof os !== 'string' || typeof architecture !== 'string' || os === '' || os === 'unknown') return undefined;
  return { os, architecture, ...typeof variant === 'string' && variant !== '' ? { variant } : {} };
}

/** Who asks for platforms that an index lacks is told which it has. */
export function lacksPlatforms(registry: string, digest: string, missing: readonly Platform[], entries: readonly IndexEntry[]): MirrorError {
  const offered = new Set(entries.flatMap(({ platform }) => platformIn(platform) ?? []).map(formatPlatform));
  const has = printable([...offered].join(', ')) || 'none';
  return new MirrorError('not-found', `${registry}: ${digest} has no image for ${missing.map(formatPlatform).join(', ')}; it has ${has}`);
}
