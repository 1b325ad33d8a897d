import { existsSync } from 'node:fs';
import * as path from 'node:path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';

/** The bundled program at the root of the package, found from `src/project` and from `lib/project` alike. */
export const CUSTOMIZE_FOLDER = path.join(__dirname, '..', '..', 'assets', 'customize');

const PROGRAM = 'customize.js';

/**
 * What the privileged project runs, and all that it runs: no shell ever sees a line of a Dockerfile or the name of an image,
 * and no options of Node are taken from the variables of a build.
 */
export const CUSTOMIZE_COMMAND = `NODE_OPTIONS= node ${PROGRAM}`;

/**
 * Defines the asset that holds the program for customized images.
 *
 * @throws Error when the program was not bundled, which only happens in a checkout of this library
 */
export function defineCustomizeAsset(scope: Construct, id: string, folder: string = CUSTOMIZE_FOLDER): s3_assets.Asset {
  return defineProgramAsset(scope, id, { folder, program: PROGRAM, name: 'the program for customized images' });
}

/** The bundled functions at the root of the package, found from `src/project` and from `lib/project` alike. */
export const HANDLERS_FOLDER = path.join(__dirname, '..', '..', 'assets', 'handlers');

const BUNDLE = 'handlers';

/** What Lambda calls. */
export const HANDLERS = { ON_EVENT: `${BUNDLE}.onEvent`, IS_COMPLETE: `${BUNDLE}.isComplete` } as const;

/**
 * The code of the functions behind the custom resource.
 *
 * @throws Error when it was not bundled, which only happens in a checkout of this library
 */
export function handlersCode(folder: string = HANDLERS_FOLDER): lambda.Code {
  const entry = path.join(folder, `${BUNDLE}.js`);
  if (!existsSync(entry)) throw new Error(`the handlers are not bundled: ${JSON.stringify(entry)} does not exist; run "npx projen bundle"`);
  return lambda.Code.fromAsset(folder);
}

/** The bundled engine at the root of the package, found from `src/project` and from `lib/project` alike. */
export const ENGINE_FOLDER = path.join(__dirname, '..', '..', 'assets', 'engine');

/**
 * What CodeBuild runs, and all that it runs: no shell ever sees the name of an image.
 *
 * Options of Node are for nobody to set with the variables of a build: `--import` alone would run what it names.
 */
export const ENGINE_COMMAND = 'NODE_OPTIONS= node mirror.js';

/**
 * Defines the asset that holds the engine.
 *
 * @throws Error when the engine was not bundled, which only happens in a checkout of this library
 */
export function defineEngineAsset(scope: Construct, id: string, folder: string = ENGINE_FOLDER): s3_assets.Asset {
  return defineProgramAsset(scope, id, { folder, program: 'mirror.js', name: 'the engine' });
}

/** A bundled program for builds. */
export interface BundledProgram {
  readonly folder: string;
  /** The file that builds run. */
  readonly program: string;
  /** What errors call it. */
  readonly name: string;
}

/**
 * Defines the asset that holds a program for builds.
 *
 * @throws Error when it was not bundled
 */
export function defineProgramAsset(scope: Construct, id: string, { folder, program, name }: BundledProgram): s3_assets.Asset {
  const entry = path.join(folder, program);
  if (!existsSync(entry)) throw new Error(`${name} is not bundled: ${JSON.stringify(entry)} does not exist; run "npx projen bundle"`);
  return new s3_assets.Asset(scope, id, { path: folder });
}
