import { Command, InvalidArgumentError } from 'commander';
import { CASE_NAMES, CaseName } from './cases';
import { LINK_NAMES, LinkName } from './link';

/** What to measure, and how to tell. */
export interface BenchOptions {
  readonly runs: number;
  readonly cases: readonly CaseName[];
  readonly links: readonly LinkName[];
  /** Names of peers; undefined for all. */
  readonly peers?: readonly string[];
  readonly quick: boolean;
  readonly json: boolean;
  readonly plainHttp: boolean;
  /** Writes the tables and the plot of docs/performance.md. */
  readonly writeDocs: boolean;
  readonly plot?: string;
}

export function readOptions(argv: readonly string[], peerNames: readonly string[]): BenchOptions {
  const command = new Command('npm run bench --')
    .description('Measures the engine beside other programs that copy images, on the same registries in one run.')
    .option('--runs <number>', 'counted runs of each tool', readNumber, 5)
    .option('--cases <names>', `some of ${CASE_NAMES.join(',')}`, listOf(CASE_NAMES), [...CASE_NAMES])
    .option('--links <names>', `some of ${LINK_NAMES.join(',')}`, listOf(LINK_NAMES), [...LINK_NAMES])
    .option('--peers <names>', `some of ${peerNames.join(',')}`, listOf(peerNames))
    .option('--plain-http', 'registries that speak plain HTTP instead of TLS')
    .option('--quick', 'one run with small sizes and two peers: shows that everything works, and measures nothing')
    .option('--json', 'the report as JSON on stdout')
    .option('--write-docs', 'write the tables of docs/performance.md and its plot')
    .option('--plot <file>', 'write a plot (SVG)')
    .parse([...argv], { from: 'user' });
  const { runs, quick = false, json = false, plainHttp = false, writeDocs = false, ...others } = command.opts<BenchOptions>();
  return { ...others, runs: quick ? 1 : runs, quick, json, plainHttp, writeDocs };
}

function readNumber(text: string): number {
  if (!/^[1-9][0-9]?$/.test(text)) throw new InvalidArgumentError('It is a number from 1 to 99.');
  return Number(text);
}

function listOf<T extends string>(allowed: readonly T[]): (text: string) => T[] {
  return (text) => text.split(',').map((name) => {
    const found = allowed.find((one) => one === name);
    if (found === undefined) throw new InvalidArgumentError(`Allowed are ${allowed.join(', ')}.`);
    return found;
  });
}
