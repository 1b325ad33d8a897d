import { readDecisionRequest } from '../../../src/engine/decisions/decision-request';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const OTHER = `sha256:${'b'.repeat(64)}`;

const read = (variables: Record<string, string> = {}) => readDecisionRequest({
  IMAGE: `docker.io/library/nginx:stable@${DIGEST}`,
  DECISION: 'REFUSE',
  REASON: 'It has a backdoor.',
  MIRROR_REGISTRY: '123456789012.dkr.ecr.eu-west-1.amazonaws.com',
  MIRROR_QUARANTINE: 'team-held',
  MIRROR_DECISIONS: 'team-decisions',
  CODEBUILD_BUILD_ID: 'Decisions:1',
  CODEBUILD_INITIATOR: 'Reviewer/ann',
  ...variables,
});

test('a decision has its image, its principal and its reason; the repository is derived with the prefix of the mirror', () => {
  expect(read()).toEqual({
    kind: 'refused',
    source: { registry: 'docker.io', repository: 'library/nginx', tag: 'stable' },
    target: { registry: '123456789012.dkr.ecr.eu-west-1.amazonaws.com', repository: 'team/nginx', tag: 'stable' },
    digest: DIGEST,
    reason: 'It has a backdoor.',
    by: 'Reviewer/ann',
    lock: '',
    quarantine: 'team-held',
    decisions: 'team-decisions',
  });
});

test('a repository of its own replaces the derived one', () => {
  expect(read({ REPOSITORY: 'other/web' }).target.repository).toBe('other/web');
});

test.each([
  ['no lock', '', ''],
  ['a lock of the tag', JSON.stringify({ digests: { stable: OTHER, latest: DIGEST } }), OTHER],
  ['a lock without the tag', JSON.stringify({ digests: { latest: OTHER } }), 'unlisted'],
  ['a lock in audit mode', JSON.stringify({ mode: 'AUDIT', digests: { stable: OTHER } }), OTHER],
])('the state of the lock: %s', (_, text, lock) => {
  expect(read({ LOCK: text }).lock).toBe(lock);
});

test.each([
  ['no digest', { IMAGE: 'docker.io/library/nginx:stable' }, 'a decision is about a digest; add it'],
  ['no tag', { IMAGE: `docker.io/library/nginx@${DIGEST}` }, 'it has no tag; add the tag of the mirror'],
  ['no image', { IMAGE: '' }, 'it must be an image with a tag and a digest'],
  ['a short digest', { IMAGE: 'nginx:stable@sha256:1' }, 'a digest must be'],
  ['an uppercase image', { IMAGE: `Nginx:stable@${DIGEST}` }, 'repository names must be lowercase'],
  ['no reason', { REASON: ' ' }, 'it is empty; say in one line why'],
  ['a long reason', { REASON: 'x'.repeat(501) }, 'it has 501 characters, and 500 is the maximum'],
  ['a reason of two lines', { REASON: 'a\nb' }, 'write one line of plain text'],
  ['an invisible character in the reason', { REASON: 'a\u202eb' }, 'write one line of plain text'],
  ['half of a surrogate pair in the reason', { REASON: 'a\ud800b' }, 'write one line of plain text'],
  ['a lock that is no object', { LOCK: '[]' }, 'it must be the variable LOCK of the image'],
  ['a lock with a tag for a digest', { LOCK: '{"digests":{"stable":"latest"}}' }, 'it must be the variable LOCK of the image'],
  ['a repository that is not valid', { REPOSITORY: 'Mirror' }, 'a repository name must be lowercase'],
  ['no quarantine', { MIRROR_QUARANTINE: '' }, 'the variable MIRROR_QUARANTINE'],
  ['no repository of decisions', { MIRROR_DECISIONS: '' }, 'the variable MIRROR_DECISIONS'],
  ['no registry', { MIRROR_REGISTRY: '' }, 'set it to the host of the registry'],
  ['no principal in CodeBuild', { CODEBUILD_INITIATOR: '' }, 'CodeBuild does not name the principal'],
])('%s is an error', (_, variables, problem) => {
  expect(() => read(variables)).toThrow(problem);
});

test.each(['', 'release', 'RELEASED', 'constructor', '__proto__'])('the decision %j is not valid', (DECISION) => {
  expect(() => read({ DECISION })).toThrow('it must be RELEASE or REFUSE');
});

test('an error shows no value that may be a secret', () => {
  for (const name of ['REASON', 'LOCK', 'DECISION']) {
    let message = '';
    try {
      read({ [name]: 'hunter2\n' });
    } catch (error) {
      ({ message } = error as Error);
    }
    expect(message).toContain(name);
    expect(message).not.toContain('hunter2');
  }
});

test('the name of the principal is one line', () => {
  expect(read({ CODEBUILD_INITIATOR: 'Reviewer/ann\nforged' }).by).toBe('Reviewer/ann forged');
});

test('outside of CodeBuild, the principal is not known', () => {
  expect(read({ CODEBUILD_BUILD_ID: '', CODEBUILD_INITIATOR: '' }).by).toBe('unknown principal');
});
