import { setTimeout } from 'node:timers/promises';
import { MirrorError } from '../../src/engine/mirror-error';
import type { RegistryClient } from '../../src/engine/registry/registry-client';
import type { FixtureBlob } from '../../test/support/fixture-blob';
import type { FixtureImage, FixtureManifest } from '../../test/support/fixture-images';
import type { Answer } from '../check';

/** Uploads a blob, if the repository doesn't have it. */
export async function pushBlob(client: RegistryClient, { digest, open, size }: FixtureBlob): Promise<void> {
  if (await client.hasBlob(digest)) return;
  const upload = await client.startUpload();
  if (upload !== 'mounted') await client.finishUpload(upload, digest, size, open());
}

/** Uploads the manifest of an image under a tag, or under its digest. */
export async function pushManifest(client: RegistryClient, { bytes, digest, mediaType }: FixtureManifest, tag: string = digest): Promise<void> {
  await client.putManifest(tag, { bytes, mediaType });
}

/** Uploads an image, and everything that it needs. */
export async function pushImage(client: RegistryClient, image: FixtureImage, tag?: string): Promise<void> {
  for (const blob of image.blobs) await pushBlob(client, blob);
  for (const manifest of image.manifests.slice(0, -1)) await pushManifest(client, manifest);
  await pushManifest(client, image, tag);
}

/** How often a request is sent that fails for a moment. */
const ATTEMPTS = 3;

/** The answer to a request: `accepted`, or `refused` with the error of the registry. Other errors are errors of the check. */
export async function answerTo(request: () => Promise<void>): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      await request();
      return { seen: 'accepted' };
    } catch (error) {
      const { message, retryable, status } = error as Partial<MirrorError>;
      const isRefusal = status !== undefined && status >= 400 && status < 500 && ![401, 403, 429].includes(status);
      if (isRefusal) return { seen: 'refused', detail: message };
      if (!retryable || attempt === ATTEMPTS) throw error;
      await setTimeout(2_000);
    }
  }
}
