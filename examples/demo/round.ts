import { LocalAws } from './local-aws';
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
  aws.upstream?.resetRequests();
  aws.ecr.resetRequests();
  const runs: MirrorRun[] = [];
  const waiting = [...aws.schedules.entries()];
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [index, schedule] = next;
      const build = await aws.invoke(schedule);
      runs[index] = { image: schedule.variables.IMAGE, build, result: resultOf(build) };
    }
  };
  await Promise.all(Array.from({ length: BUILDS_AT_ONCE }, worker));
  return {
    name,
    runs,
    events: aws.events.events.slice(earlierEvents),
    downloads: aws.upstream?.downloads ?? 0,
    pushes: aws.ecr.count({ method: /^(POST|PUT|PATCH|DELETE)$/, path: '/v2/' }),
  };
}

/** The round as a table; below it what the builds had to say, and the events. */
export function describeRound({ runs, events }: Round): string {
  const columns = [
    { heading: 'IMAGE' }, { heading: 'OUTCOME' }, { heading: 'UPSTREAM' }, { heading: 'MIRROR' },
    { heading: 'BLOBS', numbers: true }, { heading: 'BYTES', numbers: true },
    { heading: 'PULLS', numbers: true }, { heading: 'REQUESTS', numbers: true }, { heading: 'EXIT', numbers: true },
  ];
  const rows = runs.map(({ image, build, result }) => result === undefined ? [image, 'no result', '', '', '', '', '', '', String(build.exitCode)] : [
    familiarImageReference(parseImageReference(result.source)),
    result.outcome,
    digestCell(result.sourceDigest),
    digestCell(result.targetDigest),
    String(result.blobsCopied),
    String(result.bytesCopied),
    String(result.countedPulls),
    `${result.requests.source}+${result.requests.target}`,
    String(build.exitCode),
  ]);
  const messages = runs.flatMap(({ result }) => result?.message === undefined ? [] : [`\n${result.message}`]);
  return [table(columns, rows), ...messages, `\nEvents on the bus: ${eventSummary(events)}`].join('\n');
}

function resultOf({ stdout }: BuildResult): MirrorResult | undefined {
  try {
    const value: unknown = JSON.parse(stdout[stdout.length - 1] ?? '');
    return typeof value === 'object' && value !== null && 'outcome' in value ? value as MirrorResult : undefined;
  } catch {
    return undefined;
  }
}

function digestCell(digest: string | undefined): string {
  return digest === undefined ? '-' : shortDigest(digest);
}

function eventSummary(events: readonly PutEvent[]): string {
  const counts = new Map<string, number>();
  for (const { detailType } of events) counts.set(detailType, (counts.get(detailType) ?? 0) + 1);
  return [...counts].map(([detailType, count]) => `${count} x ${detailType}`).join(', ') || 'none';
}
