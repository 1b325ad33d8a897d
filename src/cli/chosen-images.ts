import { DeployedImage, DeployedImages, unknownVariables } from './deployed-images';
import { UsageError } from './image-pairs';
import { familiarImageReference, formatImageReference, ImageReference, InvalidReferenceError, namesRepository, parseImageReference, quote } from '../image/image-reference';

/** An error names so many images at most. */
const MOST_NAMES = 20;

/**
 * The images that somebody names, by any spelling, in the order of their stack; all of them on request.
 *
 * A name without a tag means `latest`, and where that is not there, the image whose tags a filter selects, as `ImageMirror.image()` has it.
 *
 * @throws UsageError naming the images that there are, when one is not there or none is named
 */
export function chooseImages(deployed: DeployedImages, words: readonly string[], all: boolean): DeployedImage[] {
  const { images, stack } = deployed;
  if (all && words.length > 0) throw new UsageError('--all starts every image; name none besides');
  if (!all && words.length === 0) throw new UsageError(`name the images to start, or --all; the stack ${quote(stack)} has ${namesOf(images)}`);
  const wanted = new Set(all ? images : words.flatMap((word) => find(deployed, word)));
  const chosen = images.filter((image) => wanted.has(image));
  for (const image of chosen) refuseUnknown(image);
  return chosen;
}

function find({ images, stack }: DeployedImages, word: string): DeployedImage[] {
  const reference = parse(word);
  const isSame = (other: ImageReference) => formatImageReference(other) === formatImageReference(reference);
  const isSamePin = ({ digest, ...other }: ImageReference) => {
    return digest !== undefined && digest === reference.digest && repositoryOf(other) === repositoryOf(reference);
  };
  const isFiltered = (other: ImageReference) => namesRepository(word) && formatImageReference(other) === repositoryOf(reference);
  for (const matches of [isSame, isSamePin, isFiltered]) {
    const found = images.filter((image) => matches(image.reference));
    if (found.length > 0) return found;
  }
  throw new UsageError(`${quote(familiarImageReference(reference))} is not in the stack ${quote(stack)}, which has ${namesOf(nearTo(images, reference))}; if another stack defines it, name that with --stack`);
}

function parse(word: string): ImageReference {
  try {
    return parseImageReference(word);
  } catch (error) {
    if (error instanceof InvalidReferenceError) throw new UsageError(error.message);
    throw error;
  }
}

/** The other tags of the same repository, those of the same name elsewhere, or everything that there is. */
function nearTo(images: readonly DeployedImage[], reference: ImageReference): readonly DeployedImage[] {
  const lastName = ({ repository }: ImageReference) => repository.split('/').at(-1);
  const same = images.filter((image) => repositoryOf(image.reference) === repositoryOf(reference));
  const alike = images.filter((image) => lastName(image.reference) === lastName(reference));
  return [same, alike, images].find(({ length }) => length > 0)!;
}

function namesOf(images: readonly DeployedImage[]): string {
  const names = images.map(({ reference }) => {
    return `${quote(familiarImageReference(reference))}${reference.tag === undefined && reference.digest === undefined ? ' (the tags that its filter selects)' : ''}`;
  });
  const sorted = [...new Set(names)].sort();
  return sorted.slice(0, MOST_NAMES).join(', ') + (sorted.length > MOST_NAMES ? ` and ${sorted.length - MOST_NAMES} more` : '');
}

function repositoryOf({ registry, repository }: ImageReference): string {
  return `${registry}/${repository}`;
}

function refuseUnknown(image: DeployedImage): void {
  const [unknown] = unknownVariables(image);
  if (unknown === undefined) return;
  throw new UsageError(`the variable ${unknown} of ${quote(familiarImageReference(image.reference))} is known to CloudFormation only, so its run cannot be repeated from here; wait for its schedule`);
}
