import type { Ending } from './command';
import type { MirrorResult } from '../../src/engine/result';

/** The fields that every result has. */
export const RESULT_FIELDS = {
  source: expect.any(String),
  target: expect.any(String),
  outcome: expect.any(String),
  bytesCopied: expect.any(Number),
  blobsCopied: expect.any(Number),
  blobsSkipped: expect.any(Number),
  requests: { source: expect.any(Number), target: expect.any(Number) },
  countedPulls: expect.any(Number),
  seconds: expect.any(Number),
};

/** The one JSON object on a command's stdout. */
export function resultOf({ stdout, stderr }: Ending): MirrorResult {
  try {
    return JSON.parse(stdout) as MirrorResult;
  } catch {
    throw new Error(`stdout holds no JSON object: ${JSON.stringify(stdout)}; stderr: ${stderr}`);
  }
}
