/** At most one dash in a sentence. */
import { split } from 'sentence-splitter';
import { type Finding, proseRule } from '../prose';

const DASH = /—|\s(?:–|-{1,2})\s/g;

export default proseRule((text) => split(text)
  .filter((node) => node.type === 'Sentence')
  .flatMap(({ range: [from, to] }): Finding[] => {
    const dashes = [...text.slice(from, to).matchAll(DASH)];
    if (dashes.length < 2) return [];
    return [{ index: from + dashes[1].index, length: 1, message: `${dashes.length} dashes in one sentence: split the sentence` }];
  }), ['Paragraph']);
