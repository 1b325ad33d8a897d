/** The metric filters of a mirror: how many there are, and whose results they count. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ImageCatalog, ImageMirror, IMirroredImage, IMonitored, MirroredImage, TagFilter, TagKind } from '../../src';
import type { MirrorResult } from '../../src/image/contract/mirror-result';
import { countedBy, MetricFilterProperties } from '../support/metric-filter';
import { metricFilters, summands } from '../support/metric-values';
import { TemplateResolver } from '../support/template-resolver';

const IMAGE = 'nginx:stable';
const ASK_FOR_ALL: ((of: IMonitored) => void)[] = [
  (of) => of.metricCopied(), (of) => of.metricUnchanged(), (of) => of.metricTagMoved(), (of) => of.metricFailed(), (of) => of.metricRateLimited(),
  (of) => of.metricSucceeded(), (of) => of.metricBytes(), (of) => of.metricSeconds(),
];
/** As long as most names of repositories. */
const EXISTING = 'mirror/quay.io/example/worker';

let app: App;
let stack: Stack;
let mirror: ImageMirror;
let image: IMirroredImage;
let filtered: IMirroredImage;
beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Stack');
  mirror = new ImageMirror(stack, 'Mirror', { images: [IMAGE] });
  image = mirror.image(IMAGE);
  filtered = mirror.addImage('python', { tags: TagFilter.semver('3.x') });
});

function filters(): MetricFilterProperties[] {
  return metricFilters(new TemplateResolver(Template.fromStack(stack).toJSON()));
}

/** A result, as far as filters read it. */
function lineOf(result: Partial<MirrorResult>): string {
  return JSON.stringify({ outcome: 'failed', bytesCopied: 0, seconds: 1, targetDigest: 'sha256:1', ...result });
}

/** Images in a single repository that is there, so that one stack holds them. */
function addImages(count: number, to = mirror): MirroredImage[] {
  const repository = ecr.Repository.fromRepositoryName(to, 'Existing', EXISTING);
  return Array.from({ length: count }, (_, index) => to.addImage(`quay.io/example/worker:7.0.${index}`, { repository }));
}

/** The images of the mirror that a result of each is counted for. */
function countedImages(outcome: MirrorResult['outcome'] = 'failed'): string[] {
  const lines = mirror.images.filter((one) => one !== filtered).map(({ _repositoryName: repository, tag }) => lineOf({ repository, tag, outcome }));
  return filters().flatMap((filter) => countedBy(filter, lines)).map(({ dimensions: { Repository, Tag } }) => `${Repository}:${Tag}`).sort();
}

describe('metric filters', () => {
  test('are there for no metric that nobody asks for', () => {
    expect(filters()).toEqual([]);
  });

  test('are one for each metric, however many images it is asked of', () => {
    for (const tag of ['a', 'b', 'c']) mirror.addImage(`redis:${tag}`).metricFailed();
    for (let time = 0; time < 3; time++) image.metricFailed();
    expect(filters()).toHaveLength(1);
  });

  test('are 24 when everything is asked for, of the 100 that a log group takes', () => {
    for (const of of [mirror, image, filtered]) for (const ask of ASK_FOR_ALL) ask(of);
    expect(filters()).toHaveLength(24);
  });

  test('are in the stack of the mirror, also when an image of another stack is asked', () => {
    const team = new Stack(app, 'Team');
    const metric = new MirroredImage(team, 'Redis', { mirror, image: 'redis:7' }).metricCopied();
    Template.fromStack(team).resourceCountIs('AWS::Logs::MetricFilter', 0);
    expect(filters()).toHaveLength(1);
    expect(summands(metric).map(({ dimensions }) => dimensions)).toEqual([{ Repository: 'mirror/redis', Tag: '7' }]);
  });

  test('have the same logical ids whatever is asked for first', () => {
    const ids = (ask: (of: ImageMirror) => void) => {
      const own = new Stack(new App(), 'Stack');
      ask(new ImageMirror(own, 'Mirror', { images: ['nginx:stable'] }));
      return Object.keys(Template.fromStack(own).findResources('AWS::Logs::MetricFilter')).sort();
    };
    const asks: ((of: ImageMirror) => void)[] = [(of) => of.metricFailed(), (of) => of.image('nginx:stable').metricFailed(), (of) => of.metricBytes()];
    expect(ids((of) => [...asks].reverse().forEach((ask) => ask(of)))).toEqual(ids((of) => asks.forEach((ask) => ask(of))));
  });

  test('are counted before a deployment mirrors, so that its results are', () => {
    mirror.metricSucceeded();
    const template = Template.fromStack(stack);
    const [filter] = Object.keys(template.findResources('AWS::Logs::MetricFilter'));
    template.hasResource('Custom::ImageMirror', { DependsOn: Match.arrayWith([filter]) });
  });

  test('of two mirrors count for a namespace of its own each', () => {
    const second = new ImageMirror(stack, 'Second', { repositoryPrefix: 'second', images: ['nginx'] });
    for (const of of [mirror, second]) of.metricFailed();
    const namespaces = filters().map(({ MetricTransformations: [{ MetricNamespace }] }) => MetricNamespace);
    expect(new Set(namespaces).size).toBe(2);
    for (const namespace of namespaces) expect(namespace).toMatch(/^cdk-ecr-mirror\/[\w-]+$/);
  });

  test('count for no image that was not asked for, which CloudWatch would bill', () => {
    const [first] = addImages(20);
    for (const of of [first, image]) of.metricFailed();
    expect(countedImages()).toEqual(['mirror/nginx:stable', `${EXISTING}:7.0.0`]);
  });

  test('of repositories count for no other repository', () => {
    filtered.metricFailed();
    const [filter] = filters();
    const lines = ['mirror/python', 'mirror/python-slim', 'mirror/redis'].map((repository) => lineOf({ repository }));
    expect(countedBy(filter, lines).map(({ dimensions }) => dimensions)).toEqual([{ Repository: 'mirror/python' }]);
  });

  test('name about forty images, then count each of them once', () => {
    const asked = addImages(40);
    for (const one of asked) one.metricSucceeded();
    expect(filters()).toHaveLength(4);
    for (const { FilterPattern } of filters()) expect(FilterPattern.length).toBeLessThanOrEqual(1_024);
    expect(countedImages('copied')).toEqual(asked.map(({ tag }) => `${EXISTING}:${tag}`).sort());
  });

  test('count all images where more are asked for than they can name, each once', () => {
    for (const one of addImages(60)) one.metricFailed();
    expect(filters()).toHaveLength(1);
    expect(countedImages()).toEqual(mirror.images.filter((one) => one !== filtered).map(({ _repositoryName, tag }) => `${_repositoryName}:${tag}`).sort());
  });

  test('have patterns that CloudWatch takes, however long the name of a repository turns out to be', () => {
    const repository = new ecr.Repository(stack, 'Repository');
    for (const tag of ['a', 'b', 'c', 'd', 'e']) mirror.addImage(`redis:${tag}`, { repository, tagKind: TagKind.FIXED }).metricSucceeded();
    const resolver = new TemplateResolver(Template.fromStack(stack).toJSON());
    const name = String(resolver.resolve(stack.resolve(repository.repositoryName)));
    expect(filters().length).toBeGreaterThan(1);
    for (const { FilterPattern } of filters()) expect(FilterPattern.replaceAll(name, 'x'.repeat(256)).length).toBeLessThanOrEqual(1_024);
  });

  describe('of all images are warned of', () => {
    const WARNING = (images: string) => Match.stringLikeRegexp(`a metric filter counts all ${images}, because .* CloudWatch may disable a filter`);
    const NO_WARNING = Match.stringLikeRegexp('CloudWatch may disable');

    test('where these are too many for CloudWatch', () => {
      const scope = new Stack(app, 'Large');
      for (const one of addImages(451, new ImageMirror(scope, 'Mirror')).slice(0, 60)) one.metricFailed();
      Annotations.fromStack(scope).hasWarning('*', WARNING('451 images of the mirror'));
    });

    test('where the tags that a filter selects are too many', () => {
      const own = new ImageMirror(stack, 'Own', { repositoryPrefix: 'own' });
      for (const one of addImages(60, own)) one.metricFailed();
      Annotations.fromStack(stack).hasNoWarning('*', NO_WARNING);
      own.addImage('nginx', { tags: TagFilter.semver('1.x', { latest: 400 }) });
      Annotations.fromStack(stack).hasWarning('*', WARNING('460 images of the mirror'));
    });

    test('where a catalog has too many, or nobody knows what it has', () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'metrics-'));
      const file = path.join(folder, 'images.yaml');
      writeFileSync(file, ['version: 1', 'images:', ...Array.from({ length: 400 }, (_, index) => `  - image: httpd:2.4.${index}`)].join('\n'));
      const warningOf = (id: string, catalog: (scope: Stack) => ImageCatalog) => {
        const scope = new Stack(app, id);
        const own = new ImageMirror(scope, 'Mirror', { repositoryPrefix: id.toLowerCase() });
        for (const one of addImages(60, own)) one.metricFailed();
        own.addCatalog('Catalog', catalog(scope));
        return Annotations.fromStack(scope);
      };
      try {
        warningOf('File', () => ImageCatalog.fromFile(file)).hasWarning('*', WARNING('460 images of the mirror'));
        const parameter = (scope: Stack) => ssm.StringParameter.fromStringParameterName(scope, 'Parameter', 'images');
        warningOf('Parameter', (scope) => ImageCatalog.fromParameter(parameter(scope))).hasWarning('*', WARNING('60 images of the mirror and those not known at synthesis'));
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    test('and not where few images are asked for, however many the mirror has', () => {
      addImages(450);
      for (const of of [mirror, image, filtered]) of.metricFailed();
      Annotations.fromStack(stack).hasNoWarning('*', NO_WARNING);
      expect(filters()).toHaveLength(3);
    });
  });
});
