// The package as users get it, in a temporary folder, and the libraries that jsii generates from it.
import { mkdirSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { ROOT, run } from './programs.mjs';

/** The packed tarball. @throws Error when there is none, or more than one */
function tarball() {
  const folder = path.join(ROOT, 'dist', 'js');
  let names = [];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  } catch { /* the error below says it */ }
  if (names.length !== 1) throw new Error(`${folder} contains ${names.length} packages; delete the folder, and run "npm run build:package"`);
  return path.join(folder, names[0]);
}

/** Makes a temporary folder with node_modules: the package as packed, beside the peers and tools of this repository. */
export async function prepareWorkspace() {
  const file = tarball();
  const folder = mkdtempSync(path.join(tmpdir(), 'languages-'));
  mkdirSync(path.join(folder, 'node_modules', 'cdk-ecr-mirror'), { recursive: true });
  for (const name of ['aws-cdk-lib', 'constructs', 'tsx', 'typescript', '.bin']) {
    symlinkSync(path.join(ROOT, 'node_modules', name), path.join(folder, 'node_modules', name));
  }
  const own = path.join(folder, 'node_modules', 'cdk-ecr-mirror');
  await run('tar', ['-xzf', file, '-C', own, '--strip-components=1'], { cwd: folder });
  return { folder, tarball: file, package: own, libraries: path.join(folder, 'libraries') };
}

/** Generates the source code of the libraries of some languages, with translated examples. Compiles nothing. */
export async function generateLibraries({ folder, tarball: file, package: own, libraries }, targets) {
  await run(process.execPath, [
    path.join(ROOT, 'node_modules', 'jsii-pacmak', 'bin', 'jsii-pacmak'), own, '--code-only', '--no-npmignore',
    '--pack-command', `echo ${file}`, // the libraries contain the same tarball that npm installs
    '--rosetta-tablet', path.join(ROOT, '.jsii.tabl.json'), '--rosetta-unknown-snippets', 'verbatim',
    '--outdir', libraries, '--targets', ...targets,
  ], { cwd: folder });
}
