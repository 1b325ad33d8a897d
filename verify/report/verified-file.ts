import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Check, CheckResult } from '../check';

export const ROOT = join(__dirname, '..', '..');
export const VERIFIED_FILE = join(ROOT, 'docs', 'verified.json');

/** What is known about a check from runs on AWS. The last run in which it had an answer counts. */
export interface VerifiedCheck {
  readonly id: string;
  readonly expected: string;
  readonly status: 'verified' | 'different' | 'not verified';
  /** What AWS answered. `null` if it was not asked. */
  readonly seen: string | null;
  readonly region: string | null;
  /** The day of the run: `2026-11-30`. */
  readonly date: string | null;
  /** The version of this library. */
  readonly library: string | null;
}

/** docs/verified.json. */
export interface VerifiedFile {
  readonly $schema: string;
  readonly version: 1;
  /** In the order in which they run. */
  readonly checks: readonly VerifiedCheck[];
}

/** When and where checks ran. */
export interface RunDescription {
  readonly region: string;
  readonly date: string;
  readonly library: string;
}

/** The file before any run. */
export function unverified(checks: readonly Check[]): VerifiedFile {
  return {
    $schema: '../schemas/verified-1.schema.json',
    version: 1,
    checks: checks.map(({ expected, id }) => ({ id, expected, status: 'not verified', seen: null, region: null, date: null, library: null })),
  };
}

/** The file after a run. Checks without an answer keep the last one, unless another answer is expected now. */
export function afterRun(file: VerifiedFile, checks: readonly Check[], results: readonly CheckResult[], run: RunDescription): VerifiedFile {
  const { checks: empty, ...others } = unverified(checks);
  return {
    ...others,
    checks: empty.map((check) => {
      const { seen, status } = results.find((result) => result.check.id === check.id) ?? {};
      const earlier = file.checks.find(({ expected, id }) => id === check.id && expected === check.expected);
      if (seen === undefined) return earlier ?? check;
      return { ...check, status: status === 'as expected' ? 'verified' : 'different', seen, ...run };
    }),
  };
}

export async function readVerified(): Promise<VerifiedFile> {
  return JSON.parse(await readFile(VERIFIED_FILE, 'utf8')) as VerifiedFile;
}

export async function saveVerified(file: VerifiedFile): Promise<void> {
  await writeFile(VERIFIED_FILE, `${JSON.stringify(file, undefined, 2)}\n`);
}
