import { Annotations, CfnResource, Stack, Token } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { ROOT_PREFIX } from '../image/pull-through';
import { quote } from '../image/sanitize';
import { onSynthesisOfStage } from '../synthesis/aspects';

/** The Regions of AWS China and AWS GovCloud (US). */
const REGION_WITHOUT_CACHES = /^(?:cn|us-gov)-/;

/**
 * Adds a warning when pull-through caches are not available in the Region of a stack.
 *
 * @param rule the construct with the warning. It is below the cache, so acknowledging the warning on the cache works.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html#pull-through-cache-considerations
 */
export function warnAboutRegion(rule: Construct): void {
  const { region } = Stack.of(rule);
  if (Token.isUnresolved(region) || !REGION_WITHOUT_CACHES.test(region)) return;
  Annotations.of(rule).addWarningV2(
    'cdk-ecr-mirror:PullThroughCache.region',
    `pull-through caches are not available in ${region}, so the deployment would fail; use an ImageMirror`,
  );
}

/** Adds a warning that tags of the cache never move. */
export function warnAboutImmutability(rule: Construct): void {
  Annotations.of(rule).addWarningV2(
    'cdk-ecr-mirror:PullThroughCache.immutable',
    'the creation template makes all tags immutable, so Amazon ECR never updates a tag such as "latest" after its first pull; '
    + 'use ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION and exclude floating tags, or use an ImageMirror, which distinguishes fixed and floating tags',
  );
}

/**
 * Adds a warning that an image has a digest, which Amazon ECR serves only after a pull by tag.
 *
 * @see https://github.com/aws/containers-roadmap/issues/2837
 */
export function warnAboutDigest(rule: Construct, image: string): void {
  Annotations.of(rule).addWarningV2(
    'cdk-ecr-mirror:PullThroughCache.digest',
    `${quote(image)} has a digest, which a pull-through cache serves only after a pull of the image by tag; `
      + 'use a tag without a digest, or an ImageMirror',
  );
}

/**
 * Adds a warning to each Lambda function in the app with an image from the cache.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html#pull-through-cache-considerations
 */
export function warnAboutLambdaFunctions(cache: Construct, repositoryPrefix: string): void {
  if (repositoryPrefix === ROOT_PREFIX) return;
  onSynthesisOfStage(cache, (node) => {
    if (!isFunction(node) || !isImageUnder(repositoryPrefix, Stack.of(node).resolve(node.code))) return;
    Annotations.of(node).addWarningV2(
      'cdk-ecr-mirror:PullThroughCache.lambda',
      `the image of the function is in the pull-through cache with the prefix ${quote(repositoryPrefix)}, `
      + 'which AWS Lambda does not support; use an ImageMirror',
    );
  });
}

function isFunction(node: unknown): node is lambda.CfnFunction {
  return CfnResource.isCfnResource(node) && node.cfnResourceType === lambda.CfnFunction.CFN_RESOURCE_TYPE_NAME;
}

/** Whether the image of a function is under a prefix. The parts of the URI that are tokens come before the repository name. */
function isImageUnder(repositoryPrefix: string, code: { imageUri?: unknown } | undefined): boolean {
  const uri = JSON.stringify(code?.imageUri ?? '');
  return uri.includes('.dkr.ecr.') && uri.includes(`/${repositoryPrefix}/`);
}
