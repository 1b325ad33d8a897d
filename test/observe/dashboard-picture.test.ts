import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { dashboardWidgets } from '../../scripts/dashboard-body';
import { dashboardPicture } from '../../scripts/dashboard-picture';
import { columnsOf } from '../../scripts/dashboard-table';

const FILE = path.join(__dirname, '..', '..', 'docs', 'images', 'dashboard.svg');

test('the picture of the dashboard is that of the dashboard which the construct defines; scripts/render-dashboard.ts draws it anew', () => {
  expect(dashboardPicture(dashboardWidgets())).toBe(readFileSync(FILE, 'utf8'));
});

test('it shows every widget by its title', () => {
  const picture = readFileSync(FILE, 'utf8');
  const titles = dashboardWidgets().flatMap(({ properties: { title } }) => title ?? []);
  expect(titles.length).toBeGreaterThan(8);
  for (const title of titles) expect(picture).toContain(`>${title}</text>`);
});

test('its tables have the columns of the queries', () => {
  const picture = readFileSync(FILE, 'utf8');
  const columns = [...picture.matchAll(/class="column"[^>]*>([^<]+)</g)].map(([, name]) => name);
  expect(columns).toEqual(dashboardWidgets().flatMap(({ properties: { query } }) => query === undefined ? [] : columnsOf(query)));
  expect(columns).toEqual(expect.arrayContaining(['lastSuccess', 'lastRun', 'lastOutcome', 'lastMessage', 'target', 'bytesCopied']));
});

test('its graphs by the hour have hours', () => {
  const picture = readFileSync(FILE, 'utf8');
  const bars = [...picture.matchAll(/<rect fill="[^"]+" x="([\d.]+)" y="[\d.]+" width="3"/g)].map(([, x]) => Number(x));
  // Once a day, in two weeks of 564 points.
  expect(bars[1] - bars[0]).toBeLessThan(564 / 14 + 1);
  expect(new Set(bars).size).toBe(14);
});

test('it loads nothing and runs nothing', () => {
  expect(readFileSync(FILE, 'utf8')).not.toMatch(/<script|<image|<use|href=|url\(|@import|<foreignObject|\son\w+=/i);
});

test('it refuses a widget that it has no sample for', () => {
  const [widget] = dashboardWidgets().filter(({ type }) => type === 'log');
  expect(() => dashboardPicture([{ ...widget, properties: { ...widget.properties, title: 'Another' } }])).toThrow('no sample for the table "Another"');
});

test('it refuses a query with other columns than its sample', () => {
  const [widget] = dashboardWidgets().filter(({ type }) => type === 'log');
  const query = widget.properties.query!.replace('as lastRun', 'as lastTime');
  expect(() => dashboardPicture([{ ...widget, properties: { ...widget.properties, query } }])).toThrow('has other columns than its query: lastTime, lastRun');
});
