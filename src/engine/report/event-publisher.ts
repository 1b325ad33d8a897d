import { EVENT_DETAIL_TYPE, EVENT_SOURCE, EVENT_VERSION } from '../../image/contract/events-and-metrics';
import { awsServiceHost } from '../../image/registry-hosts';
import { sanitizeForLog } from '../../image/sanitize';
import type { MirrorResult, Outcome } from '../result';
import { withRunSignal } from '../run-signal';

const DETAIL_TYPES: Readonly<Record<Outcome, string>> = {
  'copied': EVENT_DETAIL_TYPE.MIRRORED,
  'unchanged': EVENT_DETAIL_TYPE.UNCHANGED,
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
  /** The time after which the event is given up, in milliseconds since the epoch. */
  readonly deadline: number;
}

/**
 * Puts a result on an event bus.
 *
 * @returns the problem, if the event could not be put; undefined on success. A lost event does not change the result.
 */
export async function publishResult(result: MirrorResult, { eventBus, region, buildArn, deadline }: EventDestination): Promise<string | undefined> {
  const [{ EventBridgeClient, PutEventsCommand }, { awsRequestHandler }] = await Promise.all([
    import('@aws-sdk/client-eventbridge'), import('../aws-request-handler.js'),
  ]);
  const client = new EventBridgeClient({ region, requestHandler: awsRequestHandler(awsServiceHost('events', region)) });
  try {
    const command = new PutEventsCommand({
      Entries: [{
        EventBusName: eventBus,
        Source: EVENT_SOURCE,
        DetailType: DETAIL_TYPES[result.outcome],
        Detail: JSON.stringify({ version: EVENT_VERSION, ...result }),
        Resources: buildArn === undefined ? [] : [buildArn],
      }],
    });
    const { Entries = [] } = await withRunSignal({ deadline, signal: NO_SIGNAL }, (abortSignal) => client.send(command, { abortSignal }));
    const { ErrorCode, ErrorMessage } = Entries[0] ?? {};
    return ErrorCode === undefined ? undefined : formatProblem(`${ErrorCode}: ${ErrorMessage ?? ''}`);
  } catch (error) {
    if (Date.now() >= deadline) return formatProblem('EventBridge did not respond in time');
    return formatProblem(error instanceof Error ? error.message : String(error));
  } finally {
    client.destroy();
  }
}

function formatProblem(text: string): string {
  return `the event was not put: ${sanitizeForLog(text)}`;
}
