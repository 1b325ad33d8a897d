import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { CatalogueImages, CatalogueParser } from '../../image/catalogue-images';
import { quote } from '../../image/image-reference';
import { requireLiteral } from '../literal';

/** The bundled parser, at the root of the package: as far from `src/infrastructure/catalogue` as from `lib/infrastructure/catalogue`. */
export const PARSER_FILE = path.join(__dirname, '..', '..', '..', 'assets', 'catalogue', 'catalogue-images.js');

/** An error names so many problems of a file. */
const MOST_PROBLEMS = 10;

/**
 * Reads a catalogue of the app.
 *
 * @throws Error when there is no such file, and naming what is wrong with each of its entries
 */
export function readCatalogueFile(file: string, repositoryPrefix: string): CatalogueImages {
  requireLiteral(file, 'the path of a catalogue', 'write the path of a file of the app');
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new Error(`the catalogue ${quote(file)} is no file in ${quote(process.cwd())}; write the path of a file in YAML or JSON, for example path.join(__dirname, "images.yaml")`);
  }
  const read = loadParser().catalogueImages(readFileSync(file, 'utf8'), repositoryPrefix);
  const { problems } = read;
  if (problems.length === 0) return read;
  const more = problems.length > MOST_PROBLEMS ? [`and ${problems.length - MOST_PROBLEMS} more`] : [];
  throw new Error([`the catalogue ${quote(file)} has ${problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`}:`, ...problems.slice(0, MOST_PROBLEMS), ...more].join('\n'));
}

/** Loaded only here: an app without such a file does not wait for it. */
function loadParser(): CatalogueParser {
  if (!existsSync(PARSER_FILE)) throw new Error(`the parser of catalogues is not bundled: ${JSON.stringify(PARSER_FILE)} does not exist; run "npx projen bundle"`);
  return createRequire(__filename)(PARSER_FILE) as CatalogueParser;
}
