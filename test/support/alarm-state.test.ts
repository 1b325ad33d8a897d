/** The imitation of an alarm, against the tables in the documentation of CloudWatch. */
import { AlarmProperties, rings } from './alarm-state';

const _ = undefined;
const OVER: AlarmProperties = { ComparisonOperator: 'GreaterThanOrEqualToThreshold', EvaluationPeriods: 3, Threshold: 1, TreatMissingData: 'notBreaching' };
const breaching: Partial<AlarmProperties> = { TreatMissingData: 'breaching' };

test.each<[string, (number | undefined)[], boolean, boolean]>([
  ['0 - X - X', [0, _, 1, _, 1], false, false],
  ['0 - - - -', [0, _, _, _, _], false, false],
  ['- - - - -', [_, _, _, _, _], false, true],
  ['0 X X - X', [0, 1, 1, _, 1], true, true],
  ['- - X - -', [_, _, 1, _, _], false, true],
])('%s', (_name, values, ringsOnData, ringsOnMissing) => {
  expect([rings(OVER, values), rings({ ...OVER, ...breaching }, values)]).toEqual([ringsOnData, ringsOnMissing]);
});

test('what is older than the alarm fetches counts no more', () => {
  expect(rings({ ...OVER, ...breaching }, [0, _, _, _, _, _])).toBe(true);
});

test('a single value that breaches does so for as long as it is fetched', () => {
  const alarm = { ...OVER, EvaluationPeriods: 1 };
  expect([[1], [1, _], [1, _, _], [1, _, _, _]].map((values) => rings(alarm, values))).toEqual([true, true, true, false]);
});

test('with metric math, the expression is judged over what is fetched of each metric', () => {
  const Metrics = [{ Id: 'sum', Expression: 'FILL(a, 0) + FILL(b, 0)', ReturnData: true }, { Id: 'a', ReturnData: false }, { Id: 'b', ReturnData: false }];
  const alarm = { ...OVER, EvaluationPeriods: 1, Metrics };
  expect([rings(alarm, [_], [1]), rings(alarm, [1, _], [_, _]), rings(alarm, [_, _], [_, 2])]).toEqual([true, false, true]);
  expect(() => rings(alarm, [1])).toThrow('watches 2 metrics');
});
