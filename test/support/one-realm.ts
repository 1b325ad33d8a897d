import { types } from 'node:util';

/**
 * Makes `instanceof Error` true for errors of Node itself, as it is in every other process.
 *
 * Jest runs a test in a realm of its own, so a connection's error is no `Error` there, and code that asks would be tested for what it never does.
 *
 * @see https://github.com/jestjs/jest/issues/2549
 */
export function joinErrorRealms(): void {
  const ordinary = Function.prototype[Symbol.hasInstance];
  Object.defineProperty(Error, Symbol.hasInstance, {
    configurable: true,
    value(this: unknown, value: unknown): boolean {
      return ordinary.call(this, value) || (this === Error && (types.isNativeError(value) || value instanceof DOMException));
    },
  });
}
