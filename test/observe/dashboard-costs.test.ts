/** What a dashboard says that builds cost. */
import { App, Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import { Body, dashboardIn, problems, widget } from './dashboard-body';
import { PRICES } from '../../bench/cost/prices';
import { ComputeArchitecture, ImageMirror, ImageMirrorProps, MirrorCompute, MirrorDashboard, MirrorDashboardProps } from '../../src';
import { BUILD_MINUTE_PRICES } from '../../src/observe/build-cost';
import { evaluate } from '../support/metric-math';

const _ = undefined;

let stack: Stack;
beforeEach(() => {
  stack = new Stack(new App(), 'Stack');
});

function bodyOf(props: Partial<MirrorDashboardProps> = {}, mirrorProps: ImageMirrorProps = {}): Body {
  const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'], ...mirrorProps });
  new MirrorDashboard(stack, 'Dashboard', { mirror, ...props });
  return dashboardIn(stack);
}

describe('costs', () => {
  const SECONDS = [20, undefined, 90, 20];
  const BUILDS = [10, undefined, 1, 10];

  interface Costs {
    readonly title: string;
    readonly values: readonly (number | undefined)[];
  }

  function costs(props: Partial<MirrorDashboardProps>, compute?: MirrorCompute): Costs {
    return costsIn(bodyOf(props, { compute }));
  }

  /** What the widget shows of the builds above, and of two that customize, of 150 seconds in the second hour. */
  function costsIn(body: Body): Costs {
    const { properties: { title, metrics } } = widget(body, /Estimated build cost|Build minutes/);
    const [{ expression }] = metrics.find((metric: any[]) => metric[0].expression !== undefined);
    const series = { average1: SECONDS, builds1: BUILDS, average2: [_, 150, _, _], builds2: [_, 2, _, _] };
    const values = evaluate(expression, series, { start: 0, period: 3_600 });
    return { title, values: values.map((value) => value === undefined ? undefined : Math.round(value * 1e6) / 1e6) };
  }

  test('are those of begun minutes, added up', () => {
    expect(costs({}).values).toEqual([0.05, 0.05, 0.06, 0.11]);
  });

  test('are those of seconds with Lambda compute', () => {
    expect(costs({}, MirrorCompute.awsLambda()).values).toEqual([0.002, 0.002, 0.0029, 0.0049]);
  });

  test('go by the processor', () => {
    expect(costs({}, MirrorCompute.ec2({ architecture: ComputeArchitecture.ARM_64 })).values[0]).toBe(0.034);
  });

  test('go by a price of one\'s own', () => {
    expect(costs({ buildMinutePrice: 1 }).values).toEqual([10, 10, 12, 22]);
  });

  test('are minutes where the price is not known', () => {
    expect(costs({}, MirrorCompute.ec2({ computeType: codebuild.ComputeType.LARGE }))).toEqual({ title: 'Build minutes, cumulative', values: [10, 10, 12, 22] });
  });

  describe('where images are customized', () => {
    function customized(props: ImageMirrorProps, dashboard: Partial<MirrorDashboardProps> = {}): Body {
      const mirror = new ImageMirror(stack, 'Mirror', props);
      new MirrorDashboard(stack, 'Dashboard', { mirror, ...dashboard });
      // After the dashboard: it shows what is added later.
      mirror.addImage('hashicorp/vault:1.14', { dockerfileLines: ['RUN mkdir /etc/vault'] });
      return dashboardIn(stack);
    }

    test('are those of both projects', () => {
      expect(costsIn(customized({})).values).toEqual([0.05, 0.08, 0.09, 0.14]);
    });

    test('are those of each project\'s own compute', () => {
      const compute = MirrorCompute.awsLambda({ architecture: ComputeArchitecture.ARM_64 });
      expect(costsIn(customized({ compute })).values).toEqual([0.002, 0.0224, 0.0233, 0.0253]);
    });

    test('are of one price where somebody says it', () => {
      expect(costsIn(customized({}, { buildMinutePrice: 1 })).values).toEqual([10, 16, 18, 28]);
    });

    test('are minutes where the price of one of them is not known', () => {
      const body = costsIn(customized({ customImageCompute: MirrorCompute.ec2({ computeType: codebuild.ComputeType.LARGE }) }));
      expect(body).toEqual({ title: 'Build minutes, cumulative', values: [10, 16, 18, 28] });
    });

    test('builds and those that failed are those of both projects too', () => {
      const body = customized({});
      expect(problems(body)).toEqual([]);
      for (const [title, metricName, label] of [[/Totals/, 'Builds', 'Builds'], [/Problems per hour/, 'FailedBuilds', 'Failed builds']] as const) {
        const metrics: any[][] = widget(body, title).properties.metrics;
        expect(metrics.filter(([, name]) => name === metricName).map((metric) => metric[3])).toEqual([expect.stringMatching(/^MirrorProject/), expect.stringMatching(/^MirrorCustomImagesProject/)]);
        expect(metrics.filter((metric) => metric.at(-1).label === label && metric.at(-1).visible !== false)).toEqual([[expect.objectContaining({ expression: expect.stringMatching(/^(\w+)_1 \+ \1_2$/) })]]);
      }
    });
  });

  test.each([0, -1, NaN, Infinity])('are not of the price %d', (buildMinutePrice) => {
    expect(() => bodyOf({ buildMinutePrice })).toThrow('must be a positive number of US dollars; use for example 0.005');
  });

  test('are those that the cost model declares', () => {
    expect(BUILD_MINUTE_PRICES).toEqual({
      'LINUX_CONTAINER BUILD_GENERAL1_SMALL': PRICES.EC2_X86_MINUTE.dollars,
      'ARM_CONTAINER BUILD_GENERAL1_SMALL': PRICES.EC2_ARM_MINUTE.dollars,
      'LINUX_LAMBDA_CONTAINER BUILD_LAMBDA_1GB': expect.closeTo(PRICES.LAMBDA_X86_SECOND.dollars * 60, 9),
      'ARM_LAMBDA_CONTAINER BUILD_LAMBDA_1GB': expect.closeTo(PRICES.LAMBDA_ARM_SECOND.dollars * 60, 9),
    });
  });
});
