import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { TemplateResolver } from '../support/template-resolver';

export const DASHBOARD = 'AWS::CloudWatch::Dashboard';

/** A widget as CloudWatch reads it. */
export interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: Record<string, any>;
}

/** What a dashboard has. */
export interface Body {
  readonly start: string;
  readonly periodOverride: string;
  readonly widgets: readonly Widget[];
}

/** That of the only dashboard of a stack, whose templates refer to those of others. */
export function dashboardIn(of: Stack, ...exporters: Stack[]): Body {
  const others = exporters.map((one) => new TemplateResolver(Template.fromStack(one).toJSON()));
  const resolver = new TemplateResolver(Template.fromStack(of).toJSON(), undefined, others);
  const [id, ...surplus] = resolver.ids(DASHBOARD);
  expect(surplus).toEqual([]);
  return JSON.parse(resolver.properties(id).DashboardBody);
}

/** What CloudWatch would refuse, or would not show. */
export function problems({ widgets }: Body): string[] {
  const inPlace = widgets.every(({ x, y, width, height }) => {
    return [x, y, width, height].every(Number.isInteger) && x >= 0 && y >= 0 && width >= 1 && height >= 1 && x + width <= 24;
  });
  const cells = widgets.flatMap(({ x, y, width, height }) => Array.from({ length: width * height }, (_, index) => `${x + index % width},${y + Math.floor(index / width)}`));
  const metrics = widgets.map(({ properties }) => properties.metrics?.length ?? 0);
  return [
    ...inPlace ? [] : ['a widget is not on the grid of 24 columns'],
    ...new Set(cells).size === cells.length ? [] : ['widgets overlap'],
    ...widgets.every(({ properties }) => (properties.alarms?.length ?? 1) <= 100) ? [] : ['more than 100 alarms in a widget'],
    ...widgets.length <= 500 ? [] : ['more than 500 widgets'],
    ...metrics.every((count) => count <= 500) && metrics.reduce((a, b) => a + b, 0) <= 2_500 ? [] : ['too many metrics'],
    ...widgets.flatMap(({ properties }) => unknownIds(properties.metrics ?? [])),
    ...widgets.filter(({ type, properties }) => type === 'log' && !/^SOURCE '[^']+' \| /.test(properties.query)).map(() => 'a query without a log'),
  ];
}

/** The variables of expressions that no metric has as its id. */
function unknownIds(metrics: any[][]): string[] {
  const options = metrics.map((metric) => metric.at(-1));
  const ids = options.flatMap(({ id }) => id ?? []);
  return options.flatMap(({ expression = '' }) => [...expression.matchAll(/[a-z]\w*/g)].map(([name]) => name).filter((name: string) => !ids.includes(name)));
}

/** The only one with such a title. */
export function widget({ widgets }: Body, title: RegExp): Widget {
  const found = widgets.filter(({ properties }) => title.test(properties.title ?? ''));
  expect(found).toHaveLength(1);
  return found[0];
}
