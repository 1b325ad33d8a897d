/** The parser of catalogues as constructs use it at synthesis. */
import { CatalogueImage, CatalogueImages } from '../../image/catalogue-images';
import { GoodEntry, readEntries, upstreamOf } from '../../image/catalogue-list';
import { formatImageReference } from '../../image/image-reference';
import { rangeProblem } from '../tag-selection';
import { parseCatalogue } from './parse-catalogue';
import { ListSyntaxError } from './yaml-value';

/** Reads the images of a catalogue, and everything that is wrong with it. Whether one has expired is not judged: that depends on the day. */
export function catalogueImages(text: string, repositoryPrefix: string): CatalogueImages {
  try {
    const entries = readEntries(parseCatalogue(text), { repositoryPrefix, selectionProblem: rangeProblem });
    return {
      images: entries.flatMap((read) => 'problem' in read ? [] : [asImage(read)]),
      problems: entries.flatMap((read) => 'problem' in read ? [`${read.place}: ${read.problem}`] : []),
    };
  } catch (error) {
    if (!(error instanceof ListSyntaxError)) throw error;
    return { images: [], problems: [error.message] };
  }
}

function asImage(read: GoodEntry): CatalogueImage {
  const { entry: { tags, platforms }, reference } = read;
  return {
    registry: reference.registry,
    upstream: upstreamOf(read),
    source: formatImageReference(reference),
    tags: tags === undefined ? 1 : tags.latest,
    platforms: platforms?.length,
  };
}
