import {
  DeployedCatalogSource, DeployedImageSource, DeployedSource, type DeployedSources, familiarSourceName, isCatalog, canResolveTo, namesCatalog, unknownVariables,
} from './deployed-sources';
import { isParameterName } from '../../image/catalog/catalog-location';
import { familiarImageReference, formatImageReference, ImageReference, InvalidReferenceError, isRepositoryOnly, parseImageReference } from '../../image/image-reference';
import { quote } from '../../image/sanitize';
import { UsageError } from '../usage-error';

/** An error names so many images and catalogs at most. */
const MOST_NAMES = 20;

/**
 * The images and catalogs that somebody names, in the order of their stack; all of them on request.
 *
 * An image has any spelling. A name without a tag means `latest`, and where that is not there, the image whose tags a filter selects, as
 * `ImageMirror.image()` has it. A catalog is named by where it lies, and is all of its shards.
 *
 * @param words in the form of an image or a catalog; none where all are meant
 * @throws UsageError naming what there is, when something is not there or nothing is named
 */
export function chooseSources(deployed: DeployedSources, words: readonly string[], all: boolean): DeployedSource[] {
  const { sources, stack } = deployed;
  if (!all && words.length === 0) throw new UsageError(`name the images and catalogs to start, or --all; the stack ${quote(stack)} has ${namesOf(sources)}`);
  const find = (word: string): DeployedSource[] => namesCatalog(word) ? findCatalog(deployed, word) : findImage(deployed, word);
  const wanted = new Set(all ? sources : words.flatMap(find));
  const chosen = sources.filter((source) => wanted.has(source));
  for (const source of chosen) refuseUnknown(source);
  return chosen;
}

/** The shards of a catalog; of one that may be meant, for CloudFormation alone knows where it lies, where no other is. */
function findCatalog({ sources, stack }: DeployedSources, location: string): DeployedCatalogSource[] {
  const catalogs = sources.filter(isCatalog);
  for (const isMeant of [(one: DeployedCatalogSource) => one.location === location, (one: DeployedCatalogSource) => canResolveTo(location, one)]) {
    const found = catalogs.filter(isMeant);
    if (found.length > 0) return found;
  }
  throw missing(location, stack, catalogs.length > 0 ? catalogs : sources);
}

function findImage({ sources, stack }: DeployedSources, word: string): DeployedImageSource[] {
  const reference = parseImageReference(word);
  const images = sources.filter((source): source is DeployedImageSource => !isCatalog(source));
  const isSame = (other: ImageReference) => formatImageReference(other) === formatImageReference(reference);
  const isSamePin = ({ digest, ...other }: ImageReference) => {
    return digest !== undefined && digest === reference.digest && repositoryOf(other) === repositoryOf(reference);
  };
  const isFiltered = (other: ImageReference) => isRepositoryOnly(word) && formatImageReference(other) === repositoryOf(reference);
  for (const matches of [isSame, isSamePin, isFiltered]) {
    const found = images.filter((image) => matches(image.reference));
    if (found.length > 0) return found;
  }
  // Any catalog may list it.
  throw missing(familiarImageReference(reference), stack, [...nearTo(images, reference), ...sources.filter(isCatalog)]);
}

function missing(name: string, stack: string, others: readonly DeployedSource[]): UsageError {
  return new UsageError(`${quote(name)} is not in the stack ${quote(stack)}, which has ${namesOf(others)}; if another stack defines it, name that with --stack`);
}

/** The other tags of the same repository, those of the same name elsewhere, or all images that there are. */
function nearTo(images: readonly DeployedImageSource[], reference: ImageReference): readonly DeployedImageSource[] {
  const lastName = ({ repository }: ImageReference) => repository.split('/').at(-1);
  const same = images.filter((image) => repositoryOf(image.reference) === repositoryOf(reference));
  const alike = images.filter((image) => lastName(image.reference) === lastName(reference));
  return [same, alike].find(({ length }) => length > 0) ?? images;
}

/** Images first; but catalogs are few, and of many images some are left out. */
function namesOf(sources: readonly DeployedSource[]): string {
  const catalogs = sortedNames(sources.filter(isCatalog));
  const images = sortedNames(sources.filter((source) => !isCatalog(source)));
  const shown = [...images.slice(0, Math.max(0, MOST_NAMES - catalogs.length)), ...catalogs.slice(0, MOST_NAMES)];
  const more = images.length + catalogs.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function sortedNames(sources: readonly DeployedSource[]): string[] {
  return [...new Set(sources.map((source) => isFilter(source) ? `${nameOf(source)} (the tags that its filter selects)` : nameOf(source)))].sort();
}

function nameOf(source: DeployedSource): string {
  return `${isCatalog(source) ? 'the catalog ' : ''}${quote(familiarSourceName(source))}`;
}

function isFilter(source: DeployedSource): boolean {
  return !isCatalog(source) && source.reference.tag === undefined && source.reference.digest === undefined;
}

function repositoryOf({ registry, repository }: ImageReference): string {
  return `${registry}/${repository}`;
}

function refuseUnknown(source: DeployedSource): void {
  const [unknown] = unknownVariables(source);
  if (unknown === undefined) return;
  throw new UsageError(`the variable ${unknown} of ${nameOf(source)} is known to CloudFormation only, so its run cannot be repeated from here; wait for its schedule`);
}

/** The form of a place; whether a catalog lies there, the stack tells. */
const PLACE = /^(?:ssm:.|s3:\/\/[^/]+\/.)/;

/**
 * Refuses what can name nothing in any mirror, before AWS is asked what a mirror has.
 *
 * @param words the images and catalogs that somebody names
 * @throws UsageError
 */
export function requireKnownSources(words: readonly string[], all: boolean): void {
  if (all && words.length > 0) throw new UsageError('--all starts every image and catalog; name none besides');
  words.forEach(refuseMisspelled);
}

function refuseMisspelled(word: string): void {
  if (word.startsWith('/') && isParameterName(word)) {
    throw new UsageError(`${quote(word)} is no image; write ${quote(`ssm:${word}`)} for the catalog in the parameter of that name`);
  }
  if (namesCatalog(word) || word.startsWith('s3:/')) {
    if (PLACE.test(word)) return;
    throw new UsageError(`${quote(word)} is no place of a catalog, which is a parameter or an object in Amazon S3, for example "ssm:/platform/images" or "s3://bucket/key"`);
  }
  try {
    parseImageReference(word);
  } catch (error) {
    if (error instanceof InvalidReferenceError) throw new UsageError(error.message);
    throw error;
  }
}
