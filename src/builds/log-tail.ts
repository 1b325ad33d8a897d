import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { BuildLog } from './build-state';
import { saidBy } from './service-failure';

/** A page is at most 1 MB: more than the log of a run that goes well. */
const MOST_PAGES = 5;

/**
 * The last lines of a build's log, in their order.
 *
 * A log that cannot be read has none: what a build did does not depend on it.
 *
 * @param isEnough whether lines need no earlier ones before them
 */
export async function readLogTail(
  client: CloudWatchLogsClient, { groupName, streamName }: BuildLog, isEnough: (lines: readonly string[]) => boolean, log: (line: string) => void,
): Promise<string[]> {
  if (!groupName || !streamName) return [];
  let lines: string[] = [];
  let nextToken: string | undefined;
  try {
    for (let page = 0; page < MOST_PAGES && !isEnough(lines); page++) {
      const request = { logGroupName: groupName, logStreamName: streamName, startFromHead: false, nextToken };
      const { events = [], nextBackwardToken } = await client.send(new GetLogEventsCommand(request));
      lines = [...events.flatMap(({ message = '' }) => message.split('\n')), ...lines];
      // The token of the page before the first is that of the first itself.
      if (!nextBackwardToken || nextBackwardToken === nextToken) break;
      nextToken = nextBackwardToken;
    }
  } catch (error) {
    log(`the log ${groupName} ${streamName} could not be read: ${saidBy(error)}`);
  }
  return lines;
}
