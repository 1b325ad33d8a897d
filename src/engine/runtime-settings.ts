/**
 * Settings of Node for a run of the engine.
 */
import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 save memory, from now on.
 *
 * For when everything is loaded: code that Node keeps compiled for its own modules is of use only under the flags that it was compiled with.
 */
export function saveMemory(): void {
  // Otherwise V8 optimises undici's HTTP parser in the background: 107 ms of processor time and 35 MB of memory for a run that parses a few headers.
  setFlagsFromString('--liftoff-only');
  // Bytes pass through in short-lived buffers; a young generation that grows lets thousands of them pile up before it is swept: 27 MB less in a
  // copy of 1 GB, and no slower.
  setFlagsFromString('--semi-space-growth-factor=1');
  // Swept at once rather than by another thread, later: at most 111 MB where it was 126, and a quarter less processor time.
  setFlagsFromString('--no-concurrent-array-buffer-sweeping');
}

/** The AWS SDK's advice about Node's age is for those who choose it, not for the log of every build. */
export function silenceVersionAdvice(): void {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
}
