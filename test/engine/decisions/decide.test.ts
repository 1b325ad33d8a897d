/** The bundled program that records decisions, as CodeBuild runs it, with a local Amazon ECR and EventBridge. */
import { markerAnnotations, markerManifest } from '../../../src/engine/admission/marker-manifest';
import { digestOf } from '../../../src/engine/digest';
import { heldTag, imageKey, markerTag, parseMarkerTag } from '../../../src/image/admission/quarantine';
import type { DecisionResult, RecordedDecision } from '../../../src/image/contract/decision-result';
import { Fault } from '../../support/fault';
import { multiPlatformImage, singleImage } from '../../support/fixture-images';
import { DECIDE, LocalAccount } from '../../support/local-account';

const IMAGE = singleImage({ seed: 'new' });
const OLD = singleImage({ seed: 'old' });
const REFERENCE = `docker.io/library/nginx:stable@${IMAGE.digest}`;
const REPOSITORY = 'mirror/nginx';
const QUARANTINED = { source: 'docker.io/library/nginx', repository: REPOSITORY };
const hash = (text: string) => digestOf(Buffer.from(text));
const KEY = imageKey({ ...QUARANTINED, tag: 'stable' }, hash);
const immutable = (repositoryName: string) => ({ repositoryName, imageTagMutability: 'IMMUTABLE' as const });

const PROJECT = {
  MIRROR_QUARANTINE: 'mirror-held',
  MIRROR_DECISIONS: 'mirror-decisions',
  MIRROR_EVENT_BUS: 'default',
  CODEBUILD_BUILD_ID: 'Decisions:1',
  CODEBUILD_BUILD_ARN: 'arn:aws:codebuild:eu-west-1:123456789012:build/Decisions:1',
  CODEBUILD_INITIATOR: 'Reviewer/ann',
};

let account: LocalAccount;

// One account for all tests: certificates take the longest.
beforeAll(async () => {
  account = await LocalAccount.open([REPOSITORY, immutable('mirror-held'), immutable('mirror-decisions')]);
});

beforeEach(() => {
  account.ecr.clear();
  account.events.events.length = 0;
  account.events.refuseWith = undefined;
});

afterEach(() => expect(account.errors()).toEqual([]));
afterAll(() => account.close());

/** Runs the program. */
async function decide(decision: string, variables: Record<string, string> = {}) {
  const all = { IMAGE: REFERENCE, DECISION: decision, REASON: 'checked by hand', ...PROJECT, ...variables };
  const { code, lines, log } = await account.run(all, undefined, DECIDE);
  expect(lines).toHaveLength(1);
  return { code, log, result: lines[0] as unknown as DecisionResult & Partial<RecordedDecision> };
}

/** A run saw the image upstream and held it. */
function see(digest: string = IMAGE.digest, tag: string = 'stable'): void {
  const marker = { kind: 'seen', key: imageKey({ ...QUARANTINED, tag }, hash), seconds: 1_700_000_000, digest } as const;
  const manifest = markerManifest({ marker, image: QUARANTINED, tag });
  const stored = { ...manifest, digest: digestOf(manifest.bytes) };
  account.ecr.push('mirror-held', markerTag(marker), { ...IMAGE, digest: stored.digest, manifests: [stored], blobs: [] });
}

/** The recorded decisions, the oldest first. */
function recorded() {
  const { manifests, tags } = account.ecr.repository('mirror-decisions');
  return [...tags].map(([tag, digest]) => ({ ...parseMarkerTag(tag)!, facts: markerAnnotations(manifests.get(digest)!) }))
    .sort((one, other) => one.seconds - other.seconds);
}

test('a release of an image in quarantine is a marker, a line and an event that say who and why', async () => {
  see();
  const { code, result } = await decide('RELEASE');
  const facts = { source: 'docker.io/library/nginx:stable', repository: REPOSITORY, tag: 'stable', digest: IMAGE.digest, by: 'Reviewer/ann', reason: 'checked by hand' };
  expect([code, result]).toMatchObject([0, { decision: 'released', ...facts, message: expect.stringContaining('the next run of nginx:stable serves') }]);
  expect(recorded()).toMatchObject([{ kind: 'released', key: KEY, digest: IMAGE.digest, facts: { by: 'Reviewer/ann', reason: 'checked by hand', lock: '' } }]);
  expect(account.events.events).toEqual([{
    source: 'cdk-ecr-mirror',
    detailType: 'Image Released',
    eventBusName: 'default',
    resources: [PROJECT.CODEBUILD_BUILD_ARN],
    detail: { version: '1', ...facts, at: result.at },
  }]);
});

test('a release of an image that waits for a scan needs no marker', async () => {
  account.ecr.push('mirror-held', heldTag(KEY, IMAGE.digest, 'all', hash), IMAGE);
  expect((await decide('RELEASE')).code).toBe(0);
});

test.each([
  ['another digest', () => see(OLD.digest), `it has ${OLD.digest}`],
  ['the same digest under another tag', () => see(IMAGE.digest, 'latest'), 'it has no image of this tag'],
])('an image that is not in quarantine is not released: %s', async (_, prepare, problem) => {
  await prepare();
  const { code, result } = await decide('RELEASE');
  expect([code, result]).toMatchObject([1, { decision: 'failed', failure: 'not-found', message: expect.stringContaining(problem) }]);
  expect([recorded(), account.events.events]).toEqual([[], []]);
});

test('a refusal needs no image in quarantine', async () => {
  const { code, result } = await decide('REFUSE');
  expect([code, result]).toMatchObject([0, { decision: 'refused', servedBy: [], message: expect.stringContaining(`no tag of ${REPOSITORY} serves it`) }]);
  expect(recorded()).toMatchObject([{ kind: 'refused', key: KEY, digest: IMAGE.digest }]);
  expect(account.events.events).toMatchObject([{ detailType: 'Image Refused', detail: { servedBy: [], by: 'Reviewer/ann' } }]);
});

test('the refusal of a served image names its tags, and the image to move back to', async () => {
  const { ecr } = account;
  ecr.push(REPOSITORY, 'mirror.previous.stable.1', singleImage({ seed: 'oldest' }));
  ecr.push(REPOSITORY, 'mirror.previous.stable.2', OLD);
  for (const tag of ['stable', '1.27.0', 'mirror.previous.latest.1']) ecr.push(REPOSITORY, tag, IMAGE);
  const { result } = await decide('REFUSE');
  expect(result.servedBy).toEqual(['1.27.0', 'stable']);
  expect(result.message).toContain('1.27.0, stable of mirror/nginx serve it and stay unchanged, so move back stable to mirror.previous.stable.2');
  expect(ecr.tagDigest(REPOSITORY, 'stable')).toBe(IMAGE.digest);
});

test('an index with some platforms of a refused image serves it too', async () => {
  const full = multiPlatformImage();
  account.upstream.clear();
  account.upstream.push('team/app', 'stable', full);
  await account.run({ IMAGE: 'registry.example.com/team/app:stable', REPOSITORY, PLATFORMS: 'linux/amd64' });
  const { result } = await decide('REFUSE', { IMAGE: `registry.example.com/team/app:stable@${full.digest}`, REPOSITORY });
  expect([result.servedBy, account.ecr.tagDigest(REPOSITORY, 'stable') === full.digest]).toEqual([['stable'], false]);
});

test('a refusal is recorded also when the images of the repository can\'t be listed', async () => {
  const { code, result } = await decide('REFUSE', { REPOSITORY: 'mirror/other' });
  expect([code, result]).toMatchObject([0, { decision: 'refused', message: expect.stringContaining('it is not known which tags of mirror/other serve it') }]);
  expect(result).not.toHaveProperty('servedBy');
  expect(recorded()).toHaveLength(1);
});

test('a decision is later than the one before it, so that the last one wins', async () => {
  see();
  await decide('REFUSE');
  await decide('RELEASE');
  const [first, second] = recorded();
  expect([first.kind, second.kind, second.seconds > first.seconds]).toEqual(['refused', 'released', true]);
});

test('a release keeps the state of the lock', async () => {
  see();
  await decide('RELEASE', { LOCK: JSON.stringify({ digests: { stable: OLD.digest } }) });
  expect(recorded()).toMatchObject([{ facts: { lock: OLD.digest } }]);
});

test('the program writes to the repository of decisions only', async () => {
  see();
  account.ecr.requests.length = 0;
  await decide('RELEASE');
  await decide('REFUSE');
  const written = account.ecr.requests.filter(({ method, path }) => path.startsWith('/v2/') && !['GET', 'HEAD'].includes(method));
  expect(written.length).toBeGreaterThan(0);
  expect(written.filter(({ path }) => !path.startsWith('/v2/mirror-decisions/'))).toEqual([]);
});

test('an event that can\'t be put does not change the decision', async () => {
  account.events.refuseWith = 'ThrottlingException';
  const { code, log } = await decide('REFUSE');
  expect([code, recorded().length]).toEqual([0, 1]);
  expect(log).toContain('the event was not put: ThrottlingException');
});

test('a decision that can\'t be put is a failure, without an event', async () => {
  account.ecr.fail({ match: { method: 'PUT', path: '/manifests/' }, action: Fault.status(403), times: Infinity });
  const { code, result } = await decide('REFUSE');
  expect([code, result, account.events.events]).toMatchObject([1, { decision: 'failed', failure: 'unauthorized' }, []]);
});

test('a variable that is not valid is a failure, and nothing is recorded', async () => {
  const { code, log, result } = await decide('REFUSE', { REASON: 'hunter2\n' });
  expect([code, result]).toMatchObject([1, { decision: 'failed', failure: 'invalid-configuration', message: expect.stringContaining('REASON') }]);
  expect(`${log}${JSON.stringify(result)}`).not.toContain('hunter2');
  expect([recorded(), account.events.events]).toEqual([[], []]);
});
