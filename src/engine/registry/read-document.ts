import { ReadBudget, requireFewValues } from './read-budget';
import { readBody } from './response-body';
import type { HttpResponse } from './transport';
import { MirrorError } from '../mirror-error';

/** The limit of Amazon ECR and of most registries. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/** A document, and what its bytes count for. */
export interface DocumentOptions {
  readonly budget: ReadBudget;
  /** The registry and the document, as errors name them. */
  readonly name: string;
  /**
   * The number of bytes in its descriptor, which counts before the request. So an image that lists too much fails early.
   *
   * @default - unknown; the bytes count while they arrive
   */
  readonly size?: number;
  /** The maximum number of bytes. @default - the limit for manifests */
  readonly limit?: number;
}

/**
 * Requests a document, and reads it into memory. A document that is not read completely leaves the budget as it was.
 *
 * @param request sends the request, and throws an error for a response without the document
 * @throws MirrorError when the document is too large, or the budget is used up
 */
export async function readDocument<T extends HttpResponse>(
  { budget, name, size = 0, limit = MAX_MANIFEST_BYTES }: DocumentOptions, request: () => Promise<T>,
): Promise<{ readonly response: T; readonly bytes: Buffer }> {
  let counted = Math.min(size, limit);
  let received = 0;
  budget.addBytes(counted, name);
  try {
    const response = await request();
    const bytes = await readBody(response, limit, (length) => {
      received += length;
      if (received <= counted) return;
      budget.addBytes(received - counted, name);
      counted = received;
    });
    const reason = limit === MAX_MANIFEST_BYTES ? 'unsupported-manifest' : 'limit-exceeded';
    if (bytes === undefined) throw new MirrorError(reason, `${name} is larger than ${limit} bytes`);
    requireFewValues(bytes, name);
    return { response, bytes };
  } catch (error) {
    budget.returnBytes(counted);
    throw error;
  }
}
