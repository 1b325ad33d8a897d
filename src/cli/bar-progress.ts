import { MultiBar, SingleBar } from 'cli-progress';
import { megabytes } from '../engine/report/log-progress';
import { printable } from '../engine/report/printable';
import type { ProgressListener } from '../engine/report/progress';

/** Progress as a bar at the foot of a terminal, with the lines above it. */
export class BarProgress implements ProgressListener {
  private readonly bars: MultiBar;
  private readonly bar: SingleBar;
  private readonly sizes = new Map<string, number>();
  private readonly sent = new Map<string, number>();
  private total = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.bars = new MultiBar({
      stream,
      format: ' {bar} {percentage}% | {done} of {all}',
      barCompleteChar: '#',
      barIncompleteChar: '-',
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: false,
    });
    this.bar = this.bars.create(1, 0, { done: megabytes(0), all: megabytes(0) });
  }

  line(text: string): void {
    this.bars.log(`${printable(text)}\n`);
  }

  blobStarted(digest: string, size: number): void {
    this.sizes.set(digest, size);
    this.total += size;
    this.draw();
  }

  blobBytes(digest: string, count: number): void {
    this.sent.set(digest, (this.sent.get(digest) ?? 0) + count);
    this.draw();
  }

  blobFinished(digest: string): void {
    this.sent.set(digest, this.sizes.get(digest) ?? 0);
    this.draw();
  }

  /** Takes the bar off the terminal. */
  stop(): void {
    this.bars.stop();
  }

  private draw(): void {
    const sent = [...this.sent.values()].reduce((sum, bytes) => sum + bytes, 0);
    this.bar.setTotal(Math.max(1, this.total));
    this.bar.update(sent, { done: megabytes(sent), all: megabytes(this.total) });
  }
}
