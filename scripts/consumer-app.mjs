// Installs the package that `npm run build:package` made in an app outside of this repository, compiles and runs the app, and checks what it writes.
// It does so with the oldest supported aws-cdk-lib and with the newest one that is pinned here. The app is test/consumer-app.
// `node scripts/consumer-app.mjs [<tarball>]`; npm is used as it is configured.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));
const { peerDependencies } = readJson(path.join(root, 'package.json'));
const lowest = (name) => peerDependencies[name].replace(/^[^0-9]*/, '');

/** The versions of the peers. The newest ones change by hand: run `npm view aws-cdk-lib version`. */
const PEERS = [
  { 'aws-cdk-lib': lowest('aws-cdk-lib'), 'constructs': lowest('constructs') },
  { 'aws-cdk-lib': '2.276.0', 'constructs': '10.8.1' },
];

/** The apps of test/consumer-app: that of the owner, and that of a team that imports the mirror. */
const APPS = readdirSync(path.join(root, 'test', 'consumer-app')).filter((file) => file.endsWith('.ts')).map((file) => path.basename(file, '.ts'));

/** Their ids name what users keep: images, schedules, and what a deployment compares. */
const LASTING_TYPES = ['AWS::ECR::Repository', 'AWS::Scheduler::Schedule', 'AWS::Scheduler::ScheduleGroup', 'Custom::ImageMirror'];

function tarball() {
  const folder = path.join(root, 'dist', 'js');
  const [file, ...more] = process.argv[2] ? [path.resolve(process.argv[2])] : readdirSync(folder).filter((name) => name.endsWith('.tgz')).map((name) => path.join(folder, name));
  if (file === undefined || more.length > 0) throw new Error(`there must be one package in ${folder}; delete the folder and run "npm run build:package"`);
  return file;
}

/** Runs a program in the app's folder. @throws Error with what it printed, when it fails */
async function run(folder, program, ...args) {
  await promisify(execFile)(program, args, { cwd: folder, maxBuffer: 64 * 1024 * 1024 }).catch(({ message, stdout, stderr }) => {
    throw new Error(`${message}\n${stdout}${stderr}`);
  });
}

async function install(folder, peers) {
  const ofRepository = (name) => readJson(path.join(root, 'node_modules', name, 'package.json')).version;
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({
    private: true,
    dependencies: { ...peers, 'cdk-ecr-mirror': `file:${tarball()}` },
    devDependencies: { '@types/node': ofRepository('@types/node'), 'typescript': ofRepository('typescript') },
  }));
  await run(folder, 'npm', 'install', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel', 'error');
  for (const [name, version] of Object.entries(peers)) assert.equal(readJson(path.join(folder, 'node_modules', name, 'package.json')).version, version);
}

/** The package brings nothing along: all that it needs at run time is bundled, or a peer. */
function checkPackage(folder) {
  const own = path.join(folder, 'node_modules', 'cdk-ecr-mirror');
  const { dependencies = {}, optionalDependencies = {}, bundledDependencies = [], peerDependencies: peers } = readJson(path.join(own, 'package.json'));
  assert.deepEqual([dependencies, optionalDependencies, bundledDependencies], [{}, {}, []]);
  assert.deepEqual(Object.keys(peers).sort(), ['aws-cdk-lib', 'constructs']);
  assert.ok(!existsSync(path.join(own, 'node_modules')), 'the package contains node_modules');
}

async function compileAndRun(folder) {
  cpSync(path.join(root, 'test', 'consumer-app'), folder, { recursive: true });
  const options = { strict: true, target: 'ES2022', module: 'commonjs', types: ['node'], noUnusedLocals: true, skipLibCheck: false };
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['*.ts'] }));
  await run(folder, process.execPath, 'node_modules/typescript/bin/tsc', '-p', '.');
  for (const app of APPS) await run(folder, process.execPath, `${app}.js`, 'synthesized');
  await run(folder, process.execPath, 'node_modules/cdk-ecr-mirror/assets/cli/cdk-ecr-mirror.js', '--version');
}

/** The templates of a form of the app by the ids of their stacks, with the file of each. */
function templatesOf(folder, form) {
  const files = readdirSync(path.join(folder, 'synthesized', form), { recursive: true }).filter((file) => file.endsWith('.template.json'));
  return Object.fromEntries(['Platform', 'Workload'].map((stack) => {
    const own = files.filter((file) => path.basename(file).includes(stack)).map((file) => path.join(folder, 'synthesized', form, file));
    assert.equal(own.length, 1, `${form} has ${own.length} templates of ${stack}`);
    return [stack, { file: own[0], ...readJson(own[0]) }];
  }));
}

function lastingIds({ Resources }) {
  return Object.entries(Resources).filter(([, { Type }]) => LASTING_TYPES.includes(Type)).map(([id, { Type }]) => `${Type} ${id}`).sort();
}

function checkTemplates(folder) {
  const [app, ...others] = ['app', 'stage', 'pipeline'].map((form) => ({ form, templates: templatesOf(folder, form) }));
  for (const stack of ['Platform', 'Workload']) {
    const ids = lastingIds(app.templates[stack]);
    for (const type of ['AWS::ECR::Repository', 'AWS::Scheduler::Schedule', 'Custom::ImageMirror']) assert.ok(ids.some((id) => id.startsWith(type)), `${stack} has no ${type}`);
    for (const { form, templates } of others) assert.deepEqual(lastingIds(templates[stack]), ids, `the ids of ${stack} in a ${form} are not those in an app`);
  }
  checkEngine(app.templates.Platform);
}

/** The engine is an asset: the source of the project that mirrors. */
function checkEngine({ file, Resources }) {
  const sources = Object.values(Resources).filter(({ Type }) => Type === 'AWS::CodeBuild::Project').map(({ Properties }) => JSON.stringify(Properties.Source.Location));
  const { files } = readJson(file.replace('.template.json', '.assets.json'));
  const engines = Object.entries(files).filter(([, { source }]) => existsSync(path.join(path.dirname(file), source.path, 'mirror.js')));
  assert.equal(engines.length, 1, 'the engine is not an asset');
  assert.ok(sources.some((source) => source.includes(engines[0][0])), 'no project has the engine as its source');
}

/** An app that imports the mirror has literal names, waits for no export, and defines no repository. */
function checkImported(folder) {
  const output = path.join(folder, 'synthesized', 'imported');
  for (const file of readdirSync(output).filter((name) => name.endsWith('.template.json'))) {
    const text = readFileSync(path.join(output, file), 'utf8');
    assert.match(text, /mirror\/nginx:stable/, `${file} does not use the mirror`);
    assert.doesNotMatch(text, /Fn::ImportValue|AWS::ECR::Repository"/, `${file} depends on the stack of the mirror`);
  }
}

async function check(peers) {
  const started = performance.now();
  const folder = mkdtempSync(path.join(tmpdir(), 'consumer-app-'));
  try {
    await install(folder, peers);
    checkPackage(folder);
    await compileAndRun(folder);
    checkTemplates(folder);
    if (APPS.includes('imported')) checkImported(folder);
    console.error(`consumer app with aws-cdk-lib ${peers['aws-cdk-lib']}: passed in ${Math.round((performance.now() - started) / 1000)} s`);
  } catch (error) {
    process.exitCode = 1;
    console.error(`consumer app with aws-cdk-lib ${peers['aws-cdk-lib']}: FAILED: ${error.message}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await Promise.all(PEERS.map(check));
