import { ImagePair, parsePair } from './image-pairs';
import { mirrorAll } from '../../engine/mirror-all';
import { PlannedImages, planRequest } from '../../engine/mirror-plan';
import { megabytes } from '../../engine/report/progress';
import { isSuccess, MirrorResult, notAttempted } from '../../engine/result';
import type { AttestationPolicy, TagMovedPolicy } from '../../image/contract/environment';
import { familiarImageReference, formatImageReference, InvalidReferenceError } from '../../image/image-reference';
import type { Platform } from '../../image/platform';
import { escapeControlCharacters, redactCredentials } from '../../image/sanitize';
import { tagKind, TagKindName } from '../../image/tag-kind';
import { EXIT_CODES } from '../exit-codes';
import { CommandOptions, printResults, withMirrorTools } from '../mirror-tools';

/** Options of `copy` and `check`. */
export interface MirrorCommandOptions extends CommandOptions {
  readonly tagKind?: TagKindName;
  readonly onTagMoved: TagMovedPolicy;
  readonly platform?: Platform[];
  readonly platformIfAvailable?: Platform[];
  readonly platformTags?: Platform[];
  readonly keepPrevious?: number;
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
  const plan = uniquePairs(pairs, options).map((pair) => planPair(pair, options, dryRun));
  const isSingle = plan.filter((planned) => !('result' in planned)).length <= 1;
  const results = await withMirrorTools(options, isSingle, (tools, callbacks) => mirrorAll(plan, tools, callbacks));
  if (results.every(({ reason }) => reason === 'invalid-reference')) {
    print(results, options);
    return EXIT_CODES.USAGE;
  }
  return print(results, options);
}

function print(results: readonly MirrorResult[], options: MirrorCommandOptions): number {
  if (results.length !== 1) return printResults(results, options);
  const [result] = results;
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  process.stderr.write(`${escapeControlCharacters(formatResult(result))}\n`);
  return isSuccess(result) ? EXIT_CODES.SUCCESS : EXIT_CODES.FAILURE;
}

/** The pairs without those that are listed before in any spelling. A note names each of them. */
function uniquePairs(pairs: readonly ImagePair[], { quiet }: MirrorCommandOptions): ImagePair[] {
  const counts = new Map<string, { readonly pair: ImagePair; readonly name: string; count: number }>();
  for (const pair of pairs) {
    const { key, name } = identify(pair);
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { pair, name, count: 1 });
    else known.count++;
  }
  for (const { name, count } of quiet ? [] : counts.values()) {
    if (count > 1) process.stderr.write(`note: ${escapeControlCharacters(name)} is listed ${count} times, and counts as one image\n`);
  }
  return [...counts.values()].map(({ pair }) => pair);
}

function identify(pair: ImagePair): { readonly key: string; readonly name: string } {
  try {
    const { source, target } = parsePair(pair);
    return { key: `${formatImageReference(source)} ${formatImageReference(target)}`, name: familiarImageReference(source) };
  } catch (error) {
    if (!(error instanceof InvalidReferenceError)) throw error;
    return { key: `${pair.source} ${pair.target}`, name: sanitizeReference(pair.source) };
  }
}

/** Plans one image. An invalid reference is the result of that image only. */
function planPair(pair: ImagePair, options: MirrorCommandOptions, dryRun: boolean): PlannedImages {
  try {
    const { source, target } = parsePair(pair);
    const { attestations, keepPrevious, lateReferrers, onTagMoved, platformTags, referrers } = options;
    const { platformIfAvailable, platform: platforms = platformIfAvailable } = options;
    const platformsIfAvailable = platformIfAvailable !== undefined;
    const settings = { attestations, keepPrevious, lateReferrers, onTagMoved, platforms, platformsIfAvailable, platformTags, referrers, dryRun };
    return planRequest({ source, target, kind: options.tagKind ?? tagKind(target.tag), ...settings });
  } catch (error) {
    if (!(error instanceof InvalidReferenceError)) throw error;
    return { result: notAttempted(sanitizeReference(pair.source), sanitizeReference(pair.target), 'invalid-reference', error.message) };
  }
}

/** A reference that is not valid, as a result may show it. */
function sanitizeReference(text: string): string {
  return escapeControlCharacters(redactCredentials(text).slice(0, 300));
}

function formatResult(result: MirrorResult): string {
  const { outcome, dryRun, keptAs, source, target, targetDigest, message, platformTags = [] } = result;
  if (message !== undefined) return `${outcome}: ${message}`;
  const withTags = platformTags.map((tag) => `, with ${tag}`).join('');
  if (dryRun && outcome === 'copied') return `would copy ${source} to ${target}${withTags}`;
  if (dryRun) return `${outcome}: ${target} is ${targetDigest}${withTags}`;
  const blobs = outcome === 'copied' ? `, ${formatBlobs(result)}` : '';
  const kept = keptAs === undefined ? '' : `, the previous image is ${keptAs}`;
  return `${outcome}: ${target}@${targetDigest}${withTags}${kept}${blobs}, ${result.seconds.toFixed(1)} s`;
}

/** The blobs of a copied image, without counts of zero: an image can get a new tag, or a new index, without new blobs. */
function formatBlobs({ blobsCopied, blobsSkipped, bytesCopied }: MirrorResult): string {
  const blobs = (count: number) => `${count} ${count === 1 ? 'blob' : 'blobs'}`;
  const there = blobsSkipped === 0 ? '' : `${blobs(blobsSkipped)} already there`;
  if (blobsCopied === 0) return ['nothing to copy', there].filter(Boolean).join(', ');
  return [`${blobs(blobsCopied)} sent (${megabytes(bytesCopied)})`, there].filter(Boolean).join(', ');
}
