import {
  canResolveTo, DeployedCatalog, DeployedImage, DeployedItem, type DeployedItems, familiarItemName, isCatalog, isCatalogLocation, unresolvedVariables,
} from './deployed-items';
import { isParameterName } from '../../image/catalog/catalog-location';
import {
  familiarImageReference, formatImageReference, ImageReference, InvalidReferenceError, isRepositoryOnly, parseImageReference,
} from '../../image/image-reference';
import { quote } from '../../image/sanitize';
import { UsageError } from '../usage-error';

/** The maximum number of images and catalogs in an error. */
const MAX_LISTED_ITEMS = 20;

/**
 * Chooses the images and catalogs to start, in the order of their stack.
 *
 * An image can have any spelling. A name without a tag means `latest`. If the mirror has no `latest`, the name means
 * the image with a tag filter, as in `ImageMirror.image()`. The location of a catalog means all its shards.
 *
 * @param names the images and catalogs; empty with `all`
 * @throws UsageError with the names of the stack, when a name is not in the stack or there are no names
 */
export function chooseItems(deployed: DeployedItems, names: readonly string[], all: boolean): DeployedItem[] {
  const { items, stack } = deployed;
  if (!all && names.length === 0) {
    throw new UsageError(`name the images and catalogs to start, or use --all; the stack ${quote(stack)} has ${listNames(items)}`);
  }
  const find = (name: string): DeployedItem[] => isCatalogLocation(name) ? findCatalog(deployed, name) : findImage(deployed, name);
  const wanted = new Set(all ? items : names.flatMap(find));
  const chosen = items.filter((item) => wanted.has(item));
  for (const item of chosen) requireResolvedVariables(item);
  return chosen;
}

/** Finds the shards of a catalog. Without an exact match, a catalog matches if its location has unresolved tokens. */
function findCatalog({ items, stack }: DeployedItems, location: string): DeployedCatalog[] {
  const catalogs = items.filter(isCatalog);
  const isSame = (catalog: DeployedCatalog) => catalog.location === location;
  for (const matches of [isSame, (catalog: DeployedCatalog) => canResolveTo(location, catalog)]) {
    const found = catalogs.filter(matches);
    if (found.length > 0) return found;
  }
  throw notInStack(location, stack, catalogs.length > 0 ? catalogs : items);
}

function findImage({ items, stack }: DeployedItems, name: string): DeployedImage[] {
  const reference = parseImageReference(name);
  const images = items.filter((item): item is DeployedImage => !isCatalog(item));
  const isSame = (other: ImageReference) => formatImageReference(other) === formatImageReference(reference);
  const hasSameDigest = ({ digest, ...other }: ImageReference) => {
    return digest !== undefined && digest === reference.digest && repositoryOf(other) === repositoryOf(reference);
  };
  const isFiltered = (other: ImageReference) => isRepositoryOnly(name) && formatImageReference(other) === repositoryOf(reference);
  for (const matches of [isSame, hasSameDigest, isFiltered]) {
    const found = images.filter((image) => matches(image.reference));
    if (found.length > 0) return found;
  }
  // The image can be in any of the catalogs.
  throw notInStack(familiarImageReference(reference), stack, [...similarImages(images, reference), ...items.filter(isCatalog)]);
}

function notInStack(name: string, stack: string, others: readonly DeployedItem[]): UsageError {
  return new UsageError(`${quote(name)} is not in the stack ${quote(stack)}, which has ${listNames(others)}; for another stack, use --stack`);
}

/** The images of the same repository. Otherwise, those with the same last part of the repository name. Otherwise, all images. */
function similarImages(images: readonly DeployedImage[], reference: ImageReference): readonly DeployedImage[] {
  const lastPart = ({ repository }: ImageReference) => repository.split('/').at(-1);
  const sameRepository = images.filter((image) => repositoryOf(image.reference) === repositoryOf(reference));
  const samePart = images.filter((image) => lastPart(image.reference) === lastPart(reference));
  return [sameRepository, samePart].find(({ length }) => length > 0) ?? images;
}

/** Lists images, then catalogs. When the list is too long, images are left out first. */
function listNames(items: readonly DeployedItem[]): string {
  const catalogs = sortedNames(items.filter(isCatalog));
  const images = sortedNames(items.filter((item) => !isCatalog(item)));
  const listed = [...images.slice(0, Math.max(0, MAX_LISTED_ITEMS - catalogs.length)), ...catalogs.slice(0, MAX_LISTED_ITEMS)];
  const more = images.length + catalogs.length - listed.length;
  return listed.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function sortedNames(items: readonly DeployedItem[]): string[] {
  return [...new Set(items.map((item) => hasTagFilter(item) ? `${quotedName(item)} (with a tag filter)` : quotedName(item)))].sort();
}

function quotedName(item: DeployedItem): string {
  return `${isCatalog(item) ? 'the catalog ' : ''}${quote(familiarItemName(item))}`;
}

function hasTagFilter(item: DeployedItem): boolean {
  return !isCatalog(item) && item.reference.tag === undefined && item.reference.digest === undefined;
}

function repositoryOf({ registry, repository }: ImageReference): string {
  return `${registry}/${repository}`;
}

function requireResolvedVariables(item: DeployedItem): void {
  const [variable] = unresolvedVariables(item);
  if (variable === undefined) return;
  const problem = `its variable ${variable} has a token that only CloudFormation can resolve`;
  throw new UsageError(`cannot start ${quotedName(item)}: ${problem}; wait for its schedule`);
}

/** A complete location of a catalog. */
const CATALOG_LOCATION = /^(?:ssm:.|s3:\/\/[^/]+\/.)/;

/**
 * Requires names that a mirror can have. The check needs no request to AWS.
 *
 * @param names the images and catalogs; empty with `all`
 * @throws UsageError when a name is not valid, or there are names with `all`
 */
export function requireValidNames(names: readonly string[], all: boolean): void {
  if (all && names.length > 0) throw new UsageError('--all starts every image and catalog; omit --all, or omit the names');
  names.forEach(requireValidName);
}

function requireValidName(name: string): void {
  if (name.startsWith('/') && isParameterName(name)) {
    throw new UsageError(`${quote(name)} is not a valid image; for the catalog in the parameter with this name, use ${quote(`ssm:${name}`)}`);
  }
  if (isCatalogLocation(name) || name.startsWith('s3:/')) {
    if (CATALOG_LOCATION.test(name)) return;
    throw new UsageError(`${quote(name)} is not a valid catalog location; name an SSM parameter or an S3 object, for example `
      + '"ssm:/platform/images" or "s3://bucket/key"');
  }
  try {
    parseImageReference(name);
  } catch (error) {
    if (error instanceof InvalidReferenceError) throw new UsageError(error.message);
    throw error;
  }
}
