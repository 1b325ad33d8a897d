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
