/**
 * Suggestions for names that are probably misspelled.
 */

/** Names that differ from the wanted one in more characters are not suggested. */
const MAX_DISTANCE = 3;

/** A suggested name differs in less than this part of the longer name. */
const MAX_DIFFERENT_PART = 0.5;

/** Names in the order of their similarity to another: the most similar first, and equally similar ones in alphabetical order. */
export function sortBySimilarity(names: readonly string[], wanted: string): string[] {
  const ranked = names.map((name) => ({ name, distance: editDistance(name, wanted) }));
  return ranked.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1)).map(({ name }) => name);
}

/** The known name to suggest for a misspelled one, regardless of case; undefined when no known name is similar enough. */
export function didYouMean(wanted: string, known: readonly string[]): string | undefined {
  const ranked = known.map((name) => ({ name, part: differentPart(name.toLowerCase(), wanted.toLowerCase()) }));
  const [closest] = ranked.sort((a, b) => a.part - b.part);
  return closest.part < MAX_DIFFERENT_PART ? closest.name : undefined;
}

/** The edit distance as a part of the longer name's length; infinite when the names differ too much. */
function differentPart(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MAX_DISTANCE) return Infinity;
  const distance = editDistance(a, b);
  return distance > MAX_DISTANCE ? Infinity : distance / Math.max(a.length, b.length);
}

/** The Levenshtein distance: how many characters must be inserted, removed or replaced to turn one text into the other. */
function editDistance(a: string, b: string): number {
  const [from, to] = [[...a], [...b]];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= to.length; j++) row[j] = Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1));
  }
  return row[to.length];
}
