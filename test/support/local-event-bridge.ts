import { AwsApiError, awsOperation, replyToAws } from './aws-json-api';
import { Exchange } from './exchange';
import { LocalServer } from './local-server';

/** One event that was put, its detail parsed. */
export interface PutEvent {
  readonly source: string;
  readonly detailType: string;
  readonly detail: Record<string, unknown>;
  readonly eventBusName: string;
  readonly resources: readonly string[];
}

interface EventEntry {
  readonly Source?: string;
  readonly DetailType?: string;
  readonly Detail?: string;
  readonly EventBusName?: string;
  readonly Resources?: string[];
}

/** An entry must stay below 256 KB; later limits are higher, the smaller one is the safe one. */
const ENTRY_LIMIT_BYTES = 256 * 1024;

/**
 * Amazon EventBridge's `PutEvents`.
 *
 * Imitates: AWS JSON 1.1, at most ten entries, missing fields and details that are no JSON object refused entry by entry with a 200 answer
 * (`FailedEntryCount`), as EventBridge does. Not imitated: rules, targets, buses that do not exist, signatures.
 */
export class LocalEventBridge extends LocalServer {
  /** All events that were accepted, in order. */
  readonly events: PutEvent[] = [];
  /** What the next entries are refused with, for example `ThrottlingException`. */
  refuseWith: string | undefined;

  protected async handle(exchange: Exchange): Promise<void> {
    return replyToAws(exchange, (input) => {
      if (awsOperation(exchange) !== 'PutEvents') throw new AwsApiError(400, 'UnknownOperationException', 'only PutEvents is imitated');
      const entries = input.Entries as EventEntry[];
      if (entries.length < 1 || entries.length > 10) throw new AwsApiError(400, 'ValidationException', 'between 1 and 10 entries');
      const results = entries.map((entry) => this.put(entry));
      return { FailedEntryCount: results.filter(({ ErrorCode }) => ErrorCode).length, Entries: results };
    });
  }

  private put(entry: EventEntry): { EventId?: string; ErrorCode?: string; ErrorMessage?: string } {
    if (this.refuseWith) return { ErrorCode: this.refuseWith, ErrorMessage: 'refused on purpose' };
    if (!entry.Source || !entry.DetailType || !entry.Detail) return { ErrorCode: 'InvalidArgument', ErrorMessage: 'Parameter is not valid.' };
    if (Buffer.byteLength(JSON.stringify(entry)) > ENTRY_LIMIT_BYTES) return { ErrorCode: 'InvalidArgument', ErrorMessage: 'Entry is too large.' };
    const detail = jsonObject(entry.Detail);
    if (!detail) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
    const { Source: source, DetailType: detailType, EventBusName: eventBusName = 'default', Resources: resources = [] } = entry;
    this.events.push({ source, detailType, detail, eventBusName, resources });
    return { EventId: `00000000-0000-4000-8000-${String(this.events.length).padStart(12, '0')}` };
  }
}

function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
