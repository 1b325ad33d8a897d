import { countedBy, MetricFilterProperties } from './metric-filter';

/** The documentation's own example. */
const LINE = JSON.stringify({
  eventType: 'UpdateTrail',
  sourceIPAddress: '111.111.111.111',
  arrayKey: ['value', 'another value'],
  objectList: [{ name: 'a', id: 1 }, { name: 'b', id: 2 }],
  SomeObject: null,
  ThisFlag: true,
  errorCode: 400,
  latency: 55.5,
});

function filter(FilterPattern: string, transformation: Partial<MetricFilterProperties['MetricTransformations'][number]> = {}): MetricFilterProperties {
  return { FilterPattern, MetricTransformations: [{ MetricNamespace: 'N', MetricName: 'M', MetricValue: '1', ...transformation }] };
}

test.each([
  '{ $.eventType = "UpdateTrail" }', '{ $.eventType = Update* }', '{ $.eventType = "*Trail" }', '{ $.eventType = "*" }', '{ $.sourceIPAddress != 123.123.* }',
  '{ $.arrayKey[0] = "value" }', '{ $.objectList[1].id = 2 }', '{ $.SomeObject IS NULL }', '{ $.SomeOtherObject NOT EXISTS }', '{ $.ThisFlag IS TRUE }',
  '{ $.errorCode = 400 }', '{ $.errorCode >= 400 }', '{ $.latency <= 55.5 }', '{ ($.errorCode = 1 && $.latency > 1) || $.eventType = "*" }',
  '{ $.eventType = "UpdateTrail" || $.errorCode = 1 && $.latency = 2 }',
])('%s matches', (pattern) => {
  expect(countedBy(filter(pattern), [LINE])).toHaveLength(1);
});

test.each([
  '{ $.eventType = "Update" }', '{ $.eventType != "UpdateTrail" }', '{ $.arrayKey = "value" }', '{ $.arrayKey != "value" }', '{ $.objectList[2].id = 2 }',
  '{ $.eventType NOT EXISTS }', '{ $.ThisFlag IS FALSE }', '{ $.missing != "x" }', '{ $.missing = "*" }', '{ $.errorCode > 400 }', '{ $.eventType > 0 }',
  '{ ($.eventType = "UpdateTrail" || $.errorCode = 1) && $.latency = 2 }',
])('%s does not match', (pattern) => {
  expect(countedBy(filter(pattern), [LINE])).toEqual([]);
});

test.each(['text before {"eventType":"UpdateTrail"}', '["eventType"]', '"eventType"', '', 'null', '{"eventType":"UpdateTrail"', `${LINE}${LINE}`])('the line %j never matches', (line) => {
  expect(countedBy(filter('{ $.eventType = "*" || $.eventType NOT EXISTS }'), [line])).toEqual([]);
});

test('a value and dimensions are taken from the line', () => {
  const [point] = countedBy(filter('{ $.latency = 55.5 }', { MetricValue: '$.latency', Dimensions: [{ Key: 'Type', Value: '$.eventType' }] }), [LINE]);
  expect(point).toEqual({ namespace: 'N', name: 'M', dimensions: { Type: 'UpdateTrail' }, value: 55.5 });
});

test.each<[string, MetricFilterProperties]>([
  ['dimensions with a default value', filter('{ $.a = 1 }', { DefaultValue: 0, Dimensions: [{ Key: 'A', Value: '$.a' }] })],
  ['four dimensions', filter('{ $.a = 1 }', { Dimensions: ['a', 'b', 'c', 'd'].map((name) => ({ Key: name, Value: `$.${name}` })) })],
  ['a pattern that is too long', filter(`{ $.a = "${'x'.repeat(1024)}" }`)],
  ['a pattern without an end', filter('{ $.a = 1')],
  ['a pattern for no JSON', filter('ERROR')],
])('%s is refused', (_, refused) => {
  expect(() => countedBy(refused, [LINE])).toThrow();
});
