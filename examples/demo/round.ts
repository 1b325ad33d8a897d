import { describeEvents } from './event-summary';
import { LocalAws } from './local-aws';
import { printedResults } from './printed-results';
import { table } from './table';
import { MirrorResult } from '../../src/engine/result';
import { familiarImageReference, parseImageReference, shortDigest } from '../../src/image/image-reference';
import { BuildResult } from '../../test/support/local-code-build';
import { PutEvent } from '../../test/support/local-event-bridge';

/** One build of one schedule. */
export interface MirrorRun {
  /** The schedule's image, in canonical spelling. */
  readonly image: string;
  readonly build: BuildResult;
  /** The build's last line on stdout; undefined when that is no result. */
  readonly result: MirrorResult | undefined;
}

/** All schedules, each having run once. */
export interface Round {
  readonly name: string;
  readonly runs: readonly MirrorRun[];
  /** What the builds told that those had started: those of customized images. */
  readonly customized: readonly MirrorResult[];
  /** The events that were put on the bus meanwhile. */
  readonly events: readonly PutEvent[];
  /** Manifests and blobs that were fetched from the local upstream; 0 where upstream is real. */
  readonly downloads: number;
  /** Requests that changed something in the local ECR, or tried to. */
  readonly pushes: number;
}

/** CodeBuild would run all builds at once; a laptop prefers a few. */
const BUILDS_AT_ONCE = 3;

/** Lets every schedule's time come once. */
export async function playRound(aws: LocalAws, name: string): Promise<Round> {
  const earlierEvents = aws.events.events.length;
  const earlierBuilds = aws.codeBuildApi.builds.length;
  aws.upstream?.resetRequests();
  aws.ecr.resetRequests();
  const runs: MirrorRun[] = [];
  const waiting = [...aws.schedules.entries()];
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [index, schedule] = next;
      const build = await aws.invoke(schedule);
      runs[index] = { image: schedule.variables.IMAGE, build, result: printedResults(build.stdout).at(-1) };
    }
  };
  await Promise.all(Array.from({ length: BUILDS_AT_ONCE }, worker));
  await aws.settled();
  return {
    name,
    runs,
    customized: aws.codeBuildApi.builds.slice(earlierBuilds).flatMap(({ running }) => printedResults(running.lines)),
    events: aws.events.events.slice(earlierEvents),
    downloads: aws.upstream?.downloads ?? 0,
    pushes: aws.ecr.count({ method: /^(POST|PUT|PATCH|DELETE)$/, path: '/v2/' }),
  };
}

/** The round as a table; below it what the builds had to say, and the events. */
export function describeRound({ runs, customized, events }: Round, aws: LocalAws): string {
  const columns = [
    { heading: 'IMAGE' }, { heading: 'OUTCOME' }, { heading: 'UPSTREAM' }, { heading: 'MIRROR' },
    { heading: 'BLOBS', numbers: true }, { heading: 'BYTES', numbers: true },
    { heading: 'PULLS', numbers: true }, { heading: 'REQUESTS', numbers: true }, { heading: 'EXIT', numbers: true }, { heading: 'EVENT' },
  ];
  const rows = runs.map(({ image, build, result }) => result === undefined ? [image, 'no result', '', '', '', '', '', '', String(build.exitCode), ''] : [
    familiarImageReference(parseImageReference(result.source)),
    result.outcome,
    digestCell(result.sourceDigest),
    digestCell(result.targetDigest),
    String(result.blobsCopied),
    String(result.bytesCopied),
    String(result.countedPulls),
    `${result.requests.source}+${result.requests.target}`,
    String(build.exitCode),
    eventOf(result, events)?.detailType ?? 'none',
  ]);
  const customRows = customized.map((result) => [
    `${familiarImageReference(parseImageReference(result.source))}, customized`,
    result.outcome, '', digestCell(result.targetDigest), '', '', '', '', '', eventOf(result, events)?.detailType ?? 'none',
  ]);
  const messages = runs.flatMap(({ result }) => result?.message === undefined ? [] : [`\n${result.message}`]);
  return [table(columns, [...rows, ...customRows]), ...messages, `\n${describeEvents(events, aws)}`].join('\n');
}

/** The event that was put for a result. */
export function eventOf({ source, target }: MirrorResult, events: readonly PutEvent[]): PutEvent | undefined {
  return events.find(({ detail }) => detail.source === source && detail.target === target);
}

/** A digest in a table. */
export function digestCell(digest: string | undefined): string {
  return digest === undefined ? '-' : shortDigest(digest);
}
