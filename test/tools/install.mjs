// Builds the tools that the interop tests and the benchmark compare with, each at the version that its go.mod pins, into .tools/bin: all of them, or those named as arguments.
// What is there at that version stays. Without Go nothing is built, and whoever needs a tool says that it is missing.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const bin = fileURLToPath(new URL('../../.tools/bin/', import.meta.url));

// Programs that are told their version when they are built, and otherwise do not know it.
const VERSION_VARIABLES = { buildx: 'github.com/docker/buildx/version.Version' };

// Parts that are chosen when a program is built: this one leaves out a library in C.
const BUILD_TAGS = { zot: 'containers_image_openpgp' };

function go(args, options = {}) {
  return spawnSync('go', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], ...options, env: { ...process.env, CGO_ENABLED: '0', ...options.env } });
}

/** The program's package and the exact version of its module, as the tool's own go.mod says. */
function pinOf(name) {
  const text = readFileSync(`${here}${name}/go.mod`, 'utf8');
  const program = /^tool (\S+)$/m.exec(text)?.[1];
  const required = [...text.matchAll(/^(?:require )?\s*(\S+) (v\S+)/gm)].find(([, module]) => program === module || program?.startsWith(`${module}/`));
  // A program of this project is beside its go.mod.
  if (program === undefined) return { program: '.', version: 'of this project' };
  if (!required) throw new Error(`${here}${name}/go.mod does not say which version of ${program} it pins`);
  return { program, version: required[2] };
}

/** The version of the module that a program was built from, as Go keeps it in the program. */
function builtVersion(file, program) {
  if (!existsSync(file)) return undefined;
  const lines = go(['version', '-m', file], { stdio: ['ignore', 'pipe', 'ignore'] }).stdout.split('\n').map((line) => line.trim().split(/\s+/));
  return lines.find(([kind, module]) => (kind === 'mod' || kind === 'dep') && `${program}/`.startsWith(`${module}/`))?.[2];
}

function install(name) {
  const { program, version } = pinOf(name);
  const file = `${bin}${name}`;
  if (program !== '.' && builtVersion(file, program) === version) return true;
  console.error(`building ${name} ${version} ...`);
  const variable = VERSION_VARIABLES[name];
  const flags = `-s -w${variable ? ` -X ${variable}=${version}` : ''}`;
  const { status } = go(['build', '-trimpath', '-buildvcs=false', `-tags=${BUILD_TAGS[name] ?? ''}`, `-ldflags=${flags}`, '-o', file, program], { cwd: `${here}${name}` });
  if (status !== 0) console.error(`${name} ${version} cannot be built here`);
  return status === 0;
}

const all = readdirSync(here, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);
const names = process.argv.length > 2 ? process.argv.slice(2) : all;
if (go(['version'], { stdio: 'ignore' }).status !== 0) {
  console.error(`Go is not installed, so these are not built here: ${names.join(', ')}`);
} else {
  mkdirSync(bin, { recursive: true });
  const missing = names.filter((name) => !install(name));
  process.exitCode = missing.length > 0 ? 1 : 0;
}
