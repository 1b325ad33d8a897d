import { ArnFormat, Lazy, Stack, Token } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { EVENT_SOURCE } from '../image/contract/events-and-metrics';
import { quote } from '../image/sanitize';
import { isDifferent } from '../synthesis/environments';

/** Properties of an EventBridge rule for results. */
export interface ResultRuleProps {
  readonly detailType: string;
  /** The event bus of the mirror. */
  readonly eventBus: events.IEventBus;
  /** The CodeBuild projects of the mirror, read when the template is rendered. */
  readonly projects: readonly codebuild.IProject[];
  /** The pattern of the detail; undefined matches all images. */
  readonly detail?: events.EventPattern['detail'];
  /** The description of the rule, unless the options have one. */
  readonly description: string;
}

/**
 * Defines an EventBridge rule for the events of one mirror.
 *
 * Several mirrors of an account may use the same event bus and similar repository names. The resource of an event is the build that sent it, and the
 * ARN of a build contains the name of its CodeBuild project.
 *
 * @throws Error when the event bus is in another account or Region, or when `eventPattern` has a field that the rule sets
 */
export function defineResultRule(scope: Construct, id: string, props: ResultRuleProps, options: events.OnEventOptions): events.Rule {
  const ruleScope = options.crossStackScope ?? scope;
  const stack = Stack.of(ruleScope);
  requireBusInEnvironment(stack, props.eventBus);
  const { target, eventPattern, ruleName, description = props.description } = options;
  const produce = () => props.projects.map(({ projectName }) => ({ prefix: buildArn(stack, `${projectName}:`) }));
  const rulePattern: events.EventPattern = {
    source: [EVENT_SOURCE],
    detailType: [props.detailType],
    resources: Token.asList(Lazy.any({ produce })),
    detail: props.detail,
  };
  requireNoReservedFields(rulePattern, eventPattern);
  const rule = new events.Rule(ruleScope, id, { eventBus: props.eventBus, eventPattern, ruleName, description });
  rule.addEventPattern(rulePattern);
  rule.addTarget(target);
  return rule;
}

function buildArn(stack: Stack, resourceName: string): string {
  return stack.formatArn({ service: 'codebuild', resource: 'build', resourceName, arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
}

/** A rule must be in the account and Region of its event bus. */
function requireBusInEnvironment(stack: Stack, eventBus: events.IEventBus): void {
  for (const [part, name] of [['account', 'account'], ['region', 'Region']] as const) {
    if (isDifferent(stack[part], eventBus.env[part])) {
      throw new Error(`the mirror's event bus is in the ${name} ${quote(eventBus.env[part])} and the rule would be in ${quote(stack[part])}; `
        + `define a rule for the source ${quote(EVENT_SOURCE)} where the event bus is`);
    }
  }
}

/**
 * Requires that a user's event pattern has no field that the rule sets itself. The CDK would merge the values of both patterns, and the rule would
 * match more events than intended.
 *
 * @param rulePattern the pattern that the rule sets
 * @param eventPattern the pattern that the user adds
 * @throws Error with the names of the fields
 */
export function requireNoReservedFields(rulePattern: events.EventPattern, eventPattern: events.EventPattern = {}): void {
  const reserved = fieldsOf(rulePattern);
  const conflicts = fieldsOf(eventPattern).filter((field) => reserved.includes(field));
  if (conflicts.length === 0) return;
  throw new Error(`eventPattern has ${conflicts.map(quote).join(', ')}, which the rule sets itself; a second value would match more events; `
    + 'remove it, or define your own events.Rule');
}

function fieldsOf({ detail, ...others }: events.EventPattern): string[] {
  return [...definedNames(others), ...definedNames(detail ?? {}).map((name) => `detail.${name}`)];
}

function definedNames(fields: object): string[] {
  return Object.entries(fields).filter(([, value]) => value !== undefined).map(([name]) => name);
}
