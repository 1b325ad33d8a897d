import { existsSync } from 'node:fs';
import * as path from 'node:path';
import * as lambda from 'aws-cdk-lib/aws-lambda';

/** The bundled functions, at the root of the package: as far from `src/infrastructure/deploy` as from `lib/infrastructure/deploy`. */
export const HANDLERS_FOLDER = path.join(__dirname, '..', '..', '..', 'assets', 'handlers');

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
