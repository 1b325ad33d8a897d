/** The evaluation of lifecycle policies, rule by rule as Amazon ECR documents it. */
import { EcrImage } from './ecr-images';
import { multiPlatformImage, singleImage } from './fixture-images';
import { applyLifecyclePolicy, evaluateLifecyclePolicy, matchesTagPattern, parseLifecyclePolicy, PolicyRule } from './lifecycle-policy';
import { LocalEcr } from './local-ecr';
import { MovingClock } from './moving-clock';

const DAY = 24 * 60 * 60 * 1000;
const NOW = 1000 * DAY;

/** An image, by name, that was pushed some days ago. */
function image(digest: string, days: number, tags: readonly string[] = [], more: Partial<EcrImage> = {}): EcrImage {
  return { digest, tags, pushedAt: NOW - days * DAY, status: 'ACTIVE', children: [], ...more };
}

function rule(rulePriority: number, selection: Partial<PolicyRule['selection']>, action: PolicyRule['action'] = { type: 'expire' }): PolicyRule {
  const count = selection.countType === undefined ? { countType: 'sinceImagePushed' as const, countUnit: 'days' as const, countNumber: 1 } : {};
  const tagStatus = selection.tagPatternList ?? selection.tagPrefixList ? 'tagged' : 'untagged';
  return { rulePriority, selection: { tagStatus, ...count, ...selection } as PolicyRule['selection'], action };
}

const atMost = (countNumber: number) => ({ countType: 'imageCountMoreThan' as const, countNumber });

function expired(rules: readonly PolicyRule[], images: readonly EcrImage[]): string[] {
  return evaluateLifecyclePolicy(parseLifecyclePolicy(JSON.stringify({ rules })), images, NOW).expired.slice().sort();
}

test.each<[string, readonly PolicyRule[], readonly EcrImage[], readonly string[]]>([
  ['untagged images expire by the time since the push', [rule(1, {})], [image('old', 2), image('new', 0.5), image('tagged', 9, ['stable'])], ['old']],
  ['an untagged image counts from its push, not from when it lost its tag', [rule(1, {})], [image('ran-until-today', 45)], ['ran-until-today']],
  ['a count keeps the images that were pushed last, whatever their versions', [rule(1, { tagPatternList: ['*'], ...atMost(2) })],
    [image('1.30', 30, ['1.30.0']), image('1.29', 20, ['1.29.0']), image('1.25', 1, ['1.25.9'])], ['1.30']],
  ['one matching tag selects an image, with all its other tags', [rule(1, { tagPatternList: ['temporary-*'] })], [image('both', 2, ['stable', 'temporary-1'])], ['both']],
  ['several patterns must each match a tag', [rule(1, { tagPatternList: ['a*', 'b*'] })],
    [image('a', 2, ['a1']), image('b', 2, ['b1']), image('ab', 2, ['a1', 'b1'])], ['ab']],
  ['several prefixes must each match a tag', [rule(1, { tagPrefixList: ['a', 'b'] })], [image('a', 2, ['a1']), image('ab', 2, ['a1', 'b1'])], ['ab']],
  ['an image in the tags of a rule is not expired by a rule with a lower priority',
    [rule(1, { tagPatternList: ['keep*'], ...atMost(100) }), rule(2, { tagPatternList: ['temporary*'] })],
    [image('shielded', 9, ['keep', 'temporary']), image('other', 9, ['temporary-2'])], ['other']],
  ['a lower number is a higher priority, in any order of the text',
    [rule(20, { tagPatternList: ['temporary*'] }), rule(3, { tagPatternList: ['keep*'], ...atMost(100) })], [image('shielded', 9, ['keep', 'temporary'])], []],
  ['an image that a rule expires still counts for the next rule',
    [rule(1, { tagPatternList: ['a*'], ...atMost(1) }), rule(2, { tagPatternList: ['b*'], ...atMost(1) })],
    [image('a1', 1, ['a1']), image('a2', 2, ['a2', 'b2']), image('b3', 3, ['b3'])], ['a2', 'b3']],
  ['a rule for any image is last, and spares the images of the rules before it',
    [rule(1, { tagPatternList: ['keep*'], ...atMost(100) }), rule(2, { tagStatus: 'any', ...atMost(1) })],
    [image('new', 1), image('old', 2, ['1.0']), image('kept', 3, ['keep'])], ['old']],
  ['the images of a list stay with it', [rule(1, {})], [image('list', 9, ['stable'], { children: ['amd64', 'arm64'] }), image('amd64', 9), image('arm64', 9)], []],
  ['the images of a list expire with it', [rule(1, {})], [image('list', 9, [], { children: ['amd64'] }), image('amd64', 9)], ['amd64', 'list']],
  ['the images of a list stay with a list that lists it', [rule(1, {})],
    [image('outer', 9, ['stable'], { children: ['inner'] }), image('inner', 9, [], { children: ['amd64'] }), image('amd64', 9)], []],
  ['referrers are not selected themselves, and go with their subject', [rule(1, {})],
    [image('gone', 9), image('signature', 0, [], { subject: 'gone' }), image('stays', 9, ['stable']), image('attestation', 9, [], { subject: 'stays' })], ['gone', 'signature']],
  ['archived images are only in rules for the archive', [rule(1, {}), rule(2, { storageClass: 'archive' })],
    [image('archived', 9, [], { status: 'ARCHIVED' }), image('active', 0)], ['archived']],
])('%s', (_title, rules, images, gone) => {
  expect(expired(rules, images)).toEqual([...gone].sort());
});

test('a transition archives an image', () => {
  const rules = [rule(1, { tagPatternList: ['*'] }, { type: 'transition', targetStorageClass: 'archive' })];
  expect(evaluateLifecyclePolicy(rules, [image('old', 9, ['1.0'])], NOW)).toMatchObject({ expired: [], archived: ['old'] });
});

test.each<[string, readonly PolicyRule[]]>([
  ['the priority is not unique', [rule(1, {}), rule(1, { tagPatternList: ['a'] })]],
  ['any must be last', [rule(1, { tagStatus: 'any' }), rule(2, {})]],
  ['tagged, and only that, needs tags', [rule(1, { tagStatus: 'tagged' })]],
  ['patterns and prefixes are both set', [rule(1, { tagPatternList: ['a'], tagPrefixList: ['a'] })]],
  ['a pattern has more than four wildcards', [rule(1, { tagPatternList: ['*a*b*c*d*'] })]],
  ['images can only be archived by the time of a pull', [rule(1, { countType: 'sinceImagePulled', countUnit: 'days', countNumber: 9 })]],
  ['the target of a transition is missing', [rule(1, {}, { type: 'transition' })]],
])('a policy is rejected when %s', (problem, rules) => {
  expect(() => parseLifecyclePolicy(JSON.stringify({ rules }))).toThrow(problem);
});

test.each([['1.27.0', '1.*', true], ['11.0', '1.*', false], ['1x0', '1.0', false], ['a-b-c', 'a*c', true], ['v1', '*', true]])('%s matches %s: %p', (tag, pattern, matches) => {
  expect(matchesTagPattern(tag, pattern)).toBe(matches);
});

describe('the images of the local Amazon ECR', () => {
  const NAME = 'mirror/app';

  test.each([[undefined, true], [true, false]])('a further tag renews the time of the push only if asked for (%p)', async (tagsRenewPushTime, isGone) => {
    const clock = new MovingClock();
    const ecr = new LocalEcr([NAME], { now: () => clock.now(), tagsRenewPushTime });
    const pushed = singleImage();
    ecr.push(NAME, undefined, pushed);
    clock.pass(2 * DAY);
    ecr.images(NAME).pushed(pushed.digest, tagsRenewPushTime);
    expect(applyLifecyclePolicy([rule(1, {})], ecr.images(NAME), clock.now())).toEqual(isGone ? [pushed.digest] : []);
    expect(ecr.repository(NAME).manifests.has(pushed.digest)).toBe(!isGone);
  });

  test('the blobs of an image stay as long as another image has them', () => {
    const clock = new MovingClock();
    const ecr = new LocalEcr([NAME], { now: () => clock.now() });
    const [one, two] = ['one', 'two'].map((seed) => multiPlatformImage({ seed, baseLayers: singleImage().blobs.slice(1) }));
    ecr.push(NAME, undefined, one);
    ecr.push(NAME, 'stable', two);
    clock.pass(2 * DAY);
    applyLifecyclePolicy([rule(1, {})], ecr.images(NAME), clock.now());
    expect([ecr.holds(NAME, one), ecr.holds(NAME, two)]).toEqual([false, true]);
  });
});
