import { joinErrorRealms } from './one-realm';
import type { CredentialSource } from '../../src/engine/credentials/credential-source';
import { mirrorImage } from '../../src/engine/mirror-image';
import type { MirrorRequest, MirrorTools } from '../../src/engine/mirror-request';
import type { RetryPolicy } from '../../src/engine/registry/retry';
import { Transport } from '../../src/engine/registry/transport';
import type { MirrorResult } from '../../src/engine/result';
import { parseImageReference } from '../../src/image/image-reference';
import { mirrorTag } from '../../src/image/repository-name';

joinErrorRealms();

/** Anonymous access everywhere. */
export const NO_CREDENTIALS: CredentialSource = { credentialFor: async () => undefined };

/** As many tries as matter, without waiting for them. */
export const QUICK_RETRY: RetryPolicy = { attempts: 3, firstPause: 1, maxPause: 2 };

/** What a test wants other than usual. */
export interface MirroringOptions extends Partial<Omit<MirrorRequest, 'source' | 'target'>>, Partial<Omit<MirrorTools, 'progress'>> {
  /** Is told every line. @default - nobody is */
  readonly onLine?: (line: string) => void;
}

/** Mirrors one image in this process, over plain http, with the target named like a command's second argument. */
export async function mirror(source: string, target: string, options: MirroringOptions = {}): Promise<MirrorResult> {
  const { onLine = () => undefined, kind = 'floating', onTagMoved = 'FAIL', platforms, referrers = false, dryRun, ...others } = options;
  const { admission, attestations, expectedDigest, isNamed, keepPrevious, lateReferrers, onUpstreamGone, platformTags, ...tools } = others;
  const transport = tools.transport ?? new Transport();
  const reference = parseImageReference(target);
  try {
    const choices = {
      kind,
      onTagMoved,
      platforms,
      referrers,
      dryRun,
      admission,
      attestations,
      expectedDigest,
      isNamed,
      keepPrevious,
      lateReferrers,
      onUpstreamGone,
      platformTags,
    };
    const named = { source: parseImageReference(source), target: { ...reference, tag: mirrorTag(reference) } };
    return await mirrorImage({ ...named, ...choices }, {
      credentials: NO_CREDENTIALS,
      retry: QUICK_RETRY,
      deadline: Date.now() + 60_000,
      signal: new AbortController().signal,
      plainHttp: () => true,
      ...tools,
      transport,
      progress: { line: onLine, blobStarted: () => undefined, blobBytes: () => undefined, blobFinished: () => undefined },
    });
  } finally {
    await transport.close();
  }
}
