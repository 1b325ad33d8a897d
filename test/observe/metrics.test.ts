/** The metrics that are counted in the log of builds, played with the log of the engine's bundle. */
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { ImageMirror, IMirroredImage, IMonitored, TagFilter } from '../../src';
import { METRIC_NAME, MetricName } from '../../src/image/contract/events-and-metrics';
import { Fault } from '../support/fault';
import { singleImage } from '../support/fixture-images';
import { LocalAccount, REPOSITORY, UPSTREAM } from '../support/local-account';
import { summands, valueOf } from '../support/metric-values';
import { TemplateResolver } from '../support/template-resolver';

const IMAGE = `${UPSTREAM}/team/app:stable`;
const METRICS: Readonly<Record<MetricName, (of: IMonitored, options?: cloudwatch.MetricOptions) => cloudwatch.IMetric>> = {
  [METRIC_NAME.COPIED]: (of, options) => of.metricCopied(options),
  [METRIC_NAME.UNCHANGED]: (of, options) => of.metricUnchanged(options),
  [METRIC_NAME.HELD]: (of, options) => of.metricHeld(options),
  [METRIC_NAME.HELD_HOURS]: (of, options) => of.metricHeldHours(options),
  [METRIC_NAME.UPSTREAM_GONE]: (of, options) => of.metricUpstreamGone(options),
  [METRIC_NAME.TAG_MOVED]: (of, options) => of.metricTagMoved(options),
  [METRIC_NAME.FAILED]: (of, options) => of.metricFailed(options),
  [METRIC_NAME.RATE_LIMITED]: (of, options) => of.metricRateLimited(options),
  [METRIC_NAME.SUCCEEDED]: (of, options) => of.metricSucceeded(options),
  [METRIC_NAME.BYTES_COPIED]: (of, options) => of.metricBytes(options),
  [METRIC_NAME.SECONDS]: (of, options) => of.metricSeconds(options),
};
/** The default statistics that are not sums. */
const STATISTICS: Partial<Record<MetricName, string>> = { [METRIC_NAME.SECONDS]: 'Average', [METRIC_NAME.HELD_HOURS]: 'Maximum' };
const NAMES = Object.keys(METRICS) as MetricName[];

let stack: Stack;
let mirror: ImageMirror;
let image: IMirroredImage;
let filtered: IMirroredImage;
beforeEach(() => {
  stack = new Stack(new App(), 'Stack');
  mirror = new ImageMirror(stack, 'Mirror', { images: [IMAGE] });
  image = mirror.image(IMAGE);
  filtered = mirror.addImage('nginx', { tags: TagFilter.semver('1.x') });
});

/** What the metrics of a construct count in the lines of a log, by their names; a metric that counts nothing is not there. */
function counted(of: IMonitored, lines: readonly string[]): Partial<Record<MetricName, number>> {
  // Of everything, before the first synthesis: none may count what is another's.
  const metricsOf = new Map([mirror, ...mirror.images].map((one: IMonitored) => [one, NAMES.map((name) => METRICS[name](one))]));
  const resolver = new TemplateResolver(Template.fromStack(stack).toJSON());
  return Object.fromEntries(metricsOf.get(of)!.flatMap((metric, index) => {
    const value = valueOf(metric, lines, stack, resolver);
    return value === undefined ? [] : [[NAMES[index], value]];
  }));
}

/** The log of a build: what CodeBuild itself writes, and what people and programs read of the engine. */
async function logOf(account: LocalAccount, variables: Record<string, string>): Promise<string[]> {
  const { log, lines } = await account.run({ MIRROR_DEADLINE_SECONDS: '60', ...variables });
  return ['[Container] 2026/11/22 03:00:01.000000 Running command node mirror.js', ...log.split('\n'), ...lines.map((line) => JSON.stringify(line)), '[Container] 2026/11/22 03:00:09.000000 Phase complete: BUILD State: SUCCEEDED'];
}

describe('what is counted', () => {
  let account: LocalAccount;
  beforeEach(async () => {
    account = await LocalAccount.open([REPOSITORY, 'mirror/nginx']);
  });
  afterEach(async () => {
    expect(account.errors()).toEqual([]);
    await account.close();
  });

  test('of a new image, for the mirror and for the image alike', async () => {
    account.upstream.push('team/app', 'stable', singleImage());
    const lines = await logOf(account, { IMAGE });
    const { bytesCopied, seconds } = JSON.parse(lines.at(-2)!);
    expect(bytesCopied).toBeGreaterThan(0);
    const expected = { Copied: 1, Succeeded: 1, BytesCopied: bytesCopied, Seconds: seconds };
    expect(counted(mirror, lines)).toEqual(expected);
    expect(counted(image, lines)).toEqual(expected);
    expect(counted(filtered, lines)).toEqual({});
  });

  test('of an unchanged image', async () => {
    account.upstream.push('team/app', 'stable', singleImage());
    await logOf(account, { IMAGE });
    expect(counted(image, await logOf(account, { IMAGE }))).toEqual({ Unchanged: 1, Succeeded: 1, BytesCopied: 0, Seconds: expect.any(Number) });
  });

  test.each([['FAIL', {}], ['KEEP', { Succeeded: 1 }]])('of a fixed tag that moved, with %s', async (onTagMoved, success) => {
    const fixed = mirror.addImage(`${UPSTREAM}/team/app:1.0.0`);
    for (const seed of ['first', 'second']) {
      account.upstream.push('team/app', '1.0.0', singleImage({ seed }));
      const lines = await logOf(account, { IMAGE: fixed.source, ON_TAG_MOVED: onTagMoved });
      if (seed === 'first') continue;
      expect(counted(fixed, lines)).toEqual({ TagMoved: 1, BytesCopied: 0, Seconds: expect.any(Number), ...success });
      expect(counted(image, lines)).toEqual({});
    }
  });

  test('of a failure', async () => {
    const lines = await logOf(account, { IMAGE });
    for (const of of [mirror, image]) expect(counted(of, lines)).toEqual({ Failed: 1, BytesCopied: 0, Seconds: expect.any(Number) });
  });

  test('of a registry that limits the rate', async () => {
    account.upstream.fail({ action: Fault.status(429, { 'retry-after': '60' }), times: 1000 });
    const lines = await logOf(account, { IMAGE, MIRROR_DEADLINE_SECONDS: '20' });
    for (const of of [mirror, image]) expect(counted(of, lines)).toEqual({ Failed: 1, RateLimited: 1, BytesCopied: 0, Seconds: expect.any(Number) });
  });

  test('of several images: each once, and the line that sums them up not at all', async () => {
    account.upstream.push('team/app', 'stable', singleImage());
    const lines = await logOf(account, { IMAGES: JSON.stringify([{ IMAGE }, { IMAGE: `${UPSTREAM}/team/app:missing` }, { IMAGE: 'Not An Image' }]) });
    expect(JSON.parse(lines.at(-2)!)).toMatchObject({ outcome: 'failed', images: { copied: 1, failed: 2 } });
    expect(counted(mirror, lines)).toMatchObject({ Copied: 1, Succeeded: 1, Failed: 2 });
    expect(counted(image, lines)).toMatchObject({ Copied: 1, Succeeded: 1 });
  });

  test('of a filter: all tags in its repository, and tags that cannot be listed', async () => {
    for (const tag of ['1.0.0', '1.1.0']) account.upstream.push('team/app', tag, singleImage({ seed: tag }));
    const variables = { IMAGE: `${UPSTREAM}/team/app`, REPOSITORY: 'mirror/nginx' };
    const lines = [
      ...await logOf(account, { ...variables, TAGS: '{"semver":"1.x"}' }),
      ...await logOf(account, { ...variables, TAGS: '{"semver":"9.x"}' }),
    ];
    expect(counted(filtered, lines)).toMatchObject({ Copied: 2, Succeeded: 2, Failed: 1 });
    expect(counted(image, lines)).toEqual({});
  });

  test.each<[string, (account: LocalAccount) => Record<string, string>]>([
    ['a registry says in its errors', ({ upstream }) => {
      const errors = { errors: [{ code: 'DENIED', message: `\n${FORGED}\n${FORGED}` }] };
      upstream.fail({ action: Fault.status(403, { 'content-type': 'application/json' }, JSON.stringify(errors)), times: 1000 });
      return { IMAGE };
    }],
    ['a registry answers with alone', ({ upstream }) => {
      upstream.fail({ action: Fault.status(400, { 'content-type': 'application/json' }, FORGED), times: 1000 });
      return { IMAGE };
    }],
    ['somebody who starts a build names as an image', () => ({ IMAGE: `x\n${FORGED}` })],
    ['somebody who starts a build names alone', () => ({ IMAGE: FORGED })],
    ['a registry lists as a tag', ({ upstream }) => {
      upstream.fail({ match: { path: '/tags/list' }, action: Fault.status(200, { 'content-type': 'application/json' }, JSON.stringify({ tags: [FORGED, `\n${FORGED}`] })) });
      return { IMAGE: `${UPSTREAM}/team/app`, TAGS: '{"patterns":["*"]}' };
    }],
  ])('nothing of what %s', async (_, prepare) => {
    const lines = await logOf(account, prepare(account));
    expect(counted(mirror, lines)).toEqual({ Failed: 1, BytesCopied: 0, Seconds: expect.any(Number) });
    expect(counted(image, lines)).not.toHaveProperty('Copied');
  });
});

describe('of the result', () => {
  const RESULT = { source: IMAGE, target: `x/${REPOSITORY}:stable`, repository: REPOSITORY, tag: 'stable', bytesCopied: 0, seconds: 1 };
  const SERVED = { sourceDigest: 'sha256:2', targetDigest: 'sha256:1' };

  test.each<[string, object, object]>([
    ['held, the previous image is up to date, and the hours count', { ...SERVED, outcome: 'held', heldBy: ['unsigned'], heldHours: 30 }, { Held: 1, HeldHours: 30, Succeeded: 1 }],
    ['held because of the lock file, no hours count', { ...SERVED, outcome: 'held', heldBy: ['lock'] }, { Held: 1, Succeeded: 1 }],
    ['held without a previous image, nothing succeeded', { outcome: 'held', reason: 'held', sourceDigest: 'sha256:2', heldBy: ['unsigned'], heldHours: 0 }, { Held: 1, HeldHours: 0 }],
    ['upstream-gone, the copy is up to date', { outcome: 'upstream-gone', targetDigest: 'sha256:1' }, { UpstreamGone: 1, Succeeded: 1 }],
    ['copied, what an audit would hold does not count', { ...SERVED, outcome: 'copied', wouldBeHeldBy: ['unsigned'] }, { Copied: 1, Succeeded: 1 }],
  ])('%s', (_, fields, expected) => {
    const lines = [JSON.stringify({ ...RESULT, ...fields })];
    for (const of of [mirror, image]) expect(counted(of, lines)).toEqual({ BytesCopied: 0, Seconds: 1, ...expected });
    expect(counted(filtered, lines)).toEqual({});
  });
});

/** A line that would count. */
const FORGED = JSON.stringify({ source: IMAGE, target: 'x', repository: REPOSITORY, tag: 'stable', targetDigest: 'sha256:1', outcome: 'copied', bytesCopied: 1e9, seconds: 1 });

test('the line that is forged above would count, were it a line of the log', () => {
  expect(counted(mirror, [FORGED])).toEqual({ Copied: 1, Succeeded: 1, BytesCopied: 1e9, Seconds: 1 });
});

describe('a metric', () => {
  test.each(NAMES)('%s takes options', (name) => {
    const [metric] = summands(METRICS[name](mirror, { period: Duration.days(1), statistic: 'Maximum', label: 'Mine' }));
    expect([metric.period.toSeconds(), metric.statistic, metric.label]).toEqual([86_400, 'Maximum', 'Mine']);
  });

  test.each(NAMES)('%s has a sensible statistic by default', (name) => {
    expect(summands(METRICS[name](image))[0].statistic).toBe(STATISTICS[name] ?? 'Sum');
  });

  test('of an existing repository has its name as a dimension, though that is not known at synthesis', () => {
    const repository = new ecr.Repository(stack, 'Repository');
    const [{ dimensions }] = summands(mirror.addImage('redis:7', { repository }).metricFailed());
    expect(stack.resolve(dimensions)).toEqual({ Repository: { Ref: expect.stringMatching(/^Repository/) }, Tag: '7' });
  });
});
