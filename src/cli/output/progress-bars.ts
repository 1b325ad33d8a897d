import { MultiBar, SingleBar } from 'cli-progress';
import { megabytes, type ProgressListener } from '../../engine/report/progress';
import { sanitizeForLog } from '../../image/sanitize';

/** Progress at the foot of a terminal: a bar for each image under way, with the lines above them. */
export class ProgressBars {
  private readonly bars: MultiBar;

  constructor(stream: NodeJS.WriteStream) {
    this.bars = new MultiBar({
      stream,
      format: ' {bar} {percentage}% | {done} of {all} | {name}',
      barCompleteChar: '#',
      barIncompleteChar: '-',
      barsize: 30,
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: false,
    });
  }

  /** A bar for one image, which appears with its first blob. */
  for(name: string): ImageBar {
    return new ImageBar(this.bars, name);
  }

  /** Takes the bars off the terminal. */
  stop(): void {
    this.bars.stop();
  }
}

/** One image's bar. */
export class ImageBar implements ProgressListener {
  private bar: SingleBar | undefined;
  private readonly sizes = new Map<string, number>();
  private done = 0;
  private all = 0;

  constructor(private readonly bars: MultiBar, private readonly name: string) {}

  line(text: string): void {
    this.bars.log(`${sanitizeForLog(text)}\n`);
  }

  blobStarted(digest: string, size: number): void {
    this.sizes.set(digest, size);
    this.all += size;
    this.draw();
  }

  blobBytes(_digest: string, count: number): void {
    this.done += count;
    this.draw();
  }

  blobFinished(digest: string, how: 'copied' | 'skipped'): void {
    if (how === 'skipped') this.done += this.sizes.get(digest) ?? 0;
    this.draw();
  }

  /** Takes the bar off: the image is done. */
  remove(): void {
    if (this.bar) this.bars.remove(this.bar);
  }

  private draw(): void {
    const payload = { name: sanitizeForLog(this.name), done: megabytes(this.done), all: megabytes(this.all) };
    this.bar ??= this.bars.create(1, 0, payload);
    this.bar.setTotal(Math.max(1, this.all));
    this.bar.update(this.done, payload);
  }
}

/** Tells nobody. */
export const SILENT: ProgressListener = {
  line: () => undefined,
  blobStarted: () => undefined,
  blobBytes: () => undefined,
  blobFinished: () => undefined,
};
