import { resultsTable } from '../../src/cli/output/tables';
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
    'OUTCOME    IMAGE                               SENT      SECONDS',
    'copied     localhost:5000/mirror/nginx:stable  12.3 MB   3.1',
    'unchanged  localhost:5000/x:1                  0.000 MB  0.0',
    'failed     localhost:5000/y:1                  0.000 MB  0.0      there is no such image',
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
  expect(resultsTable([result({ outcome: 'tag-moved' }), result({ outcome: 'tag-moved' })]).split('\n').at(-1)).toBe('2 images: 2 tag-moved');
});

test('no name and no message can forge a line or drive a terminal', () => {
  const table = resultsTable([result({ target: 'x\nunchanged  y', message: '\u001b[2J\r\u202eevil\u2028' }), result()]);
  expect(table.split('\n')).toHaveLength(5);
  expect(table).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2028]/);
});
