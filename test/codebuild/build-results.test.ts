import * as fc from 'fast-check';
import { parseBuildResults } from '../../src/codebuild/build-results';
import { MirrorResult, summarize, notAttempted } from '../../src/engine/result';

const GOOD: MirrorResult = { ...notAttempted('docker.io/library/redis:7', 'ecr/mirror/redis:7', 'not-found', ''), outcome: 'copied', reason: undefined, message: undefined };
const BAD = notAttempted('docker.io/library/nope:1', 'ecr/mirror/nope:1', 'not-found', 'docker.io: there is no library/nope:1');
const line = (value: object) => JSON.stringify(value);

test('a run that came to its end is known by its last line, with the messages of the others', () => {
  const lines = ['[Container] Running command node mirror.js', line(BAD), 'copied blob', line(GOOD), line(summarize([GOOD, BAD])), '', '[Container] done'];
  expect(parseBuildResults(lines)).toEqual({
    isComplete: true,
    results: [{ source: GOOD.source, message: undefined }, { source: BAD.source, reason: 'not-found', message: BAD.message }].map((result) => JSON.parse(line(result))),
  });
});

test('a run that was ended is known by the lines that it wrote', () => {
  expect(parseBuildResults([line(BAD), line(GOOD).slice(0, 50)])).toEqual({ isComplete: false, results: [{ source: BAD.source, reason: 'not-found', message: BAD.message }] });
});

test('one image in two repositories is two results', () => {
  const other = { ...BAD, target: 'ecr/other/nope:1', message: 'another reason' };
  expect(parseBuildResults([line(BAD), line(other), line(summarize([BAD, other]))]).results.map(({ message }) => message)).toEqual([BAD.message, 'another reason']);
});

test('an image of which the last line knows nothing more is told by that', () => {
  expect(parseBuildResults([line(summarize([BAD]))]).results).toEqual([{ source: BAD.source, reason: 'not-found' }]);
});

describe('the checks that hold an image', () => {
  const HELD: MirrorResult = {
    ...BAD,
    outcome: 'held',
    reason: 'held',
    message: 'it is held',
    sourceDigest: `sha256:${'a'.repeat(64)}`,
    heldBy: ['minimum-age', 'lock'],
    heldSince: '2027-03-28T12:00:00Z',
    eligibleAt: '2027-03-31T12:00:00Z',
  };
  const held = { by: HELD.heldBy, digest: HELD.sourceDigest, since: HELD.heldSince, eligibleAt: HELD.eligibleAt };

  test('come from the line of the image, which the summary does not repeat', () => {
    const expected = [{ source: BAD.source, reason: 'held', message: 'it is held', held }];
    expect(parseBuildResults([line(HELD), line(summarize([HELD]))])).toEqual({ isComplete: true, results: expected });
    expect(parseBuildResults([line(HELD)])).toEqual({ isComplete: false, results: expected });
  });

  test('are left out of an image that the mirror still serves', () => {
    expect(parseBuildResults([line({ ...HELD, reason: undefined })]).results).toEqual([{ source: BAD.source, message: 'it is held' }]);
  });

  test('are only what checks look like', () => {
    const hostile = { ...HELD, heldBy: ['unsigned', 'DROP TABLE', 7, '\u001b[2J', 'x'.repeat(1000)], sourceDigest: 'sha256:short', heldSince: 'yesterday\nFAILED', eligibleAt: 5 };
    expect(parseBuildResults([line(hostile)]).results[0].held).toEqual({ by: ['unsigned'] });
    expect(parseBuildResults([line({ ...HELD, heldBy: Array.from({ length: 100 }, () => 'lock') })]).results[0].held!.by).toHaveLength(12);
    expect(parseBuildResults([line({ ...HELD, heldBy: 'lock' })]).results[0].held!.by).toEqual([]);
  });
});

test('a log without results has none', () => {
  expect(parseBuildResults(['{"a":1}', '{', '[]', 'null', '{}', '{"results":[]}', '{"source":1,"target":"x","outcome":"copied"}'])).toEqual({ results: [], isComplete: false });
});

test('what a log holds is visible, in one line, and short', () => {
  const hostile = { ...BAD, source: `a\u001b[2J\u202e${'b'.repeat(1000)}`, reason: 'r'.repeat(1000), message: `m\nCREATE_COMPLETE\u0000${'n'.repeat(10_000)}` };
  const [{ source, reason, message }] = parseBuildResults([line(hostile)]).results;
  for (const text of [source, reason!, message!]) expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  expect([source.length, reason!.length, message!.length]).toEqual([200, 40, 400]);
});

test('of any lines there are results or none', () => {
  const fields = { source: fc.jsonValue(), target: fc.jsonValue(), outcome: fc.jsonValue(), results: fc.jsonValue(), images: fc.jsonValue() };
  const value = fc.oneof(fc.jsonValue(), fc.record(fields));
  fc.assert(fc.property(fc.array(fc.oneof(value.map((one) => JSON.stringify(one)), fc.string())), (lines) => {
    for (const { source } of parseBuildResults(lines).results) expect(source.length).toBeLessThanOrEqual(200);
  }));
});
