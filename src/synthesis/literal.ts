import { Token } from 'aws-cdk-lib';
import { replaceDummy } from './lookups';
import { describeValue } from './shapes';

/**
 * Requires that a value is known at synthesis. Returns the value, with a valid placeholder for the dummy value of a lookup.
 *
 * @throws Error when the value is a token or not a string; the error names the property and the remedy
 */
export function requireLiteral(value: string, property: string, remedy: string): string {
  if (Token.isUnresolved(value)) {
    throw new Error(`${property} must be known at synthesis, but it is a token (a value that is known only at deployment); ${remedy}`);
  }
  if (typeof value !== 'string') throw new Error(`${property} must be a string, but it is ${describeValue(value)}; ${remedy}`);
  return replaceDummy(value);
}
