import { DeliveredEvent } from './event-pattern';
import { PutEvent } from './local-event-bridge';

/** An event that was put, as EventBridge hands it to targets. */
export function deliveredEvent({ source, detailType, detail, resources }: PutEvent): DeliveredEvent {
  return {
    'version': '0',
    'id': '00000000-0000-4000-8000-000000000000',
    'detail-type': detailType,
    source,
    'account': '123456789012',
    'time': '2026-11-22T00:00:00Z',
    'region': 'eu-west-1',
    resources,
    detail,
  };
}
