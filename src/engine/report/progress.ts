import { sanitizeForLog } from '../../image/sanitize';

/** Is told what a run does, while it does it. */
export interface ProgressListener {
  /** A sentence for people. */
  line(text: string): void;
  /** A blob will be transferred. */
  blobStarted(digest: string, size: number): void;
  /** Bytes of a blob were handed to the target; negative when a try failed and they will be sent again. */
  blobBytes(digest: string, count: number): void;
  /** A blob is in the mirror, or the mirror had it all along. */
  blobFinished(digest: string, how: 'copied' | 'skipped'): void;
}

/** Milliseconds between two lines about a transfer that goes on. */
const INTERVAL = 10_000;

/** Progress as plain lines, for a build's log or a terminal that is none. */
export class LogProgress implements ProgressListener {
  private readonly sizes = new Map<string, number>();
  private sent = 0;
  private told = Date.now();

  constructor(private readonly write: (line: string) => void) {}

  line(text: string): void {
    this.write(sanitizeForLog(text));
  }

  blobStarted(digest: string, size: number): void {
    this.sizes.set(digest, size);
  }

  blobBytes(_digest: string, count: number): void {
    this.sent += count;
    if (Date.now() - this.told < INTERVAL) return;
    this.told = Date.now();
    this.line(`${megabytes(this.sent)} sent so far`);
  }

  blobFinished(digest: string, how: 'copied' | 'skipped'): void {
    if (how === 'copied') this.line(`copied blob ${digest} (${megabytes(this.sizes.get(digest) ?? 0)})`);
  }
}

/** A number of bytes for people. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e6 ? 3 : 1)} MB`;
}
