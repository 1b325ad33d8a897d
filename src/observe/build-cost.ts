import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';

/** The builds of an hour are assumed to take equally long, so that CodeBuild's rounding up to whole minutes can be applied to their average. */
const PERIOD = Duration.hours(1);

/**
 * US dollars for a build minute in us-east-1, by environment type and compute type.
 *
 * @see https://aws.amazon.com/codebuild/pricing/
 */
export const BUILD_MINUTE_PRICES: Readonly<Record<string, number>> = {
  'LINUX_CONTAINER BUILD_GENERAL1_SMALL': 0.005,
  'ARM_CONTAINER BUILD_GENERAL1_SMALL': 0.0034,
  'LINUX_LAMBDA_CONTAINER BUILD_LAMBDA_1GB': 0.0012,
  'ARM_LAMBDA_CONTAINER BUILD_LAMBDA_1GB': 0.0006,
};

/** The cumulative cost of builds. */
export interface BuildCost {
  readonly metric: cloudwatch.MathExpression;
  /** False when the price of a project is unknown; then the metric counts minutes. */
  readonly isInDollars: boolean;
}

/**
 * Estimates the cost of all builds of some CodeBuild projects.
 *
 * @param minutePrice US dollars for a build minute in all projects; without it, the list price of each project's compute
 */
export function buildCost(projects: readonly codebuild.IProject[], minutePrice?: number): BuildCost {
  const prices = projects.map((project) => minutePrice ?? listPrice(project));
  const isInDollars = !prices.includes(undefined);
  const terms = projects.map((project, index) => `${billedMinutes(project, index + 1)}${isInDollars ? ` * ${prices[index]}` : ''}`);
  const usingMetrics = Object.fromEntries(projects.flatMap((project, index) => [
    [`average${index + 1}`, project.metricDuration({ statistic: cloudwatch.Stats.AVERAGE, period: PERIOD })],
    [`builds${index + 1}`, project.metricDuration({ statistic: cloudwatch.Stats.SAMPLE_COUNT, period: PERIOD })],
  ]));
  const expression = `RUNNING_SUM(FILL(${terms.join(' + ')}, 0))`;
  const label = isInDollars ? 'US dollars' : 'Minutes';
  return { metric: new cloudwatch.MathExpression({ expression, usingMetrics, label, period: PERIOD }), isInDollars };
}

function listPrice(project: codebuild.IProject): number | undefined {
  const { type, computeType } = environmentOf(project);
  return BUILD_MINUTE_PRICES[`${type} ${computeType}`];
}

/** CodeBuild bills whole minutes with EC2 compute, and seconds with Lambda compute. */
function billedMinutes(project: codebuild.IProject, number: number): string {
  const isLambda = environmentOf(project).computeType.startsWith('BUILD_LAMBDA_');
  return isLambda ? `average${number} / 60 * builds${number}` : `CEIL(average${number} / 60) * builds${number}`;
}

function environmentOf(project: codebuild.IProject): codebuild.CfnProject.EnvironmentProperty {
  return (project.node.defaultChild as codebuild.CfnProject).environment as codebuild.CfnProject.EnvironmentProperty;
}
