import { createHash } from 'node:crypto';
import { blobOf, FixtureBlob } from './fixture-blob';

/** Uploads larger than this are not kept where they may be discarded. */
const DISCARD_ABOVE_BYTES = 4 * 1024 * 1024;

/** One upload session: hashes what arrives, and keeps it unless it is large and may be discarded. */
export class BlobUpload {
  size = 0;
  private readonly hash = createHash('sha256');
  private chunks: Buffer[] | undefined = [];

  constructor(readonly id: string, readonly repository: string, private readonly mayDiscard: boolean) {}

  /** Takes what arrives; what came before a client went away stays counted. */
  async append(chunks: AsyncIterable<Buffer>): Promise<void> {
    for await (const chunk of chunks) {
      this.hash.update(chunk);
      this.size += chunk.length;
      this.chunks?.push(chunk);
      if (this.mayDiscard && this.size > DISCARD_ABOVE_BYTES) this.chunks = undefined;
    }
  }

  /** The finished blob. Of a discarded one only digest and size are left. */
  finish(): FixtureBlob {
    if (this.chunks) return blobOf(Buffer.concat(this.chunks));
    const { size } = this;
    return {
      digest: `sha256:${this.hash.digest('hex')}`,
      size,
      open: () => { throw new Error('the bytes of this blob were discarded when it was uploaded'); },
    };
  }
}
