import { writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { RegistryProcess } from './registry-process';

export { isInstalled } from './tools';

export interface DockerRegistryOptions {
  /** Lines of an htpasswd file with bcrypt hashes. @default - anyone may do anything */
  readonly htpasswd?: string;
  /** Where layers that are not held may lie, as a pattern. @default - nowhere, and images that have such layers are refused */
  readonly layerUrls?: string;
  /** Keeps its data in memory, which is faster than the file system by far. @default false */
  readonly inMemory?: boolean;
  /** Whether it takes manifests of Docker schema 1. @default false */
  readonly schema1?: boolean;
  /** The program to start. @default 'docker-registry' as Debian packages it, which is of major version 2 */
  readonly program?: string;
}

/** Starts the distribution project's registry. */
export function startDockerRegistry({ htpasswd, inMemory, layerUrls, schema1 = false, program = 'docker-registry' }: DockerRegistryOptions = {}): Promise<RegistryProcess> {
  return RegistryProcess.start(async (folder) => {
    const configuration = {
      version: '0.1',
      log: { level: 'info', accesslog: { disabled: true } },
      storage: { ...inMemory ? { inmemory: {} } : { filesystem: { rootdirectory: path.join(folder, 'data') } }, maintenance: { uploadpurging: { enabled: false } } },
      http: { addr: '127.0.0.1:0' },
      compatibility: { schema1: { enabled: schema1 } },
      ...htpasswd === undefined ? {} : { auth: { htpasswd: { realm: 'local', path: path.join(folder, 'htpasswd') } } },
      ...layerUrls === undefined ? {} : { validation: { manifests: { urls: { allow: [layerUrls] } } } },
    };
    await writeFile(path.join(folder, 'config.yml'), JSON.stringify(configuration)); // JSON is YAML
    await writeFile(path.join(folder, 'htpasswd'), htpasswd ?? '');
    return { program, words: ['serve', path.join(folder, 'config.yml')], port: /listening on 127\.0\.0\.1:([0-9]+)/ };
  });
}
