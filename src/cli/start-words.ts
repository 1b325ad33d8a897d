import { namesCatalogue } from './deployed-source';
import { UsageError } from './image-pairs';
import { isParameterName } from '../image/catalogue-location';
import { InvalidReferenceError, parseImageReference, quote } from '../image/image-reference';

/** The form of a place; whether a catalogue lies there, the stack tells. */
const PLACE = /^(?:ssm:.|s3:\/\/[^/]+\/.)/;

/**
 * Refuses what can name nothing in any mirror, before AWS is asked what a mirror has.
 *
 * @param words the images and catalogues that somebody names
 * @throws UsageError
 */
export function refuseMisspeltWords(words: readonly string[], all: boolean): void {
  if (all && words.length > 0) throw new UsageError('--all starts every image and catalogue; name none besides');
  words.forEach(refuseMisspelt);
}

function refuseMisspelt(word: string): void {
  if (word.startsWith('/') && isParameterName(word)) {
    throw new UsageError(`${quote(word)} is no image; write ${quote(`ssm:${word}`)} for the catalogue in the parameter of that name`);
  }
  if (namesCatalogue(word) || word.startsWith('s3:/')) {
    if (PLACE.test(word)) return;
    throw new UsageError(`${quote(word)} is no place of a catalogue, which is a parameter or an object in Amazon S3, for example "ssm:/platform/images" or "s3://bucket/key"`);
  }
  try {
    parseImageReference(word);
  } catch (error) {
    if (error instanceof InvalidReferenceError) throw new UsageError(error.message);
    throw error;
  }
}
