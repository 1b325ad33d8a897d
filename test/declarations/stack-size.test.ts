import { App, CfnResource, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ImageMirror, MirroredImage } from '../../src';

const REMEDY = 'define some of them in another stack with new MirroredImage(otherStack, id, { mirror, image })';

function fill(stack: Stack, count: number) {
  for (let index = 0; index < count; index++) new CfnResource(stack, `Filler${index}`, { type: 'AWS::CloudFormation::WaitConditionHandle' });
}

test('500 resources in a stack are fine', () => {
  const stack = new Stack(new App(), 'Platform');
  new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
  fill(stack, 474);
  expect(Object.keys(Template.fromStack(stack).toJSON().Resources)).toHaveLength(500);
});

test('fails at 501, and says how to split', () => {
  const stack = new Stack(new App(), 'Platform');
  new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
  fill(stack, 475);
  expect(() => Template.fromStack(stack)).toThrow(
    `[Platform/Mirror] the stack "Platform" has 501 resources, but CloudFormation allows 500; 1 images of the mirror are in it, each with a repository and a schedule; ${REMEDY}`,
  );
});

test('fails for the stack of an image that is not the mirror\'s', () => {
  const app = new App();
  const mirror = new ImageMirror(new Stack(app, 'Platform'), 'Mirror', { images: ['nginx:stable'] });
  const team = new Stack(app, 'Team');
  new MirroredImage(team, 'Redis', { mirror, image: 'redis:7' });
  fill(team, 498);
  expect(() => app.synth()).toThrow('the stack "Team" has 501 resources');
});

test('counts no stack that has no image of the mirror', () => {
  const app = new App({ context: { '@aws-cdk/core:stackResourceLimit': 30 } });
  new ImageMirror(new Stack(app, 'Platform'), 'Mirror', { images: ['nginx:stable'] });
  fill(new Stack(app, 'Other'), 30);
  expect(() => app.synth()).not.toThrow();
});

test('takes another limit from the CDK\'s context', () => {
  const stack = new Stack(new App({ context: { '@aws-cdk/core:stackResourceLimit': 25 } }), 'Platform');
  new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
  expect(() => Template.fromStack(stack)).toThrow('the stack "Platform" has 26 resources, but CloudFormation allows 25');
});
