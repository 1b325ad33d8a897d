import * as codebuild from 'aws-cdk-lib/aws-codebuild';

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
