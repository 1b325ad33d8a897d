/** What bundles contain: the packages that esbuild read, their licenses, and the software bill of materials. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import type { Metafile } from 'esbuild';

const root = path.join(__dirname, '..');

export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
}

/** The packages of which a bundle contains at least one byte. */
export function packagesOf(metafile: Metafile): BundledPackage[] {
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  const contained = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file);
  const folders = new Set(contained.flatMap((file) => file.match(/^.*node_modules\/(@[^/]+\/)?[^/]+(?=\/)/)?.[0] ?? []));
  return [...folders].sort().map((folder) => {
    const { name, version } = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
    return { name, version, folder };
  });
}

/**
 * Adds the licenses that the plugin for esbuild does not find: those of packages that have another `package.json` beside their programs.
 *
 * Packages without a text stay out, and `checkLicenses()` fails for them.
 */
export function addMissingLicenses(metafile: Metafile, licenseFile: string): void {
  const missing = new Map(missingLicenses(metafile, licenseFile).map((bundled) => [nameOf(bundled), bundled]));
  for (const [name, { folder }] of missing) {
    const file = readdirSync(path.join(root, folder)).find((entry) => /^licen[cs]e(\.(md|txt))?$/i.test(entry));
    if (file === undefined) continue;
    const { license } = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
    const rule = '='.repeat(80);
    appendFileSync(licenseFile, `\n${rule}\n${name} (${license})\n${rule}\n\n${readFileSync(path.join(root, folder, file), 'utf8').trim()}\n`);
  }
}

function missingLicenses(metafile: Metafile, licenseFile: string): BundledPackage[] {
  const listed = new Set(readFileSync(licenseFile, 'utf8').split('\n').map((line) => line.replace(/ \([^()]*(\([^()]*\))?[^()]*\)$/, '')));
  return packagesOf(metafile).filter((bundled) => !listed.has(nameOf(bundled)));
}

function nameOf({ name, version }: BundledPackage): string {
  return `${name} ${version}`;
}

/** Fails unless the license file of a bundle has all packages of the bundle. */
export function checkLicenses(metafile: Metafile, licenseFile: string): void {
  const missing = missingLicenses(metafile, licenseFile).map(nameOf);
  if (missing.length > 0) throw new Error(`${licenseFile} has no license of ${missing.join(', ')}; see licenseTexts() in scripts/bundle.ts`);
}

/** Fails unless NOTICE has the text of each bundled package's own notice, as the Apache License requires. */
export function checkNotices(packages: readonly BundledPackage[]): void {
  const ours = readFileSync(path.join(root, 'NOTICE'), 'utf8');
  for (const { name, folder } of packages) {
    const file = readdirSync(path.join(root, folder)).find((entry) => /^notice(\.(md|txt))?$/i.test(entry));
    const text = file ? readFileSync(path.join(root, folder, file), 'utf8').trim() : '';
    if (!ours.includes(text)) throw new Error(`NOTICE does not contain the notice of ${name}; add the text of ${folder}/${file}`);
  }
}

/** Writes a CycloneDX bill of materials of several bundles. The same bundles give the same file. */
export function writeBillOfMaterials(metafiles: readonly Metafile[], file: string): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'metafile-'));
  try {
    const merged: Metafile = {
      inputs: Object.assign({}, ...metafiles.map(({ inputs }) => inputs)),
      outputs: Object.assign({}, ...metafiles.map(({ outputs }) => outputs)),
    };
    writeFileSync(path.join(folder, 'metafile.json'), JSON.stringify(merged));
    const program = path.join(root, 'node_modules', '@cyclonedx', 'cyclonedx-esbuild', 'bin', 'cyclonedx-esbuild-cli.js');
    const options = ['--build-working-dir', root, '--output-reproducible', '--validate', '--mc-type', 'library', '--output-file', file];
    execFileSync(process.execPath, [program, ...options, path.join(folder, 'metafile.json')], { cwd: root, stdio: 'pipe' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
