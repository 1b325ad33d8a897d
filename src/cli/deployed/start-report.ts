import { FollowedMirrorBuild } from './followed-builds';
import type { StartedMirrorBuild } from './started-builds';
import { BUILD_ENDINGS, BuildStatus } from '../../codebuild/build-state';
import { FailureReason, isSuccess, MirrorResult, RunSummary, summarize, notAttempted } from '../../engine/result';
import { parseCatalogLocation } from '../../image/catalog/catalog-location';
import { escapeControlCharacters } from '../../image/sanitize';
import { resultsTable } from '../output/tables';

/** What `start --json` prints. Its field names are a public contract. */
export interface StartReport extends Partial<RunSummary> {
  /** What the builds told of each image; nothing of builds that are not followed to their end. */
  readonly results?: readonly MirrorResult[];
  readonly builds: readonly ReportedBuild[];
}

/** A build that was started. */
export interface ReportedBuild {
  readonly id: string;
  /** Its page in the console. */
  readonly link?: string;
  readonly status: BuildStatus;
  /** Why it did not succeed, as CodeBuild tells. */
  readonly problem?: string;
  /** Why its results are not known. */
  readonly logProblem?: string;
  /** The upstream images that it mirrors, a repository where a filter selects its tags; of a catalog, where that lies. */
  readonly images: readonly string[];
}

/** What it means for an image or a catalog that its build told nothing of. */
const REASONS: Readonly<Partial<Record<BuildStatus, FailureReason>>> = { STOPPED: 'interrupted', TIMED_OUT: 'deadline-exceeded' };

/** What is known of builds that are under way. */
export function startedReport(runs: readonly StartedMirrorBuild[]): StartReport {
  return { builds: runs.map(({ id, link, sources }) => ({ id, link, status: 'IN_PROGRESS', images: sources })) };
}

/** What is known of builds that are over. */
export function endedReport(followed: readonly FollowedMirrorBuild[]): StartReport {
  const results = followed.flatMap(resultsOf);
  const builds = followed.map(({ run: { id, link, sources }, status, problem, logged, logProblem }) => {
    return { id, link, status, problem, ...logged.isWhole ? {} : { logProblem }, images: sources };
  });
  return { ...results.length === 0 ? {} : summarize(results), results, builds };
}

/** Whether the mirror now holds what it should. */
export function allSucceeded({ results = [], builds }: StartReport): boolean {
  return results.every(isSuccess) && builds.every(({ status }) => status === 'SUCCEEDED');
}

/** The same for people: what is wrong with builds, and a table of the results. */
export function reportText({ results = [], builds }: StartReport): string {
  const notes = builds.flatMap(({ id, link, status, problem, logProblem }) => {
    if (status !== 'SUCCEEDED') return `the build ${id} ${BUILD_ENDINGS[status]}${problem === undefined ? '' : ` (${problem})`}${link === undefined ? '' : `: ${link}`}`;
    return logProblem === undefined ? [] : `the build ${id} succeeded, so its images are mirrored; what it did is not known: ${logProblem}`;
  });
  return [...notes.map(escapeControlCharacters), ...results.length === 0 ? [] : [resultsTable(results)]].join('\n');
}

function resultsOf({ logged: { results, isWhole }, logProblem, problem, run, status }: FollowedMirrorBuild): readonly MirrorResult[] {
  if (isWhole || status === 'SUCCEEDED') return results;
  const told = new Set(results.map(({ source }) => source));
  const why = [problem, logProblem].map((one) => one === undefined ? '' : `; ${one}`).join('');
  return [...results, ...run.sources.filter((source) => !told.has(source)).map((source) => {
    const untold = parseCatalogLocation(source) === undefined ? 'this image' : 'all images of this catalog';
    return notAttempted(source, '', REASONS[status] ?? 'internal-error', `the build ${BUILD_ENDINGS[status]} before it told of ${untold}${why}`);
  })];
}

