/** What cdk-nag finds in what builds customized images. */
import { App, Aspects, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ImageMirror } from '../../src';

function deployMirror(): Stack {
  const stack = new Stack(new App(), 'Platform');
  new ImageMirror(stack, 'Mirror').addImage('hashicorp/vault:1.14.0', { dockerfileLines: ['RUN true'] });
  return stack;
}

/** The rules that are broken, each with the construct that breaks it. */
function findings(stack: Stack): string[] {
  Aspects.of(stack).add(new AwsSolutionsChecks());
  Template.fromStack(stack);
  const rule = Match.stringLikeRegexp('AwsSolutions-.*');
  const annotations = Annotations.fromStack(stack);
  const found = [...annotations.findError('*', rule), ...annotations.findWarning('*', rule)];
  return [...new Set(found.map(({ id, entry }) => `${/AwsSolutions-[A-Z0-9]+/.exec(String(entry.data))} ${id.replace('/Platform/Mirror/', '')}`))].sort();
}

const OF_EVERY_MIRROR = [
  'AwsSolutions-CB4 Project/Resource',
  'AwsSolutions-IAM5 BuildRole/Resource',
  'AwsSolutions-SQS3 DeadLetterQueue/Resource',
];

test('what is found in every mirror is found in the second project too, and nothing else', () => {
  expect(findings(deployMirror())).toEqual([
    ...OF_EVERY_MIRROR, 'AwsSolutions-CB4 CustomImages/Project/Resource', 'AwsSolutions-IAM5 CustomImages/BuildRole/Resource',
  ].sort());
});

test('the privileged mode, which older versions of cdk-nag find, is explained in that project alone', () => {
  const projects = Object.values(Template.fromStack(deployMirror()).findResources('AWS::CodeBuild::Project'));
  expect(projects.map(({ Metadata }) => Metadata?.cdk_nag.rules_to_suppress)).toEqual([
    undefined,
    [{ id: 'AwsSolutions-CB3', reason: expect.stringContaining('Docker needs privileged builds') }],
  ]);
});
