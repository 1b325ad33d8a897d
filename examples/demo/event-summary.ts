import { LocalAws } from './local-aws';
import { deliveredEvent } from '../../test/support/delivered-event';
import { matchesPattern } from '../../test/support/event-pattern';
import { PutEvent } from '../../test/support/local-event-bridge';

/** What is on the bus, and which rules of the app EventBridge would start for it. */
export function describeEvents(events: readonly PutEvent[], aws: LocalAws): string {
  const started = startedRules(events, aws);
  return [
    `Events on the bus: ${summary(events.map(({ detailType }) => detailType))}`,
    ...started.length === 0 ? [] : [`Rules that they start: ${summary(started.map((rule) => `"${rule}"`))}`],
  ].join('\n');
}

/** The descriptions of the rules, once for each event that they match. */
export function startedRules(events: readonly PutEvent[], { deployed: { template } }: LocalAws): string[] {
  const rules = template.ids('AWS::Events::Rule').map((id) => template.properties(id));
  return events.flatMap((event) => rules
    .filter(({ EventPattern }) => matchesPattern(EventPattern, deliveredEvent(event)))
    .map(({ Description }) => String(Description)));
}

function summary(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${count} x ${name}`).join(', ') || 'none';
}
