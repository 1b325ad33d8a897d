/** The `cdk-ecr-mirror` command. */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { program } from './program';
import { saveMemory, silenceVersionAdvice } from '../engine/build-tools';
import { sanitizeForLog } from '../image/sanitize';

/** The bundle lies two folders below the package's root. */
const { version } = JSON.parse(readFileSync(path.join(__dirname, '..', '..', 'package.json'), 'utf8')) as { version: string };

saveMemory();
silenceVersionAdvice();
program(version, (code) => {
  process.exitCode = code;
}).parseAsync().catch((error: unknown) => {
  process.stderr.write(`failed: ${sanitizeForLog(error instanceof Error ? error.message : String(error))}\n`);
  process.exitCode = 1;
});
