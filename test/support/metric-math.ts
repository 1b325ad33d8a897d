/**
 * Metric math of Amazon CloudWatch, as far as the expressions of this library need it: `+ - * /`, `>`, `IF`, `EPOCH`, `FILL`, `CEIL`, `RUNNING_SUM`.
 *
 * Values are those of consecutive periods; undefined where there is none. What else an expression holds is refused.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */
export type TimeSeries = readonly (number | undefined)[];

type Value = TimeSeries | number | 'REPEAT';

/** When the values of series are. */
export interface TimeGrid {
  /** The first, in seconds since the epoch. */
  readonly start: number;
  /** Seconds from one to the next. */
  readonly period: number;
}

/** The series that an expression makes of others. */
export function evaluate(expression: string, series: Readonly<Record<string, TimeSeries>>, grid: TimeGrid): TimeSeries {
  const tokens = expression.match(/[A-Za-z_]\w*|\d+(?:\.\d+)?|[-+*/(),>]/g) ?? [];
  const result = sum();
  if (tokens.length > 0) throw new Error(`the expression ${expression} goes on with ${tokens[0]}`);
  if (!Array.isArray(result)) throw new Error(`the expression ${expression} is no time series`);
  return result;

  function sum(): Value {
    let left = product();
    while (tokens[0] === '+' || tokens[0] === '-' || tokens[0] === '>') left = OPERATORS[tokens.shift()!](left, product());
    return left;
  }
  function product(): Value {
    let left = factor();
    while (tokens[0] === '*' || tokens[0] === '/') left = OPERATORS[tokens.shift()!](left, factor());
    return left;
  }
  function factor(): Value {
    const token = tokens.shift() ?? '';
    if (token === '(') return closed(sum());
    if (/^\d/.test(token)) return Number(token);
    if (tokens[0] === '(') return call(token);
    if (token === 'REPEAT') return token;
    if (series[token] === undefined) throw new Error(`the expression ${expression} has the unknown ${token}`);
    return series[token];
  }
  function call(name: string): Value {
    tokens.shift();
    const operands = [sum()];
    while (tokens[0] === ',') {
      tokens.shift();
      operands.push(sum());
    }
    if (FUNCTIONS[name] === undefined) throw new Error(`the function ${name} is not imitated`);
    return closed(FUNCTIONS[name](operands, grid));
  }
  function closed(value: Value): Value {
    if (tokens.shift() !== ')') throw new Error(`the expression ${expression} lacks a parenthesis`);
    return value;
  }
}

const OPERATORS: Record<string, (left: Value, right: Value) => Value> = {
  '+': arithmetic((a, b) => a + b),
  '-': arithmetic((a, b) => a - b),
  '*': arithmetic((a, b) => a * b),
  '/': arithmetic((a, b) => b === 0 ? undefined : a / b),
  '>': arithmetic((a, b) => a > b ? 1 : 0),
};

/** A value that is missing on one side counts as 0; what is missing on both, or is missing beside a number, stays missing. */
function arithmetic(operate: (a: number, b: number) => number | undefined) {
  return (left: Value, right: Value): Value => {
    if (typeof left === 'number' && typeof right === 'number') return operate(left, right) ?? NaN;
    const length = [left, right].map((value) => Array.isArray(value) ? value.length : 0).reduce((a, b) => Math.max(a, b));
    const at = (value: Value, index: number) => Array.isArray(value) ? value[index] as number | undefined : value as number;
    return Array.from({ length }, (_, index) => {
      const [a, b] = [at(left, index), at(right, index)];
      const isMissing = Array.isArray(left) && Array.isArray(right) ? a === undefined && b === undefined : a === undefined || b === undefined;
      return isMissing ? undefined : operate(a ?? 0, b ?? 0);
    });
  };
}

const FUNCTIONS: Record<string, (operands: Value[], grid: TimeGrid) => Value> = {
  IF: ([condition, whenTrue, whenFalse]) => (condition as TimeSeries).map((value, index) => {
    if (value === undefined) return undefined;
    const chosen = value === 0 ? whenFalse : whenTrue;
    if (!Array.isArray(chosen)) return chosen as number | undefined;
    return chosen[index] ?? (value === 0 ? undefined : 0);
  }),
  EPOCH: ([operand], { start, period }) => (operand as TimeSeries).map((_, index) => start + index * period),
  // What has no value at all has no periods that could be filled.
  FILL: ([operand, filler]) => {
    if ((operand as TimeSeries).every((value) => value === undefined)) return operand;
    let last: number | undefined;
    return (operand as TimeSeries).map((value) => {
      last = value ?? last;
      return value ?? (filler === 'REPEAT' ? last : filler as number);
    });
  },
  CEIL: ([operand]) => (operand as TimeSeries).map((value) => value === undefined ? undefined : Math.ceil(value)),
  RUNNING_SUM: ([operand]) => {
    let total = 0;
    return (operand as TimeSeries).map((value) => value === undefined ? undefined : total += value);
  },
};
