import { readFileSync } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import { escapeControlCharacters, quote } from '../image/sanitize';

/** An invalid command line, or a file of it that is not valid. */
export class UsageError extends Error {
  /** @param details further lines, for example one for each invalid line of a file */
  constructor(message: string, readonly details: readonly string[] = []) {
    super(message);
    this.name = 'UsageError';
  }
}

/** Whether an error is a `UsageError`. The name decides: a command in another bundle has its own copy of the class. */
export function isUsageError(error: unknown): error is UsageError {
  return error instanceof Error && error.name === 'UsageError';
}

/** The message and the details of an error, each in a line of its own. */
export function formatUsageError({ message, details }: UsageError): string {
  return [message, ...details.map((detail) => `  ${detail}`)].map(escapeControlCharacters).join('\n');
}

/** The name of a file that the command line names, in messages. */
export function inputName(file: string): string {
  return file === '-' ? 'standard input' : file;
}

let standardInput: Buffer | undefined;

/**
 * Reads standard input to its end, so that `readInputFile('-')` returns it, as often as it is called.
 *
 * @param signal stops the wait for input
 * @throws UsageError when standard input cannot be read
 */
export async function loadStandardInput(signal: AbortSignal): Promise<void> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of addAbortSignal(signal, process.stdin)) chunks.push(Buffer.from(chunk as Buffer));
  } catch (error) {
    signal.throwIfAborted();
    throw unreadable('-', error);
  }
  standardInput = Buffer.concat(chunks);
}

/**
 * Reads a file that the command line names.
 *
 * @param file the path; `-` for standard input
 * @throws UsageError when the file cannot be read
 */
export function readInputFile(file: string): Buffer {
  if (file === '-' && standardInput !== undefined) return standardInput;
  try {
    return readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** Decodes a text file: UTF-8, or UTF-16 with a byte order mark, as PowerShell writes it. The mark is removed. */
export function decodeText(content: Buffer): string {
  const [first, second] = content;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(content);
  return new TextDecoder(first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8').decode(content);
}

function unreadable(file: string, error: unknown): UsageError {
  return new UsageError(`cannot read ${quote(inputName(file))}: ${error instanceof Error ? error.message : String(error)}`);
}
