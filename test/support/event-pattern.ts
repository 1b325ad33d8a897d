/**
 * The event patterns of Amazon EventBridge, as far as this library writes them, and a little further.
 *
 * Imitated: exact values, arrays in events, nested objects, `$or`, `prefix`, `suffix`, `equals-ignore-case`, `wildcard`, `anything-but` with exact
 * values, `numeric`, `exists`. What else a pattern holds is refused, never passed over.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 */

/** An event as EventBridge hands it to a target. */
export interface DeliveredEvent {
  readonly 'version': string;
  readonly 'id': string;
  readonly 'detail-type': string;
  readonly 'source': string;
  readonly 'account': string;
  readonly 'time': string;
  readonly 'region': string;
  readonly 'resources': readonly string[];
  readonly 'detail': Readonly<Record<string, unknown>>;
}

type Pattern = Readonly<Record<string, unknown>>;

/** Whether an event is one that a pattern means. */
export function matchesPattern(pattern: unknown, event: object): boolean {
  return matchesObject(pattern as Pattern, event as Pattern);
}

function matchesObject(pattern: Pattern, event: Pattern): boolean {
  return Object.entries(pattern).every(([field, expected]) => {
    if (field === '$or') return branchesOf(expected).some((one) => matchesObject(one, event));
    return matchesField(expected, event[field]);
  });
}

/** EventBridge refuses to make a rule of less than two. */
function branchesOf(expected: unknown): Pattern[] {
  if (Array.isArray(expected) && expected.length >= 2) return expected;
  throw new Error(`"$or" has two patterns at least, not ${JSON.stringify(expected)}`);
}

function matchesField(expected: unknown, actual: unknown): boolean {
  if (Array.isArray(expected)) {
    // An empty list is no value at all, and the values of lists in lists count.
    const all = [actual].flat(Infinity);
    const values = all.length > 0 ? all : [undefined];
    return expected.some((matcher) => values.some((value) => matchesValue(matcher, value)));
  }
  if (!isObject(expected)) throw new Error(`a pattern has arrays and objects alone, not ${JSON.stringify(expected)}`);
  const children = Array.isArray(actual) ? actual : [actual];
  return children.some((child) => matchesObject(expected, isObject(child) ? child : {}));
}

function matchesValue(matcher: unknown, value: unknown): boolean {
  if (!isObject(matcher)) return value !== undefined && value === matcher;
  const entries = Object.entries(matcher);
  if (entries.length !== 1) throw new Error(`a matcher has one operator: ${JSON.stringify(matcher)}`);
  const [operator, operand] = entries[0];
  const operation = OPERATORS[operator];
  if (operation === undefined) throw new Error(`the operator ${JSON.stringify(operator)} is not imitated`);
  return operation(operand, value);
}

const OPERATORS: Record<string, (operand: any, value: unknown) => boolean> = {
  'prefix': (operand: string, value) => typeof value === 'string' && value.startsWith(operand),
  'suffix': (operand: string, value) => typeof value === 'string' && value.endsWith(operand),
  'equals-ignore-case': (operand: string, value) => typeof value === 'string' && value.toLowerCase() === operand.toLowerCase(),
  'wildcard': (operand: string, value) => typeof value === 'string' && wildcard(operand).test(value),
  'anything-but': (operand: unknown, value) => value !== undefined && ![operand].flat().includes(value),
  'exists': (operand: boolean, value) => (value !== undefined) === operand,
  'numeric': (operand: unknown[], value) => typeof value === 'number' && comparisons(operand).every(([sign, limit]) => SIGNS[sign](value, limit)),
};

const SIGNS: Record<string, (value: number, limit: number) => boolean> = {
  '=': (value, limit) => value === limit,
  '<': (value, limit) => value < limit,
  '<=': (value, limit) => value <= limit,
  '>': (value, limit) => value > limit,
  '>=': (value, limit) => value >= limit,
};

function comparisons(operand: unknown[]): [string, number][] {
  return Array.from({ length: operand.length / 2 }, (_, index) => [String(operand[2 * index]), Number(operand[2 * index + 1])]);
}

function isObject(value: unknown): value is Pattern {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wildcard(pattern: string): RegExp {
  return new RegExp(`^${pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`, 's');
}
