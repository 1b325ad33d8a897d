import { FixtureBlob, generatedBlob } from '../test/support/fixture-blob';
import { FixtureImage, indexOf, singleImage } from '../test/support/fixture-images';

/** An image and what it is called, in the source as well as in the target. */
export interface NamedImage {
  readonly repository: string;
  readonly tag: string;
  readonly image: FixtureImage;
}

/** One thing that is measured. */
export interface BenchCase {
  readonly name: CaseName;
  readonly title: string;
  /** What is copied. */
  readonly images: readonly NamedImage[];
  /** What the target holds before. */
  readonly before: readonly NamedImage[];
  /** Whether the target mounts blobs between repositories, as Amazon ECR does with BLOB_MOUNTING. @default false */
  readonly mounts?: boolean;
}

export const CASE_NAMES = ['cold', 'large', 'layers', 'no-op', 'changed', 'fleet', 'shared'] as const;
export type CaseName = typeof CASE_NAMES[number];

const PLATFORMS = ['amd64', '386', 'arm/v5', 'arm/v7', 'arm64/v8', 'ppc64le', 'riscv64', 's390x'].map((architecture) => `linux/${architecture}`);
/** One that may move: our engine keeps what a tag of one release first named. */
const TAG = 'stable';

/** Sizes in bytes. Small ones find out only whether everything works. */
interface Sizes {
  readonly layer: number;
  readonly largeLayer: number;
  readonly smallLayer: number;
  readonly fleetLayer: number;
  readonly sharedLayer: number;
}

const FULL: Sizes = { layer: 8_333_333, largeLayer: 1_000_000_000, smallLayer: 50_000, fleetLayer: 100_000, sharedLayer: 1_000_000 };
const QUICK: Sizes = { layer: 500_000, largeLayer: 50_000_000, smallLayer: 5_000, fleetLayer: 20_000, sharedLayer: 20_000 };

/** The cases asked for; their content is the same each time. */
export function benchCases(names: readonly CaseName[], quick: boolean): BenchCase[] {
  const sizes = quick ? QUICK : FULL;
  return names.map((name) => DEFINITIONS[name](sizes));
}

/** Copied by every tool, uncounted, before a case is measured. */
export function warmUpCase(): BenchCase {
  return { name: 'cold', title: 'warm-up', images: [named('warm-up', platformImages('warm-up', 2, 2, 10_000))], before: [] };
}

const DEFINITIONS: Readonly<Record<CaseName, (sizes: Sizes) => BenchCase>> = {
  'cold': (sizes) => ({
    name: 'cold',
    title: `cold copy, 8 platforms × 6 layers, ${megabytes(48 * sizes.layer)}`,
    images: [named('cold', platformImages('cold', 8, 6, sizes.layer))],
    before: [],
  }),
  'large': (sizes) => ({
    name: 'large',
    title: `cold copy, one layer of ${megabytes(sizes.largeLayer)}`,
    images: [named('large', imageOf('linux/amd64', [generatedBlob('large', sizes.largeLayer)]))],
    before: [],
  }),
  'layers': (sizes) => ({
    name: 'layers',
    title: `cold copy, 200 layers of ${sizes.smallLayer / 1000} kB`,
    images: [named('layers', imageOf('linux/amd64', layersOf('small', 200, sizes.smallLayer)))],
    before: [],
  }),
  'no-op': (sizes) => {
    const image = named('no-op', platformImages('no-op', 8, 6, sizes.layer / 10));
    return { name: 'no-op', title: 'no-op: the target has the image (8 platforms × 6 layers)', images: [image], before: [image] };
  },
  'changed': (sizes) => ({
    name: 'changed',
    title: `one layer of ${megabytes(sizes.layer)} changed in one of 8 platforms × 6 layers`,
    images: [named('changed', platformImages('changed', 8, 6, sizes.layer, true))],
    before: [named('changed', platformImages('changed', 8, 6, sizes.layer))],
  }),
  'fleet': (sizes) => ({
    name: 'fleet',
    title: `fleet: cold copy of 50 images, each 2 platforms × 4 layers of ${sizes.fleetLayer / 1000} kB`,
    images: Array.from({ length: 50 }, (_, index) => named(`fleet/image-${index}`, platformImages(`fleet ${index}`, 2, 4, sizes.fleetLayer))),
    before: [],
  }),
  'shared': (sizes) => {
    const base = layersOf('base', 3, sizes.sharedLayer);
    const own = (index: number) => layersOf(`shared ${index}`, 2, sizes.sharedLayer);
    return {
      name: 'shared',
      title: `fleet: cold copy of 50 images of 5 layers of ${sizes.sharedLayer / 1000} kB, of which 3 are in all images`,
      images: Array.from({ length: 50 }, (_, index) => named(`shared/image-${index}`, imageOf('linux/amd64', [...base, ...own(index)]))),
      before: [],
      mounts: true,
    };
  },
};

function named(repository: string, image: FixtureImage): NamedImage {
  return { repository: `bench/${repository}`, tag: TAG, image };
}

/** An index of some platforms; in the changed one, the last layer of the last platform is another. */
function platformImages(seed: string, platforms: number, layers: number, layerBytes: number, changed = false): FixtureImage {
  const names = PLATFORMS.slice(0, platforms);
  return indexOf(names.map((platform, index) => {
    const blobs = layersOf(`${seed} ${platform}`, layers, layerBytes);
    const isChanged = changed && index === names.length - 1;
    return imageOf(platform, isChanged ? [...blobs.slice(0, -1), ...layersOf(`${seed} changed`, 1, layerBytes)] : blobs);
  }));
}

function layersOf(seed: string, count: number, bytes: number): FixtureBlob[] {
  return Array.from({ length: count }, (_, index) => generatedBlob(`${seed} layer ${index}`, Math.round(bytes)));
}

function imageOf(platform: string, layers: readonly FixtureBlob[]): FixtureImage {
  return singleImage({ platform, layers: 0, baseLayers: layers });
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
