import * as fc from 'fast-check';
import { LogResults } from '../../src/cli/deployed/followed-builds';
import { copied, missing, resultLines } from '../support/deployed-account';

const [A, B] = [copied('docker.io/library/a:1'), missing('docker.io/library/b:1')];

function read(...lines: string[]): { results: readonly object[]; isComplete: boolean; rest: string[] } {
  const logged = new LogResults();
  const rest = lines.filter((line) => !logged.add(line));
  return { results: logged.results, isComplete: logged.isComplete, rest };
}

test('the results of a run are those of its summary, in its order and in full', () => {
  const [first, second, summary] = resultLines([A, B]);
  expect(read('one', second, 'two', first, summary)).toEqual({ results: [A, B], isComplete: true, rest: ['one', 'two'] });
});

test('a result that the summary alone has is told as far as it goes', () => {
  const [first, , summary] = resultLines([A, B]);
  const { results } = read(first, summary);
  expect(results).toEqual([A, { ...B, message: undefined }]);
});

test('a run without a summary told what it told', () => {
  expect(read(JSON.stringify(B))).toEqual({ results: [B], isComplete: false, rest: [] });
});

test('a run of nothing but a summary that cannot be read told nothing', () => {
  const line = JSON.stringify({ outcome: 'copied', images: {}, results: [1] });
  expect(read(line)).toEqual({ results: [], isComplete: false, rest: [line] });
});

test.each(['{', '{}', '{"source":"a"}', '{"source":"a","target":"b","outcome":"splendid"}', '{"__proto__":{"source":"a","target":"b","outcome":"copied"}}', 'null', '[]', ' {"a":1}'])(
  'the line %s is no result', (line) => {
    expect(read(line)).toEqual({ results: [], isComplete: false, rest: [line] });
  });

test('fields of a result that are not what they should be are left out, and others are not taken', () => {
  const { results } = read(JSON.stringify({ ...A, bytesCopied: '9', seconds: null, requests: 'no', platformTags: [1, 'b'], warnings: {}, reason: 7, more: true }));
  expect(results).toEqual([{ ...A, bytesCopied: 0, seconds: 0, platformTags: ['b'] }]);
});

test('what holds an image is taken, with the decision of a person', () => {
  const held = {
    ...A,
    outcome: 'held',
    heldBy: ['minimum-age', 'refused'],
    wouldBeHeldBy: ['unsigned'],
    eligibleAt: '2027-03-31T12:00:00Z',
    heldSince: '2027-03-28T12:00:00Z',
    heldHours: 3.5,
    starved: true,
    checks: ['seen first on 2027-03-28'],
    decision: { decision: 'refused', by: 'Platform/alice', reason: 'malware', at: '2027-03-28T13:00:00Z' },
  };
  expect(read(JSON.stringify(held)).results).toEqual([held]);
});

test.each<[string, object]>([
  ['starved', { starved: 'yes' }],
  ['decision', { decision: { decision: 'released', by: 7, reason: 'x', at: 'y' } }],
  ['decision', { decision: 'released' }],
  ['heldHours', { heldHours: '3' }],
  ['heldBy', { heldBy: 'unsigned' }],
])('the field %s is left out when it is %j', (_, fields) => {
  expect(read(JSON.stringify({ ...A, ...fields })).results).toEqual([A]);
});

test('nothing in a decision can drive a terminal', () => {
  const decision = { decision: 'released', by: '\u001b[2J', reason: 'a\nb', at: 'now', more: 'no' };
  expect(read(JSON.stringify({ ...A, decision })).results).toEqual([{ ...A, decision: { decision: 'released', by: '\\u001b[2J', reason: 'a\\u000ab', at: 'now' } }]);
});

test('objects without text in a result are left out', () => {
  const odd = { toString: 1, valueOf: 1 };
  const { results } = read(JSON.stringify({ ...A, requests: { source: odd, target: 2 }, platformTags: [odd, 'b'] }));
  expect(results).toEqual([{ ...A, requests: { source: 0, target: 2 }, platformTags: ['b'] }]);
});

test('nothing in a result can drive a terminal', () => {
  const bad = '\u001b[2J\u202e\n';
  const { results: [result] } = read(JSON.stringify({ ...B, source: bad, target: bad, message: bad, warnings: [bad] }));
  expect(result).toMatchObject({ source: '\\u001b[2J\\u202e\\u000a', message: '\\u001b[2J\\u202e\\u000a', warnings: ['\\u001b[2J\\u202e\\u000a'] });
});

test('whatever a log holds, it is read, and a line is either a result or told', () => {
  fc.assert(fc.property(fc.array(fc.oneof(fc.string(), fc.json(), fc.object().map((value) => JSON.stringify({ ...A, ...value })))), (lines) => {
    const { results, rest } = read(...lines);
    expect(results.length + rest.length).toBeLessThanOrEqual(lines.length);
    expect(lines).toEqual(expect.arrayContaining(rest));
  }));
});
