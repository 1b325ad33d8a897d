/**
 * Metric filters of Amazon CloudWatch Logs with patterns for JSON, as the documentation describes them.
 *
 * Imitated: `=`, `!=`, `<`, `<=`, `>`, `>=`, `IS TRUE`, `IS FALSE`, `IS NULL`, `NOT EXISTS`, `&&`, `||`, parentheses, `*` at either end of a text;
 * values and dimensions that are fields. A line counts only when it is JSON as a whole. What else a pattern holds is refused.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html
 */

/** The properties of an `AWS::Logs::MetricFilter`. */
export interface MetricFilterProperties {
  readonly FilterPattern: string;
  readonly MetricTransformations: readonly {
    readonly MetricNamespace: string;
    readonly MetricName: string;
    readonly MetricValue: string;
    readonly Unit?: string;
    readonly DefaultValue?: number;
    readonly Dimensions?: readonly { readonly Key: string; readonly Value: string }[];
  }[];
}

/** What a filter counted. */
export interface DataPoint {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a filter counts in the lines of a log. */
export function countedBy({ FilterPattern, MetricTransformations }: MetricFilterProperties, lines: readonly string[]): DataPoint[] {
  const [metric, ...surplus] = MetricTransformations;
  const { Dimensions = [], MetricName: name, MetricNamespace: namespace, MetricValue } = metric;
  if (surplus.length > 0) throw new Error('a filter has one metric');
  if (Dimensions.length > 3) throw new Error('a metric has at most three dimensions');
  if (Dimensions.length > 0 && metric.DefaultValue !== undefined) throw new Error('a metric with dimensions has no default value');
  if (FilterPattern.length > 1024) throw new Error('a pattern has at most 1,024 characters');
  const matches = parsePattern(FilterPattern);
  return lines.flatMap((line) => {
    const fields = parsedLine(line);
    if (fields === undefined || !matches(fields)) return [];
    const value = MetricValue.startsWith('$') ? selected(MetricValue, fields) : Number(MetricValue);
    const dimensions = Object.fromEntries(Dimensions.map(({ Key, Value }) => [Key, selected(Value, fields)]));
    if (typeof value !== 'number' || Object.values(dimensions).some((one) => typeof one !== 'string')) return [];
    return [{ namespace, name, dimensions: dimensions as Record<string, string>, value }];
  });
}

type Fields = Readonly<Record<string, unknown>>;
type Condition = (fields: Fields) => boolean;

function parsedLine(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function parsePattern(pattern: string): Condition {
  const tokens = pattern.match(/\{|\}|\(|\)|&&|\|\||\$[\w.[\]-]+|!=|<=|>=|=|<|>|"[^"]*"|[^\s(){}&|=<>!"]+/g) ?? [];
  const take = () => tokens.shift() ?? '';
  const expect = (token: string) => {
    const next = take();
    if (next !== token) throw new Error(`the pattern ${pattern} has ${next} where ${token} is expected`);
  };
  const chain = (operator: string, next: () => Condition, combine: (conditions: Condition[]) => Condition): Condition => {
    const conditions = [next()];
    while (tokens[0] === operator) {
      take();
      conditions.push(next());
    }
    return combine(conditions);
  };
  const either = (): Condition => chain('||', both, (conditions) => (fields) => conditions.some((condition) => condition(fields)));
  const both = (): Condition => chain('&&', term, (conditions) => (fields) => conditions.every((condition) => condition(fields)));
  const term = (): Condition => {
    if (tokens[0] !== '(') return comparison(take(), take, pattern);
    take();
    const inner = either();
    expect(')');
    return inner;
  };
  expect('{');
  const condition = either();
  expect('}');
  if (tokens.length > 0) throw new Error(`the pattern ${pattern} goes on after its end`);
  return condition;
}

function comparison(selector: string, take: () => string, pattern: string): Condition {
  if (!selector.startsWith('$.')) throw new Error(`the pattern ${pattern} has ${selector} where a field is expected`);
  const operator = take();
  if (operator === 'NOT' && take() === 'EXISTS') return (fields) => selected(selector, fields) === undefined;
  if (operator === 'IS') {
    const expected = { TRUE: true, FALSE: false, NULL: null }[take()];
    return (fields) => selected(selector, fields) === expected;
  }
  const operand = take();
  const number = Number(operand);
  const isText = operand.startsWith('"') || Number.isNaN(number);
  const text = operand.replace(/^"|"$/g, '');
  // A field that is an object or a list never matches, whatever it is compared with.
  switch (operator) {
    case '=': return (fields) => isText ? isLike(text, selected(selector, fields)) : selected(selector, fields) === number;
    case '!=': return (fields) => isValue(selected(selector, fields)) && !(isText ? isLike(text, selected(selector, fields)) : selected(selector, fields) === number);
    case '<': return numeric((value) => value < number);
    case '<=': return numeric((value) => value <= number);
    case '>': return numeric((value) => value > number);
    case '>=': return numeric((value) => value >= number);
    default: throw new Error(`the pattern ${pattern} has the operator ${operator}, which is not imitated`);
  }
  function numeric(holds: (value: number) => boolean): Condition {
    return (fields) => {
      const value = selected(selector, fields);
      return typeof value === 'number' && holds(value);
    };
  }
}

function isValue(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

function isLike(pattern: string, value: unknown): boolean {
  if (!isValue(value)) return false;
  const text = String(value);
  const [start, end] = [pattern.startsWith('*'), pattern.length > 1 && pattern.endsWith('*')];
  const middle = pattern.slice(start ? 1 : 0, end ? -1 : undefined);
  if (start && end) return text.includes(middle);
  if (start) return text.endsWith(middle);
  return end ? text.startsWith(middle) : text === middle;
}

function selected(selector: string, fields: Fields): unknown {
  const path = selector.slice(2).split(/\.|\[(\d+)\]/).filter(Boolean);
  return path.reduce<unknown>((value, name) => Object(value)[name], fields);
}
