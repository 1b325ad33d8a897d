import { jsonAmbiguity, parseJson } from '../../image/parse-json';
import type { ImageReader } from '../copy/image-reader';
import type { Manifest } from '../copy/manifest';
import { MirrorError } from '../mirror-error';

/**
 * Rejects an image with ONBUILD instructions: Docker would run them before the Dockerfile lines of the app, which doesn't contain them.
 *
 * @param image the manifest of an image for a single platform
 * @throws MirrorError when the image has ONBUILD instructions, or a configuration that is missing or ambiguous
 * @see https://docs.docker.com/reference/dockerfile/#onbuild
 */
export async function requireNoBuildTriggers(image: Manifest, reader: ImageReader): Promise<void> {
  const name = `${reader.repository}@${image.digest}`;
  const [configuration] = image.blobs;
  if (configuration === undefined) {
    const problem = 'has no configuration, so it cannot be checked for ONBUILD instructions';
    throw new MirrorError('unsupported-manifest', `${name} ${problem}; use another image`);
  }
  const text = (await reader.smallBlob(configuration)).toString('utf8');
  const problem = triggersProblem(text);
  if (problem !== undefined) throw new MirrorError('build-failed', `${name} ${problem}`);
}

/** Returns the problem with an image's configuration. Undefined when it has no ONBUILD instructions. */
export function triggersProblem(text: string): string | undefined {
  const configuration = parseJson(text);
  // Of two fields with the same name, Docker may use the other field than the engine, or both.
  if (configuration === undefined || jsonAmbiguity(text, { names: [] }) !== undefined) {
    return 'has a configuration that is not valid JSON or has duplicate fields, so it cannot be checked for ONBUILD instructions; use another image';
  }
  const triggers = fieldValues(configuration, 'config').flatMap((config) => fieldValues(config, 'onbuild')).flat();
  if (triggers.every((trigger) => trigger === null)) return undefined;
  return 'has ONBUILD instructions, which would run before your Dockerfile lines; '
    + 'use an image without ONBUILD, or build an image asset from the mirror with dockerBuildContexts()';
}

/** Returns the values of a field. Names are not case-sensitive, as in Docker, which is written in Go. */
function fieldValues(value: unknown, name: string): unknown[] {
  return Object.entries(Object(value) as object).filter(([key]) => key.toLowerCase() === name).map(([, field]) => field);
}
