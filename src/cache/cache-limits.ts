import { Annotations, CfnResource, Stack, Token } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { quote } from '../image/image-reference';
import { ROOT_PREFIX } from '../image/pull-through';
import { onSynthesisOfStage } from '../synthesis/aspects';

/** China and GovCloud. */
const REGION_WITHOUT_CACHES = /^(?:cn|us-gov)-/;

/**
 * Warns when Amazon ECR has no pull-through caches in the Region of a stack.
 *
 * @param rule the construct that carries the warning: below the cache, so that whoever acknowledges it on the cache silences it
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html#pull-through-cache-considerations
 */
export function warnAboutRegion(rule: Construct): void {
  const { region } = Stack.of(rule);
  if (Token.isUnresolved(region) || !REGION_WITHOUT_CACHES.test(region)) return;
  Annotations.of(rule).addWarningV2(
    'cdk-ecr-mirror:PullThroughCache.region',
    `Amazon ECR has no pull-through caches in ${region}, so that the deployment would fail; mirror the images with an ImageMirror`,
  );
}

/** Warns when tags of a cache can never move. */
export function warnAboutImmutability(rule: Construct): void {
  Annotations.of(rule).addWarningV2(
    'cdk-ecr-mirror:PullThroughCache.immutable',
    'the creation template makes all tags of the cache immutable, so that Amazon ECR never updates an image: a tag like "latest" stays what it was at the first pull; '
    + 'use ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION with the tags that move, or an ImageMirror, which tells tags that move from those that do not',
  );
}

/**
 * Warns when an image is asked for by its digest, which Amazon ECR serves only after it was pulled by a tag.
 *
 * @see https://github.com/aws/containers-roadmap/issues/2837
 */
export function warnAboutDigest(rule: Construct, image: string): void {
  Annotations.of(rule).addWarningV2(
    'cdk-ecr-mirror:PullThroughCache.digest',
    `${quote(image)} names a digest, and a pull-through cache does not serve a digest before its image was pulled by a tag; mirror the image with an ImageMirror, or name it by its tag`,
  );
}

/**
 * Warns at each Lambda function of the app whose image is in the cache.
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html#pull-through-cache-considerations
 */
export function warnAboutLambdaFunctions(cache: Construct, repositoryPrefix: string): void {
  if (repositoryPrefix === ROOT_PREFIX) return;
  onSynthesisOfStage(cache, (node) => {
    if (!isFunction(node) || !isImageUnder(repositoryPrefix, Stack.of(node).resolve(node.code))) return;
    Annotations.of(node).addWarningV2(
      'cdk-ecr-mirror:PullThroughCache.lambda',
      `the function's image is in the pull-through cache under ${quote(repositoryPrefix)}, from which AWS Lambda cannot pull; mirror the image with an ImageMirror`,
    );
  });
}

function isFunction(node: unknown): node is lambda.CfnFunction {
  return CfnResource.isCfnResource(node) && node.cfnResourceType === lambda.CfnFunction.CFN_RESOURCE_TYPE_NAME;
}

/** The parts of the URI that are not known at synthesis are in front of the repository's name. */
function isImageUnder(repositoryPrefix: string, code: { imageUri?: unknown } | undefined): boolean {
  const uri = JSON.stringify(code?.imageUri ?? '');
  return uri.includes('.dkr.ecr.') && uri.includes(`/${repositoryPrefix}/`);
}
