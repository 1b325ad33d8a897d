/** Names in the order of their likeness to another: those that take the fewest changed letters first, and of those the first in the alphabet. */
export function sortBySimilarity(names: readonly string[], wanted: string): string[] {
  const ranked = names.map((name) => ({ name, distance: distanceBetween(name, wanted) }));
  return ranked.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1)).map(({ name }) => name);
}

/** How many letters must be put in, taken away or changed to make one text of the other: Levenshtein's distance. */
function distanceBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++) row[j] = Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
  }
  return row[b.length];
}
