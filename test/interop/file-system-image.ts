import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { outputOf } from './tools';
import { seededBytes } from '../support/fixture-blob';

/**
 * Has umoci make an image of real files: two layers, with a large file, an executable, a link, and a file that the second removes.
 *
 * @returns the image as skopeo names it, in a layout in the folder
 */
export async function makeFileSystemImage(folder: string): Promise<string> {
  const image = `${path.join(folder, 'layout')}:image`;
  await outputOf('umoci', ['init', '--layout', path.join(folder, 'layout')]);
  await outputOf('umoci', ['new', '--image', image]);
  await addLayer(folder, 'first', async (root) => {
    await mkdir(path.join(root, 'etc'), { recursive: true });
    await writeFile(path.join(root, 'etc', 'motd'), 'hello\n');
    await writeFile(path.join(root, 'large'), seededBytes('large', 500_000));
  });
  await addLayer(folder, 'second', async (root) => {
    await writeFile(path.join(root, 'run'), '#!/bin/sh\n');
    await chmod(path.join(root, 'run'), 0o755);
    await symlink('run', path.join(root, 'start'));
    await rm(path.join(root, 'etc', 'motd')); // becomes a whiteout
  });
  return `oci:${image}`;
}

async function addLayer(folder: string, name: string, change: (root: string) => Promise<void>): Promise<void> {
  const image = `${path.join(folder, 'layout')}:image`;
  const bundle = path.join(folder, name);
  await outputOf('umoci', ['unpack', '--rootless', '--image', image, bundle]);
  await change(path.join(bundle, 'rootfs'));
  await outputOf('umoci', ['repack', '--image', image, bundle]);
}
