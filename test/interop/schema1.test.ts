/** Docker's manifest of 2015, as skopeo still writes it: the engine refuses it in words, as most registries do. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { startDockerRegistry } from './docker-registry';
import { makeFileSystemImage } from './file-system-image';
import { digestAsRead } from './judges';
import { areAllInstalled, REGISTRIES, startRegistry } from './registries';
import type { RegistryProcess } from './registry-process';
import { outputOf } from './tools';
import { mirrorOne } from '../support/mirror-request';

(areAllInstalled() ? describe : describe.skip)('an image of Docker schema 1', () => {
  let folder: string;
  let made: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'schema1-'));
    made = await makeFileSystemImage(folder);
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function withRegistry<T>(started: Promise<RegistryProcess>, use: (host: string) => Promise<T>): Promise<T> {
    const registry = await started;
    try {
      return await use(registry.host);
    } finally {
      await registry.stop();
    }
  }

  function pushOld(reference: string): Promise<Buffer> {
    return outputOf('skopeo', ['--insecure-policy', 'copy', '--format', 'v2s1', '--dest-tls-verify=false', made, `docker://${reference}`]);
  }

  test.each([
    ['docker-registry, where it is allowed', () => startDockerRegistry({ schema1: true })],
    ['crane', () => startRegistry('crane')],
  ])('is refused in words when it comes from %s', async (_, start) => {
    await withRegistry(start(), async (host) => {
      await pushOld(`${host}/source/old:1.0.0`);
      const digest = await digestAsRead(`${host}/source/old:1.0.0`);
      const { message, ...result } = await mirrorOne(`${host}/source/old:1.0.0`, `${host}/mirror/old:1.0.0`);
      expect(result).toMatchObject({ outcome: 'failed', reason: 'unsupported-manifest', blobsCopied: 0 });
      expect(message).toBe(`${host}: manifest ${digest} is of Docker schema 1, which signs its own bytes and cannot be copied; pull a newer tag of the image`);
      await expect(digestAsRead(`${host}/mirror/old:1.0.0`)).rejects.toThrow(/NAME_UNKNOWN|MANIFEST_UNKNOWN/);
    });
  });

  test.each(REGISTRIES.filter((name) => name !== 'crane'))('cannot come from %s, which does not take it', async (name) => {
    await withRegistry(startRegistry(name), async (host) => {
      await expect(pushOld(`${host}/source/old:1.0.0`)).rejects.toThrow(/uploading manifest 1\.0\.0 to .*(manifest invalid|500 Internal Server Error)/);
    });
  });
});
