/**
 * Bundles what runs outside CDK, each part into one file with the licenses of everything in it:
 * the engine, the program for customized images and the program for decisions that CodeBuild runs (their folders are the projects' S3 sources), the
 * functions that Lambda runs, the parser of catalogs that constructs use at synthesis, and the command line. A software bill of materials describes
 * them all.
 */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { build, Metafile, Plugin } from 'esbuild';
import licenses, { Dependency } from 'esbuild-plugin-license';
import { addMissingLicenses, checkLicenses, checkNotices, packagesOf, writeBillOfMaterials } from './bundle-contents';

const root = path.join(__dirname, '..');

/** The text of the ISC license, for packages of npm that only name the license and their author. @see https://spdx.org/licenses/ISC.html */
function iscText(author: string): string {
  return `ISC License

Copyright (c) ${author}

Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, provided that the above
copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN
CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.`;
}

/** The text of a license that a package names and leaves out; empty when it is not known. */
function omittedText({ author, license, name }: Dependency['packageJson']): string {
  // Packages of the AWS SDK. The text is the same as this project's own.
  if (license === 'Apache-2.0') return readFileSync(path.join(root, 'LICENSE'), 'utf8').trim();
  const holder = typeof author === 'string' ? author : (author as { readonly name?: string } | undefined)?.name;
  return license === 'ISC' && name.startsWith('@npmcli/') && holder !== undefined ? iscText(holder) : '';
}

/** Every package with its license's text; packages that share a text are listed above it. */
function licenseTexts(packages: readonly Dependency[]): string {
  const packagesByText = new Map<string, string[]>();
  for (const { packageJson, licenseText } of packages) {
    const { name, version, license } = packageJson;
    const text = licenseText.trim() || omittedText(packageJson);
    if (text === '') throw new Error(`${name} has no license text (${license}); it cannot be bundled`);
    packagesByText.set(text, [...packagesByText.get(text) ?? [], `${name} ${version} (${license})`]);
  }
  const rule = '='.repeat(80);
  return [...packagesByText].map(([text, names]) => `${rule}\n${names.join('\n')}\n${rule}\n\n${text}\n`).join('\n');
}

/** In place of all of undici, the part that is used. */
const undiciCore: Plugin = {
  name: 'undici-core',
  setup: ({ onResolve }) => onResolve({ filter: /^undici$/ }, () => ({ path: path.join(root, 'scripts', 'undici-core.mjs') })),
};

/** The commands for deployed mirrors are a file of their own: Node reads what it is given to the end before it begins, and the AWS SDK is long. */
const startApart: Plugin = {
  name: 'start-apart',
  setup: ({ onResolve }) => onResolve({ filter: /\/commands\/deployed-commands\.js$/ }, () => ({ path: '../start/start-command.js', external: true })),
};

/** What starts builds of customized images is a file of its own for the same reason. */
const customBuildApart: Plugin = {
  name: 'custom-build-apart',
  setup: ({ onResolve }) => onResolve({ filter: /\/start-custom-build\.js$/ }, () => ({ path: './custom-builds/start-custom-build.js', external: true })),
};

/** What a command needs alone is a file of its own for the same reason: the client of The Update Framework. */
const trustRootApart: Plugin = {
  name: 'trust-root-apart',
  setup: ({ onResolve }) => onResolve({ filter: /\/commands\/trust-root-command\.js$/ }, () => {
    return { path: '../trust-root/trust-root-command.js', external: true };
  }),
};

const SIGNATURE_CHECK = 'assets/engine/signatures/signature-check.js';

/** The check of signatures loads libraries for cryptography. Only runs that check signatures load it; the engine and the command line share it. */
function signaturesApart(outfile: string): Plugin {
  const file = path.posix.relative(path.posix.dirname(outfile), SIGNATURE_CHECK);
  return {
    name: 'signatures-apart',
    setup: ({ onResolve }) => onResolve({ filter: /\/signature-check\.js$/ }, () => {
      return { path: file.startsWith('.') ? file : `./${file}`, external: true };
    }),
  };
}

async function bundle(entry: string, outfile: string, banner = ''): Promise<Metafile> {
  const licenseFile = path.join(root, path.dirname(outfile), 'THIRD-PARTY-LICENSES.txt');
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    metafile: true,
    platform: 'node',
    target: 'node20',
    minify: true,
    keepNames: true, // errors name their class
    legalComments: 'none', // all licenses are in the file beside it
    banner: { js: banner },
    logLevel: 'warning',
    plugins: [undiciCore, startApart, customBuildApart, trustRootApart, signaturesApart(outfile), licenses({
      thirdParty: { output: { file: licenseFile, template: licenseTexts } },
    })],
  });
  addMissingLicenses(metafile, licenseFile);
  checkLicenses(metafile, licenseFile);
  checkNotices(packagesOf(metafile));
  return metafile;
}

async function main() {
  const metafiles = await Promise.all([
    bundle('src/engine/main.ts', 'assets/engine/mirror.js'),
    bundle('src/engine/customize/start-custom-build.ts', 'assets/engine/custom-builds/start-custom-build.js'),
    bundle('src/engine/admission/signatures/signature-check.ts', SIGNATURE_CHECK),
    bundle('src/engine/customize/main.ts', 'assets/customize/customize.js'),
    bundle('src/engine/decisions/main.ts', 'assets/decide/decide.js'),
    bundle('src/engine/catalog/catalog-images.ts', 'assets/catalog/catalog-images.js'),
    bundle('src/handlers/main.ts', 'assets/handlers/handlers.js'),
    bundle('src/cli/main.ts', 'assets/cli/cdk-ecr-mirror.js', '#!/usr/bin/env node'),
    bundle('src/cli/commands/deployed-commands.ts', 'assets/start/start-command.js'),
    bundle('src/cli/commands/trust-root-command.ts', 'assets/trust-root/trust-root-command.js'),
  ]);
  writeBillOfMaterials(metafiles, path.join(root, 'assets', 'sbom.cdx.json'));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
