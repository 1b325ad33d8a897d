import { IntegTest } from '@aws-cdk/integ-tests-alpha';
import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { ImageMirrorProps } from '../../src';

/** What a test leaves behind when its stacks are deleted: nothing. */
export const TEMPORARY: ImageMirrorProps = { repositoryRemovalPolicy: RemovalPolicy.DESTROY };

/**
 * A stack as users deploy it, and the test of it. A deployment waits for the first copy of each image,
 * so a deployment that succeeds shows that builds run and that the images are in Amazon ECR.
 */
export function scenario(name: string, define: (stack: Stack) => Stack[] | void): void {
  const app = new App({
    analyticsReporting: false,
    treeMetadata: false,
    postCliContext: { '@aws-cdk/core:enableAdditionalMetadataCollection': false }, // it would double the size of snapshots
  });
  const stack = new Stack(app, `Integ${name}`);
  const otherStacks = define(stack) ?? [];
  new IntegTest(app, name, { testCases: [stack, ...otherStacks] });
}
