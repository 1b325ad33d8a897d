import * as path from 'node:path';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { defineProgramAsset } from '../engine-asset';

/** The bundled program, at the root of the package: as far from `src/infrastructure/customise` as from `lib/infrastructure/customise`. */
export const CUSTOMISE_FOLDER = path.join(__dirname, '..', '..', '..', 'assets', 'customise');

const PROGRAM = 'customise.js';

/**
 * What the privileged project runs, and all that it runs: no shell ever sees a line of a Dockerfile or the name of an image,
 * and no options of Node are taken from the variables of a build.
 */
export const CUSTOMISE_COMMAND = `NODE_OPTIONS= node ${PROGRAM}`;

/**
 * Defines the asset that holds the program for customised images.
 *
 * @throws Error when the program was not bundled, which only happens in a checkout of this library
 */
export function defineCustomiseAsset(scope: Construct, id: string, folder: string = CUSTOMISE_FOLDER): s3_assets.Asset {
  return defineProgramAsset(scope, id, { folder, program: PROGRAM, name: 'the program for customised images' });
}
