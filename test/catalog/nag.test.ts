import { App, Aspects, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { AwsSolutionsChecks } from 'cdk-nag';
import { addSecurityChecks } from '../../examples/sample-app/security-checks';
import { ImageCatalog, ImageMirror } from '../../src';

function findings(define: (mirror: ImageMirror, stack: Stack) => void): string[] {
  const stack = new Stack(new App(), 'Stack');
  define(new ImageMirror(stack, 'Mirror', { repositoryPrefix: 'platform/up.stream' }), stack);
  addSecurityChecks(stack);
  return [...Annotations.fromStack(stack).findError('*', Match.anyValue()), ...Annotations.fromStack(stack).findWarning('*', Match.anyValue())].map(({ entry }) => String(entry.data));
}

test('the AWS Solutions checks find nothing more in a mirror with a catalog than in one without', () => {
  const list = (stack: Stack) => ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(stack, 'List', '/platform/images'));
  const without = findings((mirror) => { mirror.addImage('nginx:1.27.0'); });
  expect(findings((mirror, stack) => { mirror.addCatalog('Teams', list(stack), { shards: 2 }); })).toEqual(without);
  expect(without).toEqual([]);
});

test('what is suppressed is the prefixes alone', () => {
  const stack = new Stack(new App(), 'Stack');
  const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:1.27.0'] });
  mirror.addCatalog('Teams', ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(stack, 'List', '/platform/images')));
  Aspects.of(stack).add(new AwsSolutionsChecks());
  Annotations.fromStack(stack).hasError('*', Match.stringLikeRegexp('AwsSolutions-IAM5\\[Resource::\\*\\]'));
});
