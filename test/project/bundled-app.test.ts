/** Apps that are bundled into one file, as apps for AWS Lambda and some command lines are. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { buildSync, BuildOptions } from 'esbuild';
import { withFolder } from '../support/with-folder';

const ROOT = path.join(__dirname, '..', '..');
const LIBRARIES = ['aws-cdk-lib', 'constructs'];

const APP = `
import { App, Stack } from 'aws-cdk-lib';
import { ImageMirror } from 'cdk-ecr-mirror';
const app = new App({ outdir: 'cdk.out' });
new ImageMirror(new Stack(app, 'Platform'), 'Mirror', { images: ['nginx:stable'] });
console.log(Object.keys(app.synth().getStackByName('Platform').template.Resources).length > 10 ? 'synthesized' : 'empty');
`;

const folder = withFolder();

/** Bundles the app and runs it. Returns what it prints. */
function bundleAndRun(options: BuildOptions): string {
  writeFileSync(path.join(folder, 'app.mjs'), APP);
  mkdirSync(path.join(folder, 'node_modules'), { recursive: true });
  for (const name of LIBRARIES) symlinkSync(path.join(ROOT, 'node_modules', name), path.join(folder, 'node_modules', name));
  const outfile = path.join(folder, 'dist', options.format === 'esm' ? 'app.mjs' : 'app.cjs');
  buildSync({ entryPoints: [path.join(folder, 'app.mjs')], bundle: true, platform: 'node', outfile, logLevel: 'silent', ...options });
  const { stdout, stderr } = spawnSync(process.execPath, [outfile], { cwd: folder, encoding: 'utf8', env: { PATH: process.env.PATH } });
  return `${stdout}${stderr}`;
}

/** The package as it is installed, with its code in one file of `lib/project`. */
function installPackage(): void {
  const installed = path.join(folder, 'node_modules', 'cdk-ecr-mirror');
  mkdirSync(installed, { recursive: true });
  writeFileSync(path.join(installed, 'package.json'), JSON.stringify({ name: 'cdk-ecr-mirror', main: 'lib/project/index.js' }));
  cpSync(path.join(ROOT, 'assets'), path.join(installed, 'assets'), { recursive: true });
  const outfile = path.join(installed, 'lib', 'project', 'index.js');
  buildSync({ entryPoints: [path.join(ROOT, 'src', 'index.ts')], bundle: true, platform: 'node', outfile, external: LIBRARIES, logLevel: 'silent' });
}

test.each(['cjs', 'esm'] as const)('an app that is bundled together with the library says which packages to mark as external (%s)', (format) => {
  const output = bundleAndRun({ format, alias: { 'cdk-ecr-mirror': path.join(ROOT, 'src', 'index.ts') }, external: LIBRARIES });
  expect(output).toMatch(/Error: the engine is missing: ".*mirror\.js" does not exist, because the app is bundled together with cdk-ecr-mirror/);
  expect(output).toContain('--external:cdk-ecr-mirror --external:aws-cdk-lib --external:constructs');
  expect(output).not.toContain('projen');
});

test('an app with the external packages works', () => {
  installPackage();
  expect(bundleAndRun({ format: 'cjs', external: [...LIBRARIES, 'cdk-ecr-mirror'] })).toContain('synthesized');
});
