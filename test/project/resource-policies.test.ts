/** Resource policies that the library writes, judged by a simulator of IAM: a service acts for the account of the mirror only. */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sns from 'aws-cdk-lib/aws-sns';
import { ImageMirror } from '../../src';
import { judgeCall } from '../support/policy-simulator';
import { COMMERCIAL, TemplateResolver } from '../support/template-resolver';

const { account, region } = COMMERCIAL;
const OTHER = '444455556666';

/** A mirror with alarms and with a function that runs an image. */
function deployMirror(): TemplateResolver {
  const stack = new Stack(new App(), 'Platform');
  const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
  mirror.notify(new sns.Topic(stack, 'Alerts'));
  const image = mirror.addImage('public.ecr.aws/lambda/nodejs:22', { platforms: [Platform.LINUX_AMD64] });
  new lambda.DockerImageFunction(stack, 'Function', { code: image.toLambdaCode() });
  return new TemplateResolver(Template.fromStack(stack).toJSON());
}

const deployed = deployMirror();
const alarm = (owner: string, where = region) => `arn:aws:cloudwatch:${where}:${owner}:alarm:Mirror`;
const functionArn = (owner: string, where = region) => `arn:aws:lambda:${where}:${owner}:function:App`;

const judge = (principal: string, action: string, resource: string, policy: unknown, context: Record<string, string>) => {
  return judgeCall({ principal, action, resource, account, context }, { identity: [], resource: policy });
};

test.each<[string, Record<string, string>, string]>([
  ['an alarm of the account', { 'aws:SourceAccount': account, 'aws:SourceArn': alarm(account) }, 'Allowed'],
  ['an alarm of another account', { 'aws:SourceAccount': OTHER, 'aws:SourceArn': alarm(OTHER) }, 'ImplicitlyDenied'],
  ['an alarm with the ARN of another account', { 'aws:SourceAccount': account, 'aws:SourceArn': alarm(OTHER) }, 'ImplicitlyDenied'],
  ['an alarm of another Region', { 'aws:SourceAccount': account, 'aws:SourceArn': alarm(account, 'us-east-1') }, 'ImplicitlyDenied'],
  ['no source', {}, 'ImplicitlyDenied'],
])('CloudWatch publishes to the topic for: %s', async (_, context, expected) => {
  const [id] = deployed.ids('AWS::SNS::TopicPolicy');
  const [topic] = deployed.ids('AWS::SNS::Topic').map((one) => deployed.arn(one));
  expect(await judge('cloudwatch.amazonaws.com', 'sns:Publish', topic, deployed.properties(id).PolicyDocument, context)).toBe(expected);
});

test.each<[string, Record<string, string>, string]>([
  ['a function of the account', { 'aws:SourceArn': functionArn(account) }, 'Allowed'],
  ['a function of another account', { 'aws:SourceArn': functionArn(OTHER) }, 'ImplicitlyDenied'],
  ['a function of another Region', { 'aws:SourceArn': functionArn(account, 'us-east-1') }, 'ImplicitlyDenied'],
  ['no source', {}, 'ImplicitlyDenied'],
])('AWS Lambda pulls from the repository for: %s', async (_, context, expected) => {
  const id = deployed.ids('AWS::ECR::Repository').find((one) => deployed.properties(one).RepositoryPolicyText !== undefined)!;
  const policy = deployed.properties(id).RepositoryPolicyText;
  expect(await judge('lambda.amazonaws.com', 'ecr:BatchGetImage', deployed.arn(id), policy, context)).toBe(expected);
});

/** The types of resources with a policy, and the property with it. */
const POLICY_PROPERTIES: Record<string, string> = {
  'AWS::ECR::Repository': 'RepositoryPolicyText',
  'AWS::KMS::Key': 'KeyPolicy',
  'AWS::Logs::ResourcePolicy': 'PolicyDocument',
  'AWS::SNS::TopicPolicy': 'PolicyDocument',
  'AWS::SQS::QueuePolicy': 'PolicyDocument',
};

test('every statement that lets a service act checks for whom', () => {
  const statements = Object.entries(POLICY_PROPERTIES)
    .flatMap(([type, property]) => deployed.ids(type).map((id) => deployed.properties(id)[property]))
    .flatMap((policy) => policy?.Statement ?? [])
    .filter(({ Effect, Principal }) => Effect === 'Allow' && Principal.Service !== undefined);
  expect(statements).toHaveLength(2);
  for (const { Condition } of statements) expect(JSON.stringify(Condition)).toMatch(/aws:SourceA(?:rn|ccount)/);
});

test('the queue of failed starts lets no service send, because the role of the schedules has the permission', () => {
  const [policy] = deployed.ids('AWS::SQS::QueuePolicy').map((id) => deployed.properties(id).PolicyDocument);
  expect(policy.Statement.map(({ Effect }: { Effect: string }) => Effect)).toEqual(['Deny']);
  expect(deployed.ids('AWS::Lambda::Permission')).toEqual([]);
});
