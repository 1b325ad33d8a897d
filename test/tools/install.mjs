// Installs the tools that tests and the benchmark need into .tools: all of them, or those named as arguments. Each folder here is a tool, and a file in it pins its version:
// go.mod (built into .tools/bin), requirements.txt (a Python environment), or pom.xml (jars, and a Java program that uses them).
// A tool that has this version stays. If Go, Python, or Java is missing, its tools are not installed, and tests that need one of them say so.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const tools = fileURLToPath(new URL('../../.tools/', import.meta.url));
const bin = `${tools}bin/`;

/** What installs tools of each kind, the file that pins a tool, and the command that shows whether the kind is supported here. */
const KINDS = [
  { pin: 'go.mod', language: 'Go', commands: [['go', 'version']], install: installGo },
  { pin: 'requirements.txt', language: 'Python with venv', commands: [['python3', '-m', 'venv', '--help'], ['python3', '-m', 'ensurepip', '--version']], install: installPython },
  { pin: 'pom.xml', language: 'a JDK with Maven', commands: [['javac', '-version'], ['mvn', '-version']], install: installJava },
];

// Programs that are told their version when they are built, and otherwise do not know it.
const VERSION_VARIABLES = { buildx: 'github.com/docker/buildx/version.Version' };

// Parts that are chosen when a program is built: this one leaves out a library in C.
const BUILD_TAGS = { zot: 'containers_image_openpgp' };

const COPY_JARS = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';

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

function installGo(name) {
  const { program, version } = pinOf(name);
  const file = `${bin}${name}`;
  if (program !== '.' && builtVersion(file, program) === version) return true;
  console.error(`building ${name} ${version} ...`);
  mkdirSync(bin, { recursive: true });
  const variable = VERSION_VARIABLES[name];
  const flags = `-s -w${variable ? ` -X ${variable}=${version}` : ''}`;
  return go(['build', '-trimpath', '-buildvcs=false', `-tags=${BUILD_TAGS[name] ?? ''}`, `-ldflags=${flags}`, '-o', file, program], { cwd: `${here}${name}` }).status === 0;
}

/** Runs commands in the tool's new folder, one after the other, and marks the folder as complete: the mark is a copy of the files that pin the tool. */
function installInto(name, files, commands) {
  const folder = `${tools}${name}/`;
  const mark = `${folder}installed.txt`;
  const pinned = files.map((file) => readFileSync(`${here}${name}/${file}`, 'utf8')).join('\n');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === pinned) return true;
  console.error(`installing ${name} ...`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const file of files) cpSync(`${here}${name}/${file}`, `${folder}${file}`);
  const isInstalled = commands.every(([program, ...args]) => spawnSync(program, args, { cwd: folder, stdio: ['ignore', 2, 2] }).status === 0);
  if (isInstalled) writeFileSync(mark, pinned);
  return isInstalled;
}

function installPython(name) {
  return installInto(name, ['requirements.txt'], [
    ['python3', '-m', 'venv', 'venv'],
    ['venv/bin/python', '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--requirement', 'requirements.txt'],
  ]);
}

function installJava(name) {
  const sources = readdirSync(`${here}${name}`).filter((file) => file.endsWith('.java'));
  return installInto(name, ['pom.xml', ...sources], [
    ['mvn', '--quiet', '--batch-mode', COPY_JARS, '-DoutputDirectory=lib'],
    ['javac', '-cp', 'lib/*', '-d', 'classes', ...sources],
  ]);
}

const all = readdirSync(here, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);
const names = process.argv.length > 2 ? process.argv.slice(2) : all;
const unknown = names.filter((name) => !all.includes(name));
if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: not a tool; use ${all.join(', ')}`);
for (const { pin, language, commands, install } of KINDS) {
  const own = names.filter((name) => existsSync(`${here}${name}/${pin}`));
  if (own.length === 0) continue;
  if (commands.some(([program, ...args]) => spawnSync(program, args, { stdio: 'ignore' }).status !== 0)) {
    console.error(`${language} is missing, so these tools are not installed: ${own.join(', ')}`);
    continue;
  }
  for (const name of own.filter((one) => !install(one))) {
    console.error(`cannot install ${name}`);
    process.exitCode = 1;
  }
}
