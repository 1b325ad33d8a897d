/** The catalog parser that constructs use at synthesis. Bundled into `assets/catalog/`. */
import { CatalogSyntaxError, parseCatalog } from './catalog-syntax';
import { CatalogImage, CatalogImages } from '../../image/catalog/catalog-entry';
import { readEntries, upstreamRepository, ValidEntry } from '../../image/catalog/catalog-list';
import { formatImageReference } from '../../image/image-reference';
import { rangeProblem } from '../tags';

/** Parses the images of a catalog, and all its problems. Expiry is not checked, because it depends on the day. */
export function catalogImages(text: string, repositoryPrefix: string): CatalogImages {
  try {
    const entries = readEntries(parseCatalog(text), { repositoryPrefix, selectionProblem: rangeProblem });
    return {
      images: entries.flatMap((read) => 'problem' in read ? [] : [toCatalogImage(read)]),
      problems: entries.flatMap((read) => 'problem' in read ? [`${read.position}: ${read.problem}`] : []),
    };
  } catch (error) {
    if (!(error instanceof CatalogSyntaxError)) throw error;
    return { images: [], problems: [error.message] };
  }
}

function toCatalogImage(read: ValidEntry): CatalogImage {
  const { entry: { admission, tags, platforms, allPlatforms }, position, reference } = read;
  return {
    registry: reference.registry,
    upstream: upstreamRepository(read),
    source: formatImageReference(reference),
    tags: tags === undefined ? 1 : tags.latest,
    platforms: platforms?.length,
    allPlatforms,
    ...admission === undefined ? {} : { checkedAt: position },
  };
}
