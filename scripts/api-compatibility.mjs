/**
 * Compares the API of this build with that of the last release on npm, so that no change of a stable API comes unnoticed.
 * Changes of experimental APIs are listed, and allowed. .compatignore has the changes of stable APIs that are meant.
 * Usage, after "npm run build:package": node scripts/api-compatibility.mjs [--against FOLDER]
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { name } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
/** Below node_modules, so that jsii-diff finds the packages that both builds depend on. */
const folder = path.join(root, 'node_modules', '.cache', 'last-release');

function npm(...args) {
  return spawnSync('npm', args, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' });
}

/** The version that npm has, or undefined where nothing has been released. */
function lastRelease() {
  const { status, stdout, stderr } = npm('view', name, 'version', '--json');
  if (status === 0) return JSON.parse(stdout);
  if (/E404/.test(stdout + stderr)) return undefined;
  throw new Error(`npm could not look up the last release of ${name}; check the network and run this again:\n${stderr}`);
}

function download(version) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const packed = npm('pack', `${name}@${version}`, '--pack-destination', folder);
  if (packed.status !== 0) throw new Error(`npm could not download ${name}@${version}; check the network and run this again:\n${packed.stderr}`);
  const [archive] = readdirSync(folder);
  spawnSync('tar', ['-xzf', archive], { cwd: folder, stdio: 'inherit' });
  return path.join(folder, 'package');
}

/** Prints all differences, and exits with jsii-diff's code. */
function compare(released) {
  if (!existsSync(path.join(root, '.jsii'))) throw new Error('there is no .jsii; run "npm run build:package" before this check');
  const program = path.join(root, 'node_modules', 'jsii-diff', 'bin', 'jsii-diff');
  const options = ['--default-stability', 'experimental', '--error-on', 'prod', '--keys', '--ignore-file', path.join(root, '.compatignore')];
  const env = { ...process.env, JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: process.versions.node.split('.')[0] };
  process.exitCode = spawnSync(process.execPath, [program, ...options, released, root], { stdio: 'inherit', env }).status ?? 1;
}

const against = process.argv.indexOf('--against');
const version = against < 0 ? lastRelease() : undefined;
if (against >= 0) {
  compare(path.resolve(process.argv[against + 1]));
} else if (version) {
  console.log(`comparing with ${name} ${version}`);
  compare(download(version));
} else {
  console.log(`NOTHING TO COMPARE: no version of ${name} has been released, so each API is new`);
}
