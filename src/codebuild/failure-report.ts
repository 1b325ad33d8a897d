import type { ImageResult, BuildResults } from './build-results';
import { BUILD_STATUS_TEXTS, BuildState } from './build-state';
import { heldEntries, heldRemedy } from './held-images';
import type { StartedBuild } from './start-builds';
import { truncateToBytes, sanitizeLine } from '../image/sanitize';

/** A build with its state and its results. */
export interface FollowedBuild {
  readonly started: StartedBuild;
  readonly state: BuildState;
  /** Undefined when the log was not read. */
  readonly results?: BuildResults;
}

/** CloudFormation accepts responses of at most 4,096 bytes, and the CDK's provider framework adds to the message. */
const MAX_REPORT_BYTES = 1_500;
const MAX_ENTRY_BYTES = 500;
const MAX_LINKS = 2;
const MAX_LINK_BYTES = 400;

/**
 * Formats the message that CloudFormation shows for a failed deployment.
 *
 * The message lists the failed images with their reasons, and has the number of mirrored images and links to the logs. Images that the same checks
 * hold share an entry.
 * When the list is too long for a response to CloudFormation, it ends with the number of entries that are left out.
 *
 * @param action what the builds do with the images
 */
export function formatFailureReport(builds: readonly FollowedBuild[], action: 'mirrored' | 'customized' = 'mirrored'): string {
  const failed = builds.filter(({ state }) => state.status !== 'SUCCEEDED');
  const failures = failed.flatMap(({ results }) => results?.results ?? []).filter(({ reason }) => reason !== undefined);
  const succeeded = countMirrored(builds);
  const unknown = failed.reduce((sum, build) => sum + countMissing(build), 0);
  const others = failed.filter((build) => countMissing(build) > 0 || !isExplained(build));
  const entries = [...failures.filter(({ held }) => held === undefined).map(imageEntry), ...heldEntries(failures), ...others.map(buildEntry)]
    .map((entry) => truncateToBytes(sanitizeLine(entry, MAX_ENTRY_BYTES), MAX_ENTRY_BYTES));
  const mirrored = succeeded === 0 ? '' : `, ${succeeded} ${succeeded === 1 ? 'was' : 'were'}`;
  const bad = failures.length + unknown;
  const head = bad === 0 ? `all images were ${action}, but a build failed:` : `${formatCount(bad)} not ${action}${mirrored}:`;
  const tail = [...heldRemedy(failures), ...linksOf(failed)];
  const room = MAX_REPORT_BYTES - Buffer.byteLength([head, ...tail].join('\n'));
  return truncateToBytes([head, ...entriesWithin(room, entries), ...tail].join('\n'), MAX_REPORT_BYTES);
}

function countMirrored(builds: readonly FollowedBuild[]): number {
  return builds.reduce((sum, { started, state, results }) => {
    return sum + (state.status === 'SUCCEEDED' ? started.images : (results?.results ?? []).filter(({ reason }) => reason === undefined).length);
  }, 0);
}

/** The number of images without a result. A tag filter counts as one image, so a build can have more results than images. */
function countMissing({ started, results }: FollowedBuild): number {
  return results?.isComplete ? 0 : Math.max(0, started.images - (results?.results.length ?? 0));
}

function isExplained({ results }: FollowedBuild): boolean {
  return results?.results.some(({ reason }) => reason !== undefined) ?? false;
}

function formatCount(images: number): string {
  return `${images} ${images === 1 ? 'image was' : 'images were'}`;
}

function imageEntry({ source, reason, message }: ImageResult): string {
  const name = source === '' ? 'the list of images' : source;
  return `- ${name} (${reason})${message === undefined ? '' : `: ${message}`}`;
}

function buildEntry(build: FollowedBuild): string {
  const { started, state: { id, status, problem } } = build;
  const missing = countMissing(build);
  const which = missing === started.images ? `its ${namesOf(started)}` : `${missing} of its ${started.images} images`;
  const unreported = missing === 0 ? '' : ` before it reported results for ${which}`;
  return `- the build ${id} ${BUILD_STATUS_TEXTS[status]}${unreported}${problem === undefined ? '' : ` (${problem})`}`;
}

function namesOf({ images, firstImages }: StartedBuild): string {
  const more = images - firstImages.length;
  return `${images === 1 ? 'image' : 'images'} ${firstImages.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** As many entries as fit, and a last line with the number of the others. */
function entriesWithin(maxBytes: number, entries: readonly string[]): string[] {
  const lines: string[] = [];
  let left = maxBytes - '\n- and 1000 more'.length;
  for (const entry of entries) {
    const length = Buffer.byteLength(entry) + 1;
    if (lines.length > 0 && length > left) return [...lines, `- and ${entries.length - lines.length} more`];
    lines.push(entry);
    left -= length;
  }
  return lines;
}

function linksOf(builds: readonly FollowedBuild[]): string[] {
  return builds.flatMap(({ state }) => formatLogLink(state) ?? []).slice(0, MAX_LINKS);
}

/** A line with the URL of the log of a build; undefined when the build has no log. */
export function formatLogLink({ log }: BuildState): string | undefined {
  return log?.deepLink ? `Build log: ${truncateToBytes(sanitizeLine(log.deepLink, MAX_LINK_BYTES), MAX_LINK_BYTES)}` : undefined;
}
