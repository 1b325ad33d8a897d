/** Sentences have at most 25 words. */
import { split } from 'sentence-splitter';
import { type Finding, proseRule } from '../prose';

const MAXIMUM = 25;

export default proseRule((text) => split(text)
  .filter((node) => node.type === 'Sentence')
  .flatMap(({ range: [from, to] }): Finding[] => {
    const words = text.slice(from, to).split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
    if (words.length <= MAXIMUM) return [];
    const message = `${words.length} words ("${words.slice(0, 5).join(' ')} …"): write at most ${MAXIMUM}; split the sentence or use a list`;
    return [{ index: from, length: to - from, message }];
  }), ['Paragraph', 'TableCell']);
