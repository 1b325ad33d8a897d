import { ImagePair } from './image-pairs';
import { mirrorAll } from '../../engine/mirror-all';
import { PlannedImages, planRequest } from '../../engine/mirror-plan';
import { megabytes } from '../../engine/report/progress';
import { isSuccess, MirrorResult, notAttempted } from '../../engine/result';
import type { AttestationPolicy, TagMovedPolicy } from '../../image/contract/environment';
import { InvalidReferenceError, parseImageReference } from '../../image/image-reference';
import type { Platform } from '../../image/platform';
import { mirrorTag } from '../../image/repository-name';
import { escapeControlCharacters, redactCredentials } from '../../image/sanitize';
import { tagKind, TagKindName } from '../../image/tag-kind';
import { CommandOptions, printResults, withMirrorTools } from '../mirror-tools';

/** Options of `copy` and `check`. */
export interface MirrorCommandOptions extends CommandOptions {
  readonly tagKind?: TagKindName;
  readonly onTagMoved: TagMovedPolicy;
  readonly platform?: Platform[];
  readonly platformTags?: Platform[];
  readonly referrers: boolean;
  readonly lateReferrers?: boolean;
  readonly attestations: AttestationPolicy;
}

/**
 * Mirrors images. Returns the exit code.
 *
 * @param dryRun whether to only show what the command would do
 */
export async function mirrorCommand(pairs: readonly ImagePair[], options: MirrorCommandOptions, dryRun: boolean): Promise<number> {
  const plan = pairs.map((pair) => planPair(pair, options, dryRun));
  const isSingle = plan.filter((planned) => !('result' in planned)).length <= 1;
  const results = await withMirrorTools(options, isSingle, (tools, callbacks) => mirrorAll(plan, tools, callbacks));
  if (results.length > 1) return printResults(results, options);
  const [result] = results;
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  process.stderr.write(`${escapeControlCharacters(formatResult(result))}\n`);
  return isSuccess(result) ? 0 : 1;
}

/** Plans one image. An invalid reference is the result of that image only. */
function planPair({ source: sourceText, target: targetText }: ImagePair, options: MirrorCommandOptions, dryRun: boolean): PlannedImages {
  try {
    const source = parseImageReference(sourceText);
    const target = parseImageReference(targetText);
    if (target.digest !== undefined) throw new InvalidReferenceError(targetText, 'a target cannot have a digest; use a tag');
    // Without a tag, the target gets the tag of the source.
    const tag = /:[^/\]]*$/.test(targetText) ? target.tag! : mirrorTag(source);
    const { attestations, lateReferrers, onTagMoved, platform: platforms, platformTags, referrers } = options;
    const settings = { attestations, lateReferrers, onTagMoved, platforms, platformTags, referrers, dryRun };
    return planRequest({ source, target: { ...target, tag }, kind: options.tagKind ?? tagKind(tag), ...settings });
  } catch (error) {
    if (!(error instanceof InvalidReferenceError)) throw error;
    return { result: notAttempted(sanitizeReference(sourceText), sanitizeReference(targetText), 'invalid-reference', error.message) };
  }
}

/** A reference that is not valid, as a result may show it. */
function sanitizeReference(text: string): string {
  return escapeControlCharacters(redactCredentials(text).slice(0, 300));
}

function formatResult(result: MirrorResult): string {
  const { outcome, dryRun, source, target, targetDigest, message, platformTags = [] } = result;
  if (message !== undefined) return `${outcome}: ${message}`;
  const withTags = platformTags.map((tag) => `, with ${tag}`).join('');
  if (dryRun && outcome === 'copied') return `would copy ${source} to ${target}${withTags}`;
  if (dryRun) return `${outcome}: ${target} is ${targetDigest}${withTags}`;
  const { blobsCopied, blobsSkipped, bytesCopied, seconds } = result;
  const blobs = outcome === 'copied' ? `, ${blobsCopied} blobs sent (${megabytes(bytesCopied)}), ${blobsSkipped} already there` : '';
  return `${outcome}: ${target}@${targetDigest}${withTags}${blobs}, ${seconds.toFixed(1)} s`;
}
