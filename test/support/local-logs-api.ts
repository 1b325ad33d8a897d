import { AwsApiError, awsOperation, replyToAws } from './aws-json-api';
import { Exchange } from './exchange';
import { LocalServer, LocalServerOptions } from './local-server';

/** The lines of a log; undefined when there is no such log. */
export type LogSource = (groupName: string, streamName: string) => readonly string[] | undefined;

/** Events on a page, by default; the service has 10,000. */
const PAGE = 100;

/**
 * `GetLogEvents` of Amazon CloudWatch Logs, over logs that somebody else keeps.
 *
 * Imitated: AWS JSON 1.1, pages in both directions, tokens that stay the same at either end. Not imitated: times, signatures.
 */
export class LocalLogsApi extends LocalServer {
  constructor(private readonly source: LogSource, options: LocalServerOptions = {}) {
    super(options);
  }

  protected async handle(exchange: Exchange): Promise<void> {
    return replyToAws(exchange, (input) => {
      if (awsOperation(exchange) !== 'GetLogEvents') throw new AwsApiError(400, 'UnknownOperationException', 'only GetLogEvents is imitated');
      return this.events(input);
    });
  }

  private events(input: { logGroupName?: string; logStreamName?: string; startFromHead?: boolean; limit?: number; nextToken?: string }) {
    const { logGroupName = '', logStreamName = '', startFromHead = false, limit = PAGE, nextToken } = input;
    const lines = this.source(logGroupName, logStreamName);
    if (lines === undefined) throw new AwsApiError(400, 'ResourceNotFoundException', 'The specified log stream does not exist.');
    const [, direction, position] = /^([fb])\/([0-9]+)$/.exec(nextToken ?? '') ?? [];
    if (nextToken !== undefined && direction === undefined) throw new AwsApiError(400, 'InvalidParameterException', 'The specified nextToken is invalid.');
    const isForward = direction === undefined ? startFromHead : direction === 'f';
    const at = position === undefined ? (startFromHead ? 0 : lines.length) : Number(position);
    const [first, end] = isForward ? [at, Math.min(lines.length, at + limit)] : [Math.max(0, at - limit), at];
    return {
      events: lines.slice(first, end).map((line, index) => ({ timestamp: first + index, message: `${line}\n`, ingestionTime: first + index })),
      nextForwardToken: `f/${end}`,
      nextBackwardToken: `b/${first}`,
    };
  }
}
