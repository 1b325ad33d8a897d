import { EVENT_DETAIL_TYPE, EVENT_SOURCE } from '../../../src/image/contract/events-and-metrics';

const detailTypes = Object.values(EVENT_DETAIL_TYPE);

test('events have a source that is not AWS\'s own', () => {
  expect(EVENT_SOURCE).toBe('cdk-ecr-mirror');
});

test('a rule can tell all events apart', () => {
  expect(new Set(detailTypes).size).toBe(detailTypes.length);
});

test('the detail types are a contract with other people\'s rules', () => {
  expect([...detailTypes].sort()).toEqual([
    'Image Held', 'Image Mirror Failed', 'Image Mirrored', 'Image Refused', 'Image Released', 'Image Unchanged', 'Upstream Image Gone', 'Upstream Tag Moved',
  ]);
});
