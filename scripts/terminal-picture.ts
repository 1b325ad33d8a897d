/**
 * Draws docs/images/demo.svg from docs/images/demo.txt: the output of `npm run --silent demo`, from the first round to the third.
 *
 *     npm run --silent demo | npm run --silent docs:pictures    replaces the text, then draws
 *     npm run --silent docs:pictures < /dev/null                draws the text that is there
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { terminalPicture } from './terminal-svg';

const FOLDER = join(__dirname, '..', 'docs', 'images');
const TEXT = join(FOLDER, 'demo.txt');

/** The rounds of the demo, without the catalogs and deployments that follow. */
function roundsOf(output: string): string {
  const rounds = output.match(/^Round 1:[\s\S]*?(?=^PULLS are )/m)?.[0];
  if (rounds === undefined) throw new Error('The output has no "Round 1:" to "PULLS are": pipe the output of "npm run --silent demo".');
  return `$ npm run demo\n\n${rounds.trimEnd()}\n`;
}

const output = readFileSync(0, 'utf8');
if (output !== '') writeFileSync(TEXT, roundsOf(output));
writeFileSync(join(FOLDER, 'demo.svg'), terminalPicture(readFileSync(TEXT, 'utf8'), 'Output of npm run demo: three rounds of six images'));
