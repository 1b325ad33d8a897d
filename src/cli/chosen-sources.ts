import { DeployedCatalogue, DeployedImage, DeployedSource, familiarSourceName, isCatalogue, mayLieAt, namesCatalogue, unknownVariables } from './deployed-source';
import type { DeployedSources } from './deployed-sources';
import { UsageError } from './image-pairs';
import { familiarImageReference, formatImageReference, ImageReference, namesRepository, parseImageReference, quote } from '../image/image-reference';

/** An error names so many images and catalogues at most. */
const MOST_NAMES = 20;

/**
 * The images and catalogues that somebody names, in the order of their stack; all of them on request.
 *
 * An image has any spelling. A name without a tag means `latest`, and where that is not there, the image whose tags a filter selects, as
 * `ImageMirror.image()` has it. A catalogue is named by where it lies, and is all of its shards.
 *
 * @param words in the form of an image or a catalogue; none where all are meant
 * @throws UsageError naming what there is, when something is not there or nothing is named
 */
export function chooseSources(deployed: DeployedSources, words: readonly string[], all: boolean): DeployedSource[] {
  const { sources, stack } = deployed;
  if (!all && words.length === 0) throw new UsageError(`name the images and catalogues to start, or --all; the stack ${quote(stack)} has ${namesOf(sources)}`);
  const find = (word: string): DeployedSource[] => namesCatalogue(word) ? findCatalogue(deployed, word) : findImage(deployed, word);
  const wanted = new Set(all ? sources : words.flatMap(find));
  const chosen = sources.filter((source) => wanted.has(source));
  for (const source of chosen) refuseUnknown(source);
  return chosen;
}

/** The shards of a catalogue; of one that may be meant, for CloudFormation alone knows where it lies, where no other is. */
function findCatalogue({ sources, stack }: DeployedSources, location: string): DeployedCatalogue[] {
  const catalogues = sources.filter(isCatalogue);
  for (const isMeant of [(one: DeployedCatalogue) => one.location === location, (one: DeployedCatalogue) => mayLieAt(location, one)]) {
    const found = catalogues.filter(isMeant);
    if (found.length > 0) return found;
  }
  throw missing(location, stack, catalogues.length > 0 ? catalogues : sources);
}

function findImage({ sources, stack }: DeployedSources, word: string): DeployedImage[] {
  const reference = parseImageReference(word);
  const images = sources.filter((source): source is DeployedImage => !isCatalogue(source));
  const isSame = (other: ImageReference) => formatImageReference(other) === formatImageReference(reference);
  const isSamePin = ({ digest, ...other }: ImageReference) => {
    return digest !== undefined && digest === reference.digest && repositoryOf(other) === repositoryOf(reference);
  };
  const isFiltered = (other: ImageReference) => namesRepository(word) && formatImageReference(other) === repositoryOf(reference);
  for (const matches of [isSame, isSamePin, isFiltered]) {
    const found = images.filter((image) => matches(image.reference));
    if (found.length > 0) return found;
  }
  // Any catalogue may list it.
  throw missing(familiarImageReference(reference), stack, [...nearTo(images, reference), ...sources.filter(isCatalogue)]);
}

function missing(name: string, stack: string, others: readonly DeployedSource[]): UsageError {
  return new UsageError(`${quote(name)} is not in the stack ${quote(stack)}, which has ${namesOf(others)}; if another stack defines it, name that with --stack`);
}

/** The other tags of the same repository, those of the same name elsewhere, or all images that there are. */
function nearTo(images: readonly DeployedImage[], reference: ImageReference): readonly DeployedImage[] {
  const lastName = ({ repository }: ImageReference) => repository.split('/').at(-1);
  const same = images.filter((image) => repositoryOf(image.reference) === repositoryOf(reference));
  const alike = images.filter((image) => lastName(image.reference) === lastName(reference));
  return [same, alike].find(({ length }) => length > 0) ?? images;
}

/** Images first; but catalogues are few, and of many images some are left out. */
function namesOf(sources: readonly DeployedSource[]): string {
  const catalogues = sortedNames(sources.filter(isCatalogue));
  const images = sortedNames(sources.filter((source) => !isCatalogue(source)));
  const shown = [...images.slice(0, Math.max(0, MOST_NAMES - catalogues.length)), ...catalogues.slice(0, MOST_NAMES)];
  const more = images.length + catalogues.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function sortedNames(sources: readonly DeployedSource[]): string[] {
  return [...new Set(sources.map((source) => isFilter(source) ? `${nameOf(source)} (the tags that its filter selects)` : nameOf(source)))].sort();
}

function nameOf(source: DeployedSource): string {
  return `${isCatalogue(source) ? 'the catalogue ' : ''}${quote(familiarSourceName(source))}`;
}

function isFilter(source: DeployedSource): boolean {
  return !isCatalogue(source) && source.reference.tag === undefined && source.reference.digest === undefined;
}

function repositoryOf({ registry, repository }: ImageReference): string {
  return `${registry}/${repository}`;
}

function refuseUnknown(source: DeployedSource): void {
  const [unknown] = unknownVariables(source);
  if (unknown === undefined) return;
  throw new UsageError(`the variable ${unknown} of ${nameOf(source)} is known to CloudFormation only, so its run cannot be repeated from here; wait for its schedule`);
}
