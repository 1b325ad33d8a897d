import { findingsOf, statementsIn } from './iam-findings';

const PROJECT = 'arn:aws:codebuild:eu-west-1:111122223333:project/Mirror';
const allow = (Action: string | string[], Resource: string | string[], Condition = {}) => ({ Effect: 'Allow', Action, Resource, Condition });

test.each<[string, ReturnType<typeof allow>]>([
  ['an action on its resource', allow('codebuild:StartBuild', PROJECT)],
  ['an action on resources that a wildcard names', allow(['ecr:BatchGetImage', 'ecr:PutImage'], 'arn:aws:ecr:*:111122223333:repository/mirror/*')],
  ['an action that knows no resources', allow('ecr:GetAuthorizationToken', '*')],
  ['a key of the action', allow('codebuild:StartBuild', PROJECT, { Bool: { 'codebuild:source.buildspec': 'false' } })],
  ['a key with several values', allow('codebuild:StartBuild', PROJECT, { 'ForAllValues:StringEquals': { 'codebuild:environment.environmentVariables.name': ['IMAGE'] } })],
  ['a global key', allow('sns:Publish', 'arn:aws:sns:eu-west-1:111122223333:Topic', { StringEquals: { 'aws:SourceAccount': '111122223333' } })],
])('%s is valid', async (_, statement) => {
  expect(await findingsOf(statement)).toEqual([]);
});

test.each<[string, ReturnType<typeof allow>, string]>([
  ['an action that does not exist', allow('codebuild:StartBuilds', PROJECT), 'codebuild:StartBuilds is not an action'],
  ['a service that does not exist', allow('codebuilds:StartBuild', PROJECT), 'codebuilds:StartBuild is not an action'],
  ['a resource of another service', allow('codebuild:StartBuild', 'arn:aws:ecr:eu-west-1:111122223333:repository/a'), 'codebuild:StartBuild applies to none of'],
  ['a resource for an action that supports none', allow('ecr:GetAuthorizationToken', 'arn:aws:ecr:eu-west-1:111122223333:repository/a'), 'supports no resource but "*"'],
  ['a second resource without an action', allow('codebuild:StartBuild', [PROJECT, 'arn:aws:s3:::bucket']), 'no action applies to arn:aws:s3:::bucket'],
  ['a key that does not exist', allow('codebuild:StartBuild', PROJECT, { Bool: { 'codebuild:buildspec': 'false' } }), 'codebuild:buildspec is not a condition key'],
  ['a key of another action', allow('codebuild:BatchGetBuilds', PROJECT, { Bool: { 'codebuild:source.buildspec': 'false' } }), 'has no condition key codebuild:source.buildspec'],
  ['an operator for another type', allow('codebuild:StartBuild', PROJECT, { StringEquals: { 'codebuild:source.buildspec': 'false' } }), 'StringEquals does not compare values of the type Bool'],
  ['an operator for one value', allow('codebuild:StartBuild', PROJECT, { StringEquals: { 'codebuild:environment.environmentVariables.name': 'IMAGE' } }), 'has several values'],
  ['an operator for several values', allow('codebuild:StartBuild', PROJECT, { 'ForAnyValue:StringEquals': { 'codebuild:environment.image': 'a' } }), 'has one value'],
])('%s is a finding', async (_, statement, finding) => {
  expect((await findingsOf(statement)).join('\n')).toContain(finding);
});

test('statements are found at every depth, and in texts', () => {
  const statement = allow('a:B', '*');
  const text = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  const policy = { PolicyDocument: { Statement: [statement] } };
  const properties = { Policies: [policy], RepositoryPolicy: text, AssumeRolePolicyDocument: { Statement: statement } };
  expect(statementsIn(properties)).toEqual([statement, statement, statement]);
});
