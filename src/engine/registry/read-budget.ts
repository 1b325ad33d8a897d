import { MirrorError } from '../mirror-error';
import { Semaphore } from '../semaphore';

/** Documents are what the engine keeps in memory: manifests, configurations, and lists of referrers and tags. */
const MAX_DOCUMENTS_BYTES = 16 * 1024 * 1024;
/** Almost all images need less. An image that needs more waits for the permit for large documents. */
const MAX_SMALL_BYTES = 1024 * 1024;
/** The maximum number of manifests that an image reads from one registry. */
const MAX_MANIFESTS = 2_000;
/** The maximum number of JSON values in a document. Each takes memory, even when it is only two bytes long. */
const MAX_JSON_VALUES = 500_000;

/**
 * The budget of one image for documents that it reads from registries.
 *
 * It keeps memory small, whatever a registry sends. Images share one permit for large documents, so only one image at a time has them.
 */
export class ReadBudget {
  private bytes = 0;
  private manifests = 0;
  private permit?: Promise<() => void>;

  constructor(private readonly largeDocuments: Semaphore = new Semaphore(1)) {}

  /**
   * Counts the bytes of a document while it arrives. Waits for the permit for large documents when the image needs it.
   *
   * @throws MirrorError when the image has used up its budget
   */
  async addBytes(count: number, name: string): Promise<void> {
    this.bytes += count;
    if (this.bytes > MAX_DOCUMENTS_BYTES) {
      throw limitError(`${name} exceeds the limit of ${MAX_DOCUMENTS_BYTES} bytes for all manifests and lists of one image`);
    }
    if (this.bytes <= MAX_SMALL_BYTES) return;
    this.permit ??= this.largeDocuments.acquire();
    await this.permit;
  }

  /** Returns bytes that are not kept: of a document that was processed, or that has to be read again. */
  returnBytes(count: number): void {
    this.bytes -= count;
  }

  /** @throws MirrorError when the image has used up its budget */
  addManifest(name: string): void {
    if (++this.manifests > MAX_MANIFESTS) throw limitError(`${name} exceeds the limit of ${MAX_MANIFESTS} manifests for one image`);
  }

  /** Releases the permit. */
  close(): void {
    void this.permit?.then((release) => release());
    this.permit = undefined;
  }
}

/** The error for an image that exceeds a limit of the engine. The message names the limit. */
export function limitError(problem: string): MirrorError {
  return new MirrorError('limit-exceeded', problem);
}

/** `,`, `[` and `{`. */
const JSON_SEPARATORS = [0x2c, 0x5b, 0x7b];

/** @throws MirrorError when a document has so many JSON values that parsing would need too much memory */
export function requireFewValues(document: Buffer, name: string): void {
  const [comma, bracket, brace] = JSON_SEPARATORS;
  let values = 0;
  for (const byte of document) if (byte === comma || byte === bracket || byte === brace) values++;
  if (values > MAX_JSON_VALUES) throw limitError(`${name} exceeds the limit of ${MAX_JSON_VALUES} JSON values in one document`);
}
