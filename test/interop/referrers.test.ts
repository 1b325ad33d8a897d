/**
 * What refers to an image, attached by oras and regctl, copied between registries that list it themselves and registries
 * where clients keep the list under a tag, and judged by the same clients.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { digestAsRead, manifestsAsRead, ReferrerTree, referrersAsDiscovered, referrersAsListed, tagsAsListed, withoutTls } from './judges';
import { pushImage } from './push-image';
import { areAllInstalled, REGISTRIES, RegistryName, startAllRegistries, stopAll } from './registries';
import type { RegistryProcess } from './registry-process';
import { outputOf } from './tools';
import { artifact, cosignTag, FixtureImage, multiPlatformImage } from '../support/fixture-images';
import { mirrorOne } from '../support/mirror-request';

/** With the API of OCI 1.1; the others keep no lists. */
const WITH_API: readonly RegistryName[] = ['olareg', 'zot'];
const PAIRS = REGISTRIES.flatMap((source) => REGISTRIES.map((target) => [source, target] as const));
const SBOM = 'application/spdx+json';
const REPORT = 'application/vnd.example.report';
const SIGNATURE = 'application/vnd.example.signature';

(areAllInstalled() ? describe : describe.skip)('what refers to an image', () => {
  let folder: string;
  let sources: Record<RegistryName, RegistryProcess>;
  let targets: Record<RegistryName, RegistryProcess>;
  const images = Object.fromEntries(REGISTRIES.map((name) => [name, multiPlatformImage({ seed: name })])) as Record<RegistryName, FixtureImage>;
  const cosigned = { sig: artifact({ seed: 'signed by cosign' }), att: artifact({ seed: 'attested by cosign' }) };

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'referrers-'));
    await Promise.all([SBOM, REPORT, SIGNATURE].map((type) => writeFile(path.join(folder, path.basename(type)), `{"type":"${type}"}`)));
    [sources, targets] = await Promise.all([startAllRegistries(), startAllRegistries()]);
    await Promise.all(REGISTRIES.map(fill));
  });

  afterAll(async () => {
    await Promise.all([stopAll(sources), stopAll(targets)]);
    await rm(folder, { recursive: true, force: true });
  });

  const repositoryOf = (name: RegistryName): string => `${sources[name].host}/source/app`;
  const targetOf = (target: RegistryName, source: RegistryName): string => `${targets[target].host}/from-${source}/app`;
  const platformOf = (name: RegistryName): string => images[name].manifests[1].digest;

  async function fill(name: RegistryName): Promise<void> {
    const [repository, { digest }] = [repositoryOf(name), images[name]];
    await pushImage(sources[name].host, 'source/app', '1.0.0', images[name]);
    await attach(`${repository}:1.0.0`, SBOM);
    await outputOf('regctl', ['artifact', 'put', ...withoutTls(repository), '--artifact-type', REPORT, '--subject', `${repository}:1.0.0`, '--file', path.basename(REPORT)], folder);
    await attach(`${repository}@${platformOf(name)}`, SBOM);
    for (const suffix of ['sig', 'att'] as const) await pushImage(sources[name].host, 'source/app', cosignTag(digest, suffix), cosigned[suffix]);
  }

  /** Has oras attach a file, and sign what it attached. */
  async function attach(subject: string, type: string): Promise<void> {
    const attached = JSON.parse((await attachOne(subject, type)).toString()) as { digest: string };
    await attachOne(`${subject.split(/[:@][^/]*$/)[0]}@${attached.digest}`, SIGNATURE);
  }

  function attachOne(subject: string, type: string): Promise<Buffer> {
    return outputOf('oras', ['attach', '--plain-http', '--format', 'json', '--artifact-type', type, subject, `${path.basename(type)}:application/json`], folder);
  }

  /** zot 1.4.3 is older than the field for an artifact's type, and lists the type of its config. */
  function comparable(trees: readonly ReferrerTree[], ...names: RegistryName[]): unknown {
    return names.includes('zot') ? trees.map(({ digest, referrers }) => ({ digest, referrers: comparable(referrers, 'zot') })) : trees;
  }

  describe.each(PAIRS)('from %s to %s', (source, target) => {
    let from: string;
    let to: string;

    beforeAll(async () => {
      [from, to] = [repositoryOf(source), targetOf(target, source)];
      const { outcome, warnings } = await mirrorOne(`${from}:1.0.0`, `${to}:1.0.0`);
      expect({ outcome, warnings }).toEqual({ outcome: 'copied' });
    });

    test('is discovered by oras, with the signature of what refers to it', async () => {
      const [there, here] = await Promise.all([from, to].map((repository) => referrersAsDiscovered(`${repository}:1.0.0`)));
      expect(there.map(({ referrers }) => referrers.length).sort()).toEqual([0, 1]);
      expect(comparable(here, source, target)).toEqual(comparable(there, source, target));
    });

    test('is listed by regctl, and every client reads it byte for byte', async () => {
      const [there, here] = await Promise.all([from, to].map((repository) => referrersAsListed(`${repository}:1.0.0`)));
      expect(there).toHaveLength(2);
      expect(here).toEqual(there);
      for (const digest of here) expect(await manifestsAsRead(`${to}@${digest}`)).toEqual(await manifestsAsRead(`${from}@${digest}`));
      const contents = await Promise.all(here.map((digest) => outputOf('regctl', ['artifact', 'get', ...withoutTls(to), `${to}@${digest}`])));
      expect(contents.map(String).sort()).toEqual([`{"type":"${SBOM}"}`, `{"type":"${REPORT}"}`]);
    });

    test('has cosign\'s tags, with what they name', async () => {
      const { digest } = images[source];
      expect(await digestAsRead(`${to}:${cosignTag(digest, 'sig')}`)).toBe(cosigned.sig.digest);
      expect(await digestAsRead(`${to}:${cosignTag(digest, 'att')}`)).toBe(cosigned.att.digest);
    });

    test(WITH_API.includes(source) ? 'comes along for each platform' : 'stays behind for the platforms, whose tags nobody looks for', async () => {
      const [there, here] = await Promise.all([from, to].map((repository) => referrersAsDiscovered(`${repository}@${platformOf(source)}`)));
      expect(there).toHaveLength(1);
      expect(comparable(here, source, target)).toEqual(WITH_API.includes(source) ? comparable(there, source, target) : []);
    });

    test('is listed under a tag only where the registry keeps no list', async () => {
      const lists = (await tagsAsListed(to)).filter((tag) => /^sha256-[0-9a-f]{64}$/.test(tag));
      if (WITH_API.includes(target)) expect(lists).toEqual([]);
      else expect(lists).toContain(images[source].digest.replace(':', '-'));
    });
  });
});
