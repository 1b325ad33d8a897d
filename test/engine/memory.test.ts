/** Memory does not grow with the image: the engine runs in a child process, the registries in this one. */
import { runCommand } from '../support/command';
import { blobOf, generatedBlob } from '../support/fixture-blob';
import { FixtureImage, singleImage } from '../support/fixture-images';
import { LocalRegistry } from '../support/local-registry';
import { PEAK_MODULE, peakBytes } from '../support/peak-memory';
import { withRegistries } from '../support/with-servers';

const MEGABYTE = 1024 * 1024;
const LAYER_BYTES = 1024 * MEGABYTE;
const LIMIT_BYTES = 120 * MEGABYTE;

const isLinux = process.platform === 'linux';
if (!isLinux) console.info('NOTICE: memory is measured on Linux only, so it is not tested here');

/** An image of few, large layers; the bytes of layers are made when they are read. */
function imageOf(layers: number, bytes: number): FixtureImage {
  return singleImage({ layers: 0, baseLayers: Array.from({ length: layers }, (_, index) => generatedBlob(`layer ${index}`, bytes)) });
}

/** A few gigabytes go through this process, which a busy machine slows down. */
jest.setTimeout(10 * 60_000);

const { upstream, target } = withRegistries(undefined, new LocalRegistry({ discardUploads: true }));

/** A busy machine delays garbage collections, so the lowest of a few peaks counts. */
const MAX_COPIES = 6;

/** Bytes of resident memory at the peak of a copy. */
async function peakOf(image: FixtureImage): Promise<number> {
  let lowest = Infinity;
  for (let copies = 0; copies < MAX_COPIES && lowest >= LIMIT_BYTES; copies++) lowest = Math.min(lowest, await peakOfCopy(image));
  return lowest;
}

async function peakOfCopy(image: FixtureImage): Promise<number> {
  target.clear();
  upstream.push('app', '1.0.0', image);
  const { code, stderr } = await runCommand(['copy', '--plain-http', `${upstream.host}/app:1.0.0`, `${target.host}/mirror/app`], { nodeArguments: ['--import', PEAK_MODULE] });
  expect([code, target.tagDigest('mirror/app', '1.0.0')]).toEqual([0, image.digest]);
  const bytes = peakBytes(stderr);
  console.info(`peak of resident memory: ${Math.round(bytes / MEGABYTE)} MB`);
  return bytes;
}

(isLinux ? describe : describe.skip)('the peak of resident memory stays below 120 MB', () => {
  test('for an image of a kilobyte', async () => {
    expect(await peakOf(singleImage({ layers: 0, baseLayers: [blobOf('small')] }))).toBeLessThan(LIMIT_BYTES);
  });

  test('for a layer of one gigabyte', async () => {
    expect(await peakOf(imageOf(1, LAYER_BYTES))).toBeLessThan(LIMIT_BYTES);
  });

  test('for ten layers of a hundred megabytes, several at a time', async () => {
    expect(await peakOf(imageOf(10, 100 * MEGABYTE))).toBeLessThan(LIMIT_BYTES);
  });
});
