import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { buildSync } from 'esbuild';

/**
 * Loads a module of the engine as the bundler makes it, with what it imports.
 *
 * The modules that load the AWS SDK only when they need it do so by `import()`, which jest cannot run and the bundler replaces.
 *
 * @param file below `src/engine`, for example `report/event-publisher.ts`
 */
export function bundledModule(file: string): unknown {
  const folder = mkdtempSync(path.join(tmpdir(), 'bundled-module-'));
  try {
    const outfile = path.join(folder, 'module.js');
    buildSync({
      entryPoints: [path.join(__dirname, '..', '..', 'src', 'engine', file)], outfile, bundle: true, platform: 'node', target: 'node20', keepNames: true,
    });
    return createRequire(__filename)(outfile);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
