import { MultiBar, SingleBar } from 'cli-progress';
import { megabytes, type ProgressListener } from '../../engine/report/progress';
import { sanitizeForLog } from '../../image/sanitize';

/** Progress bars at the bottom of a terminal: one for each image in progress, with the lines above them. */
export class ProgressBars {
  private readonly bars: MultiBar;
  private readonly images = new Map<string, ImageBar>();

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

  /** Adds the bar of an image. It appears with the first blob. */
  add(name: string): ProgressListener {
    const bar = new ImageBar(this.bars, name);
    this.images.set(name, bar);
    return bar;
  }

  /** Removes the bar of an image. */
  remove(name: string): void {
    this.images.get(name)?.remove();
  }

  /** Removes all bars. */
  stop(): void {
    this.bars.stop();
  }
}

class ImageBar implements ProgressListener {
  private bar: SingleBar | undefined;
  private readonly sizes = new Map<string, number>();
  private doneBytes = 0;
  private totalBytes = 0;

  constructor(private readonly bars: MultiBar, private readonly name: string) {}

  line(text: string): void {
    this.bars.log(`${sanitizeForLog(text)}\n`);
  }

  blobStarted(digest: string, size: number): void {
    this.sizes.set(digest, size);
    this.totalBytes += size;
    this.draw();
  }

  blobBytes(_digest: string, count: number): void {
    this.doneBytes += count;
    this.draw();
  }

  blobFinished(digest: string, how: 'copied' | 'skipped'): void {
    if (how === 'skipped') this.doneBytes += this.sizes.get(digest) ?? 0;
    this.draw();
  }

  remove(): void {
    if (this.bar) this.bars.remove(this.bar);
  }

  private draw(): void {
    const payload = { name: sanitizeForLog(this.name), done: megabytes(this.doneBytes), all: megabytes(this.totalBytes) };
    this.bar ??= this.bars.create(1, 0, payload);
    this.bar.setTotal(Math.max(1, this.totalBytes));
    this.bar.update(this.doneBytes, payload);
  }
}
