import { evaluate, TimeSeries } from './metric-math';

/** The properties of an `AWS::CloudWatch::Alarm` that its state depends on. */
export interface AlarmProperties {
  readonly ComparisonOperator: string;
  readonly EvaluationPeriods: number;
  readonly Threshold: number;
  readonly TreatMissingData: string;
  /** Undefined when it watches a single metric without metric math. */
  readonly Metrics?: readonly AlarmMetric[];
}

/** A metric that an alarm watches, or the expression over the others. */
export interface AlarmMetric {
  readonly Id: string;
  readonly Expression?: string;
  readonly ReturnData: boolean;
}

/**
 * An alarm fetches more periods than it judges, and AWS does not say how many. In its documentation there are two more.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
 */
const FURTHER_PERIODS = 2;

/**
 * Whether an alarm of CloudWatch rings after the last of the periods, all of whose data points are to breach.
 *
 * Imitated: the comparisons `>=` and `<`, metric math, missing data that breaches or does not, and older data in the place of what is missing.
 * Not imitated: alarms that ring when some of their data points breach.
 *
 * @param values those of the metric that it watches; where it watches several, those of each in their order
 */
export function rings(alarm: AlarmProperties, ...values: TimeSeries[]): boolean {
  const { EvaluationPeriods: periods, TreatMissingData } = alarm;
  const fetched = watched(alarm, values.map((series) => series.slice(-(periods + FURTHER_PERIODS))));
  // Newest last; what is missing is filled in only where too few points are left without it.
  const points = fetched.filter((value) => value !== undefined).slice(-periods);
  const isFilled = points.length < periods;
  return points.every((value) => breaches(alarm, value)) && (!isFilled || TreatMissingData === 'breaching');
}

function watched({ Metrics }: AlarmProperties, values: readonly TimeSeries[]): TimeSeries {
  if (Metrics === undefined) return values[0];
  const { Expression } = Metrics.find(({ ReturnData }) => ReturnData)!;
  const ids = Metrics.flatMap(({ Id, ReturnData }) => ReturnData ? [] : [Id]);
  if (ids.length !== values.length) throw new Error(`the alarm watches ${ids.length} metrics, and there are values of ${values.length}`);
  return evaluate(Expression!, Object.fromEntries(ids.map((id, index) => [id, values[index]])), { start: 0, period: 3_600 });
}

function breaches({ ComparisonOperator, Threshold }: AlarmProperties, value: number): boolean {
  switch (ComparisonOperator) {
    case 'GreaterThanOrEqualToThreshold': return value >= Threshold;
    case 'LessThanThreshold': return value < Threshold;
    default: throw new Error(`the comparison ${ComparisonOperator} is not imitated`);
  }
}
