/** Images that other tools made of real files, copied by the engine and judged by the clients that can look into them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { makeFileSystemImage } from './file-system-image';
import { digestAsRead, manifestsAsRead, validate } from './judges';
import { areAllInstalled, REGISTRIES, RegistryName, startAllRegistries, stopAll } from './registries';
import type { RegistryProcess } from './registry-process';
import { outputOf } from './tools';
import { mirrorOne } from '../support/mirror-request';

const PAIRS = REGISTRIES.flatMap((source) => REGISTRIES.map((target) => [source, target] as const));
const TAGS = ['one', 'both'];

(areAllInstalled() ? describe : describe.skip)('an image of files', () => {
  const manifests = new Map<string, Buffer[]>();
  let folder: string;
  let sources: Record<RegistryName, RegistryProcess>;
  let targets: Record<RegistryName, RegistryProcess>;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'file-system-image-'));
    [sources, targets] = await Promise.all([startAllRegistries(), startAllRegistries()]);
    const made = await makeFileSystemImage(folder);
    await Promise.all(REGISTRIES.map((name) => fill(made, `${sources[name].host}/source/files`)));
    for (const tag of TAGS) manifests.set(tag, await manifestsAsRead(sourceOf('distribution', tag)));
  });

  afterAll(async () => {
    await Promise.all([stopAll(sources), stopAll(targets)]);
    await rm(folder, { recursive: true, force: true });
  });

  /** The image, the same for another platform, and an index of both. */
  async function fill(made: string, repository: string): Promise<void> {
    await outputOf('skopeo', ['--insecure-policy', 'copy', '--dest-tls-verify=false', made, `docker://${repository}:one`]);
    await outputOf('crane', ['mutate', '--insecure', '--set-platform', 'linux/arm64', '--tag', `${repository}:other`, `${repository}:one`]);
    await outputOf('crane', ['index', 'append', '--insecure', '--manifest', `${repository}:one`, '--manifest', `${repository}:other`, '--tag', `${repository}:both`]);
  }

  const sourceOf = (name: RegistryName, tag: string): string => `${sources[name].host}/source/files:${tag}`;
  const files = (reference: string) => outputOf('crane', ['export', '--insecure', '--platform', 'linux/amd64', reference, '-']);

  describe.each(PAIRS)('from %s to %s', (source, target) => {
    test.each(TAGS)('arrives with the same manifest, valid down to the files in its layers (%s)', async (tag) => {
      const [from, to] = [sourceOf(source, tag), `${targets[target].host}/from-${source}/files:${tag}`];
      expect(await mirrorOne(from, to)).toMatchObject({ outcome: 'copied' });
      const [read] = await Promise.all([manifestsAsRead(to), validate(to, true)]);
      expect(read).toEqual(manifests.get(tag));
    });
  });

  test.each([
    ['skopeo', 'one', ['--insecure-policy', 'copy', '--src-tls-verify=false', '--dest-tls-verify=false'], 'docker://'],
    ['crane', 'both', ['copy', '--insecure'], ''],
  ])('is what %s would have copied, down to the files (%s)', async (program, tag, words, prefix) => {
    const from = sourceOf('distribution', tag);
    const [ours, theirs] = ['ours', 'theirs'].map((repository) => `${targets.olareg.host}/${repository}/files:${tag}`);
    await mirrorOne(from, ours);
    await outputOf(program, [...words, `${prefix}${from}`, `${prefix}${theirs}`]);
    expect(await digestAsRead(ours)).toBe(await digestAsRead(theirs));
    const held = await files(ours);
    expect(held.equals(await files(theirs))).toBe(true);
    expect(held.includes('#!/bin/sh')).toBe(true);
  });
});
