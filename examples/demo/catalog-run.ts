import { describeEvents } from './event-summary';
import { LocalAws } from './local-aws';
import { printedResults } from './printed-results';
import { eventOf } from './round';
import { table } from './table';
import { MirrorResult, Outcome } from '../../src/engine/result';
import { formatImageReference, parseImageReference, shortDigest } from '../../src/image/image-reference';
import { PutEvent } from '../../test/support/local-event-bridge';

/** One run of a catalog: of all images that its parameter lists at that time. */
export interface CatalogRun {
  readonly name: string;
  /** What the parameter held. */
  readonly listed: readonly string[];
  readonly results: readonly MirrorResult[];
  readonly exitCode: number;
  readonly events: readonly PutEvent[];
}

/** Lets the time of the catalog's schedule come. */
export async function playCatalog(aws: LocalAws, name: string): Promise<CatalogRun> {
  const earlierEvents = aws.events.events.length;
  const [schedule] = aws.catalogSchedules;
  const { stdout, exitCode } = await aws.invoke(schedule);
  const listed = listOf(aws);
  const places = listed.map((image) => formatImageReference(parseImageReference(image)));
  // Told as they came to their ends.
  const results = printedResults(stdout).sort((one, other) => places.indexOf(one.source) - places.indexOf(other.source));
  return { name, listed, results, exitCode, events: aws.events.events.slice(earlierEvents) };
}

/** What the parameter of the catalog holds. */
export function listOf({ parameters: { parameters } }: LocalAws): string[] {
  return [...parameters.values()].flatMap(({ value }) => value.split(','));
}

/** Edits the parameter, as one does in the console. */
export function editList({ parameters: { parameters } }: LocalAws, images: readonly string[]): void {
  for (const name of parameters.keys()) parameters.set(name, { value: images.join(',') });
}

/** The run as a table. */
export function describeCatalogRun({ listed, results, exitCode, events }: CatalogRun, aws: LocalAws): string {
  const columns = [{ heading: 'LISTED' }, { heading: 'OUTCOME' }, { heading: 'IN THE MIRROR' }, { heading: 'DIGEST' }, { heading: 'EVENT' }];
  const rows = results.map((result, index) => [
    listed[index] ?? result.source,
    result.outcome,
    result.targetDigest === undefined ? '-' : `${result.repository}:${result.tag}`,
    result.targetDigest === undefined ? '-' : shortDigest(result.targetDigest),
    eventOf(result, events)?.detailType ?? 'none',
  ]);
  const messages = results.flatMap(({ message }) => message === undefined ? [] : [message]);
  return [table(columns, rows), '', ...messages, `One build, which exits with ${exitCode}`, describeEvents(events, aws)].join('\n');
}

/** What was not as it must be, in words; empty when all was. */
export function catalogProblems({ name, results, exitCode, events }: CatalogRun, expected: readonly Outcome[], aws: LocalAws): string[] {
  const outcomes = results.map(({ outcome }) => outcome);
  const held = results.filter(({ targetDigest }) => targetDigest !== undefined);
  const missing = held.filter(({ targetDigest, repository, tag }) => aws.ecr.tagDigest(repository!, tag!) !== targetDigest);
  const checks: [boolean, string][] = [
    [outcomes.join() === expected.join(), `ended with ${outcomes.join(', ')} and not with ${expected.join(', ')}`],
    [exitCode === (expected.includes('failed') ? 1 : 0), `the build exited with ${exitCode}`],
    [events.length === results.length, `${events.length} events for ${results.length} images`],
    [missing.length === 0, `ECR does not have ${missing.map(({ target }) => target).join(', ')}`],
  ];
  return checks.filter(([holds]) => !holds).map(([, problem]) => `${name}: ${problem}`);
}
