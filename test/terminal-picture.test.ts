/** The picture of the demo is drawn from its output. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { terminalPicture } from '../scripts/terminal-svg';

const IMAGES = join(__dirname, '..', 'docs', 'images');

/** The lines of text in a picture. */
function linesOf(picture: string): string[] {
  const rows = picture.match(/<text [^>]*>.*<\/text>/g) ?? [];
  return rows.map((row) => row.replace(/<[^>]*>/g, '').replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'));
}

test('the picture of the demo has every line of docs/images/demo.txt', () => {
  const text = readFileSync(join(IMAGES, 'demo.txt'), 'utf8');
  const drawn = linesOf(readFileSync(join(IMAGES, 'demo.svg'), 'utf8'));
  expect(drawn.join(' ')).toBe(text.split('\n').filter((line) => line !== '').join(' '));
});

test('characters of XML in the output are text in the picture', () => {
  const line = 'a <b> & "c"';
  expect(linesOf(terminalPicture(`${line}\n`, 'Title'))).toEqual([line]);
});

test('a long line continues on the next one', () => {
  const line = Array.from({ length: 40 }, (_, index) => `word${index}`).join(' ');
  const drawn = linesOf(terminalPicture(`${line}\n`, 'Title'));
  expect(drawn.length).toBeGreaterThan(1);
  expect(drawn.join(' ')).toBe(line);
});
