import { EVENT_DETAIL_TYPE, EVENT_SOURCE, EVENT_VERSION } from '../../image/contract/events-and-metrics';
import { awsServiceHost } from '../../image/registry-hosts';
import { sanitizeForLog } from '../../image/sanitize';
import type { MirrorResult, Outcome } from '../result';

const DETAIL_TYPES: Readonly<Record<Outcome, string>> = {
  'copied': EVENT_DETAIL_TYPE.MIRRORED,
  'unchanged': EVENT_DETAIL_TYPE.UNCHANGED,
  'tag-moved': EVENT_DETAIL_TYPE.TAG_MOVED,
  'failed': EVENT_DETAIL_TYPE.FAILED,
};

/** Where results are put. */
export interface EventDestination {
  /** The bus, by its ARN or its name. */
  readonly eventBus: string;
  readonly region: string;
  /** The ARN of the build that tells, by which a rule knows whose event it is; undefined outside of CodeBuild. */
  readonly buildArn?: string;
}

/**
 * Puts a result on an event bus.
 *
 * @returns what went wrong, in words; an event that is lost does not make a good mirror bad
 */
export async function publishResult(result: MirrorResult, { eventBus, region, buildArn }: EventDestination): Promise<string | undefined> {
  const [{ EventBridgeClient, PutEventsCommand }, { awsRequestHandler }] = await Promise.all([import('@aws-sdk/client-eventbridge'), import('../aws-request-handler.js')]);
  const client = new EventBridgeClient({ region, requestHandler: awsRequestHandler(awsServiceHost('events', region)) });
  try {
    const { Entries = [] } = await client.send(new PutEventsCommand({
      Entries: [{
        EventBusName: eventBus,
        Source: EVENT_SOURCE,
        DetailType: DETAIL_TYPES[result.outcome],
        Detail: JSON.stringify({ version: EVENT_VERSION, ...result }),
        Resources: buildArn === undefined ? [] : [buildArn],
      }],
    }));
    const { ErrorCode, ErrorMessage } = Entries[0] ?? {};
    return ErrorCode === undefined ? undefined : `the event was not put: ${ErrorCode}: ${sanitizeForLog(ErrorMessage ?? '')}`;
  } catch (error) {
    return `the event was not put: ${sanitizeForLog(error instanceof Error ? error.message : String(error))}`;
  } finally {
    client.destroy();
  }
}
