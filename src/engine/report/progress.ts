import { sanitizeForLog } from '../../image/sanitize';

/** Receives the progress of a run. */
export interface ProgressListener {
  /** Writes a line for people. */
  line(text: string): void;
  /** Runs before a blob is transferred. */
  blobStarted(digest: string, size: number): void;
  /** Runs after bytes of a blob were sent to the target. The count is negative when an attempt failed and the bytes are sent again. */
  blobBytes(digest: string, count: number): void;
  /** Runs when the target has a blob, copied or from before. */
  blobFinished(digest: string, how: 'copied' | 'skipped'): void;
}

/** Milliseconds between two lines about a transfer in progress. */
const LINE_INTERVAL = 10_000;

/** Progress as plain lines, for the log of a build and for output that is not a terminal. */
export class LogProgress implements ProgressListener {
  private readonly sizes = new Map<string, number>();
  private sent = 0;
  private lastLineTime = Date.now();

  constructor(private readonly write: (line: string) => void) {}

  line(text: string): void {
    this.write(sanitizeForLog(text));
  }

  blobStarted(digest: string, size: number): void {
    this.sizes.set(digest, size);
  }

  blobBytes(_digest: string, count: number): void {
    this.sent += count;
    if (Date.now() - this.lastLineTime < LINE_INTERVAL) return;
    this.lastLineTime = Date.now();
    this.line(`${megabytes(this.sent)} sent so far`);
  }

  blobFinished(digest: string, how: 'copied' | 'skipped'): void {
    if (how === 'copied') this.line(`copied blob ${digest} (${megabytes(this.sizes.get(digest) ?? 0)})`);
  }
}

/** No progress output. */
export const SILENT: ProgressListener = {
  line: () => undefined,
  blobStarted: () => undefined,
  blobBytes: () => undefined,
  blobFinished: () => undefined,
};

/** Formats a number of bytes in megabytes: `12.3 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e6 ? 3 : 1)} MB`;
}
