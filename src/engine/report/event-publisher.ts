import type { EventBridgeClient, PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { EVENT_DETAIL_TYPE, EVENT_SOURCE, EVENT_VERSION } from '../../image/contract/events-and-metrics';
import { sanitizeForLog } from '../../image/sanitize';
import { serviceHost } from '../fips';
import type { MirrorResult, Outcome } from '../result';
import { withRunSignal } from '../run-signal';

const DETAIL_TYPES: Readonly<Record<Outcome, string>> = {
  'copied': EVENT_DETAIL_TYPE.MIRRORED,
  'unchanged': EVENT_DETAIL_TYPE.UNCHANGED,
  'held': EVENT_DETAIL_TYPE.HELD,
  'upstream-gone': EVENT_DETAIL_TYPE.UPSTREAM_GONE,
  'tag-moved': EVENT_DETAIL_TYPE.TAG_MOVED,
  'failed': EVENT_DETAIL_TYPE.FAILED,
};

/** Interrupted runs put their events too. */
const NO_SIGNAL = new AbortController().signal;

/** The destination of events. */
export interface EventDestination {
  /** The ARN or the name of the event bus. */
  readonly eventBus: string;
  readonly region: string;
  /** The ARN of the build, by which rules match the events of a mirror; undefined outside of CodeBuild. */
  readonly buildArn?: string;
}

/** Puts results on an event bus. All results of a run share the connections of one client. */
export class EventPublisher {
  private client: Promise<EventBridge> | undefined;

  constructor(private readonly destination: EventDestination) {}

  /**
   * Puts a result.
   *
   * @param deadline the time after which the event is given up, in milliseconds since the epoch
   * @returns the problem, if the event could not be put; undefined on success. A lost event does not change the result.
   */
  publish(result: MirrorResult, deadline: number): Promise<string | undefined> {
    return this.put(DETAIL_TYPES[result.outcome], result, deadline);
  }

  /** Puts an event of another type. The parameters and the result are those of `publish()`. */
  async put(detailType: string, detail: object, deadline: number): Promise<string | undefined> {
    try {
      this.client ??= newClient(this.destination);
      const { client, PutEventsCommand } = await this.client;
      const command = new PutEventsCommand({ Entries: [toEntry(detailType, detail, this.destination)] });
      const { Entries = [] } = await withRunSignal({ deadline, signal: NO_SIGNAL }, (abortSignal) => client.send(command, { abortSignal }));
      const { ErrorCode, ErrorMessage } = Entries[0] ?? {};
      return ErrorCode === undefined ? undefined : formatProblem(`${ErrorCode}: ${ErrorMessage ?? ''}`);
    } catch (error) {
      if (Date.now() >= deadline) return formatProblem('EventBridge did not respond in time');
      return formatProblem(error instanceof Error ? error.message : String(error));
    }
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    (await this.client?.catch(() => undefined))?.client.destroy();
  }
}

type EventBridgeModule = typeof import('@aws-sdk/client-eventbridge');

interface EventBridge extends Pick<EventBridgeModule, 'PutEventsCommand'> {
  readonly client: EventBridgeClient;
}

/** The AWS SDK is loaded for the first event, so that runs without events don't wait for it. */
async function newClient({ region }: EventDestination): Promise<EventBridge> {
  const [{ EventBridgeClient: Client, PutEventsCommand }, { awsRequestHandler }] = await Promise.all([
    import('@aws-sdk/client-eventbridge'), import('../aws-request-handler.js'),
  ]);
  return { client: new Client({ region, requestHandler: awsRequestHandler(serviceHost('events', region)) }), PutEventsCommand };
}

function toEntry(detailType: string, detail: object, { eventBus, buildArn }: EventDestination): PutEventsRequestEntry {
  return {
    EventBusName: eventBus,
    Source: EVENT_SOURCE,
    DetailType: detailType,
    Detail: JSON.stringify({ version: EVENT_VERSION, ...detail }),
    Resources: buildArn === undefined ? [] : [buildArn],
  };
}

function formatProblem(text: string): string {
  return `the event was not put: ${sanitizeForLog(text)}`;
}
