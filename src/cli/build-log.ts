import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { BuildLog } from '../builds/build-state';

/** A page is at most 1 MB, and one without events may stand before others; a log that grows faster than it is read is read on the next time. */
const MOST_PAGES = 50;

/** Reads the log of a build from its begin, as it grows. */
export class BuildLogReader {
  private nextToken: string | undefined;

  constructor(private readonly client: CloudWatchLogsClient) {}

  /** Tells the lines that have come since the last time; none as long as there is no log. */
  async read({ groupName, streamName }: BuildLog, tell: (line: string) => void): Promise<void> {
    for (let page = 0; page < MOST_PAGES; page++) {
      const question = { logGroupName: groupName, logStreamName: streamName, startFromHead: true, nextToken: this.nextToken };
      const { events = [], nextForwardToken } = await this.client.send(new GetLogEventsCommand(question));
      events.flatMap(({ message = '' }) => message.replace(/\r?\n$/, '').split(/\r?\n/)).forEach(tell);
      // The token of the end is that of the end.
      if (!nextForwardToken || nextForwardToken === this.nextToken) return;
      this.nextToken = nextForwardToken;
    }
  }
}
