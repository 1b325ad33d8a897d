import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { build } from 'esbuild';

const ROOT = path.join(__dirname, '..', '..');
const FOLDER = path.join(ROOT, '.tools', 'synth');

/** What users never load: it is bundled into the assets. */
const BUNDLED = ['builds', 'cli', 'engine', 'handlers'];

export type AppName = 'empty-app' | 'mirror-app' | 'deployment-app';

const APPS: readonly AppName[] = ['empty-app', 'mirror-app', 'deployment-app'];

/**
 * Compiles the library as it is published, file by file beside its assets, and the measured apps beside it as its users write them.
 *
 * @returns the file of an app, for Node
 */
export async function compileLibrary(): Promise<(app: AppName) => string> {
  await rm(FOLDER, { recursive: true, force: true });
  const library = path.join(FOLDER, 'node_modules', 'cdk-ecr-mirror');
  await mkdir(library, { recursive: true });
  await writeFile(path.join(library, 'package.json'), JSON.stringify({ name: 'cdk-ecr-mirror', main: 'lib/index.js' }));
  await cp(path.join(ROOT, 'assets'), path.join(library, 'assets'), { recursive: true });
  const compiled = { absWorkingDir: ROOT, platform: 'node', target: 'node20', format: 'cjs', logLevel: 'warning' } as const;
  await build({ ...compiled, entryPoints: await sources(), outbase: 'src', outdir: path.join(library, 'lib') });
  await build({
    ...compiled,
    entryPoints: APPS.map((app) => path.join(__dirname, 'apps', `${app}.ts`)),
    outdir: FOLDER,
    bundle: true,
    external: ['aws-cdk-lib', 'aws-cdk-lib/*', 'constructs', 'cdk-ecr-mirror'],
    tsconfigRaw: {}, // that of the checkout leads to the sources
  });
  return (app) => path.join(FOLDER, `${app}.js`);
}

async function sources(): Promise<string[]> {
  const files = await readdir(path.join(ROOT, 'src'), { recursive: true });
  return files.filter((file) => file.endsWith('.ts') && !BUNDLED.includes(file.split(path.sep)[0])).map((file) => path.join('src', file));
}
