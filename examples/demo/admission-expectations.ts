import { problemsOf } from './expectations';
import { AGED, MINIMUM_AGE } from './gated-app';
import { LocalAws } from './local-aws';
import { Round } from './round';
import { MirrorResult, Outcome } from '../../src/engine/result';
import { HeldBy } from '../../src/image/contract/mirror-result';
import { parseImageReference } from '../../src/image/image-reference';
import { mirrorRepositoryName } from '../../src/image/repository-name';
import { FixtureImage } from '../../test/support/fixture-images';

/** What a run of an image with checks must end with. */
export interface AdmissionExpectation {
  readonly outcome: Outcome;
  /** @default - nothing */
  readonly heldBy?: HeldBy;
  /** What the message or the checks must mention. @default - anything */
  readonly says?: string;
  /** Whether an earlier run copied the image into quarantine, so that nothing of it is pulled again. @default false */
  readonly waited?: boolean;
}

/** How far the time of an image may be from its age, in milliseconds: the runs take seconds. */
const TOLERANCE = 3_600_000;

/** What was not as it must be in a round, in words; empty when all was. */
export function admissionProblems(aws: LocalAws, round: Round, expected: Readonly<Record<string, AdmissionExpectation>>): string[] {
  const results = round.runs.flatMap(({ result }) => result ?? []);
  return [
    ...problemsOf(aws, round, (image) => expected[image].outcome),
    ...results.flatMap((result) => checkProblems(aws, result, expected[result.source]).map((problem) => `${round.name}: ${result.source}: ${problem}`)),
  ];
}

function checkProblems({ ecr }: LocalAws, result: MirrorResult, { heldBy, outcome, says = '', waited = false }: AdmissionExpectation): string[] {
  const { checks: notes = [], countedPulls, eligibleAt, message = '', repository, sourceDigest } = result;
  const isOld = (time: string) => Math.abs(Date.parse(time) - Date.now() - MINIMUM_AGE.toMilliseconds()) < TOLERANCE;
  const isInMirror = ecr.repository(repository!).manifests.has(sourceDigest!);
  const checks: [boolean, string][] = [
    [(result.heldBy ?? []).join() === (heldBy ?? ''), `is held by ${result.heldBy?.join(', ') ?? 'nothing'} and not by ${heldBy ?? 'nothing'}`],
    [[message, ...notes].some((text) => text.includes(says)), `does not mention ${says}: ${[message, ...notes].join('; ')}`],
    [isInMirror === (outcome !== 'held'), isInMirror ? 'the held image can be pulled from the mirror' : 'the image is not in the mirror'],
    [!waited || countedPulls === 0, `${countedPulls} pulls although the image was in quarantine`],
    [heldBy === 'minimum-age' ? eligibleAt !== undefined && isOld(eligibleAt) : eligibleAt === undefined, `is served from ${eligibleAt}`],
  ];
  return checks.filter(([holds]) => !holds).map(([, problem]) => problem);
}

/** What the mirror must serve in the end, and what no repository may have: a held image without a scan leaves only markers. */
export function servedProblems({ ecr }: LocalAws, served: Readonly<Record<string, FixtureImage>>, malicious: FixtureImage): string[] {
  const wrong = Object.entries(served).filter(([image, { digest }]) => {
    const reference = parseImageReference(image);
    return ecr.tagDigest(mirrorRepositoryName(reference), reference.tag!) !== digest;
  });
  const parts = malicious.manifests.map(({ digest }) => digest);
  const infected = ecr.repositoryNames.filter((name) => parts.some((digest) => ecr.repository(name).manifests.has(digest)));
  return [
    ...wrong.map(([image]) => `Checks of new images: the mirror serves another image as ${image}`),
    ...infected.map((name) => `Checks of new images: ECR has the malicious image of ${AGED} in ${name}`),
  ];
}
