/**
 * Bundles what runs outside CDK, each part into one file with the licences of everything in it:
 * the engine that CodeBuild runs (its folder is the project's S3 source) and the command line.
 */
import * as path from 'node:path';
import { build } from 'esbuild';
import licences from 'esbuild-plugin-license';

const root = path.join(__dirname, '..');

async function bundle(entry: string, outfile: string, banner = '') {
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    minify: true,
    keepNames: true, // errors name their class
    legalComments: 'none', // all licences are in the file beside it
    banner: { js: banner },
    logLevel: 'warning',
    plugins: [licences({ thirdParty: { output: { file: path.join(root, path.dirname(outfile), 'THIRD-PARTY-LICENSES.txt') } } })],
  });
}

async function main() {
  await Promise.all([
    bundle('src/engine/main.ts', 'assets/engine/mirror.js'),
    bundle('src/cli/main.ts', 'assets/cli/cdk-ecr-mirror.js', '#!/usr/bin/env node'),
  ]);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
