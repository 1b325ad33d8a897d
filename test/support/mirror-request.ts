import { NO_CREDENTIALS, QUICK_RETRY } from './mirroring';
import { mirrorImage } from '../../src/engine/mirror-image';
import type { MirrorRequest, MirrorTools } from '../../src/engine/mirror-request';
import { Transport } from '../../src/engine/registry/transport';
import type { MirrorResult } from '../../src/engine/result';
import { parseImageReference } from '../../src/image/image-reference';
import { parsePlatform, Platform } from '../../src/image/platform';
import { mirrorTag } from '../../src/image/repository-name';

/** What a test asks of one image other than usual. */
export interface RequestOptions extends Partial<Omit<MirrorRequest, 'source' | 'target' | 'platforms'>> {
  /** As people write them. @default - all */
  readonly platforms?: readonly string[];
}

/** A request for one image as a schedule would make it: a floating tag, referrers along with it. */
export function requestOf(source: string, target: string, { platforms, ...options }: RequestOptions = {}): MirrorRequest {
  const reference = parseImageReference(target);
  return {
    source: parseImageReference(source),
    target: { ...reference, tag: mirrorTag(reference) },
    kind: 'floating',
    onTagMoved: 'FAIL',
    referrers: true,
    platforms: platforms?.map(platform),
    ...options,
  };
}

/** A platform that is one. */
export function platform(text: string): Platform {
  const parsed = parsePlatform(text);
  if (parsed === undefined) throw new Error(`${JSON.stringify(text)} is no platform`);
  return parsed;
}

/** Gives a run its tools: anonymous access over plain http, with quick retries, and a transport that is closed when the run is over. */
export async function withTools<T>(use: (tools: MirrorTools) => Promise<T>, options: Partial<MirrorTools> = {}): Promise<T> {
  const transport = new Transport();
  try {
    return await use({
      transport,
      credentials: NO_CREDENTIALS,
      retry: QUICK_RETRY,
      deadline: Date.now() + 60_000,
      signal: new AbortController().signal,
      plainHttp: () => true,
      progress: { line: () => undefined, blobStarted: () => undefined, blobBytes: () => undefined, blobFinished: () => undefined },
      ...options,
    });
  } finally {
    await transport.close();
  }
}

/** Mirrors one image in this process. */
export function mirrorOne(source: string, target: string, options: RequestOptions = {}, tools: Partial<MirrorTools> = {}): Promise<MirrorResult> {
  return withTools((all) => mirrorImage(requestOf(source, target, options), all), tools);
}
