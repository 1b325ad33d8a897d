/** A picture of a dashboard: its widgets where CloudWatch would put them, with data that was made up. */
import type { Widget } from './dashboard-body';
import { DAYS, HourlyValues, HOURS_OF_A_DAY, RINGING, SERIES } from './dashboard-sample';
import { Table, tableOf } from './dashboard-table';

const COLUMN = 50;
const ROW = 34;
const GAP = 6;
const COLORS = ['#1f77b4', '#2ca02c', '#ff7f0e', '#d62728', '#9467bd'];

const STYLE = [
  'text{font:12px sans-serif;fill:#16191f}',
  '.heading{font-size:18px;font-weight:bold}',
  '.title{font-size:13px;font-weight:bold}',
  '.note{font-size:11px;fill:#545b64}',
  '.cell{font-size:10px}',
  '.column{font-size:10px;fill:#545b64}',
  '.link{fill:#0073bb}',
  '.number{font-size:24px}',
  '.card{fill:#ffffff;stroke:#d5dbdb}',
  '.grid{stroke:#eaeded}',
  '.ok{fill:#1d8102}',
  '.ringing{fill:#d13212}',
  '.on{fill:#ffffff}',
].join('');

/** The inside of a widget's card. */
interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The widgets as one picture. */
export function dashboardPicture(widgets: readonly Widget[]): string {
  const width = 24 * COLUMN;
  const height = Math.max(...widgets.map(({ y, height: rows }) => y + rows)) * ROW;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="The dashboard of a mirror, with sample data">`,
    `<style>${STYLE}</style>`,
    '<rect width="100%" height="100%" fill="#f2f3f3"/>',
    ...widgets.map(cardOf),
    '</svg>',
    '',
  ].join('\n');
}

function cardOf(widget: Widget): string {
  const { x, y, width, height, properties: { title } } = widget;
  const card = { left: x * COLUMN + GAP / 2, top: y * ROW + GAP / 2, width: width * COLUMN - GAP, height: height * ROW - GAP };
  const rectangle = `<rect class="card" x="${card.left}" y="${card.top}" width="${card.width}" height="${card.height}" rx="3"/>`;
  const heading = title === undefined ? '' : text(card.left + 12, card.top + 20, title, 'title');
  const above = title === undefined ? 8 : 32;
  const box = { left: card.left + 12, top: card.top + above, width: card.width - 24, height: card.height - above - 9 };
  return [rectangle, heading, contentOf(widget, box)].filter(Boolean).join('\n');
}

function contentOf({ type, properties }: Widget, box: Box): string {
  switch (type) {
    case 'text': return markdown(properties.markdown!, box);
    case 'alarm': return alarms(properties.alarms!, box);
    case 'log': return table(tableOf(properties.title!, properties.query!, box.width), box);
    case 'metric': return properties.view === 'singleValue' ? numbers(labelsOf(properties.metrics!), box) : graph(properties, box);
  }
}

function markdown(source: string, { left, top }: Box): string {
  const [heading, link] = source.split('\n');
  return [text(left, top + 18, heading.replace(/^# /, ''), 'heading'), text(left, top + 40, link.replace(/^\[(.*)\].*$/, '$1'), 'link')].join('\n');
}

function alarms(ids: readonly string[], { left, top, width }: Box): string {
  const step = width / ids.length;
  return ids.map((id, index) => {
    const name = /Alarms([A-Z][a-zA-Z]+?)[0-9A-F]{8}$/.exec(id)?.[1] ?? id;
    const rings = RINGING.includes(name);
    const x = left + index * step;
    return `<rect class="${rings ? 'ringing' : 'ok'}" x="${round(x)}" y="${top}" width="${round(step - 10)}" height="42" rx="3"/>\n`
      + `${text(round(x + 12), top + 18, name, 'on')}\n${text(round(x + 12), top + 34, rings ? 'In alarm' : 'OK', 'on')}`;
  }).join('\n');
}

function numbers(labels: readonly string[], { left, top, width }: Box): string {
  const step = width / labels.length;
  return labels.map((label, index) => {
    const total = seriesOf(label).reduce<number>((sum, value) => sum + (value ?? 0), 0);
    const x = round(left + index * step);
    return `${text(x, top + 24, amount(total), 'number')}\n${text(x, top + 44, label, 'note')}`;
  }).join('\n');
}

function graph({ metrics, stacked = false }: Widget['properties'], box: Box): string {
  const labels = labelsOf(metrics!);
  const all = labels.map(seriesOf);
  const hours = DAYS.length * HOURS_OF_A_DAY;
  const most = Math.max(1e-9, ...Array.from({ length: hours }, (_, hour) => highest(all.map((values) => values[hour] ?? 0), stacked)));
  const plot = { left: box.left + 52, top: box.top + 4, width: box.width - 60, height: box.height - 48 };
  const y = (value: number) => round(plot.top + plot.height * (1 - value / most));
  const x = (hour: number) => round(plot.left + (hour + 0.5) * plot.width / hours);
  const colors = labels.map((_label, index) => colorOf(metrics!, index));
  const lines = [0, 0.5, 1].map((part) => {
    const height = y(most * part);
    return `<line class="grid" x1="${plot.left}" x2="${round(plot.left + plot.width)}" y1="${height}" y2="${height}"/>\n`
      + text(plot.left - 6, height + 4, amount(most * part), 'note', 'end');
  });
  const days = [0, 6, 13].map((day) => text(x((day + 0.5) * HOURS_OF_A_DAY), round(plot.top + plot.height + 16), DAYS[day], 'note', 'middle'));
  const marks = stacked ? stacks(all, colors, x, y) : all.flatMap((values, index) => curve(values, colors[index], x, y));
  return [...lines, ...days, ...marks, legend(labels, colors, box)].join('\n');
}

function highest(values: readonly number[], stacked: boolean): number {
  return stacked ? values.reduce((sum, value) => sum + value, 0) : Math.max(...values);
}

type Scale = (value: number) => number;

/** An hour would be narrower than a line in two weeks. */
const BAR = 3;

function stacks(all: readonly HourlyValues[], colors: readonly string[], x: Scale, y: Scale): string[] {
  return all[0].flatMap((_value, hour) => {
    let below = 0;
    return all.flatMap((values, index) => {
      const value = values[hour] ?? 0;
      const [bottom, top] = [y(below), y(below += value)];
      return value === 0 ? [] : [`<rect fill="${colors[index]}" x="${round(x(hour) - BAR / 2)}" y="${top}" width="${BAR}" height="${round(bottom - top)}"/>`];
    });
  });
}

/** Values of hours in a row are a line, of which the corners are enough; single ones are points. */
function curve(values: HourlyValues, color: string, x: Scale, y: Scale): string[] {
  const isWhole = values.every((value) => value !== undefined);
  if (!isWhole) return values.flatMap((value, hour) => value === undefined ? [] : [`<circle fill="${color}" cx="${x(hour)}" cy="${y(value)}" r="3"/>`]);
  const corners = values.flatMap((value, hour) => value === values[hour - 1] && value === values[hour + 1] ? [] : [`${x(hour)},${y(value)}`]);
  return [`<polyline fill="none" stroke="${color}" stroke-width="2" points="${corners.join(' ')}"/>`];
}

function legend(labels: readonly string[], colors: readonly string[], { left, top, height }: Box): string {
  let x = left;
  return labels.map((label, index) => {
    const mark = `<rect fill="${colors[index]}" x="${x}" y="${round(top + height - 14)}" width="10" height="10"/>\n${text(x + 15, round(top + height - 5), label, 'note')}`;
    x += 30 + label.length * 6;
    return mark;
  }).join('\n');
}

function table({ starts, rows }: Table, { left, top, width, height }: Box): string {
  const step = Math.min(23, height / rows.length);
  return rows.map((row, index) => {
    const y = round(top + (index + 0.7) * step);
    const line = `<line class="grid" x1="${left}" x2="${round(left + width)}" y1="${round(top + (index + 1) * step)}" y2="${round(top + (index + 1) * step)}"/>`;
    return [...row.map((cell, column) => cell === '' ? '' : text(round(left + starts[column]), y, cell, index === 0 ? 'column' : 'cell')), line].filter(Boolean).join('\n');
  }).join('\n');
}

function seriesOf(label: string): HourlyValues {
  const values = SERIES[label];
  if (values === undefined) throw new Error(`there is no sample for the series ${JSON.stringify(label)}`);
  return values;
}

/** Those that are drawn, in their order. */
function labelsOf(metrics: readonly (readonly unknown[])[]): string[] {
  return optionsOf(metrics).map(({ label }) => label!);
}

function colorOf(metrics: readonly (readonly unknown[])[], index: number): string {
  return optionsOf(metrics)[index].color ?? COLORS[index % COLORS.length];
}

function optionsOf(metrics: readonly (readonly unknown[])[]): { readonly label?: string; readonly color?: string; readonly visible?: boolean }[] {
  return metrics.map((metric) => Object(metric.at(-1))).filter(({ visible }) => visible !== false);
}

function text(x: number, y: number, content: string, style: string, anchor?: 'middle' | 'end'): string {
  const escaped = content.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  return `<text${style === '' ? '' : ` class="${style}"`} x="${x}" y="${y}"${anchor === undefined ? '' : ` text-anchor="${anchor}"`}>${escaped}</text>`;
}

function amount(value: number): string {
  if (value >= 1e6) return `${round(value / 1e6)} M`;
  return String(Math.round(value * 100) / 100);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
