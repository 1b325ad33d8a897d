/** Headings are the words that a reader searches for. */
import { type Finding, proseRule } from '../prose';

const MAXIMUM = 10;
const PROSE = /^\s*(?:What|Which|Where|When|Why|Who|How|It|This|That|There|And|Or|But)\b(?!\s+it works\b)/;

export default proseRule((text): Finding[] => {
  const heading = text.trim();
  const words = heading.split(/\s+/);
  const wrong: string[] = [];
  if (/[.:;,!?]$/.test(heading)) wrong.push('remove the punctuation at the end');
  if (PROSE.test(heading)) wrong.push('write what a reader searches for, such as "Costs" rather than "What it costs"');
  if (words.length > MAXIMUM) wrong.push(`${words.length} words: write at most ${MAXIMUM}`);
  return wrong.map((remedy) => ({ index: text.search(/\S/), length: heading.length, message: `heading "${heading}": ${remedy}` }));
}, ['Header']);
