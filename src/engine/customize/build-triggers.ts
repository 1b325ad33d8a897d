import type { Manifest } from '../copy/manifest';
import { digestOf } from '../digest';
import { MirrorError } from '../mirror-error';
import type { RegistryClient } from '../registry/registry-client';
import { RetryContext, withRetries } from '../registry/retry';

/**
 * Refuses an image that has instructions of its own for whoever builds on it: Docker would carry them out before the lines, and nobody has declared
 * them.
 *
 * @param image that of a single platform
 * @throws MirrorError that says what to do
 * @see https://docs.docker.com/reference/dockerfile/#onbuild
 */
export async function requireNoBuildTriggers(image: Manifest, client: RegistryClient, run: RetryContext): Promise<void> {
  const named = `${client.repository}@${image.digest}`;
  const [configuration] = image.blobs;
  if (configuration === undefined) throw new MirrorError('unsupported-manifest', `${named} has no configuration, so nobody knows what building on it would do`);
  const text = (configuration.data ?? await readBlob(configuration.digest, client, run)).toString('utf8');
  const problem = triggersProblem(text);
  if (problem !== undefined) throw new MirrorError('build-failed', `${named} ${problem}`);
}

/** What is wrong with an image's configuration; undefined when it has nothing for whoever builds on the image. */
export function triggersProblem(text: string): string | undefined {
  const configuration = parsed(text);
  // Docker would read of twins another one, or both.
  if (configuration === undefined || keysOf(configuration) !== keysWritten(text)) {
    return 'has a configuration that is no JSON, or says something twice, so nobody knows what building on it would do; take another image';
  }
  const triggers = valuesOf(configuration, 'config').flatMap((config) => valuesOf(config, 'onbuild')).flat();
  if (triggers.every((trigger) => trigger === null)) return undefined;
  return 'has instructions of its own for whoever builds on it (ONBUILD), which would be carried out before yours; '
    + 'ask upstream for an image without ONBUILD, or build an image asset from the mirror with dockerBuildContexts()';
}

async function readBlob(digest: string, client: RegistryClient, run: RetryContext): Promise<Buffer> {
  return withRetries(run, async () => {
    const bytes = await client.smallBlob(digest);
    if (digestOf(bytes) === digest) return bytes;
    throw new MirrorError('digest-mismatch', `${client.endpoint.registry}: blob ${digest} arrived with other content`, { retryable: true });
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Docker is written in Go, which takes names of fields in any case. */
function valuesOf(value: unknown, name: string): unknown[] {
  return Object.entries(Object(value) as object).filter(([key]) => key.toLowerCase() === name).map(([, field]) => field);
}

/** How many fields a value has, and all values in it. */
function keysOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const within = Object.values(value);
  return within.reduce<number>((sum, one) => sum + keysOf(one), Array.isArray(value) ? 0 : within.length);
}

/** How many of them are written. */
function keysWritten(json: string): number {
  return [...json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g)].filter(([, colon]) => colon !== undefined).length;
}
