/**
 * Platforms of images, in the spelling of `docker build --platform`.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/image-index.md
 */

/** A platform: `linux/arm64`, `linux/arm/v7`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

const PLATFORM = /^([a-z0-9._-]+)\/([a-z0-9._-]+)(?:\/([a-z0-9._-]+))?$/;

/** Variants that a missing one means. */
const DEFAULT_VARIANTS: Readonly<Record<string, string>> = { arm64: 'v8', arm: 'v7', amd64: 'v1' };

/** Parses a platform; undefined when it is none. */
export function parsePlatform(text: string): Platform | undefined {
  const match = PLATFORM.exec(text);
  if (!match || text.length > 100) return undefined;
  const [, os, architecture, variant] = match;
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}

/** A platform as it is written. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...variant === undefined ? [] : [variant]].join('/');
}

/** A platform in its one spelling: a variant that goes without saying is left out. */
export function normalizedPlatform({ os, architecture, variant }: Platform): Platform {
  return variant === undefined || variant === DEFAULT_VARIANTS[architecture] ? { os, architecture } : { os, architecture, variant };
}

/** Whether an image's platform is the one asked for: `linux/arm64` and `linux/arm64/v8` are the same. */
export function samePlatform(asked: Platform, offered: Platform): boolean {
  return asked.os === offered.os && asked.architecture === offered.architecture && variantOf(asked) === variantOf(offered);
}

function variantOf({ architecture, variant }: Platform): string {
  return variant || (DEFAULT_VARIANTS[architecture] ?? '');
}
