import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import type { Metafile } from 'esbuild';
import { checkLicenses, packagesOf, writeBillOfMaterials } from '../../scripts/bundle-contents';

const root = path.join(__dirname, '..', '..');
const assets = path.join(root, 'assets');
const LICENSES = 'THIRD-PARTY-LICENSES.txt';
const files = readdirSync(assets, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
const billOfMaterials = readFileSync(path.join(assets, 'sbom.cdx.json'), 'utf8');

/** A bundle of one file of semver, as esbuild would describe it. */
const metafile: Metafile = {
  inputs: { 'node_modules/semver/index.js': { bytes: 1, imports: [] } },
  outputs: { 'bundle.js': { bytes: 1, imports: [], exports: [], inputs: { 'node_modules/semver/index.js': { bytesInOutput: 1 } } } },
};
const [semver] = packagesOf(metafile);

/** The packages of a license file, as "name version". */
function licensed(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^((?:@[\w-]+\/)?[\w.-]+ \d+\.\d+\.\d+\S*) \(.+\)$/gm)].map(([, name]) => name);
}

test('each folder with a bundle has the licenses of its packages', () => {
  const folders = [...new Set(files.filter(({ name }) => name.endsWith('.js')).map(({ parentPath }) => parentPath))];
  expect(folders.length).toBeGreaterThan(5);
  for (const folder of folders) expect(licensed(path.join(folder, LICENSES))).not.toEqual([]);
});

test('the bill of materials has exactly the packages that have a license in a bundle', () => {
  const licenses = files.filter(({ name }) => name === LICENSES).flatMap(({ parentPath }) => licensed(path.join(parentPath, LICENSES)));
  const components = JSON.parse(billOfMaterials).components as { group?: string; name: string; version: string }[];
  const listed = components.map(({ group, name, version }) => `${group ? `${group}/` : ''}${name} ${version}`);
  // A package can be installed twice, for packages that need different versions.
  expect([...new Set(listed)].sort()).toEqual([...new Set(licenses)].sort());
});

test('each package of the bill of materials has a license and an address of the package', () => {
  for (const component of JSON.parse(billOfMaterials).components) {
    expect(component).toMatchObject({ licenses: [expect.anything()], purl: expect.stringMatching(/^pkg:npm\//) });
  }
});

test('the bill of materials has nothing that differs from build to build', () => {
  expect(billOfMaterials).not.toMatch(/"timestamp"|"serialNumber"/);
  expect(billOfMaterials).not.toContain(root);
});

test('the same bundles give the same valid bill of materials', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sbom-'));
  const write = (name: string) => {
    writeBillOfMaterials([metafile], path.join(folder, name));
    return readFileSync(path.join(folder, name), 'utf8');
  };
  const first = write('first.json');
  expect(JSON.parse(first)).toMatchObject({ bomFormat: 'CycloneDX', components: [{ name: 'semver', version: semver.version }] });
  expect(write('second.json')).toBe(first);
});

test('a bundle with a package that has no license fails', () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'licenses-')), LICENSES);
  writeFileSync(file, 'yaml 2.9.1 (ISC)\n');
  expect(() => checkLicenses(metafile, file)).toThrow(`has no license of semver ${semver.version}`);
  writeFileSync(file, `yaml 2.9.1 (ISC)\nsemver ${semver.version} (ISC)\n`);
  checkLicenses(metafile, file);
});

test('a package of which the bundle contains nothing needs no license', () => {
  const inputs = { 'node_modules/semver/index.js': { bytesInOutput: 0 } };
  expect(packagesOf({ ...metafile, outputs: { 'bundle.js': { bytes: 0, imports: [], exports: [], inputs } } })).toEqual([]);
});

test('the package contains what users need, and nothing else', () => {
  execFileSync(process.execPath, [path.join(root, 'scripts', 'package-contents.mjs')], { stdio: 'pipe' });
});
