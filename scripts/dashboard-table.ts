/** The tables of a dashboard's picture: the columns are those of the query, the rows made up. */
import { Rows, TABLES } from './dashboard-sample';

/** About how wide a character of a cell is. */
const CHARACTER = 5.4;
const SPACE_BETWEEN = 10;

/** A table that fits into a width. */
export interface Table {
  /** Where each column starts. */
  readonly starts: readonly number[];
  /** The names of the columns first. Cells that are too long are cut. */
  readonly rows: readonly (readonly string[])[];
}

/** The table of a query, for the widget with a title. */
export function tableOf(title: string, query: string, width: number): Table {
  const columns = columnsOf(query);
  const rows = rowsOf(title, columns).map((row) => columns.map((column) => row[column] ?? ''));
  const widths = fitting([columns, ...rows], width);
  const starts = widths.map((_width, column) => widths.slice(0, column).reduce((sum, one) => sum + one + SPACE_BETWEEN, 0));
  return { starts, rows: [columns, ...rows].map((row) => row.map((cell, column) => cut(cell, widths[column]))) };
}

/** The columns of what a query finds: what it groups by, and then what it counts; or the fields that it asks for. */
export function columnsOf(query: string): string[] {
  const commands = query.split('\n| ');
  const [, counted, groups] = /^stats (.*) by (.*)$/.exec(commands.find((command) => command.startsWith('stats ')) ?? '') ?? [];
  if (counted !== undefined) return [...groups.split(', '), ...[...counted.matchAll(/ as (\w+)/g)].map(([, name]) => name)];
  const fields = commands.map((command) => /(?:^|\| )fields (.*)$/.exec(command)?.[1]).find((found) => found !== undefined);
  if (fields === undefined) throw new Error(`the columns of the query cannot be told: ${query}`);
  return fields.split(', ');
}

function rowsOf(title: string, columns: readonly string[]): Rows {
  const [, rows] = Object.entries(TABLES).find(([start]) => title.startsWith(start)) ?? [];
  if (rows === undefined) throw new Error(`there is no sample for the table ${JSON.stringify(title)}`);
  const named = new Set(rows.flatMap((row) => Object.keys(row)));
  const different = [...columns.filter((column) => !named.has(column)), ...[...named].filter((name) => !columns.includes(name))];
  if (different.length > 0) throw new Error(`the sample for the table ${JSON.stringify(title)} has other columns than its query: ${different.join(', ')}`);
  return rows;
}

/** As wide as their longest cells, the widest made narrower until all fit. */
function fitting(rows: readonly (readonly string[])[], width: number): number[] {
  const widths = rows[0].map((_name, column) => Math.max(...rows.map((row) => row[column].length)) * CHARACTER);
  const available = width - SPACE_BETWEEN * (widths.length - 1);
  while (widths.reduce((sum, one) => sum + one, 0) > available) {
    const widest = widths.indexOf(Math.max(...widths));
    widths[widest] -= CHARACTER;
  }
  return widths;
}

function cut(text: string, width: number): string {
  const characters = Math.floor(width / CHARACTER + 0.01);
  return text.length <= characters ? text : `${text.slice(0, characters - 1)}…`;
}
