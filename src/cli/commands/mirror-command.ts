import { firstOf } from '../../engine/credentials/credential-source';
import { DockerConfigCredentials } from '../../engine/credentials/docker-config-credentials';
import { EcrCredentials } from '../../engine/credentials/ecr-credentials';
import { MirrorRequest, MirrorTools } from '../../engine/mirror-image';
import { mirrorImages } from '../../engine/mirror-images';
import { DEFAULT_RETRY } from '../../engine/registry/retry';
import { Transport } from '../../engine/registry/transport';
import { LogProgress, megabytes } from '../../engine/report/log-progress';
import type { ProgressListener } from '../../engine/report/progress';
import { isGood, MirrorResult, summarize, untried } from '../../engine/result';
import type { TagMovedPolicy } from '../../image/environment';
import { formatImageReference, InvalidReferenceError, parseImageReference, redacted } from '../../image/image-reference';
import type { Platform } from '../../image/platform';
import { mirrorTag } from '../../image/repository-name';
import { tagKind, TagKindName } from '../../image/tag-kind';
import { visibleText } from '../../image/visible-text';
import { ImagePair } from '../image-pairs';
import { isOwnRegistry } from '../plain-http';
import { ImageBar, ProgressBars } from '../progress-bars';
import { resultsTable } from '../results-table';
import { SILENT } from '../silent-progress';

/** Options of `copy` and `check`. */
export interface MirrorCommandOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly plainHttp?: boolean;
  readonly tagKind?: TagKindName;
  readonly onTagMoved: TagMovedPolicy;
  readonly platform?: Platform[];
  readonly platformTags?: Platform[];
  readonly referrers: boolean;
  /** Seconds. */
  readonly timeout: number;
}

/** Mirrors images, or with `dryRun` finds out what that would do. Returns the exit code. */
export async function mirrorCommand(pairs: readonly ImagePair[], options: MirrorCommandOptions, dryRun: boolean): Promise<number> {
  const read = pairs.map((pair) => readRequest(pair, options, dryRun));
  const mirrored = await mirror(read.flatMap((one) => 'outcome' in one ? [] : [one]), options);
  const results = read.map((one) => 'outcome' in one ? one : mirrored.shift()!);
  if (options.json) process.stdout.write(`${JSON.stringify(results.length === 1 ? results[0] : { ...summarize(results), results })}\n`);
  process.stderr.write(`${results.length === 1 ? visibleText(sentence(results[0])) : resultsTable(results)}\n`);
  return results.every(isGood) ? 0 : 1;
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
    return untried(shown(sourceText), shown(targetText), 'invalid-reference', error.message);
  }
}

/** What could not be parsed, as a result may show it. */
function shown(text: string): string {
  return visibleText(redacted(text).slice(0, 300));
}

async function mirror(requests: readonly MirrorRequest[], options: MirrorCommandOptions): Promise<MirrorResult[]> {
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const transport = new Transport();
  const bars = process.stderr.isTTY && !options.json && !options.quiet ? new ProgressBars(process.stderr) : undefined;
  const shared = {
    transport,
    credentials: firstOf(new DockerConfigCredentials(process.env), new EcrCredentials()),
    retry: DEFAULT_RETRY,
    deadline: Date.now() + options.timeout * 1000,
    signal: stop.signal,
    plainHttp: (registry: string) => options.plainHttp === true && isOwnRegistry(registry),
  };
  const running = new Map<string, ImageBar>();
  try {
    return await mirrorImages(requests, {
      toolsFor: ({ target }): MirrorTools => {
        const name = formatImageReference(target);
        const bar = bars?.for(name);
        if (bar) running.set(name, bar);
        return { ...shared, progress: bar ?? plainProgress(options, requests.length > 1 ? `${name}: ` : '') };
      },
      finished: ({ target }) => running.get(target)?.remove(),
    });
  } finally {
    bars?.stop();
    await transport.close();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

function plainProgress({ quiet }: MirrorCommandOptions, prefix: string): ProgressListener {
  return quiet ? SILENT : new LogProgress((line) => process.stderr.write(`${prefix}${line}\n`));
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
