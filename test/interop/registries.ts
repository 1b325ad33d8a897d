/**
 * The registries of other projects between which the engine copies.
 *
 * zot is its release 1.4.3 of November 2022, because the module proxy of the project's build server refuses every newer one
 * (`test/tools/zot/go.mod`). It holds OCI's kinds only, and lists referrers by the API of OCI 1.1 as it was then.
 */
import { writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { startDockerRegistry } from './docker-registry';
import { freePort, RegistryProcess } from './registry-process';
import { fileOf, isBuilt, isInstalled } from './tools';

/** The registries by what they are called here. */
export const REGISTRIES = ['docker-registry', 'distribution', 'crane', 'olareg', 'zot'] as const;
export type RegistryName = typeof REGISTRIES[number];

/** Whether all registries, and the clients that judge what is in them, are there. */
export function areAllInstalled(): boolean {
  const built = (['crane', 'distribution', 'olareg', 'oras', 'regctl', 'zot'] as const).map(isBuilt);
  return [isInstalled('docker-registry'), isInstalled('skopeo'), isInstalled('umoci'), ...built].every(Boolean);
}

/** Starts a registry, empty. */
export function startRegistry(name: RegistryName): Promise<RegistryProcess> {
  return START[name]();
}

/** Starts all of them, or none. */
export async function startAllRegistries(): Promise<Record<RegistryName, RegistryProcess>> {
  const started = await Promise.allSettled(REGISTRIES.map(startRegistry));
  const running = started.flatMap((result) => result.status === 'fulfilled' ? [result.value] : []);
  const failed = started.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    await stopAll(running);
    throw failed.reason;
  }
  return Object.fromEntries(REGISTRIES.map((name, index) => [name, running[index]])) as Record<RegistryName, RegistryProcess>;
}

/** Ends all of them. */
export async function stopAll(registries: readonly RegistryProcess[] | Readonly<Record<RegistryName, RegistryProcess>>): Promise<void> {
  await Promise.all(Object.values(registries).map((registry) => registry.stop()));
}

const START: Readonly<Record<RegistryName, () => Promise<RegistryProcess>>> = {
  'docker-registry': () => startDockerRegistry({ inMemory: true }),
  'distribution': () => startDockerRegistry({ program: fileOf('distribution'), inMemory: true, layerUrls: '^https://layers\\.example/' }),
  'crane': () => RegistryProcess.start(async () => ({
    program: fileOf('crane'),
    words: ['registry', 'serve', '--address', '127.0.0.1:0'],
    port: /serving on port ([0-9]+)/,
  })),
  'olareg': () => RegistryProcess.start(async () => {
    const port = await freePort();
    return { program: fileOf('olareg'), words: ['serve', '--addr', '127.0.0.1', '--port', String(port), '--store-type', 'mem'], port };
  }),
  'zot': () => RegistryProcess.start(async (folder) => {
    const configuration = {
      distSpecVersion: '1.0.1',
      storage: { rootDirectory: path.join(folder, 'data'), gc: false },
      http: { address: '127.0.0.1', port: '0' },
      log: { level: 'info' },
    };
    await writeFile(path.join(folder, 'config.json'), JSON.stringify(configuration));
    return { program: fileOf('zot'), words: ['serve', path.join(folder, 'config.json')], port: /"port":([0-9]+)/ };
  }),
};
