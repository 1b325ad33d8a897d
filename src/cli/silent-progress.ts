import type { ProgressListener } from '../engine/report/progress';

/** Tells nobody. */
export const SILENT: ProgressListener = {
  line: () => undefined,
  blobStarted: () => undefined,
  blobBytes: () => undefined,
  blobFinished: () => undefined,
};
