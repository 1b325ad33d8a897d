import { Token } from 'aws-cdk-lib';

/**
 * Requires that a value is known at synthesis. Returns the value.
 *
 * @throws Error when the value is a token; the error names the property and the remedy
 */
export function requireLiteral(value: string, property: string, remedy: string): string {
  if (Token.isUnresolved(value)) {
    throw new Error(`${property} must be known at synthesis, but it is a token (a value that is known only at deployment); ${remedy}`);
  }
  return value;
}
