/** Upstream registries that send or list as much as they can. The command runs in a child process, and its peak of memory is measured. */
import { writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import type { MirrorResult } from '../../src/engine/result';
import { runCommand } from '../support/command';
import type { Exchange } from '../support/exchange';
import { digestOf } from '../support/fixture-blob';
import { singleImage } from '../support/fixture-images';
import { LocalRegistry } from '../support/local-registry';
import { LocalServer } from '../support/local-server';
import { PEAK_MODULE, peakBytes } from '../support/peak-memory';
import { withFolder } from '../support/with-folder';
import { withServers } from '../support/with-servers';

const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const MEGABYTE = 1024 * 1024;
const LIMIT_BYTES = 200 * MEGABYTE;
const CONFIG = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf('{}'), size: 2 };
const HEALTHY = singleImage({ seed: 'healthy', layers: 2 });

/** A document of a hostile registry. */
interface Document {
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly digest: string;
}

/** A registry that answers whatever a test defines, and `404` otherwise. */
class HostileRegistry extends LocalServer {
  documents = new Map<string, Document>();
  listTags: (exchange: Exchange) => Promise<void> = (exchange) => exchange.reply(404);
  listReferrers: (exchange: Exchange) => Promise<void> = (exchange) => exchange.reply(404);

  add(mediaType: string, content: string, tag?: string): Document {
    const bytes = Buffer.from(content);
    const document = { mediaType, bytes, digest: digestOf(bytes) };
    this.documents.set(document.digest, document);
    if (tag !== undefined) this.documents.set(tag, document);
    return document;
  }

  protected async handle(exchange: Exchange): Promise<void> {
    if (exchange.path.endsWith('/tags/list')) return this.listTags(exchange);
    if (exchange.path.includes('/referrers/')) return this.listReferrers(exchange);
    const document = this.documents.get(exchange.path.split('/').at(-1)!);
    if (document === undefined) return exchange.reply(404);
    return exchange.reply(200, { 'content-type': document.mediaType, 'docker-content-digest': document.digest }, document.bytes);
  }
}

const hostile = new HostileRegistry();
const upstream = new LocalRegistry();
const target = new LocalRegistry();
withServers(hostile, upstream, target);
const folder = withFolder();

beforeEach(() => {
  hostile.documents = new Map();
  hostile.listReferrers = (exchange) => exchange.reply(404);
  upstream.push('healthy', '1.0.0', HEALTHY);
});

/** Copies images of the hostile registry and a healthy image at once. */
async function copy(names: readonly string[]): Promise<{ results: MirrorResult[]; peak: number }> {
  const list = path.join(folder, 'images.txt');
  const sources = [...names.map((name) => `${hostile.host}/${name}`), `${upstream.host}/healthy:1.0.0`];
  await writeFile(list, sources.map((source, index) => `${source} ${target.host}/mirror/image-${index}`).join('\n'));
  const { stdout, stderr } = await runCommand(['copy', '--plain-http', '--json', '--from-file', list], { nodeArguments: ['--import', PEAK_MODULE] });
  const peak = peakBytes(stderr);
  console.info(`peak of resident memory: ${Math.round(peak / MEGABYTE)} MB (${expect.getState().currentTestName})`);
  return { results: JSON.parse(stdout).results, peak };
}

const descriptorOf = ({ mediaType, bytes, digest }: Document) => ({ mediaType, digest, size: bytes.length });
const padded = (content: object, size: number) => JSON.stringify({ ...content, annotations: { padding: 'x'.repeat(size) } });

function expectLimit({ results, peak }: { results: MirrorResult[]; peak: number }, words: RegExp): void {
  for (const result of results.slice(0, -1)) expect(result).toMatchObject({ outcome: 'failed', reason: 'limit-exceeded', message: expect.stringMatching(words) });
  expect(results.at(-1)).toMatchObject({ outcome: 'copied', targetDigest: HEALTHY.digest });
  expect(peak).toBeLessThan(LIMIT_BYTES);
}

test('eight images with sixty child indexes of four megabytes fail at the limit of bytes, and another image is copied', async () => {
  const child = (number: number) => hostile.add(INDEX, padded({ schemaVersion: 2, manifests: [], number }, 4 * MEGABYTE - 200));
  const children = Array.from({ length: 60 }, (_, number) => child(number));
  hostile.add(INDEX, JSON.stringify({ schemaVersion: 2, manifests: children.map(descriptorOf) }), '1.0.0');
  expectLimit(await copy(Array.from({ length: 8 }, (_, number) => `app${number}:1.0.0`)), /limit of 16777216 bytes/);
});

test('eight images with three child indexes of four megabytes are copied at once', async () => {
  const child = (number: number) => hostile.add(INDEX, padded({ schemaVersion: 2, manifests: [], number }, 4 * MEGABYTE - 200));
  const children = Array.from({ length: 3 }, (_, number) => child(number));
  hostile.add(INDEX, JSON.stringify({ schemaVersion: 2, manifests: children.map(descriptorOf) }), '1.0.0');
  const { results, peak } = await copy(Array.from({ length: 8 }, (_, number) => `app${number}:1.0.0`));
  expect(results.map(({ outcome }) => outcome)).toEqual(Array(9).fill('copied'));
  expect(peak).toBeLessThan(LIMIT_BYTES);
});

test('eight images with twenty large lists of referrers fail at the limit of bytes, and none waits for the others without end', async () => {
  hostile.add(CONFIG.mediaType, '{}');
  const child = (number: number) => hostile.add(MANIFEST, JSON.stringify({ schemaVersion: 2, number, config: CONFIG, layers: [] }));
  const children = Array.from({ length: 20 }, (_, number) => child(number));
  hostile.add(INDEX, JSON.stringify({ schemaVersion: 2, manifests: children.map(descriptorOf) }), '1.0.0');
  hostile.listReferrers = (exchange) => exchange.reply(200, { 'content-type': INDEX }, padded({ schemaVersion: 2, manifests: [] }, MEGABYTE));
  expectLimit(await copy(Array.from({ length: 8 }, (_, number) => `app${number}:1.0.0`)), /list of referrers.*limit of 16777216 bytes/);
});

test('an image with more manifests than the limit fails with that number', async () => {
  const children = Array.from({ length: 2_100 }, (_, number) => hostile.add(INDEX, JSON.stringify({ schemaVersion: 2, manifests: [], number })));
  hostile.add(INDEX, JSON.stringify({ schemaVersion: 2, manifests: children.map(descriptorOf) }), '1.0.0');
  expectLimit(await copy(['app:1.0.0']), /limit of 2000 manifests/);
});

test('an image with more blobs than the limit fails with that number', async () => {
  const layers = Array.from({ length: 25_000 }, (_, number) => ({ digest: digestOf(String(number)), size: 1 }));
  hostile.add(MANIFEST, JSON.stringify({ schemaVersion: 2, config: layers[0], layers }), '1.0.0');
  expectLimit(await copy(['app:1.0.0']), /limit of 10000 blobs and manifests/);
});

test('a manifest of a million empty objects fails at the limit of values', async () => {
  hostile.add(MANIFEST, `{"schemaVersion":2,"layers":[${'{},'.repeat(1_000_000)}{}]}`, '1.0.0');
  expectLimit(await copy(['app:1.0.0', 'app1:1.0.0', 'app2:1.0.0']), /limit of 500000 JSON values/);
});

test('a platform with referrers without end fails at the limit of bytes', async () => {
  hostile.add(CONFIG.mediaType, '{}');
  const child = (number: number) => hostile.add(MANIFEST, JSON.stringify({ schemaVersion: 2, number, config: CONFIG, layers: [] }));
  const children = Array.from({ length: 20 }, (_, number) => child(number));
  hostile.add(INDEX, JSON.stringify({ schemaVersion: 2, manifests: children.map(descriptorOf) }), '1.0.0');
  hostile.listReferrers = (exchange) => {
    const page = Number(exchange.url.searchParams.get('page') ?? 0);
    const headers = { 'content-type': INDEX, 'link': `<${exchange.path}?page=${page + 1}>; rel="next"` };
    return exchange.reply(200, headers, padded({ schemaVersion: 2, manifests: [] }, 4 * MEGABYTE - 200));
  };
  expectLimit(await copy(['app:1.0.0']), /list of referrers.*limit of 16777216 bytes/);
});

describe('a list of tags', () => {
  const catalog = (name: string) => `images:\n  - image: ${hostile.host}/${name}\n    tags: { semver: '*', latest: 1 }\n`;

  async function listTags(): Promise<{ results: MirrorResult[]; peak: number }> {
    const file = path.join(folder, 'catalog.yaml');
    await writeFile(file, catalog('app'));
    const { stdout, stderr } = await runCommand(['copy', '--plain-http', '--json', '--catalog', file, `${target.host}/mirror/`], { nodeArguments: ['--import', PEAK_MODULE] });
    if (stdout === '') throw new Error(stderr);
    const parsed = JSON.parse(stdout);
    return { results: parsed.results ?? [parsed], peak: peakBytes(stderr) };
  }

  test('of sixty pages with 100,000 tags each fails at the limit of tags', async () => {
    const tags = JSON.stringify({ tags: Array.from({ length: 100_000 }, (_, number) => `1.${number}.0-some-long-suffix`) });
    hostile.listTags = (exchange) => exchange.reply(200, { link: `<${exchange.path}?page=${Number(exchange.url.searchParams.get('page') ?? 0) + 1}>; rel="next"` }, tags);
    const { results, peak } = await listTags();
    expect(results[0]).toMatchObject({ outcome: 'failed', reason: 'limit-exceeded', message: expect.stringContaining('limit of 100000 tags') });
    expect(peak).toBeLessThan(LIMIT_BYTES);
  });

  test('with 200,000 tags in one page fails in words', async () => {
    hostile.listTags = (exchange) => exchange.reply(200, {}, JSON.stringify({ tags: Array.from({ length: 200_000 }, (_, number) => `1.${number}`) }));
    expect((await listTags()).results[0]).toMatchObject({ reason: 'limit-exceeded', message: expect.stringContaining('limit of 100000 tags') });
  });
});
