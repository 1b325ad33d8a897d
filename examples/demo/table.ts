/** A column: its heading, and whether it holds numbers, which are set to the right. */
export interface Column {
  readonly heading: string;
  readonly numbers?: boolean;
}

/** Rows of text in aligned columns, two spaces apart. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ heading }, index) => Math.max(heading.length, ...rows.map((row) => row[index].length)));
  const line = (cells: readonly string[]) => cells
    .map((cell, index) => columns[index].numbers ? cell.padStart(widths[index]) : cell.padEnd(widths[index]))
    .join('  ')
    .trimEnd();
  return [columns.map(({ heading }) => heading), ...rows].map(line).join('\n');
}
