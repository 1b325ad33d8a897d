import { Token } from 'aws-cdk-lib';

/**
 * Refuses a token where a value must be known while the app is synthesized.
 *
 * @throws Error that names the property and says what to write instead
 */
export function requireLiteral(value: string, property: string, remedy: string): string {
  if (Token.isUnresolved(value)) {
    throw new Error(`${property} must be known at synthesis, but it is a token that CloudFormation resolves while it deploys; ${remedy}`);
  }
  return value;
}
