import { randomBytes } from 'node:crypto';
import { existsSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { formatLockFile, InvalidLockFileError, LockedImages, MAX_LOCK_FILE_LENGTH, parseLockFile } from '../../image/admission/lock-file';
import { quote } from '../../image/sanitize';
import { decodeText, readInputFile, UsageError } from '../usage-error';

/**
 * Reads a lock file; `undefined` when it does not exist.
 *
 * @throws UsageError when the file cannot be read, or is not valid; it has all problems of the file
 */
export function readLock(file: string): LockedImages | undefined {
  if (!existsSync(file)) return undefined;
  const text = decodeText(readInputFile(file)).slice(0, MAX_LOCK_FILE_LENGTH + 1);
  try {
    return parseLockFile(text);
  } catch (error) {
    if (!(error instanceof InvalidLockFileError)) throw error;
    const { problems } = error;
    if (problems.length === 1) throw new UsageError(`the lock file ${quote(file)} is not valid: ${problems[0]}`);
    throw new UsageError(`the lock file ${quote(file)} has ${problems.length} mistakes:`, problems);
  }
}

/**
 * Replaces a lock file. A reader finds the old file or the new file, also when the command is interrupted.
 *
 * @throws Error when the file cannot be written
 */
export function writeLock(file: string, images: LockedImages): void {
  // The file can be a symbolic link, which a rename would replace.
  const target = existsSync(file) ? realpathSync(file) : file;
  const temporary = `${target}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeFileSync(temporary, formatLockFile(images), { flag: 'wx' });
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new Error(`cannot write the lock file ${quote(file)}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
