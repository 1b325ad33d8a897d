import type { Recipe } from './recipe';
import { isIndexType } from '../../image/media-types';
import { parsePlatform, Platform } from '../../image/platform';
import { DEFAULT_LOOKUPS, Semaphore } from '../copy/copy-context';
import { ImageReader } from '../copy/image-reader';
import { Manifest, readManifest } from '../copy/manifest';
import { digestOf } from '../digest';
import { MirrorError } from '../mirror-error';
import type { ReceivedManifest, RegistryClient } from '../registry/registry-client';
import { RetryContext, withRetries } from '../registry/retry';

/** The customized image of a single platform. */
export interface BuiltImage {
  readonly platform: Platform;
  readonly manifest: Manifest;
}

/** The digest of the customized image that the mirror holds; undefined when it holds none that was made by the recipe. One request either way. */
export async function readCustomIndex(recipe: Recipe, client: RegistryClient, run: RetryContext): Promise<string | undefined> {
  const index = await held(recipe.tag, client, run);
  return index !== undefined && recipe.madeIndex(index) ? digestOf(index.bytes) : undefined;
}

/** The customized image of one platform that the mirror holds; undefined when it holds none that was made by the recipe. */
export async function readCustomPlatformImage(platform: string, recipe: Recipe, client: RegistryClient, run: RetryContext): Promise<BuiltImage | undefined> {
  const received = await held(recipe.platformTag(platform), client, run);
  if (received === undefined) return undefined;
  const manifest = readManifest(received, digestOf(received.bytes), client.endpoint.registry);
  if (isIndexType(manifest.mediaType)) return undefined;
  const { config } = await new ImageReader(client, run, new Semaphore(DEFAULT_LOOKUPS)).configuration(manifest);
  const { Labels } = Object(config) as { readonly Labels?: unknown };
  return recipe.made(Labels) ? { platform: parsePlatform(platform)!, manifest } : undefined;
}

async function held(tag: string, client: RegistryClient, run: RetryContext): Promise<ReceivedManifest | undefined> {
  try {
    return await withRetries(run, () => client.manifest(tag));
  } catch (error) {
    if (error instanceof MirrorError && error.reason === 'not-found') return undefined;
    throw error;
  }
}
