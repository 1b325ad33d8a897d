import { existsSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';

/** A bundled program of this package. */
interface BundledProgram {
  /** The folder in the folder of bundled programs. */
  readonly folder: string;
  /** The name of the file without `.js`. */
  readonly file: string;
  /** The name in errors. */
  readonly name: string;
}

const ENGINE: BundledProgram = { folder: 'engine', file: 'mirror', name: 'the engine' };
const CUSTOMIZE: BundledProgram = { folder: 'customize', file: 'customize', name: 'the program for customized images' };
const DECIDE: BundledProgram = { folder: 'decide', file: 'decide', name: 'the program for decisions' };
const HANDLER_CODE: BundledProgram = { folder: 'handlers', file: 'handlers', name: 'the code of the handlers' };

/** The root of the package. Its path is the same from `src/project` and `lib/project`. A bundle of ECMAScript modules has no `__dirname`. */
const PACKAGE_ROOT = path.join(typeof __dirname === 'undefined' ? '.' : __dirname, '..', '..');

/** The folder of bundled programs. */
export const PROGRAMS_FOLDER = path.join(PACKAGE_ROOT, 'assets');

/** The name of this package. */
const PACKAGE = 'cdk-ecr-mirror';

/** The command of the project that mirrors images. */
export const ENGINE_COMMAND = nodeCommand(ENGINE);

/** The command of the privileged project that builds customized images. */
export const CUSTOMIZE_COMMAND = nodeCommand(CUSTOMIZE);

/** The command of the project that records decisions of people. */
export const DECIDE_COMMAND = nodeCommand(DECIDE);

/** The functions that AWS Lambda calls. */
export const HANDLERS = { ON_EVENT: `${HANDLER_CODE.file}.onEvent`, IS_COMPLETE: `${HANDLER_CODE.file}.isComplete` } as const;

/**
 * The only command of a build. It has no arguments, so no shell reads an image name or a Dockerfile line.
 *
 * `NODE_OPTIONS` is empty, because a build's variable could otherwise run any code, for example with `--import`.
 */
function nodeCommand({ file }: BundledProgram): string {
  return `NODE_OPTIONS= node ${file}.js`;
}

/**
 * Defines the asset with the engine.
 *
 * @throws Error when the engine is not bundled, which happens only in a checkout of this library
 */
export function defineEngineAsset(scope: Construct, id: string, programsFolder?: string): s3_assets.Asset {
  return new s3_assets.Asset(scope, id, { path: requireBundled(ENGINE, programsFolder) });
}

/**
 * Defines the asset with the program for customized images.
 *
 * @throws Error when the program is not bundled, which happens only in a checkout of this library
 */
export function defineCustomizeAsset(scope: Construct, id: string): s3_assets.Asset {
  return new s3_assets.Asset(scope, id, { path: requireBundled(CUSTOMIZE) });
}

/**
 * Defines the asset with the program for decisions.
 *
 * @throws Error when the program is not bundled, which happens only in a checkout of this library
 */
export function defineDecideAsset(scope: Construct, id: string): s3_assets.Asset {
  return new s3_assets.Asset(scope, id, { path: requireBundled(DECIDE) });
}

/**
 * The code of the custom resource's handlers.
 *
 * @throws Error when the code is not bundled, which happens only in a checkout of this library
 */
export function handlersCode(): lambda.Code {
  return lambda.Code.fromAsset(requireBundled(HANDLER_CODE));
}

/** The folder of a bundled program. */
function requireBundled({ folder, file, name }: BundledProgram, programsFolder: string = PROGRAMS_FOLDER): string {
  const program = path.join(programsFolder, folder, `${file}.js`);
  requireBundledFile(program, name);
  return path.dirname(program);
}

/**
 * Requires that a bundled file of this package exists.
 *
 * @param name the name of the file's content in the error
 * @throws Error when the file does not exist, which happens in an app that is bundled together with this library, and in a checkout of it
 */
export function requireBundledFile(file: string, name: string): void {
  if (existsSync(file)) return;
  if (isOwnPackage()) throw new Error(`${name} is not bundled: ${JSON.stringify(file)} does not exist; run "npx projen bundle"`);
  throw new Error(`${name} is missing: ${JSON.stringify(file)} does not exist, because the app is bundled together with ${PACKAGE}; `
    + `install ${PACKAGE}, aws-cdk-lib, and constructs, and mark them as external, because they need files beside their code. `
    + `esbuild: --external:${PACKAGE} --external:aws-cdk-lib --external:constructs; `
    + `webpack: externals: [/^(${PACKAGE}|aws-cdk-lib|constructs)(\\/|$)/], with externalsType "commonjs"`);
}

/** Whether this code is in the folder of its own package, and not in a bundle. */
function isOwnPackage(): boolean {
  try {
    const { name } = JSON.parse(readFileSync(path.join(PACKAGE_ROOT, 'package.json'), 'utf8')) as { readonly name?: unknown };
    return name === PACKAGE;
  } catch {
    return false;
  }
}
