import { LocalAws } from './local-aws';
import { MirrorRun, Round } from './round';
import { MirrorResult, Outcome } from '../../src/engine/result';
import { quarantineRepository } from '../../src/image/admission/quarantine';
import { EVENT_DETAIL_TYPE, EVENT_SOURCE } from '../../src/image/contract/events-and-metrics';
import { parseImageReference } from '../../src/image/image-reference';
import { DEFAULT_REPOSITORY_PREFIX, mirrorRepositoryName } from '../../src/image/repository-name';

/** What every image's run must end with, by its outcome. */
const ENDINGS: Readonly<Record<Outcome, { readonly exitCode: number; readonly detailType: string }>> = {
  'copied': { exitCode: 0, detailType: EVENT_DETAIL_TYPE.MIRRORED },
  'unchanged': { exitCode: 0, detailType: EVENT_DETAIL_TYPE.UNCHANGED },
  'held': { exitCode: 0, detailType: EVENT_DETAIL_TYPE.HELD },
  'upstream-gone': { exitCode: 0, detailType: EVENT_DETAIL_TYPE.UPSTREAM_GONE },
  'tag-moved': { exitCode: 1, detailType: EVENT_DETAIL_TYPE.TAG_MOVED },
  'failed': { exitCode: 1, detailType: EVENT_DETAIL_TYPE.FAILED },
};

/** What was not as it must be in a round, in words; empty when all was. */
export function problemsOf(aws: LocalAws, round: Round, expected: (image: string) => Outcome): string[] {
  const quiet = round.runs.every(({ image }) => expected(image) === 'unchanged');
  return [
    ...round.runs.length === aws.schedules.length ? [] : [`${round.runs.length} of ${aws.schedules.length} schedules ran`],
    ...round.runs.flatMap((run) => problemsOfRun(aws, round, run, expected(run.image)).map((problem) => `${run.image}: ${problem}`)),
    ...round.customized.flatMap((result) => customizedProblems(aws, result)),
    ...round.events.length === round.runs.length + round.customized.length ? [] : [`${round.events.length} events for ${round.runs.length} runs`],
    ...quiet && round.downloads > 0 ? [`${round.downloads} downloads from upstream although nothing changed`] : [],
    ...quiet && round.pushes > 0 ? [`${round.pushes} requests that push to ECR although nothing changed`] : [],
  ].map((problem) => `${round.name}: ${problem}`);
}

function problemsOfRun(aws: LocalAws, round: Round, { build, result }: MirrorRun, outcome: Outcome): string[] {
  if (!result) return [`the build printed no result; its log ends with ${JSON.stringify(build.log.slice(-500))}`];
  const { exitCode, detailType } = ENDINGS[outcome];
  const isAbout = ({ source, target }: Record<string, unknown>) => source === result.source && target === result.target;
  const events = round.events.filter(({ source, detail }) => source === EVENT_SOURCE && isAbout(detail));
  const checks: [boolean, string][] = [
    [result.outcome === outcome, `is ${result.outcome} and not ${outcome}${result.message ? ` (${result.message})` : ''}`],
    [build.exitCode === exitCode, `the build exited with ${build.exitCode} and not ${exitCode}`],
    [result.targetDigest === mirrorDigest(aws, result), `reports the digest ${result.targetDigest}, and ECR has ${mirrorDigest(aws, result)}`],
    [events.length === 1 && events[0].detailType === detailType, `put the events ${JSON.stringify(events.map((event) => event.detailType))} and not one ${detailType}`],
    ...outcome === 'copied' ? copiedChecks(aws, result) : [],
    ...outcome === 'unchanged' ? unchangedChecks(result) : [],
    ...outcome === 'tag-moved' ? movedChecks(result) : [],
  ];
  return checks.filter(([holds]) => !holds).map(([, problem]) => problem);
}

/** A customized image must be there under its tag, and have been built from the very copy that the mirror has. */
function customizedProblems(aws: LocalAws, result: MirrorResult): string[] {
  const source = parseImageReference(result.source);
  const base = aws.ecr.tagDigest(mirrorRepositoryName(source), source.tag!);
  const checks: [boolean, string][] = [
    [result.outcome === 'copied', `is ${result.outcome}, customized${result.message ? ` (${result.message})` : ''}`],
    [result.targetDigest !== undefined && result.targetDigest === mirrorDigest(aws, result), `reports the digest ${result.targetDigest}, and ECR has ${mirrorDigest(aws, result)}`],
    [result.builtFrom?.endsWith(`@${base}`) === true, `was built from ${result.builtFrom}, and the mirror has ${base}`],
  ];
  return checks.filter(([holds]) => !holds).map(([, problem]) => `${result.source}: ${problem}`);
}

function copiedChecks(aws: LocalAws, { source, target, sourceDigest, targetDigest, countedPulls }: MirrorResult): [boolean, string][] {
  const image = aws.upstream?.image(source);
  return [
    [sourceDigest !== undefined && sourceDigest === targetDigest, `upstream has ${sourceDigest}, the mirror ${targetDigest}`],
    // An image that was scanned comes from quarantine.
    [countedPulls > 0 || isInQuarantine(aws, sourceDigest), 'copied without a single pull'],
    [!image || image.digest === sourceDigest, `reports ${sourceDigest} as upstream's digest, which is ${image?.digest}`],
    [!image || aws.ecr.holds(parseImageReference(target).repository, image), 'not all manifests and blobs of the image are in ECR'],
  ];
}

function unchangedChecks({ sourceDigest, targetDigest, bytesCopied, countedPulls, requests }: MirrorResult): [boolean, string][] {
  return [
    [sourceDigest !== undefined && sourceDigest === targetDigest, `upstream has ${sourceDigest}, the mirror ${targetDigest}`],
    [requests.source === 1 && requests.target === 1, `sent ${requests.source} requests to upstream and ${requests.target} to the mirror, not one each`],
    [bytesCopied === 0 && countedPulls === 0, `copied ${bytesCopied} bytes with ${countedPulls} counted pulls`],
  ];
}

function movedChecks({ sourceDigest, targetDigest, bytesCopied }: MirrorResult): [boolean, string][] {
  return [
    [sourceDigest !== undefined && targetDigest !== undefined && sourceDigest !== targetDigest, `upstream has ${sourceDigest}, the mirror ${targetDigest}`],
    [bytesCopied === 0, `copied ${bytesCopied} bytes over an immutable tag`],
  ];
}

/** Whether ECR has an image in the quarantine repository of a mirror with the default prefix. */
function isInQuarantine({ ecr }: LocalAws, digest: string = ''): boolean {
  const name = quarantineRepository(DEFAULT_REPOSITORY_PREFIX);
  return ecr.repositoryNames.includes(name) && ecr.repository(name).manifests.has(digest);
}

/** The digest that ECR itself has under a result's target. */
function mirrorDigest(aws: LocalAws, { target }: MirrorResult): string | undefined {
  const { repository, tag } = parseImageReference(target);
  return aws.ecr.tagDigest(repository, tag!);
}
