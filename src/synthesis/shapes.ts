import { quote, redactCredentials } from '../image/sanitize';

/**
 * Checks of values from plain JavaScript, in which no compiler checks that a list is a list. `null` is the same as `undefined`.
 */

/** The values that a property accepts. */
export interface Shape {
  /** The accepted values in words: `a list`, `a string`. */
  readonly wanted: string;
  /** The replacement for a value that is not accepted. */
  readonly remedy: (value: unknown) => string;
  readonly accepts: (value: unknown) => boolean;
  /** The shape of the items of a list. */
  readonly items?: Shape;
  /** Whether errors hide the value, because it can be a secret. */
  readonly isSecret?: boolean;
}

/** A text. */
export function text(example: string): Shape {
  return { wanted: 'a string', remedy: () => `write for example ${JSON.stringify(example)}`, accepts: (value) => typeof value === 'string' };
}

/** True or false. A text such as `'false'` would count as true. */
export const FLAG: Shape = {
  wanted: 'true or false', remedy: () => 'write true or false without quotes', accepts: (value) => typeof value === 'boolean',
};

/** A list. A single item is not a list of it. */
export function listOf(items: Shape, example: string): Shape {
  return {
    wanted: 'a list',
    remedy: (value) => items.accepts(value) && typeof value === 'string' ? `write [${quote(value)}]` : `write for example [${example}]`,
    accepts: (value) => Array.isArray(value),
    items,
    isSecret: items.isSecret,
  };
}

/** An object of a class, which is recognized by one of its members. Several copies of the CDK can be installed, so `instanceof` does not work. */
export function objectWith(member: string, example: string | ((value: unknown) => string), isSecret: boolean = false): Shape {
  return {
    wanted: 'an object of the CDK',
    remedy: (value) => `write for example ${typeof example === 'string' ? example : example(value)}`,
    accepts: (value) => Object(value) === value && member in (value as object),
    isSecret,
  };
}

/** A value of an enum. */
export function valueOf(name: string, members: { readonly [member: string]: string }): Shape {
  const names = Object.keys(members).map((member) => `${name}.${member}`);
  const values: readonly unknown[] = Object.values(members);
  return { wanted: `a value of ${name}`, remedy: () => `use ${names.join(' or ')}`, accepts: (value) => values.includes(value) };
}

/**
 * Requires that the properties of an object have their shapes. Properties that are not set pass.
 *
 * @param owner what has the properties, for errors: `the props of ImageMirror`
 * @throws Error when a property has another shape; the error says what to write
 */
export function requireShapes<T extends object>(owner: string, values: T, shapes: { readonly [K in keyof T]?: Shape }): void {
  if (Object(values) !== values || Array.isArray(values)) throw new Error(`${owner} must be an object, but it is ${describeValue(values)}`);
  for (const [property, shape] of Object.entries<Shape | undefined>(shapes)) {
    const value = (values as { readonly [property: string]: unknown })[property] ?? undefined;
    if (value !== undefined && shape !== undefined) requireShape(property, value, shape);
  }
}

/**
 * Requires that a value has a shape.
 *
 * @throws Error when it has another shape; the error says what to write
 */
export function requireShape(property: string, value: unknown, shape: Shape): void {
  const { accepts, wanted, remedy, items, isSecret } = shape;
  if (!accepts(value)) {
    throw new Error(`${property} must be ${wanted}, but it is ${isSecret ? typeof value : describeValue(value)}; ${remedy(value)}`);
  }
  if (items !== undefined) mapAll(property, value as unknown[], (item, index) => requireShape(`${property}[${index}]`, item, items));
}

/**
 * Calls a function for each item of a list, and returns the results.
 *
 * @throws Error with the problems of all items
 */
export function mapAll<T, R>(property: string, items: readonly T[], map: (item: T, index: number) => R): R[] {
  const errors: Error[] = [];
  const results = Array.from(items).flatMap((item, index) => {
    try {
      return [map(item, index)];
    } catch (error) {
      errors.push(error as Error);
      return [];
    }
  });
  if (errors.length === 0) return results;
  if (errors.length === 1) throw errors[0];
  throw new Error([`${property} has ${errors.length} mistakes:`, ...errors.map(({ message }) => message)].join('\n  - '));
}

/** A value from plain JavaScript in words: `the string "nginx"`, `a list`, `null`. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return `the string ${quote(redactCredentials(value))}`;
  if (typeof value === 'number' || typeof value === 'boolean') return `the ${typeof value} ${value}`;
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object of another kind' : `a ${typeof value}`;
}
