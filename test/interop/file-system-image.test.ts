/** An image that another tool made of real files, copied by the engine and judged by the clients that can look into it. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { DockerRegistry, isInstalled } from './docker-registry';
import { CraneRegistry, isBuilt, outputOf } from './go-registries';
import { mirrorOne } from '../engine/mirror-request';
import { seededBytes } from '../support/fixture-blob';

const TOOLS = [isInstalled('umoci'), isInstalled('skopeo'), isInstalled('docker-registry'), isBuilt('crane')].every(Boolean);

(TOOLS ? describe : describe.skip)('an image of files', () => {
  let folder: string;
  let distribution: DockerRegistry;
  let crane: CraneRegistry;
  let source: string;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'file-system-image-'));
    [distribution, crane] = await Promise.all([DockerRegistry.start(), CraneRegistry.start()]);
    source = `${distribution.host}/source/files:1.0.0`;
    await make('first', (root) => {
      mkdirSync(path.join(root, 'etc'), { recursive: true });
      writeFileSync(path.join(root, 'etc', 'motd'), 'hello\n');
      writeFileSync(path.join(root, 'large'), seededBytes('large', 3_000_000));
    });
    await make('second', (root) => {
      writeFileSync(path.join(root, 'run'), '#!/bin/sh\n');
      chmodSync(path.join(root, 'run'), 0o755);
      symlinkSync('run', path.join(root, 'start'));
      rmSync(path.join(root, 'etc', 'motd')); // becomes a whiteout
    });
    await outputOf('skopeo', ['--insecure-policy', 'copy', '--dest-tls-verify=false', `oci:${layout()}:image`, `docker://${source}`]);
  });

  afterAll(async () => {
    await Promise.all([distribution.stop(), crane.stop()]);
    spawnSync('chmod', ['-R', 'u+rwX', folder]);
    rmSync(folder, { recursive: true, force: true });
  });

  const layout = () => path.join(folder, 'layout');

  /** One more layer of what a function does to the files. */
  async function make(name: string, change: (root: string) => void): Promise<void> {
    if (name === 'first') {
      await outputOf('umoci', ['init', '--layout', layout()]);
      await outputOf('umoci', ['new', '--image', `${layout()}:image`]);
    }
    const bundle = path.join(folder, name);
    await outputOf('umoci', ['unpack', '--rootless', '--image', `${layout()}:image`, bundle]);
    change(path.join(bundle, 'rootfs'));
    await outputOf('umoci', ['repack', '--image', `${layout()}:image`, bundle]);
  }

  const raw = (reference: string) => outputOf('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${reference}`]);
  const files = (reference: string) => outputOf('crane', ['export', '--insecure', reference, '-']);

  test('arrives in another registry with the same manifest, valid down to the files in its layers', async () => {
    const target = `${crane.host}/mirror/files:1.0.0`;
    expect(await mirrorOne(source, target)).toMatchObject({ outcome: 'copied', blobsCopied: 3 });
    expect((await raw(target)).equals(await raw(source))).toBe(true);
    expect(await outputOf('crane', ['digest', '--insecure', target])).toEqual(await outputOf('crane', ['digest', '--insecure', source]));
    expect((await outputOf('crane', ['validate', '--insecure', '--remote', target])).toString()).toContain('PASS');
    const held = await files(target);
    expect(held.equals(await files(source))).toBe(true);
    expect(held.includes('#!/bin/sh')).toBe(true);
  });

  test('arrives in another repository of its own registry without a byte on its way', async () => {
    const target = `${distribution.host}/mirror/files:1.0.0`;
    expect(await mirrorOne(source, target)).toMatchObject({ outcome: 'copied', bytesCopied: 0, blobsSkipped: 3 });
    expect((await raw(target)).equals(await raw(source))).toBe(true);
    expect((await outputOf('crane', ['validate', '--insecure', '--remote', target])).toString()).toContain('PASS');
  });

  test('is the image that skopeo would have copied', async () => {
    const [ours, theirs] = [`${crane.host}/ours/files:1.0.0`, `${crane.host}/theirs/files:1.0.0`];
    await mirrorOne(source, ours);
    await outputOf('skopeo', ['--insecure-policy', 'copy', '--src-tls-verify=false', '--dest-tls-verify=false', `docker://${source}`, `docker://${theirs}`]);
    expect((await raw(ours)).equals(await raw(theirs))).toBe(true);
    expect(await outputOf('crane', ['config', '--insecure', ours])).toEqual(await outputOf('crane', ['config', '--insecure', theirs]));
  });
});
