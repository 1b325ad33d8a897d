import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import { BuildPrice, buildPriceOf } from './build-price';

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
