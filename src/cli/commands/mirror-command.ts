import { firstOf } from '../../engine/credentials/credential-source';
import { DockerConfigCredentials } from '../../engine/credentials/docker-config-credentials';
import { EcrCredentials } from '../../engine/credentials/ecr-credentials';
import { mirrorImage, MirrorRequest } from '../../engine/mirror-image';
import { DEFAULT_RETRY } from '../../engine/registry/retry';
import { Transport } from '../../engine/registry/transport';
import { LogProgress, megabytes } from '../../engine/report/log-progress';
import { isGood, MirrorResult } from '../../engine/result';
import type { TagMovedPolicy } from '../../image/environment';
import { InvalidReferenceError, parseImageReference, quote } from '../../image/image-reference';
import { mirrorTag } from '../../image/repository-name';
import { tagKind, TagKindName } from '../../image/tag-kind';
import { visibleText } from '../../image/visible-text';
import { BarProgress } from '../bar-progress';
import { isOwnRegistry } from '../plain-http';

/** Options of `copy` and `check`. */
export interface MirrorCommandOptions {
  readonly json?: boolean;
  readonly plainHttp?: boolean;
  readonly tagKind?: TagKindName;
  readonly onTagMoved: TagMovedPolicy;
  /** Seconds. */
  readonly timeout: number;
}

/** Mirrors one image, or with `dryRun` finds out what that would do. Returns the exit code. */
export async function mirrorCommand(sourceText: string, targetText: string, options: MirrorCommandOptions, dryRun: boolean): Promise<number> {
  const progress = process.stderr.isTTY && !options.json ? new BarProgress(process.stderr) : new LogProgress((line) => process.stderr.write(`${line}\n`));
  let result: MirrorResult;
  try {
    result = await run(readRequest(sourceText, targetText, options, dryRun), options, progress);
  } catch (error) {
    if (!(error instanceof InvalidReferenceError)) throw error;
    result = invalid(sourceText, targetText, error.message);
  } finally {
    if (progress instanceof BarProgress) progress.stop();
  }
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  process.stderr.write(`${visibleText(summary(result))}\n`);
  return isGood(result) ? 0 : 1;
}

function readRequest(sourceText: string, targetText: string, options: MirrorCommandOptions, dryRun: boolean): MirrorRequest {
  const source = parseImageReference(sourceText);
  const target = parseImageReference(targetText);
  if (target.digest !== undefined) {
    throw new InvalidReferenceError(targetText, 'a target is named by a tag; its digest follows from what is copied');
  }
  // "host/name" takes the tag of the source: a mirror keeps names.
  const tag = namesTag(targetText) ? target.tag! : mirrorTag(source);
  return { source, target: { ...target, tag }, kind: options.tagKind ?? tagKind(tag), onTagMoved: options.onTagMoved, dryRun };
}

function namesTag(text: string): boolean {
  return /:[^/\]]*$/.test(text);
}

async function run(request: MirrorRequest, options: MirrorCommandOptions, progress: BarProgress | LogProgress): Promise<MirrorResult> {
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const transport = new Transport();
  try {
    return await mirrorImage(request, {
      transport,
      credentials: firstOf(new DockerConfigCredentials(process.env), new EcrCredentials()),
      progress,
      retry: DEFAULT_RETRY,
      deadline: Date.now() + options.timeout * 1000,
      signal: stop.signal,
      plainHttp: (registry) => options.plainHttp === true && isOwnRegistry(registry),
    });
  } finally {
    await transport.close();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

function summary(result: MirrorResult): string {
  const { outcome, dryRun, source, target, targetDigest, message } = result;
  if (message !== undefined) return `${outcome}: ${message}`;
  if (dryRun) return outcome === 'copied' ? `would copy ${source} to ${target}` : `${outcome}: ${target} is ${targetDigest}`;
  const moved = outcome === 'copied' ? `, ${result.blobsCopied} blobs sent (${megabytes(result.bytesCopied)}), ${result.blobsSkipped} already there` : '';
  return `${outcome}: ${target}@${targetDigest}${moved}, ${result.seconds.toFixed(1)} s`;
}

function invalid(source: string, target: string, message: string): MirrorResult {
  return {
    source: quote(source).slice(1, -1),
    target: quote(target).slice(1, -1),
    outcome: 'failed',
    reason: 'invalid-reference',
    message,
    bytesCopied: 0,
    blobsCopied: 0,
    blobsSkipped: 0,
    requests: { source: 0, target: 0 },
    countedPulls: 0,
    seconds: 0,
  };
}
