import { readFileSync } from 'node:fs';
import { quote } from '../image/sanitize';

/** An invalid command line. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** Whether an error is a `UsageError`. The name decides: a command in another bundle has its own copy of the class. */
export function isUsageError(error: unknown): error is UsageError {
  return error instanceof Error && error.name === 'UsageError';
}

/**
 * Reads a file that the command line names.
 *
 * @param file the path; `-` for standard input
 * @throws UsageError when the file cannot be read
 */
export function readInputFile(file: string): Buffer {
  try {
    return readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    throw new UsageError(`cannot read ${quote(file)}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
