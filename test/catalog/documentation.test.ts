import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import { parse } from 'yaml';
import { catalogImages } from '../../src/engine/catalog/catalog-images';
import { MAX_CATALOG_BYTES } from '../../src/engine/catalog/catalog-syntax';
import { MAX_CATALOG_ENTRIES } from '../../src/image/catalog/catalog-entry';
import { MAX_SHARD_IMAGES } from '../../src/image/catalog/catalog-shard';

const ROOT = path.join(__dirname, '..', '..');
const PAGE = readFileSync(path.join(ROOT, 'docs', 'catalog.md'), 'utf8');
const SCHEMA = JSON.parse(readFileSync(path.join(ROOT, 'schemas', 'image-catalog-1.schema.json'), 'utf8'));
const [yaml] = [...PAGE.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text);
const [list] = [...PAGE.matchAll(/```text\n(.*?)```/gs)].map(([, text]) => text);

test('the examples of the page are catalogs', () => {
  expect(catalogImages(yaml, 'mirror')).toMatchObject({ problems: [], images: [{}, {}, { tags: 3, platforms: 2 }] });
  expect(catalogImages(list, 'mirror')).toMatchObject({ problems: [], images: [{}, {}, {}] });
  expect(new Ajv2020({ strict: true, strictRequired: false }).validate(SCHEMA, parse(yaml))).toBe(true);
});

test('the page names the schema by its address, each field of an entry, and the limits', () => {
  expect(yaml).toContain(`$schema=${SCHEMA.$id}\n`);
  for (const field of Object.keys(SCHEMA.$defs.entry.properties)) expect(PAGE).toContain(`| \`${field}\` |`);
  for (const field of Object.keys(SCHEMA.$defs.tags.properties)) expect(PAGE).toContain(`\`${field}\``);
  expect(PAGE).toContain(`A build mirrors at most ${MAX_SHARD_IMAGES} entries`);
  expect(PAGE).toContain(`${MAX_CATALOG_BYTES / 1024} KB, ${MAX_CATALOG_ENTRIES.toLocaleString('en')} images`);
});

test('every field of the schema says what it is for', () => {
  for (const properties of [SCHEMA.properties, SCHEMA.$defs.entry.properties, SCHEMA.$defs.tags.properties]) {
    for (const property of Object.values<{ $ref?: string; description?: string }>(properties)) {
      const { description } = property.$ref === undefined || property.description ? property : SCHEMA.$defs[property.$ref.split('/').pop()!];
      expect(description).toEqual(expect.any(String));
    }
  }
});
