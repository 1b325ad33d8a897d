/** The entry point of the command `cdk-ecr-mirror`. */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { createProgram } from './program';
import { saveMemory, silenceVersionAdvice } from '../engine/build-tools';
import { exitSoon } from '../engine/report/run-report';
import { sanitizeForLog } from '../image/sanitize';

/** The bundle is two folders below the root of the package. */
const { version } = JSON.parse(readFileSync(path.join(__dirname, '..', '..', 'package.json'), 'utf8')) as { version: string };

saveMemory();
silenceVersionAdvice();
createProgram(version, (code) => {
  process.exitCode = code;
}).parseAsync().catch((error: unknown) => {
  process.stderr.write(`failed: ${sanitizeForLog(error instanceof Error ? error.message : String(error))}\n`);
  process.exitCode = 1;
}).finally(exitSoon);
