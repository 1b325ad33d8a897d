import { App, NestedStack, Stack } from 'aws-cdk-lib';
import { stackArnPatterns } from '../../src/deploy/handler-roles';

function resolvedArns(names: readonly string[]): unknown[] {
  const app = new App();
  const own = new Stack(app, 'Own');
  const stacks = names.map((name) => new Stack(app, name));
  return stackArnPatterns([own, ...stacks], own).map((arn) => own.resolve(arn));
}

function arnOf(pattern: string): unknown {
  return { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':cloudformation:', { Ref: 'AWS::Region' }, ':', { Ref: 'AWS::AccountId' }, `:stack/${pattern}`]] };
}

const NAMES = Array.from({ length: 60 }, (_, index) => `Team${index}`);

test('the role\'s own stack is named by its id, and each other by its name', () => {
  expect(resolvedArns(['Team', 'Shop'])).toEqual([arnOf('Shop/*'), arnOf('Team/*'), { Ref: 'AWS::StackId' }]);
});

test('many stacks are named by what their names begin with', () => {
  expect(resolvedArns(NAMES)).toEqual([arnOf('Team*/*'), { Ref: 'AWS::StackId' }]);
});

test('many stacks whose names begin differently are all stacks', () => {
  expect(resolvedArns([...NAMES, 'Shop'])).toEqual([arnOf('*/*'), { Ref: 'AWS::StackId' }]);
});

test('a nested stack is named after the stack that it is in', () => {
  const app = new App();
  const own = new Stack(app, 'Own');
  const nested = new NestedStack(new Stack(app, 'Team'), 'Nested');
  expect(stackArnPatterns([nested], own).map((arn) => own.resolve(arn))).toEqual([arnOf('Team-*/*')]);
});
