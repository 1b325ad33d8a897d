/** The parser of catalogs as constructs use it at synthesis. */
import { ListSyntaxError, parseCatalog } from './parse-catalog';
import { CatalogImage, CatalogImages } from '../../image/catalog/catalog';
import { readEntries, upstreamRepository, ValidEntry } from '../../image/catalog/catalog-list';
import { formatImageReference } from '../../image/image-reference';
import { rangeProblem } from '../tags';

/** Reads the images of a catalog, and everything that is wrong with it. Whether one has expired is not judged: that depends on the day. */
export function catalogImages(text: string, repositoryPrefix: string): CatalogImages {
  try {
    const entries = readEntries(parseCatalog(text), { repositoryPrefix, selectionProblem: rangeProblem });
    return {
      images: entries.flatMap((read) => 'problem' in read ? [] : [asImage(read)]),
      problems: entries.flatMap((read) => 'problem' in read ? [`${read.position}: ${read.problem}`] : []),
    };
  } catch (error) {
    if (!(error instanceof ListSyntaxError)) throw error;
    return { images: [], problems: [error.message] };
  }
}

function asImage(read: ValidEntry): CatalogImage {
  const { entry: { tags, platforms }, reference } = read;
  return {
    registry: reference.registry,
    upstream: upstreamRepository(read),
    source: formatImageReference(reference),
    tags: tags === undefined ? 1 : tags.latest,
    platforms: platforms?.length,
  };
}
