import type { Measure } from './template-limits';

/** A fleet, and the most that one of its stacks has of each limit. */
export interface MeasuredFleet {
  readonly heading: string;
  readonly measures: readonly Measure[];
}

type Value = (limit: string) => number;

/** A row: the limit in words, the most that AWS takes, and what a fleet has. */
type Row = readonly [words: string, most: string, cell: (valueOf: Value) => string];

/** To ten kilobytes, for the CDK's own metadata differ by some bytes from one version of Node to the next. */
const TEN_KILOBYTES = 10_000;

const ROWS: readonly Row[] = [
  ['resources of a stack', '500', (valueOf) => plain(valueOf('resources in a stack'))],
  ['bytes of a template, about', '1 MB', (valueOf) => `${Math.round(valueOf('bytes of a template') / TEN_KILOBYTES) * 10} kB`],
  ['outputs of a stack', '200', (valueOf) => plain(valueOf('outputs of a stack'))],
  ['characters of a role\'s inline policies', '10,240', (valueOf) => plain(valueOf('characters of a role\'s inline policies'))],
  ['managed policies of a role', '10', (valueOf) => plain(valueOf('managed policies of a role'))],
  ['characters and statements of the queue\'s policy', '8,192 and 20', (valueOf) => `${plain(valueOf('characters of a queue\'s policy'))} and ${plain(valueOf('statements of a queue\'s policy'))}`],
  ['bytes of a request to the custom resource', '262,144', (valueOf) => plain(valueOf('bytes of a custom resource\'s request'))],
  ['bytes of a schedule\'s input', '262,144', (valueOf) => plain(valueOf('bytes of a schedule\'s input'))],
];

/** The table of docs/fleets.md. */
export function limitsTable(fleets: readonly MeasuredFleet[]): string {
  const valuesOf = fleets.map(({ measures }): Value => (limit) => measures.find((measure) => measure.limit === limit)!.value);
  return [
    line(['Limit', 'Maximum', ...fleets.map(({ heading }) => heading)]),
    `|${'---|'.repeat(2 + fleets.length)}`,
    ...ROWS.map(([words, most, cell]) => line([words, most, ...valuesOf.map(cell)])),
  ].join('\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function plain(value: number): string {
  return value.toLocaleString('en');
}
