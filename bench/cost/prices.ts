/**
 * What AWS charges in us-east-1, in US dollars, as far as this project knows. Every number of docs/cost.md, and those of the README, come from here.
 *
 * No price list of AWS could be reached when these were written down: each says how it is known, and where AWS has it.
 */

/** When the prices were last looked at. */
export const PRICES_AS_OF = '2026-11-22';

export const PRICES_REGION = 'us-east-1';

/** How a price is known: as several others of 2026 agree, as one of them says, or as a copy of AWS's own pages has it whose age is not known. */
export type Certainty = 'several reports' | 'one report' | 'AWS, an older copy';

/** Where one reads a price. */
export interface PriceSource {
  readonly certainty: Certainty;
  /** One that has it; undefined where those who had it were not written down. */
  readonly report?: string;
  /** Where AWS says it today. */
  readonly page: string;
}

/** One price, and how sure it is. */
export interface Price extends PriceSource {
  readonly dollars: number;
  /** What it is for, in words that follow "for each". */
  readonly unit: string;
  /** How many units a month are free for ever, or 0. What is free for a year only is not counted. */
  readonly freeUnits: number;
}

const CODEBUILD = 'https://aws.amazon.com/codebuild/pricing/';
const CLOUDWATCH = 'https://aws.amazon.com/cloudwatch/pricing/';
const EVENTBRIDGE = 'https://aws.amazon.com/eventbridge/pricing/';
const SECRETS_MANAGER = 'https://aws.amazon.com/secrets-manager/pricing/';
const LAMBDA = 'https://aws.amazon.com/lambda/pricing/';
const STEP_FUNCTIONS = 'https://aws.amazon.com/step-functions/pricing/';
const VPC = 'https://aws.amazon.com/vpc/pricing/';

const LOGS_REPORT = 'https://c3x.dev/blog/cloudwatch-logs-cost-optimization';
const EVENTBRIDGE_REPORT = 'https://cloudburn.io/blog/amazon-eventbridge-pricing';
const SECRETS_REPORT = 'https://hivebook.wiki/wiki/aws-secrets-manager-rotated-secrets-dynamic-db-credentials-kms';
const LAMBDA_COPY = 'https://docs.aws.amazon.com/whitepapers/latest/how-aws-pricing-works/lambda.html';
const NAT_REPORT = 'https://cloudpipelines.pages.dev/guides/aws-nat-gateway-pricing-2026/';

/** What is free of CloudWatch Logs in a month is free for all three together: writing, keeping and reading with queries. */
const FREE_LOG_GIGABYTES = 5;

export const PRICES = {
  EC2_X86_MINUTE: price(0.005, 'minute of a build on general1.small', several(CODEBUILD, 'https://hivebook.wiki/wiki/aws-codebuild-managed-build-service'), 100),
  EC2_ARM_MINUTE: price(0.0034, 'minute of a build on arm1.small', several(CODEBUILD), 100),
  LAMBDA_ARM_SECOND: price(0.00001, 'second of a build on Lambda compute, ARM, 1 GB', several(CODEBUILD), 6_000),
  LAMBDA_X86_SECOND: price(0.00002, 'second of a build on Lambda compute, x86, 1 GB', several(CODEBUILD), 6_000),
  ECR_GIGABYTE: price(0.10, 'GB in private repositories of Amazon ECR, for a month', several('https://aws.amazon.com/ecr/pricing/', 'https://cloudburn.io/blog/amazon-ecr-pricing')),
  SCHEDULER_INVOCATION: price(1 / 1e6, 'start by EventBridge Scheduler', one(EVENTBRIDGE, EVENTBRIDGE_REPORT), 14e6),
  EVENT: price(1 / 1e6, 'custom event on a bus', several(EVENTBRIDGE, EVENTBRIDGE_REPORT)),
  LOG_GIGABYTE: price(0.50, 'GB written to CloudWatch Logs', several(CLOUDWATCH, LOGS_REPORT), FREE_LOG_GIGABYTES),
  LOG_GIGABYTE_KEPT: price(0.03, 'GB kept in CloudWatch Logs, for a month', several(CLOUDWATCH, LOGS_REPORT), FREE_LOG_GIGABYTES),
  LOG_GIGABYTE_QUERIED: price(0.005, 'GB read by a query of CloudWatch Logs Insights', several(CLOUDWATCH, LOGS_REPORT), FREE_LOG_GIGABYTES),
  METRIC: price(0.30, 'custom metric, for a month', several(CLOUDWATCH, 'https://signoz.io/guides/cloudwatch-pricing'), 10),
  ALARM_METRIC: price(0.10, 'metric of an alarm, for a month', one(CLOUDWATCH, 'https://c3x.dev/resources/aws/aws_cloudwatch_metric_alarm'), 10),
  DASHBOARD: price(3, 'dashboard, for a month', one(CLOUDWATCH, 'https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/'), 3),
  SECRET: price(0.40, 'secret, for a month', one(SECRETS_MANAGER, SECRETS_REPORT)),
  SECRET_READ: price(0.05 / 1e4, 'read of a secret', one(SECRETS_MANAGER, SECRETS_REPORT)),
  FUNCTION_GIGABYTE_SECOND: price(0.0000166667, 'GB of memory of a Lambda function, for a second', copied(LAMBDA, LAMBDA_COPY), 400_000),
  FUNCTION_REQUEST: price(0.20 / 1e6, 'invocation of a Lambda function', copied(LAMBDA, LAMBDA_COPY), 1e6),
  STATE_TRANSITION: price(0.025 / 1e3, 'state transition of a state machine', copied(STEP_FUNCTIONS, STEP_FUNCTIONS), 4_000),
  NAT_GIGABYTE: price(0.045, 'GB through a NAT gateway, in either direction', several(VPC, NAT_REPORT)),
  NAT_HOUR: price(0.045, 'hour of a NAT gateway', several(VPC, NAT_REPORT)),
} as const;

function price(dollars: number, unit: string, source: PriceSource, freeUnits = 0): Price {
  return { dollars, unit, freeUnits, ...source };
}

function several(page: string, report?: string): PriceSource {
  return { certainty: 'several reports', report, page };
}

function one(page: string, report: string): PriceSource {
  return { certainty: 'one report', report, page };
}

function copied(page: string, report: string): PriceSource {
  return { certainty: 'AWS, an older copy', report, page };
}
