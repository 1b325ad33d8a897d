import { BUILD_ENDINGS, BuildState } from './build-state';
import type { ImageResult, BuildResults } from './build-results';
import type { StartedBuild } from './start-builds';
import { truncateToBytes, sanitizeLine } from '../image/sanitize';

/** A build that was followed, and what its run told. */
export interface FollowedBuild {
  readonly started: StartedBuild;
  readonly state: BuildState;
  /** Undefined when there was no need to know. */
  readonly run?: BuildResults;
}

/** CloudFormation takes answers of up to 4,096 bytes, and what the framework adds needs its room. */
const LONGEST_REPORT = 1_500;
const LONGEST_ENTRY = 500;
const LONGEST_LINK = 400;
const MOST_LINKS = 2;

/**
 * Says which images were not mirrored and why, how many were, and where the log is: what CloudFormation shows of a deployment that failed.
 *
 * It is as long as an answer to CloudFormation can be, so it may end with how many more there are.
 *
 * @param done what the builds were to do
 */
export function failureReport(builds: readonly FollowedBuild[], done: 'mirrored' | 'customized' = 'mirrored'): string {
  const failed = builds.filter(({ state }) => state.status !== 'SUCCEEDED');
  const bad = failed.flatMap(({ run }) => run?.results ?? []).filter(({ reason }) => reason !== undefined);
  const good = mirrored(builds);
  const unknown = failed.reduce((sum, build) => sum + untold(build), 0);
  const entries = [...bad.map(imageEntry), ...failed.filter((build) => untold(build) > 0 || !isExplained(build)).map(buildEntry)]
    .map((entry) => truncateToBytes(sanitizeLine(entry, LONGEST_ENTRY), LONGEST_ENTRY));
  const head = `${counted(bad.length + unknown)} not ${done}${good === 0 ? '' : `, ${good} ${good === 1 ? 'was' : 'were'}`}:`;
  const links = linksOf(failed);
  return truncateToBytes([head, ...fitting(entries, LONGEST_REPORT - Buffer.byteLength([head, ...links].join('\n'))), ...links].join('\n'), LONGEST_REPORT);
}

function mirrored(builds: readonly FollowedBuild[]): number {
  return builds.reduce((sum, { started, state, run }) => {
    return sum + (state.status === 'SUCCEEDED' ? started.images : (run?.results ?? []).filter(({ reason }) => reason === undefined).length);
  }, 0);
}

/** How many images of a build nothing is known of. A selection of tags counts as one, so more results than images are possible, and no surplus. */
function untold({ started, run }: FollowedBuild): number {
  return run?.isWhole ? 0 : Math.max(0, started.images - (run?.results.length ?? 0));
}

function isExplained({ run }: FollowedBuild): boolean {
  return run?.results.some(({ reason }) => reason !== undefined) ?? false;
}

function counted(images: number): string {
  return `${images} ${images === 1 ? 'image was' : 'images were'}`;
}

function imageEntry({ source, reason, message }: ImageResult): string {
  const name = source === '' ? 'the list of images' : source;
  return `- ${name} (${reason})${message === undefined ? '' : `: ${message}`}`;
}

function buildEntry(build: FollowedBuild): string {
  const { started, state: { id, status, problem } } = build;
  const missing = untold(build);
  const which = missing === started.images ? `its ${namesOf(started)}` : `${missing} of its ${started.images} images`;
  return `- the build ${id} ${BUILD_ENDINGS[status]}${missing === 0 ? '' : ` before it told of ${which}`}${problem === undefined ? '' : ` (${problem})`}`;
}

function namesOf({ images, firstImages }: StartedBuild): string {
  const more = images - firstImages.length;
  return `${images === 1 ? 'image' : 'images'} ${firstImages.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** As many entries as fit, and how many did not. */
function fitting(entries: readonly string[], most: number): string[] {
  const lines: string[] = [];
  let left = most - '\n- and 1000 more'.length;
  for (const entry of entries) {
    const length = Buffer.byteLength(entry) + 1;
    if (lines.length > 0 && length > left) return [...lines, `- and ${entries.length - lines.length} more`];
    lines.push(entry);
    left -= length;
  }
  return lines;
}

function linksOf(builds: readonly FollowedBuild[]): string[] {
  const links = builds.flatMap(({ state }) => state.log?.deepLink ? [truncateToBytes(sanitizeLine(state.log.deepLink, LONGEST_LINK), LONGEST_LINK)] : []);
  return links.slice(0, MOST_LINKS).map((link) => `Build log: ${link}`);
}
