import * as fc from 'fast-check';
import { ImageResult } from '../../src/codebuild/build-results';
import { BuildState } from '../../src/codebuild/build-state';
import { formatFailureReport, FollowedBuild } from '../../src/codebuild/failure-report';

const LINK = 'https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/Mirror/log-events/1234';
const bad = (source: string, message = `there is no ${source}`): ImageResult => ({ source, reason: 'not-found', message });
const good = (source: string): ImageResult => ({ source });

function build(status: BuildState['status'], images: number, results?: FollowedBuild['results'], state: Partial<BuildState> = {}): FollowedBuild {
  const firstImages = Array.from({ length: Math.min(3, images) }, (_, index) => `image${index}`);
  return { started: { id: 'Mirror:1', images, firstImages }, state: { id: 'Mirror:1', status, log: { deepLink: LINK }, ...state }, results };
}

const whole = (...results: ImageResult[]) => ({ results, isComplete: true });
const partial = (...results: ImageResult[]) => ({ results, isComplete: false });

test('names each image that failed, why, how many did not, and the log', () => {
  expect(formatFailureReport([build('FAILED', 3, whole(bad('docker.io/library/nope:1'), good('a'), good('b')))])).toBe([
    '1 image was not mirrored, 2 were:',
    '- docker.io/library/nope:1 (not-found): there is no docker.io/library/nope:1',
    `Build log: ${LINK}`,
  ].join('\n'));
});

test('counts the images of builds that succeeded among the good ones', () => {
  expect(formatFailureReport([build('SUCCEEDED', 40), build('FAILED', 1, whole(bad('x')))])).toMatch(/^1 image was not mirrored, 40 were:\n- x/);
});

test('says nothing of good ones when there are none', () => {
  expect(formatFailureReport([build('FAILED', 2, whole(bad('x'), bad('y')))])).toMatch(/^2 images were not mirrored:\n- x .*\n- y .*\nBuild log/);
});

test('a build that failed after all its images were mirrored has no count of zero', () => {
  expect(formatFailureReport([build('FAILED', 1, whole(good('a')), { problem: 'POST_BUILD: oops' })])).toMatch(/^all images were mirrored, but a build failed:\n- the build Mirror:1 failed \(POST_BUILD: oops\)/);
});

test('a list of images that could not be read has no name', () => {
  expect(formatFailureReport([build('FAILED', 1, whole({ source: '', reason: 'invalid-configuration', message: 'the variable IMAGES must be a list' }))]))
    .toContain('- the list of images (invalid-configuration): the variable IMAGES must be a list');
});

test.each<[BuildState['status'], string]>([
  ['FAILED', 'failed'],
  ['FAULT', 'failed because of a CodeBuild fault'],
  ['STOPPED', 'was stopped'],
  ['TIMED_OUT', 'exceeded the timeout of its project'],
  ['GONE', 'no longer exists'],
])('a build that ended as %s before it reported results for its images is told by its phases', (status, words) => {
  expect(formatFailureReport([build(status, 5, partial(), { problem: 'PROVISIONING: oops' })]))
    .toBe(`5 images were not mirrored:\n- the build Mirror:1 ${words} before it reported results for its images image0, image1, image2 and 2 more (PROVISIONING: oops)\nBuild log: ${LINK}`);
});

test('a build of which nothing is known is told with the names of its images', () => {
  expect(formatFailureReport([build('GONE', 1, undefined, { log: undefined })])).toBe('1 image was not mirrored:\n- the build Mirror:1 no longer exists before it reported results for its image image0');
});

test('a build that was ended half-way tells of the rest in a number', () => {
  expect(formatFailureReport([build('TIMED_OUT', 10, partial(good('a'), bad('b')))])).toBe([
    '9 images were not mirrored, 1 was:',
    '- b (not-found): there is no b',
    '- the build Mirror:1 exceeded the timeout of its project before it reported results for 8 of its 10 images',
    `Build log: ${LINK}`,
  ].join('\n'));
});

test('a build that failed after all its images were well says so', () => {
  expect(formatFailureReport([build('FAILED', 1, whole(good('a')), { problem: 'FINALIZING: oops' })])).toContain('- the build Mirror:1 failed (FINALIZING: oops)');
});

test('a selection of tags may have more results than images', () => {
  expect(formatFailureReport([build('FAILED', 1, partial(good('a'), good('b'), bad('c')))])).toMatch(/^1 image was not mirrored, 2 were:\n- c .*\nBuild log/);
});

describe('images that checks hold', () => {
  const DIGEST = `sha256:${'a'.repeat(64)}`;
  const held = (source: string, by: string[], eligibleAt?: string): ImageResult => {
    return { source, reason: 'held', message: `${source} is held`, held: { by, digest: DIGEST, since: '2027-03-28T12:00:00Z', eligibleAt } };
  };

  test('one image is named with its checks, its times, and the command that releases it', () => {
    expect(formatFailureReport([build('FAILED', 2, whole(held('nginx:stable', ['minimum-age', 'unsigned'], '2027-03-31T12:00:00Z'), good('a')))])).toBe([
      '1 image was not mirrored, 1 was:',
      '- nginx:stable (held by minimum-age, unsigned since 2027-03-28T12:00:00Z, old enough at 2027-03-31T12:00:00Z): nginx:stable is held',
      'The mirror serves no version of this image yet. Deploy again when the checks pass. '
        + `Or review the image and run: npx cdk-ecr-mirror release nginx:stable@${DIGEST} --reason "…". Or change its admission, or set onDeploy: OnDeploy.START.`,
      `Build log: ${LINK}`,
    ].join('\n'));
  });

  test('images with the same checks share an entry, with the latest time', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const aged = names.map((name, index) => held(name, ['minimum-age'], `2027-03-3${index % 2}T12:00:00Z`));
    const report = formatFailureReport([build('FAILED', 7, whole(...aged, held('f', ['unsigned']), bad('x')))]);
    expect(report.split('\n').slice(0, 5)).toEqual([
      '7 images were not mirrored:',
      '- x (not-found): there is no x',
      '- 5 images (held by minimum-age, old enough at 2027-03-31T12:00:00Z at the latest): a, b, c and 2 more',
      '- f (held by unsigned since 2027-03-28T12:00:00Z): f is held',
      expect.stringMatching(/^The mirror serves no version of these images yet\. .* release IMAGE@sha256:… --reason/),
    ]);
  });

  test('an image that is named with a digest of its own gets no second one', () => {
    expect(formatFailureReport([build('FAILED', 1, whole(held(`nginx:stable@${DIGEST}`, ['unsigned'])))])).toContain('release IMAGE@sha256:… --reason');
  });

  test('a held image without details is named all the same', () => {
    expect(formatFailureReport([build('FAILED', 1, whole({ source: 'a', reason: 'held', held: { by: [] } }))])).toContain('\n- a (held by a check)\n');
  });

  test('no remedy for held images is there when none is held', () => {
    expect(formatFailureReport([build('FAILED', 1, whole(bad('x')))])).not.toContain('release');
  });

  test('many of them stay within the limit, with the remedy and a log', () => {
    const images = Array.from({ length: 200 }, (_, index) => held(`docker.io/team/app${index}:1.0.0`, ['unsigned', ...index % 40 === 0 ? [] : [`check-${'x'.repeat(index % 40)}`]]));
    const report = formatFailureReport([build('FAILED', 200, whole(...images))]);
    expect(Buffer.byteLength(report)).toBeLessThanOrEqual(1500);
    expect(report).toMatch(/\n- and \d+ more\nThe mirror serves no version of these images yet\. .*\nBuild log: https:\S+$/);
  });
});

test('ends with how many more there are, within what CloudFormation takes, and always with a log', () => {
  const report = formatFailureReport([build('FAILED', 100, whole(...Array.from({ length: 100 }, (_, index) => bad(`docker.io/team/app${index}:1.0.0`))))]);
  expect(report).toMatch(/^100 images were not mirrored:\n- docker\.io\/team\/app0:1\.0\.0 \(not-found\)(.|\n)*\n- and \d+ more\nBuild log: https:\S+$/);
  expect(Buffer.byteLength(report)).toBeLessThanOrEqual(1500);
  const shown = report.split('\n').filter((line) => line.startsWith('- docker')).length;
  expect(report).toContain(`- and ${100 - shown} more`);
});

test('names the logs of two builds at most', () => {
  const builds = Array.from({ length: 5 }, () => build('FAILED', 1, whole(bad('x', 'short'))));
  expect(formatFailureReport(builds).match(/Build log/g)).toHaveLength(2);
});

test('whatever a log held, the report is at most 1,500 bytes, has an image and a log', () => {
  const text = fc.string({ unit: 'binary', maxLength: 400 });
  const result = fc.record({ source: text, reason: fc.constant('network'), message: text });
  fc.assert(fc.property(fc.array(fc.array(result, { minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 5 }), (runs) => {
    const report = formatFailureReport(runs.map((results) => build('FAILED', results.length, whole(...results))));
    expect(Buffer.byteLength(report)).toBeLessThanOrEqual(1500);
    expect(report.split('\n')[1]).toMatch(/^- /);
    expect(report).toContain('\nBuild log: https://');
    expect(report.replace(/\n/g, '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  }));
});
