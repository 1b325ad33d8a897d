import { setFlagsFromString } from 'node:v8';
import { Settings } from './configuration';
import { credentialChain } from './credentials/credential-source';
import { EcrCredentials } from './credentials/ecr-credentials';
import type { MirrorTools } from './mirror-request';
import { DEFAULT_RETRY } from './registry/retry';
import { Transport } from './registry/transport';
import type { ProgressListener } from './report/progress';

/** Runs a task with the tools of a build, until it is done, the deadline is reached, or CodeBuild stops the build. */
export async function withBuildTools<T>(settings: Settings, progress: ProgressListener, task: (tools: MirrorTools) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  const transport = new Transport();
  try {
    return await task({
      transport,
      credentials: credentialChain(settings.credentials, new EcrCredentials()),
      progress,
      retry: DEFAULT_RETRY,
      deadline: Date.now() + settings.deadlineSeconds * 1000,
      signal: stop.signal,
      upstreams: settings.upstreams,
      admissionTools: settings.admissionTools,
      plainHttp: () => false,
    });
  } finally {
    await transport.close();
  }
}

/**
 * Sets flags of V8 that save memory.
 *
 * Call it after everything is loaded: Node.js can use the compiled code of its own modules only under the flags that it was compiled with.
 */
export function saveMemory(): void {
  // Without it, V8 optimizes undici's HTTP parser in the background: 107 ms of CPU time and 35 MB of memory, for a run that parses a few headers.
  // On Node 24, a copy needed less memory with the other two as well: 105 to 114 MB instead of 118 to 129 MB, on a busy machine.
  setFlagsFromString('--liftoff-only');
  setFlagsFromString('--no-wasm-tier-up');
  setFlagsFromString('--no-wasm-dynamic-tiering');
  // The second optimizing compiler of Node 22 and 24 takes memory, and a copy waits for the network.
  setFlagsFromString('--no-maglev');
  // Bytes pass through in short-lived buffers. If the young generation grows, thousands of them accumulate before it is collected.
  // This saves 27 MB in a copy of 1 GB, and is not slower.
  setFlagsFromString('--semi-space-growth-factor=1');
  // Collects buffers at once, not later in another thread: at most 111 MB instead of 126 MB, and a quarter less CPU time.
  setFlagsFromString('--no-concurrent-array-buffer-sweeping');
  // The heap may grow by a little between two full collections: documents of megabytes leave strings that are long dead by then.
  // With a hostile upstream on Node 20 to 24: 114 to 141 MB. Without it, peaks came close to the limit of 200 MB, and once above it.
  setFlagsFromString('--optimize-for-size');
}

/** Silences the AWS SDK's warning about the version of Node.js, which does not belong in the log of each build. */
export function silenceVersionAdvice(): void {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
}
