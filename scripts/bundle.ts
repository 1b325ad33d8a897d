/**
 * Bundles what runs outside CDK, each part into one file with the licenses of everything in it:
 * the engine, the program for customized images and the program for decisions that CodeBuild runs (their folders are the projects' S3 sources), the
 * functions that Lambda runs, the parser of catalogs that constructs use at synthesis, and the command line. A software bill of materials describes them all.
 */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { build, Metafile, Plugin } from 'esbuild';
import licenses, { Dependency } from 'esbuild-plugin-license';
import { checkLicenses, checkNotices, packagesOf, writeBillOfMaterials } from './bundle-contents';

const root = path.join(__dirname, '..');

/** Every package with its license's text; packages that share a text are listed above it. */
function licenseTexts(packages: readonly Dependency[]): string {
  const packagesByText = new Map<string, string[]>();
  for (const { packageJson: { name, version, license }, licenseText } of packages) {
    // Packages of the AWS SDK say Apache-2.0 and leave the text out; it is the same as this project's own.
    const text = licenseText.trim() || (license === 'Apache-2.0' ? readFileSync(path.join(root, 'LICENSE'), 'utf8').trim() : '');
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

/** The command `start` is a file of its own: Node reads what it is given to the end before it begins, and the AWS SDK is long. */
const startApart: Plugin = {
  name: 'start-apart',
  setup: ({ onResolve }) => onResolve({ filter: /\/commands\/start-command\.js$/ }, () => ({ path: '../start/start-command.js', external: true })),
};

/** What starts builds of customized images is a file of its own for the same reason. */
const customBuildApart: Plugin = {
  name: 'custom-build-apart',
  setup: ({ onResolve }) => onResolve({ filter: /\/start-custom-build\.js$/ }, () => ({ path: './custom-builds/start-custom-build.js', external: true })),
};

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
    plugins: [undiciCore, startApart, customBuildApart, licenses({
      thirdParty: { output: { file: licenseFile, template: licenseTexts } },
    })],
  });
  checkLicenses(metafile, licenseFile);
  checkNotices(packagesOf(metafile));
  return metafile;
}

async function main() {
  const metafiles = await Promise.all([
    bundle('src/engine/main.ts', 'assets/engine/mirror.js'),
    bundle('src/engine/customize/start-custom-build.ts', 'assets/engine/custom-builds/start-custom-build.js'),
    bundle('src/engine/customize/main.ts', 'assets/customize/customize.js'),
    bundle('src/engine/decisions/main.ts', 'assets/decide/decide.js'),
    bundle('src/engine/catalog/catalog-images.ts', 'assets/catalog/catalog-images.js'),
    bundle('src/handlers/main.ts', 'assets/handlers/handlers.js'),
    bundle('src/cli/main.ts', 'assets/cli/cdk-ecr-mirror.js', '#!/usr/bin/env node'),
    bundle('src/cli/commands/start-command.ts', 'assets/start/start-command.js'),
  ]);
  writeBillOfMaterials(metafiles, path.join(root, 'assets', 'sbom.cdx.json'));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
