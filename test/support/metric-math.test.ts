import { evaluate, TimeSeries } from './metric-math';

const _ = undefined;
const GRID = { start: 1_000, period: 60 };

function of(expression: string, m1: TimeSeries, m2: TimeSeries = []): TimeSeries {
  return evaluate(expression, { m1, m2 }, GRID);
}

test.each<[string, TimeSeries, TimeSeries, TimeSeries]>([
  ['m1 + m2', [1, _, 3, _], [10, 20, _, _], [11, 20, 3, _]],
  ['m1 * 2 + 1', [1, _], [], [3, _]],
  ['m1 / m2', [4, 4], [2, 0], [2, _]],
  ['(m1 - m2) * m1', [4], [1], [12]],
  ['m1 > 0', [1, 0, _], [], [1, 0, _]],
  ['EPOCH(m1)', [_, 1, _], [], [1_000, 1_060, 1_120]],
  ['FILL(m1, 0)', [_, 1, _], [], [0, 1, 0]],
  ['FILL(m1, 0)', [_, _], [], [_, _]],
  ['FILL(m1, 0) + FILL(m2, 0)', [_, 1, _], [_, _, _], [0, 1, 0]],
  ['FILL(m1, REPEAT)', [_, 1, _, 2, _], [], [_, 1, 1, 2, 2]],
  ['CEIL(m1)', [0.1, _], [], [1, _]],
  ['RUNNING_SUM(FILL(m1, 0))', [1, _, 2], [], [1, 1, 3]],
  // The documentation's own table.
  ['IF(m1, m2)', [1, 1, 0, 0, _], [30, _, 0, 0, 30], [30, 0, _, _, _]],
])('%s', (expression, m1, m2, expected) => {
  expect(of(expression, m1, m2)).toEqual(expected);
});

test.each(['m3', 'AVG(m1)', 'CEIL(m1', 'm1 m2', '1 + 1'])('%s is refused', (expression) => {
  expect(() => of(expression, [1])).toThrow();
});
