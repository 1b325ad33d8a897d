import type { RequestMatch } from './fault';
import { IMAGE, LAYER_BYTES, Side } from './registry-pair';

/** What a request carries: a manifest or a blob in its answer, or in itself, or nothing. */
export type Content = 'answers manifest' | 'answers blob' | 'sends manifest' | 'sends blob' | 'begins upload' | 'nothing';

/** One kind of request in the copy of an image. */
export interface RequestPoint {
  readonly name: string;
  readonly side: Side;
  readonly match: RequestMatch;
  readonly content: Content;
}

const [CHILD] = IMAGE.manifests;
const LAYER = IMAGE.blobs.find(({ size }) => size === LAYER_BYTES)!;

/** Each kind of request that the copy of an index to a target with an older image makes. */
export const POINTS: readonly RequestPoint[] = [
  { name: 'HEAD of the tag', side: 'upstream', match: { method: 'HEAD', path: '/manifests/latest' }, content: 'nothing' },
  { name: 'GET of the index', side: 'upstream', match: { method: 'GET', path: IMAGE.digest }, content: 'answers manifest' },
  { name: 'GET of a child manifest', side: 'upstream', match: { method: 'GET', path: CHILD.digest }, content: 'answers manifest' },
  { name: 'GET of a blob', side: 'upstream', match: { method: 'GET', path: LAYER.digest }, content: 'answers blob' },
  { name: 'GET of the tag', side: 'target', match: { method: 'GET', path: '/manifests/latest' }, content: 'answers manifest' },
  { name: 'HEAD of a child manifest', side: 'target', match: { method: 'HEAD', path: CHILD.digest }, content: 'nothing' },
  { name: 'HEAD of a blob', side: 'target', match: { method: 'HEAD', path: LAYER.digest }, content: 'nothing' },
  { name: 'POST that starts an upload', side: 'target', match: { method: 'POST' }, content: 'begins upload' },
  {
    name: 'PUT of a blob',
    side: 'target',
    match: ({ method, query }) => method === 'PUT' && query.includes(encodeURIComponent(LAYER.digest)),
    content: 'sends blob',
  },
  { name: 'PUT of a child manifest', side: 'target', match: { method: 'PUT', path: CHILD.digest }, content: 'sends manifest' },
  { name: 'PUT of the tag', side: 'target', match: { method: 'PUT', path: '/manifests/latest' }, content: 'sends manifest' },
];

/** The points by their name and side, as tables of tests want them. */
export function tableOf(points: readonly RequestPoint[] = POINTS): [Side, string, RequestPoint][] {
  return points.map((point) => [point.side, point.name, point]);
}
