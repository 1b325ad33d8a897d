import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';

/** Hour by hour: builds of an hour are taken to be about as long as one another, so that each begun minute can be counted. */
const PERIOD = Duration.hours(1);

/** What builds cost, added up. */
export interface BuildCost {
  readonly metric: cloudwatch.MathExpression;
  /** Minutes otherwise, because the price of some is not known. */
  readonly isInDollars: boolean;
}

/** What the builds of some projects cost together. */
export function buildCostOf(projects: readonly codebuild.IProject[], dollarsPerMinute?: number): BuildCost {
  const prices = projects.map((project) => buildPriceOf(project, dollarsPerMinute));
  const isInDollars = prices.every((price) => price.dollarsPerMinute !== undefined);
  const sum = prices.map((price, index) => expressionOf(price, index + 1, isInDollars)).join(' + ');
  const usingMetrics = Object.fromEntries(projects.flatMap((project, index) => [
    [`average${index + 1}`, project.metricDuration({ statistic: cloudwatch.Stats.AVERAGE, period: PERIOD })],
    [`builds${index + 1}`, project.metricDuration({ statistic: cloudwatch.Stats.SAMPLE_COUNT, period: PERIOD })],
  ]));
  const metric = new cloudwatch.MathExpression({ expression: `RUNNING_SUM(FILL(${sum}, 0))`, usingMetrics, label: isInDollars ? 'US dollars' : 'Minutes', period: PERIOD });
  return { metric, isInDollars };
}

function expressionOf({ dollarsPerMinute, countsWholeMinutes }: BuildPrice, number: number, isInDollars: boolean): string {
  const minutes = countsWholeMinutes ? `CEIL(average${number} / 60) * builds${number}` : `average${number} / 60 * builds${number}`;
  return isInDollars ? `${minutes} * ${dollarsPerMinute}` : minutes;
}

/** What builds cost. */
export interface BuildPrice {
  /** In US dollars; undefined where it is not known. */
  readonly dollarsPerMinute: number | undefined;
  /** Whether each begun minute counts; seconds do otherwise. */
  readonly countsWholeMinutes: boolean;
}

/**
 * US dollars for a minute in us-east-1, by the type of the environment and its size.
 *
 * @see https://aws.amazon.com/codebuild/pricing/
 */
export const BUILD_MINUTE_PRICES: Readonly<Record<string, number>> = {
  'LINUX_CONTAINER BUILD_GENERAL1_SMALL': 0.005,
  'ARM_CONTAINER BUILD_GENERAL1_SMALL': 0.0034,
  'LINUX_LAMBDA_CONTAINER BUILD_LAMBDA_1GB': 0.0012,
  'ARM_LAMBDA_CONTAINER BUILD_LAMBDA_1GB': 0.0006,
};

/** What builds of a project cost, unless somebody knows better. */
export function buildPriceOf(project: codebuild.IProject, dollarsPerMinute?: number): BuildPrice {
  const resource = project.node.defaultChild as codebuild.CfnProject;
  const { type, computeType } = resource.environment as codebuild.CfnProject.EnvironmentProperty;
  return {
    dollarsPerMinute: dollarsPerMinute ?? BUILD_MINUTE_PRICES[`${type} ${computeType}`],
    countsWholeMinutes: !computeType.startsWith('BUILD_LAMBDA_'),
  };
}
