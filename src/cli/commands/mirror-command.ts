import { ImagePair } from './image-pairs';
import { MirrorRequest } from '../../engine/mirror-image';
import { mirrorImages } from '../../engine/mirror-all';
import { megabytes } from '../../engine/report/progress';
import { isSuccess, MirrorResult, notAttempted } from '../../engine/result';
import type { TagMovedPolicy } from '../../image/contract/environment';
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
}

/** Mirrors images, or with `dryRun` finds out what that would do. Returns the exit code. */
export async function mirrorCommand(pairs: readonly ImagePair[], options: MirrorCommandOptions, dryRun: boolean): Promise<number> {
  const read = pairs.map((pair) => readRequest(pair, options, dryRun));
  const requests = read.flatMap((one) => 'outcome' in one ? [] : [one]);
  const mirrored = await withMirrorTools(options, requests.length <= 1, (listener) => mirrorImages(requests, listener));
  const results = read.map((one) => 'outcome' in one ? one : mirrored.shift()!);
  if (results.length > 1) return printResults(results, options);
  const [result] = results;
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  process.stderr.write(`${escapeControlCharacters(sentence(result))}\n`);
  return isSuccess(result) ? 0 : 1;
}

/** What a pair asks for; what is wrong with it is the result of that pair alone. */
function readRequest(pair: ImagePair, options: MirrorCommandOptions, dryRun: boolean): MirrorRequest | MirrorResult {
  const { source: sourceText, target: targetText } = pair;
  try {
    const source = parseImageReference(sourceText);
    const target = parseImageReference(targetText);
    if (target.digest !== undefined) throw new InvalidReferenceError(targetText, 'a target is named by a tag; its digest follows from what is copied');
    // "host/name" takes the tag of the source: a mirror keeps names.
    const tag = /:[^/\]]*$/.test(targetText) ? target.tag! : mirrorTag(source);
    const { onTagMoved, platform: platforms, platformTags, referrers } = options;
    return { source, target: { ...target, tag }, kind: options.tagKind ?? tagKind(tag), onTagMoved, platforms, platformTags, referrers, dryRun };
  } catch (error) {
    if (!(error instanceof InvalidReferenceError)) throw error;
    return notAttempted(shown(sourceText), shown(targetText), 'invalid-reference', error.message);
  }
}

/** What could not be parsed, as a result may show it. */
function shown(text: string): string {
  return escapeControlCharacters(redactCredentials(text).slice(0, 300));
}

function sentence(result: MirrorResult): string {
  const { outcome, dryRun, source, target, targetDigest, message, platformTags = [] } = result;
  if (message !== undefined) return `${outcome}: ${message}`;
  const tagged = platformTags.map((tag) => `, with ${tag}`).join('');
  if (dryRun && outcome === 'copied') return `would copy ${source} to ${target}${tagged}`;
  if (dryRun) return `${outcome}: ${target} is ${targetDigest}${tagged}`;
  const moved = outcome === 'copied' ? `, ${result.blobsCopied} blobs sent (${megabytes(result.bytesCopied)}), ${result.blobsSkipped} already there` : '';
  return `${outcome}: ${target}@${targetDigest}${tagged}${moved}, ${result.seconds.toFixed(1)} s`;
}
