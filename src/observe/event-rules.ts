import { ArnFormat, Lazy, Stack, Token } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { EVENT_SOURCE } from '../image/contract/events-and-metrics';
import { quote } from '../image/sanitize';
import { isDifferent } from '../synthesis/environments';

/**
 * Refuses a pattern that has fields which a rule sets itself. The CDK would join the values of both, and the rule would take more events than
 * it should.
 *
 * @param own the pattern of the rule
 * @param given that of whoever defines it
 * @throws Error that names the fields
 */
export function requireNoReservedFields(own: events.EventPattern, given: events.EventPattern = {}): void {
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

/** Whose events a rule takes. */
export interface ResultEvents {
  readonly detailType: string;
  /** The bus that the mirror's builds put events on. */
  readonly eventBus: events.IEventBus;
  /** The projects whose builds put them, asked when all images were added. */
  readonly projects: readonly codebuild.IProject[];
  /** What the detail must be besides; undefined for all images. */
  readonly detail?: events.EventPattern['detail'];
  /** The description of the rule, unless its owner gives another. */
  readonly description: string;
}

/**
 * Defines a rule for the events of one mirror.
 *
 * An account may have several mirrors on one bus, and their repositories may share the start of their names. An event names the build that put it
 * as its resource, and the build's ARN begins with that of its project.
 */
export function defineResultRule(scope: Construct, id: string, props: ResultEvents, options: events.OnEventOptions): events.Rule {
  const place = options.crossStackScope ?? scope;
  refuseForeignBus(place, props.eventBus);
  const { target, eventPattern, ruleName, description = props.description } = options;
  const own: events.EventPattern = {
    source: [EVENT_SOURCE],
    detailType: [props.detailType],
    resources: Token.asList(Lazy.any({ produce: () => props.projects.map(({ projectName }) => ({ prefix: buildArn(Stack.of(place), `${projectName}:`) })) })),
    detail: props.detail,
  };
  requireNoReservedFields(own, eventPattern);
  const rule = new events.Rule(place, id, { eventBus: props.eventBus, eventPattern, ruleName, description });
  rule.addEventPattern(own);
  rule.addTarget(target);
  return rule;
}

function buildArn(stack: Stack, resourceName: string): string {
  return stack.formatArn({ service: 'codebuild', resource: 'build', resourceName, arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
}

/** Rules are where their bus is. */
function refuseForeignBus(scope: Construct, eventBus: events.IEventBus): void {
  const own = Stack.of(scope);
  for (const part of ['account', 'region'] as const) {
    if (isDifferent(own[part], eventBus.env[part])) {
      throw new Error(`the mirror's event bus is in the ${part} ${quote(eventBus.env[part])} and the rule would be in ${quote(own[part])}; `
        + `define a rule for the source ${quote(EVENT_SOURCE)} where the bus is`);
    }
  }
}
