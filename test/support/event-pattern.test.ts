import { matchesPattern } from './event-pattern';

const EVENT = {
  source: 'aws.ecr',
  resources: ['arn:aws:ecr:eu-west-1:111122223333:repository/mirror/nginx', 'second'],
  detail: { state: 'done', counts: { HIGH: 2, LOW: 0 }, tags: ['1', 'latest'], none: [], list: [{ type: 'A' }, { type: 'B' }] },
};

test.each<[string, object]>([
  ['a value', { source: ['aws.ecr'] }],
  ['one of several values', { source: ['aws.s3', 'aws.ecr'] }],
  ['a value among an event\'s several', { resources: ['second'] }],
  ['the start of one of an event\'s values', { resources: [{ prefix: 'arn:aws:ecr:eu-west-1:111122223333:repository/mirror/' }] }],
  ['nested fields', { detail: { state: ['done'], counts: { HIGH: [2] } } }],
  ['fields of objects in a list', { detail: { list: { type: ['B'] } } }],
  ['a number above another', { detail: { counts: { HIGH: [{ numeric: ['>', 0] }] } } }],
  ['a number in a range', { detail: { counts: { HIGH: [{ numeric: ['>', 0, '<=', 2] }] } } }],
  ['either of two patterns', { detail: { $or: [{ state: ['failed'] }, { counts: { HIGH: [2] } }] } }],
  ['an end, a wildcard, another case, something else', { detail: { state: [{ suffix: 'ne' }], tags: [{ wildcard: 'la*st' }] }, source: [{ 'equals-ignore-case': 'AWS.ECR' }, { 'anything-but': 'x' }] }],
  ['a field that is not there', { detail: { reason: [{ exists: false }] } }],
  ['nothing at all', {}],
])('%s matches', (_, pattern) => {
  expect(matchesPattern(pattern, EVENT)).toBe(true);
});

test.each<[string, object]>([
  ['another value', { source: ['aws.s3'] }],
  ['the start of a value', { source: ['aws'] }],
  ['a field that is not there', { detail: { reason: ['x'] } }],
  ['a prefix of a field that is not there', { detail: { reason: [{ prefix: '' }] } }],
  ['a number that is not above another', { detail: { counts: { LOW: [{ numeric: ['>', 0] }] } } }],
  ['a number that is a text', { detail: { state: [{ numeric: ['>', 0] }] } }],
  ['only one of two fields', { source: ['aws.ecr'], detail: { state: ['failed'] } }],
  ['neither of two patterns', { detail: { $or: [{ state: ['failed'] }, { counts: { HIGH: [3] } }] } }],
  ['an empty list', { detail: { none: ['x'] } }],
  ['a wildcard that means a part', { detail: { tags: [{ wildcard: 'at*' }] } }],
])('%s does not match', (_, pattern) => {
  expect(matchesPattern(pattern, EVENT)).toBe(false);
});

test('what is not imitated is refused', () => {
  expect(() => matchesPattern({ source: [{ cidr: '10.0.0.0/8' }] }, EVENT)).toThrow('"cidr" is not imitated');
  expect(() => matchesPattern({ source: 'aws.ecr' }, EVENT)).toThrow('arrays and objects alone');
});

test('"$or" of a single pattern is refused, as EventBridge does', () => {
  expect(() => matchesPattern({ detail: { $or: [{ state: ['COMPLETE'] }] } }, EVENT)).toThrow('"$or" has two patterns at least');
});
