import { ASSUMPTIONS } from './assumptions';
import { Price, PRICES } from './prices';
import { DEFAULT_KEEP_PREVIOUS } from '../../src/image/retention';

/** Where builds run, and what that costs. */
export interface Compute {
  readonly name: string;
  readonly price: Price;
  /** What is billed is rounded up to so many seconds. */
  readonly billedSeconds: number;
}

export const COMPUTES = {
  EC2_X86: { name: '`MirrorCompute.ec2()`', price: PRICES.EC2_X86_MINUTE, billedSeconds: 60 },
  EC2_ARM: { name: '`MirrorCompute.ec2({ architecture: ARM_64 })`', price: PRICES.EC2_ARM_MINUTE, billedSeconds: 60 },
  LAMBDA_ARM: { name: '`MirrorCompute.awsLambda()`', price: PRICES.LAMBDA_ARM_SECOND, billedSeconds: 1 },
} as const satisfies Record<string, Compute>;

export const ALL_COMPUTES: readonly Compute[] = Object.values(COMPUTES);

/** How often an image is checked. */
export interface Frequency {
  readonly name: string;
  readonly runsPerMonth: number;
}

export const FREQUENCIES = {
  HOURLY: { name: 'hourly', runsPerMonth: ASSUMPTIONS.DAYS_PER_MONTH * 24 },
  DAILY: { name: 'daily', runsPerMonth: ASSUMPTIONS.DAYS_PER_MONTH },
  WEEKLY: { name: 'weekly', runsPerMonth: ASSUMPTIONS.DAYS_PER_MONTH / 7 },
} as const satisfies Record<string, Frequency>;

export const ALL_FREQUENCIES: readonly Frequency[] = Object.values(FREQUENCIES);

/** The units that one build is billed for: minutes or seconds. */
export function billedUnits({ billedSeconds }: Compute, seconds: number): number {
  return Math.ceil(seconds / billedSeconds);
}

/** What one build costs that runs so long. */
export function buildCost(compute: Compute, seconds: number): number {
  return billedUnits(compute, seconds) * compute.price.dollars;
}

/** What the checks of images cost in a month, without what is free. */
export function checksCost(compute: Compute, { runsPerMonth }: Frequency, images = 1): number {
  return images * runsPerMonth * buildCost(compute, ASSUMPTIONS.CHECK_SECONDS);
}

/** The same when no other builds of the account use what is free. */
export function checksCostAfterFree(compute: Compute, { runsPerMonth }: Frequency, images: number): number {
  return afterFree(compute.price, images * runsPerMonth * billedUnits(compute, ASSUMPTIONS.CHECK_SECONDS));
}

/** What the checks cost when builds check many images together: none of them takes more than a minute. */
export function groupedChecksCost(compute: Compute, frequency: Frequency, images: number): number {
  return checksCost(compute, frequency, Math.ceil(images / ASSUMPTIONS.GROUPED_IMAGES));
}

/** What one copy costs more than a check that finds nothing new. */
export function copyCost(compute: Compute): number {
  return buildCost(compute, ASSUMPTIONS.COPY_SECONDS) - buildCost(compute, ASSUMPTIONS.CHECK_SECONDS);
}

/** What a run costs besides the build: its start, its event and its log, which is kept for a while. */
export function runOverhead(): number {
  const gigabytes = ASSUMPTIONS.LOG_KILOBYTES / 1e6;
  const log = gigabytes * (PRICES.LOG_GIGABYTE.dollars + ASSUMPTIONS.LOG_MONTHS * PRICES.LOG_GIGABYTE_KEPT.dollars);
  return PRICES.SCHEDULER_INVOCATION.dollars + PRICES.EVENT.dollars + log;
}

/**
 * The most that images cost in Amazon ECR in a month, with the previous images that their tags keep: as if two images shared no layers.
 *
 * @param previous the number of previous images of each image
 */
export function storageCost(images: number, previous = 0): number {
  return images * (1 + previous) * ASSUMPTIONS.IMAGE_GIGABYTES * PRICES.ECR_GIGABYTE.dollars;
}

/** The number of previous images after some months: at most as many as the mirror keeps by default. */
export function previousImages(months: number, movesPerMonth: number): number {
  return Math.min(months * movesPerMonth, DEFAULT_KEEP_PREVIOUS);
}

/** What a secret of one registry costs in a month, read in each run. */
export function secretCost(runsPerMonth: number): number {
  return PRICES.SECRET.dollars + runsPerMonth * ASSUMPTIONS.SECRET_READS_PER_RUN * PRICES.SECRET_READ.dollars;
}

/** Memory of the functions behind the custom resource and of the CDK's framework, in GB, and how often they poll. */
const HANDLER_GIGABYTES = 0.25;
const FRAMEWORK_GIGABYTES = 0.125;
const POLL_SECONDS = 10;
const FIRST_CALL_SECONDS = 10;

/** What the functions of one deployment cost that waits for new images, without the builds. */
export function deploymentCost(): number {
  const polls = ASSUMPTIONS.DEPLOYMENT_MINUTES * 60 / POLL_SECONDS;
  const seconds = FIRST_CALL_SECONDS + polls; // a poll takes less than a second
  const memory = (HANDLER_GIGABYTES + FRAMEWORK_GIGABYTES) * seconds * PRICES.FUNCTION_GIGABYTE_SECOND.dollars;
  const calls = 2 * (1 + polls) * PRICES.FUNCTION_REQUEST.dollars;
  return memory + calls + polls * PRICES.STATE_TRANSITION.dollars;
}

/** What one copy by cdk-ecr-deployment costs: a function that copies while the stack is deployed. */
export function peerCopyCost(): number {
  return ASSUMPTIONS.PEER_COPY_SECONDS * ASSUMPTIONS.PEER_GIGABYTES * PRICES.FUNCTION_GIGABYTE_SECOND.dollars + PRICES.FUNCTION_REQUEST.dollars;
}

/** A copy crosses a NAT gateway on its way from upstream, and again on its way to Amazon ECR unless endpoints carry it there. */
export function natCost({ endpoints }: { readonly endpoints: boolean }): number {
  return (endpoints ? 1 : 2) * PRICES.NAT_GIGABYTE.dollars;
}

/** What so many units cost when the free ones are left for them. */
export function afterFree({ dollars, freeUnits }: Price, units: number): number {
  return Math.max(0, units - freeUnits) * dollars;
}
