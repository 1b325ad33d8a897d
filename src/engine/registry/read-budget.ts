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
 * An image needs the permit for large documents, which another image has.
 *
 * The request is given up and sent again with the permit. A request that waited would block the lookups of the image that has the permit.
 */
export class PermitRequiredError extends MirrorError {
  constructor(name: string, readonly permit: Promise<void>) {
    super('limit-exceeded', `${name} waits until another image has read its large documents`);
  }
}

/**
 * The budget of one image for documents that it reads from registries.
 *
 * It keeps memory small, whatever a registry sends. Images share one permit for large documents, so only one image at a time has them.
 */
export class ReadBudget {
  private bytes = 0;
  private manifests = 0;
  /** Releases the permit for large documents. */
  private release?: () => void;
  private waiting?: Promise<void>;
  private isClosed = false;

  constructor(private readonly largeDocuments: Semaphore = new Semaphore(1)) {}

  /**
   * Counts the bytes of a document: those that its descriptor announces before the request, and all others while they arrive.
   *
   * @throws PermitRequiredError when the image has to wait for the permit for large documents
   * @throws MirrorError when the image has used up its budget
   */
  addBytes(count: number, name: string): void {
    if (this.bytes + count > MAX_DOCUMENTS_BYTES) {
      throw limitError(`${name} exceeds the limit of ${MAX_DOCUMENTS_BYTES} bytes for all manifests and lists of one image`);
    }
    if (this.bytes + count > MAX_SMALL_BYTES) this.requirePermit(name);
    this.bytes += count;
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
    this.isClosed = true;
    this.release?.();
    this.release = undefined;
  }

  private requirePermit(name: string): void {
    if (this.isClosed) throw limitError(`${name} is not read, because the image has ended`); // the permit would never be released
    this.release ??= this.largeDocuments.tryAcquire();
    if (this.release !== undefined) return;
    this.waiting ??= this.largeDocuments.acquire().then((release) => {
      if (this.isClosed) release();
      else this.release = release;
    });
    throw new PermitRequiredError(name, this.waiting);
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
