import { App, Aspects } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { PlatformImages } from '../examples/sample-app/platform-images';
import { addSecurityChecks } from '../examples/sample-app/security-checks';

/** The rules that a stack breaks, each with the construct that breaks it. */
function findings(stack: PlatformImages) {
  Template.fromStack(stack);
  const rule = Match.stringLikeRegexp('AwsSolutions-.*');
  const annotations = Annotations.fromStack(stack);
  return [...annotations.findError('*', rule), ...annotations.findWarning('*', rule)]
    .map(({ id, entry }) => `${/AwsSolutions-[A-Z0-9]+/.exec(String(entry.data))} ${id}`)
    .sort();
}

test('the sample app passes the AWS Solutions checks', () => {
  const stack = new PlatformImages(new App(), 'PlatformImages');
  addSecurityChecks(stack);
  expect(findings(stack)).toEqual([]);
});

test('each of its suppressions is needed, and covers what it says', () => {
  const stack = new PlatformImages(new App(), 'PlatformImages');
  Aspects.of(stack).add(new AwsSolutionsChecks());
  expect(findings(stack)).toEqual([
    'AwsSolutions-CB4 /PlatformImages/Mirror/CustomImages/Project/Resource',
    'AwsSolutions-CB4 /PlatformImages/Mirror/Project/Resource',
    'AwsSolutions-IAM5 /PlatformImages/Mirror/BuildRole/Resource',
    'AwsSolutions-IAM5 /PlatformImages/Mirror/CustomImages/BuildRole/Resource',
    'AwsSolutions-SQS3 /PlatformImages/Mirror/DeadLetterQueue/Resource',
  ]);
});
