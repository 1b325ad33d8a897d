import { FollowedMirrorBuild } from './followed-builds';
import type { StartedMirrorBuild } from './started-builds';
import { BUILD_STATUS_TEXTS, BuildStatus } from '../../codebuild/build-state';
import { FailureReason, isSuccess, MirrorResult, RunSummary, summarize, notAttempted } from '../../engine/result';
import { parseCatalogLocation } from '../../image/catalog/catalog-location';
import { escapeControlCharacters } from '../../image/sanitize';
import { resultsTable } from '../output/tables';

/** The JSON object that `start --json` prints. Its field names are a public contract. */
export interface StartReport extends Partial<RunSummary> {
  /** The result of each image; undefined when the command does not wait for the builds. */
  readonly results?: readonly MirrorResult[];
  readonly builds: readonly ReportedBuild[];
}

/** A started build in the report. */
export interface ReportedBuild {
  readonly id: string;
  /** The URL of the build in the AWS console. */
  readonly link?: string;
  readonly status: BuildStatus;
  /** Why the build did not succeed, as CodeBuild reports. */
  readonly problem?: string;
  /** Why the results of the build are not known. */
  readonly logProblem?: string;
  /** The upstream images (without a tag for a tag filter), or the location of the catalog that the build mirrors. */
  readonly images: readonly string[];
}

/** The reason for an image or a catalog without a result, by the status of its build. The default is `internal-error`. */
const MISSING_RESULT_REASONS: Readonly<Partial<Record<BuildStatus, FailureReason>>> = { STOPPED: 'interrupted', TIMED_OUT: 'deadline-exceeded' };

/** The report of running builds. */
export function startedReport(builds: readonly StartedMirrorBuild[]): StartReport {
  return { builds: builds.map(({ id, link, sources }) => ({ id, link, status: 'IN_PROGRESS', images: sources })) };
}

/** The report of builds that have ended. */
export function endedReport(followed: readonly FollowedMirrorBuild[]): StartReport {
  const results = followed.flatMap(resultsOf);
  const builds = followed.map(({ build: { id, link, sources }, status, problem, logResults, logProblem }) => {
    return { id, link, status, problem, ...logResults.isComplete ? {} : { logProblem }, images: sources };
  });
  return { ...results.length === 0 ? {} : summarize(results), results, builds };
}

/** Whether all builds and all images succeeded. */
export function allSucceeded({ results = [], builds }: StartReport): boolean {
  return results.every(isSuccess) && builds.every(({ status }) => status === 'SUCCEEDED');
}

/** Formats the report for the terminal: the problems of builds, and a table of the results. */
export function formatReport({ results = [], builds }: StartReport): string {
  const problems = builds.flatMap(({ id, link, status, problem, logProblem }) => {
    const cause = problem === undefined ? '' : ` (${problem})`;
    if (status !== 'SUCCEEDED') return `the build ${id} ${BUILD_STATUS_TEXTS[status]}${cause}${link === undefined ? '' : `: ${link}`}`;
    return logProblem === undefined ? [] : `the build ${id} succeeded, so its images are mirrored; the results are not known: ${logProblem}`;
  });
  return [...problems.map(escapeControlCharacters), ...results.length === 0 ? [] : [resultsTable(results)]].join('\n');
}

function resultsOf({ logResults: { results, isComplete }, logProblem, problem, build, status }: FollowedMirrorBuild): readonly MirrorResult[] {
  if (isComplete || status === 'SUCCEEDED') return results;
  const reported = new Set(results.map(({ source }) => source));
  const causes = [problem, logProblem].map((cause) => cause === undefined ? '' : `; ${cause}`).join('');
  return [...results, ...build.sources.filter((source) => !reported.has(source)).map((source) => {
    const subject = parseCatalogLocation(source) === undefined ? 'this image' : 'all images of this catalog';
    const message = `the build ${BUILD_STATUS_TEXTS[status]} before it reported results for ${subject}${causes}`;
    return notAttempted(source, '', MISSING_RESULT_REASONS[status] ?? 'internal-error', message);
  })];
}
