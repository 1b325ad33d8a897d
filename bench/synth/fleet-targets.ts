import { CaseResult, LibraryResult, OURS, SynthReport } from './report';

/** One promise of this project, and what came of it in this run. */
export interface Verdict {
  readonly promise: string;
  readonly actual: string;
  readonly met: boolean;
}

const MILLISECONDS_PER_IMAGE = 5;
const RESOURCES_PER_IMAGE = 2;

/** With fewer images, most of the time is the mirror's itself: its project, roles and functions, and the CDK's modules for them. */
const FLEET = 240;

/** With fewer images, there is more noise than time for one more. */
const FEW = 100;

/** Which times are judged, for people. */
export const JUDGED = `Judged is the thread's time: of fleets of ${FLEET} images and more with the mirror itself included, and from ${FEW} images on that of each further image.`;

/** All promises about fleets. */
export function verdictsOn({ results }: SynthReport): Verdict[] {
  const ours = results.map((result) => ({ ...result, library: libraryOf(result, OURS) }));
  const missing = ours.find(({ library }) => library?.synthMilliseconds === undefined);
  if (missing !== undefined) {
    return [{ promise: `synthesizes ${missing.images} images`, actual: missing.library?.problem ?? 'not measured', met: false }];
  }
  return [
    ...ours.filter(({ images }) => images >= FLEET)
      .map(({ images, library }) => timeVerdict(images, 'image, the mirror itself included', library!.threadMilliseconds!.median / images)),
    ...ours.filter(({ images }) => images >= FEW)
      .map(({ images, library }) => timeVerdict(images, 'further image', millisecondsForEach(images, library!, ours[0].images, ours[0].library!))),
    ...results.flatMap((result, index) => index === 0 ? [] : [resourceVerdict(results[0], result)]),
    ...ours.map(({ images, library }) => limitsVerdict(images, library!)),
  ];
}

function timeVerdict(images: number, what: string, each: number | undefined): Verdict {
  return {
    promise: `${images} images: at most ${MILLISECONDS_PER_IMAGE} ms of the thread's time for each ${what}`,
    actual: each === undefined ? 'not told from noise; measure again when the machine is quiet' : `${each.toFixed(2)} ms`,
    met: each !== undefined && each <= MILLISECONDS_PER_IMAGE,
  };
}

/** What an image takes more than the first, which pays for the mirror itself. Undefined where that is less than the runs of one fleet differ. */
export function millisecondsForEach(images: number, library: LibraryResult, fewImages: number, few: LibraryResult): number | undefined {
  const difference = library.threadMilliseconds!.median - few.threadMilliseconds!.median;
  const noise = Math.max(...[library, few].map(({ threadMilliseconds }) => (threadMilliseconds!.max - threadMilliseconds!.min) / 2));
  return difference <= noise ? undefined : difference / (images - fewImages);
}

/** What the smallest fleet has is there once; in further stacks the custom resource is there once more, and the CDK's own metadata. */
function resourceVerdict(smallest: CaseResult, result: CaseResult): Verdict {
  const stacks = result.stacks - smallest.stacks + (result.apart ? 1 : 0);
  const perStack = stacks * RESOURCES_PER_FURTHER_STACK;
  const more = libraryOf(result, OURS)!.resources! - libraryOf(smallest, OURS)!.resources! - perStack;
  const each = Math.max(0, more) / (result.images - smallest.images);
  return { promise: `${result.images} images: ${RESOURCES_PER_IMAGE} resources for each`, actual: `${each.toFixed(2)}`, met: each <= RESOURCES_PER_IMAGE };
}

const RESOURCES_PER_FURTHER_STACK = 2;

function limitsVerdict(images: number, { measures = [] }: LibraryResult): Verdict {
  const over = measures.filter(({ most, value }) => value > most);
  const fullest = [...measures].sort((a, b) => b.value / b.most - a.value / a.most)[0];
  const words = ({ limit, value, most }: typeof fullest) => `${value.toLocaleString('en')} of ${most.toLocaleString('en')} ${limit}`;
  return {
    promise: `${images} image${images === 1 ? '' : 's'}: every limit is kept`,
    actual: over.length === 0 ? `the fullest is ${words(fullest)}` : over.map(words).join('; '),
    met: over.length === 0,
  };
}

export function libraryOf({ libraries }: CaseResult, name: string): LibraryResult | undefined {
  return libraries.find((library) => library.name === name);
}
