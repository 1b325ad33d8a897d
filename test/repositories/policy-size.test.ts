import { renderedLength } from '../../src/repositories/repository-arns';

test.each<unknown>([
  'text', 42, true, null, [], {}, ['a', 'b'], { a: 1, b: ['c', { d: 'e' }] }, { Effect: 'Allow', Action: ['s3:GetObject'], Resource: '*' }, 'quoted "text"',
])('a value without functions is as long as its JSON: %j', (value) => {
  expect(renderedLength(value)).toBe(JSON.stringify(value).length);
});

test('pseudo parameters are as long as their longest value', () => {
  expect(renderedLength({ Ref: 'AWS::AccountId' })).toBe('"111122223333"'.length);
  expect(renderedLength({ Ref: 'AWS::Partition' })).toBe('"aws-us-gov"'.length);
  expect(renderedLength({ Ref: 'AWS::Region' })).toBe('"ap-southeast-1"'.length);
});

test('a joined text is as long as its parts', () => {
  const joined = { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':ecr:', { Ref: 'AWS::Region' }, ':', { Ref: 'AWS::AccountId' }, ':repository/mirror/nginx']] };
  expect(renderedLength(joined)).toBe('"arn:aws-us-gov:ecr:ap-southeast-1:111122223333:repository/mirror/nginx"'.length);
  expect(renderedLength({ 'Fn::Join': ['--', ['a', 'b', 'c']] })).toBe('"a--b--c"'.length);
});

test('what is not known is taken for a long ARN', () => {
  for (const unknown of [{ 'Fn::GetAtt': ['Queue', 'Arn'] }, { 'Fn::ImportValue': 'x' }, { Ref: 'Secret' }]) expect(renderedLength(unknown)).toBeGreaterThan(100);
});
