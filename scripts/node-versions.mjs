// Runs selected tests of the programs that are published (engine, command, functions) on each supported version of Node, or on those named as arguments.
// `--except` runs them on the versions that are not named. `--path` prints the folder of a version's `node`, for PATH, after installing it.
// `--install` only installs the versions: packages of the npm registry, pinned here, in .tools/node-<version>.
// RANDOM_CASES=full runs all tests of the programs, as scheduled CI does; test/README.md documents it.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The oldest supported version, the oldest Node 22 that is tested, the newest Node 22, and the newest Node 24. */
const VERSIONS = ['20.18.1', '22.12.0', '22.23.3', '24.22.3'];
/** `test/customize` and the others test constructs, which run in the version of the CDK's user. */
const ALL_SUITES = ['test/engine', 'test/cli', 'test/handlers', 'test/codebuild'];
/**
 * What depends on the version of Node: the programs as they are published, their timers and signals, connections, uploads, and memory.
 * The logic of the engine is the same on all versions, so all of its tests run on one of them, and on the others in scheduled CI.
 */
const SELECTED_SUITES = [
  'test/engine/(main|run-signal).test', 'test/engine/mirror-image.(test|hostile-upstreams|networks|uploads).test', 'test/cli/(command-line|start-engine).test',
  'test/handlers/on-event', 'test/codebuild/start-builds',
];
const SUITES = process.env.RANDOM_CASES === 'full' ? ALL_SUITES : SELECTED_SUITES;

/** The test of the peak of memory. */
const MEMORY = 'test/engine/memory.test.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const program = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;

const folderOf = (version) => path.join(root, '.tools', `node-${version}`);
const nodeOf = (version) => path.join(folderOf(version), 'node_modules', program, 'bin', 'node');

/** Installs a version, unless it is there. @throws Error when npm fails */
function install(version) {
  if (existsSync(nodeOf(version))) return;
  console.error(`installing ${program} ${version} ...`);
  mkdirSync(folderOf(version), { recursive: true });
  const words = ['install', '--prefix', folderOf(version), '--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel', 'error', `${program}@${version}`];
  const { status } = spawnSync('npm', words, { cwd: folderOf(version), stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`cannot install ${program} ${version}`);
}

/** Whether the tests pass. Programs that tests start by the name `node` are of this version too. */
function test(version, extra) {
  const node = nodeOf(version);
  const actual = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.trim();
  if (actual !== `v${version}`) throw new Error(`${node} is of version ${actual}, not ${version}`);
  console.error(`Node ${version}:`);
  const started = performance.now();
  const env = { ...process.env, CI: 'true', PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}` };
  const jest = (...words) => spawnSync(node, ['node_modules/jest/bin/jest.js', '--silent', ...extra, ...words], { cwd: root, stdio: 'inherit', env }).status === 0;
  // Beside other tests, garbage collections are late, and a copy needs up to 20 MB more. So memory is measured when nothing else runs.
  const passed = [jest(...SUITES, '--testPathIgnorePatterns', '/node_modules/', MEMORY), jest(MEMORY)].every(Boolean);
  console.error(`Node ${version}: ${passed ? 'passed' : 'FAILED'} in ${Math.round((performance.now() - started) / 1000)} s`);
  return passed;
}

const words = process.argv.slice(2);
const named = words.filter((word) => /^[0-9]/.test(word));
const unknown = named.filter((version) => !VERSIONS.includes(version));
if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: not a tested version; use ${VERSIONS.join(', ')}`);
const OWN_OPTIONS = ['--install', '--except', '--path'];
const isChosen = (version) => words.includes('--except') ? !named.includes(version) : named.length === 0 || named.includes(version);
const versions = VERSIONS.filter(isChosen);
versions.forEach(install);
if (words.includes('--path')) {
  console.log(versions.map((version) => path.dirname(nodeOf(version))).join(path.delimiter));
} else if (!words.includes('--install')) {
  const failed = versions.filter((version) => !test(version, words.filter((word) => word.startsWith('--') && !OWN_OPTIONS.includes(word))));
  if (failed.length > 0) console.error(`failed on Node ${failed.join(', ')}`);
  process.exitCode = failed.length > 0 ? 1 : 0;
}
