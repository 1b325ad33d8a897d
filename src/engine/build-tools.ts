import type { Settings } from './configuration';
import { firstOf } from './credentials/credential-source';
import { EcrCredentials } from './credentials/ecr-credentials';
import type { MirrorTools } from './mirror-image';
import { DEFAULT_RETRY } from './registry/retry';
import { Transport } from './registry/transport';
import type { ProgressListener } from './report/progress';

/** Does the work of a build with what a build has at hand, until it is done, its time is over, or CodeBuild stops it. */
export async function withBuildTools<T>(settings: Settings, progress: ProgressListener, work: (tools: MirrorTools) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  const transport = new Transport();
  try {
    return await work({
      transport,
      credentials: firstOf(settings.credentials, new EcrCredentials()),
      progress,
      retry: DEFAULT_RETRY,
      deadline: Date.now() + settings.deadlineSeconds * 1000,
      signal: stop.signal,
      plainHttp: () => false,
    });
  } finally {
    await transport.close();
  }
}
