import * as events from 'aws-cdk-lib/aws-events';
import { quote } from '../../image/image-reference';

/**
 * Refuses a pattern that has fields which a rule sets itself. The CDK would join the values of both, and the rule would take more events than
 * it should.
 *
 * @param own the pattern of the rule
 * @param given that of whoever defines it
 * @throws Error that names the fields
 */
export function refuseOwnFields(own: events.EventPattern, given: events.EventPattern = {}): void {
  const taken = fieldsOf(own);
  const both = fieldsOf(given).filter((field) => taken.includes(field));
  if (both.length === 0) return;
  throw new Error(`eventPattern has ${both.map(quote).join(', ')}, which the rule sets itself, and another value would widen it; `
    + 'leave that out, or define an events.Rule of your own');
}

function fieldsOf({ detail, ...others }: events.EventPattern): string[] {
  return [...namesOf(others), ...namesOf(detail ?? {}).map((name) => `detail.${name}`)];
}

function namesOf(fields: object): string[] {
  return Object.entries(fields).filter(([, value]) => value !== undefined).map(([name]) => name);
}
