import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { parse } from 'yaml';

const root = path.join(__dirname, '..', '..');
const folder = path.join(root, '.github', 'ISSUE_TEMPLATE');
const read = (file: string) => parse(readFileSync(path.join(folder, file), 'utf8'));
const forms = readdirSync(folder).filter((file) => file !== 'config.yml');

test.each(forms)('%s is a form that GitHub accepts: fields with unique ids, labels, and types that exist', (file) => {
  const { name, description, body } = read(file);
  expect([typeof name, typeof description]).toEqual(['string', 'string']);
  const fields = body.filter(({ type }: { type: string }) => type !== 'markdown') as { type: string; id: string; attributes: { label: string } }[];
  expect(new Set(fields.map(({ id }) => id)).size).toBe(fields.length);
  for (const { type, attributes } of fields) {
    expect(['input', 'textarea', 'dropdown', 'checkboxes']).toContain(type);
    expect(attributes.label).toMatch(/\w/);
  }
});

test('bugs, features, and registries have a form', () => {
  expect(forms.sort()).toEqual(['bug.yml', 'feature.yml', 'registry.yml']);
});

test('a vulnerability is reported in private, as SECURITY.md says too', () => {
  const [contact] = read('config.yml').contact_links;
  expect(contact.url).toMatch(/\/security\/advisories\/new$/);
  expect(readFileSync(path.join(root, 'SECURITY.md'), 'utf8')).toContain(contact.url);
});
