import { appTable, CheckedImage, resultsTable } from '../../src/cli/output/tables';
import type { MirrorResult } from '../../src/engine/result';

function result(options: Partial<MirrorResult> = {}): MirrorResult {
  return {
    source: 'docker.io/library/nginx:stable',
    target: 'localhost:5000/mirror/nginx:stable',
    outcome: 'copied',
    bytesCopied: 0,
    blobsCopied: 0,
    blobsSkipped: 0,
    referrersCopied: 0,
    requests: { source: 1, target: 1 },
    countedPulls: 0,
    seconds: 0,
    ...options,
  };
}

test('a line for each image in columns, and the counts below', () => {
  const results = [
    result({ bytesCopied: 12_345_678, seconds: 3.14159 }),
    result({ target: 'localhost:5000/x:1', outcome: 'unchanged', seconds: 0.04 }),
    result({ target: 'localhost:5000/y:1', outcome: 'failed', reason: 'not-found', message: 'there is no such image' }),
  ];
  expect(resultsTable(results)).toBe([
    'OUTCOME    IMAGE                               SENT     SECONDS',
    'copied     localhost:5000/mirror/nginx:stable  12.3 MB  3.1',
    'unchanged  localhost:5000/x:1                  -        0.0',
    'failed     localhost:5000/y:1                  -        0.0      there is no such image',
    '',
    '3 images: 1 copied, 1 unchanged, 1 failed',
  ].join('\n'));
});

test('a dry run tells what would be copied', () => {
  const table = resultsTable([result({ dryRun: true }), result({ dryRun: true, outcome: 'unchanged' })]);
  expect(table).toMatch(/^would copy {2}/m);
  expect(table).toContain('2 images: 1 to copy, 1 unchanged');
});

test('outcomes that did not happen are not counted', () => {
  expect(resultsTable([result({ outcome: 'held' }), result({ outcome: 'upstream-gone' }), result({ outcome: 'held' })]).split('\n').at(-1)).toBe('3 images: 2 held, 1 upstream-gone');
  expect(resultsTable([result({ outcome: 'tag-moved' }), result({ outcome: 'tag-moved' })]).split('\n').at(-1)).toBe('2 images: 2 tag-moved');
});

test('a held image has its checks and the time when it is old enough', () => {
  const table = resultsTable([
    result({ outcome: 'held', heldBy: ['minimum-age', 'unsigned'], eligibleAt: '2027-03-31T12:00:00Z' }),
    result({ outcome: 'held', heldBy: ['lock'], wouldBeHeldBy: ['scan-findings'] }),
    result({ outcome: 'copied', wouldBeHeldBy: ['unsigned'] }),
    result({ outcome: 'upstream-gone' }),
  ]);
  expect(table.split('\n').map((line) => line.split(/ {2,}/)[0])).toEqual([
    'OUTCOME', 'held by minimum-age, unsigned until 2027-03-31 12:00 UTC', 'held by lock (audit: scan-findings)', 'copied (audit: unsigned)', 'upstream-gone', '',
    '4 images: 1 copied, 2 held, 1 upstream-gone',
  ]);
});

test('no name and no message can forge a line or drive a terminal', () => {
  const table = resultsTable([result({ target: 'x\nunchanged  y', message: '\u001b[2J\r\u202eevil\u2028' }), result()]);
  expect(table.split('\n')).toHaveLength(5);
  expect(table).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2028]/);
});

test('without images there is no table', () => {
  expect([resultsTable([]), appTable([])]).toEqual(['no images', 'no images']);
});

describe('the table of an app', () => {
  const DNS = 'registry-1.docker.io: the name cannot be resolved';
  const checked = (source: string, stack: string, message?: string): CheckedImage => {
    return { ...result(message === undefined ? { outcome: 'unchanged' } : { outcome: 'failed', reason: 'network', message }), source, stack };
  };
  const problemsOf = (images: readonly CheckedImage[]) => appTable(images).split('\n').slice(images.length + 2, -1);

  test('has a column with the stack of each image', () => {
    const lines = appTable([checked('docker.io/library/nginx:stable', 'Dev/Platform'), checked('quay.io/a/b:v1', 'Images')]).split('\n');
    expect(lines.slice(0, 3).map((line) => line.split(/ {2,}/).slice(0, 2))).toEqual([['STACK', 'IMAGE'], ['Dev/Platform', 'nginx:stable'], ['Images', 'quay.io/a/b:v1']]);
  });

  test.each<[string, CheckedImage[], string[]]>([
    ['one image', [checked('a:1', 'Dev', 'bad')], ['a:1: bad']],
    ['images with problems of their own', [checked('a:1', 'Dev', 'bad'), checked('b:1', 'Dev', 'worse')], ['a:1: bad', 'b:1: worse']],
    ['two images with one problem', [checked('a:1', 'Dev', DNS), checked('b:1', 'Dev', DNS)], [`2 images (a:1, b:1): ${DNS}`]],
    ['forty images with one problem', Array.from({ length: 40 }, (_, index) => checked(`a:${index}`, 'Dev', DNS)), [`40 images (a:0, a:1, a:2 and 37 more): ${DNS}`]],
    ['one image in three stacks', ['Dev', 'Test', 'Prod'].map((stack) => checked('a:1', stack, DNS)), [`a:1 in 3 stacks: ${DNS}`]],
    ['two images in two stacks', ['Dev', 'Prod'].flatMap((stack) => [checked('a:1', stack, DNS), checked('b:1', stack, DNS)]), [`2 images in 2 stacks (a:1, b:1): ${DNS}`]],
  ])('has a shared problem once: %s', (_, images, problems) => {
    expect(problemsOf(images)).toEqual(problems);
  });

  test('has no problem of a registry that forges a line', () => {
    expect(problemsOf([checked('a:1', 'Dev', 'bad\nb:1: worse\u001b[2J')])).toEqual(['a:1: bad\\u000ab:1: worse\\u001b[2J']);
  });
});
