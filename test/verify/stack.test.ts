/** The stack of a verification, judged as a template. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OUTPUTS, randomPrefix, requireOutputs } from '../../verify/stack/names';
import { synthesizeStack } from '../../verify/stack/synthesize';
import { withFolder } from '../support/with-folder';

interface Resource {
  readonly Type: string;
  readonly Properties?: Record<string, any>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

const PREFIX = randomPrefix();
const folder = withFolder();
const resourcesOf = (template: { readonly Resources: Record<string, Resource> }) => Object.entries(template.Resources);
let template: { readonly Resources: Record<string, Resource>; readonly Outputs: Record<string, unknown> };

beforeAll(async () => {
  await synthesizeStack(folder, { prefix: PREFIX, account: '123456789012', region: 'eu-west-1' });
  template = JSON.parse(readFileSync(join(folder, 'cdk.out', `${PREFIX}.template.json`), 'utf8'));
});

const ofType = (...types: string[]) => resourcesOf(template).filter(([, { Type }]) => types.includes(Type));

test('no resource is a setting of the account or of the registry', () => {
  const types = new Set(resourcesOf(template).map(([, { Type }]) => Type));
  expect([...types].sort()).toEqual([
    'AWS::CodeBuild::Project', 'AWS::ECR::Repository', 'AWS::ECR::RepositoryCreationTemplate', 'AWS::IAM::Policy', 'AWS::IAM::Role', 'AWS::Logs::LogGroup',
    'AWS::SQS::Queue', 'AWS::SQS::QueuePolicy', 'AWS::Scheduler::Schedule', 'AWS::Scheduler::ScheduleGroup', 'AWS::SecretsManager::Secret',
  ]);
});

test('the deletion of the stack deletes all resources, and the images in all repositories', () => {
  for (const [id, { DeletionPolicy, UpdateReplacePolicy }] of resourcesOf(template)) {
    expect([id, DeletionPolicy, UpdateReplacePolicy]).toEqual([id, 'Delete', 'Delete']);
  }
  const repositories = ofType('AWS::ECR::Repository');
  expect(repositories.length).toBeGreaterThan(3);
  for (const [id, { Properties }] of repositories) expect([id, Properties?.EmptyOnDelete]).toEqual([id, true]);
});

test('all names start with the prefix', () => {
  const names = resourcesOf(template).flatMap(([, { Type, Properties = {} }]) => {
    const keys = Type === 'AWS::IAM::Policy' ? [] : ['RepositoryName', 'Prefix', 'Name', 'LogGroupName', 'QueueName', 'RoleName'];
    return keys.map((key) => Properties[key]).filter((value) => value !== undefined);
  });
  expect(names.length).toBeGreaterThan(9);
  for (const name of names) expect(name).toMatch(new RegExp(`^${PREFIX}[/-]`));
});

test('two verifications have different prefixes', () => {
  expect(randomPrefix()).not.toBe(randomPrefix());
});

test('no role may do everything, or has a managed policy', () => {
  const statements = ofType('AWS::IAM::Policy', 'AWS::IAM::Role').flatMap(([, { Properties = {} }]) => {
    expect(Properties.ManagedPolicyArns).toBeUndefined();
    return [Properties, ...Properties.Policies ?? []].flatMap(({ PolicyDocument }) => PolicyDocument?.Statement ?? []);
  });
  expect(statements.length).toBeGreaterThan(20);
  const wide = statements.filter(({ Effect, Resource }) => Effect === 'Allow' && [Resource].flat().includes('*'));
  // These actions don't support resource-level permissions.
  const withoutResources = ['ecr:GetAuthorizationToken', 'ecr-public:GetAuthorizationToken', 'sts:GetServiceBearerToken'];
  expect(wide.flatMap(({ Action }) => Action).filter((action: string) => !withoutResources.includes(action))).toEqual([]);
  for (const { Action } of statements) for (const action of [Action].flat()) expect(action).not.toContain('*');
});

test('the roles that checks assume trust only principals that name the prefix', () => {
  const trusts = ofType('AWS::IAM::Role').map(([, { Properties }]) => Properties!.AssumeRolePolicyDocument.Statement[0]);
  const assumable = trusts.filter(({ Principal }) => Principal.AWS !== undefined);
  expect(assumable).toHaveLength(2);
  for (const { Condition } of assumable) expect(Condition).toEqual({ StringEquals: { 'sts:ExternalId': PREFIX } });
});

test('the stack has the outputs that checks need', () => {
  expect(Object.keys(template.Outputs).sort()).toEqual([...OUTPUTS].sort());
  expect(() => requireOutputs({ BaseProject: 'base' })).toThrow('the stack has no output SecretProject, LambdaProject');
});

test('a deployment with copies has the custom resource of one mirror', async () => {
  await synthesizeStack(folder, { prefix: PREFIX, account: '123456789012', region: 'eu-west-1', waitsForCopies: true });
  const { Resources }: typeof template = JSON.parse(readFileSync(join(folder, 'cdk.out', `${PREFIX}.template.json`), 'utf8'));
  expect(Object.values(Resources).filter(({ Type }) => Type === 'Custom::ImageMirror')).toHaveLength(1);
  for (const { DeletionPolicy } of Object.values(Resources)) expect(DeletionPolicy).toBe('Delete');
});
