import { App, CfnDeletionPolicy, MissingRemovalPolicies, RemovalPolicies, RemovalPolicy, Stack, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { IConstruct } from 'constructs';
import { ImageMirror, ImageMirrorProps, MirroredImage } from '../../src';

/** An app with a repository in the mirror's stack, one in another stack, and one of a customized image. */
function defineApp(props: ImageMirrorProps = {}) {
  const app = new App();
  const scope = new Stage(app, 'Prod');
  const mirror = new ImageMirror(new Stack(scope, 'Platform'), 'Mirror', { images: ['nginx:stable'], ...props });
  const team = new Stack(scope, 'Team');
  new MirroredImage(team, 'Vault', { mirror, image: 'hashicorp/vault:1.14.0', dockerfileLines: ['ENV A=1'] });
  const stacks = [Stack.of(mirror), team];
  const templates = () => stacks.map((stack) => Template.fromStack(stack));
  const repositories = () => templates().flatMap((template) => Object.values(template.findResources('AWS::ECR::Repository')));
  const policies = () => [...new Set(repositories().map(({ DeletionPolicy, Properties }) => `${DeletionPolicy} ${Properties.EmptyOnDelete}`))];
  return { app, scope, mirror, stacks, templates, repositories, policies };
}

const repositoriesIn = (scope: IConstruct) => scope.node.findAll().filter((node) => node instanceof ecr.Repository);

test.each<[string, (app: ReturnType<typeof defineApp>) => void, string]>([
  ['by default', () => undefined, 'Retain undefined'],
  ['with RemovalPolicies.destroy() of the stage', ({ scope }) => RemovalPolicies.of(scope).destroy(), 'Delete true'],
  ['with RemovalPolicies.destroy() of the stacks', ({ stacks }) => stacks.forEach((stack) => RemovalPolicies.of(stack).destroy()), 'Delete true'],
  ['with RemovalPolicies.retain()', ({ scope }) => RemovalPolicies.of(scope).retain(), 'Retain undefined'],
  ['with RemovalPolicies.retainOnUpdateOrDelete()', ({ scope }) => RemovalPolicies.of(scope).retainOnUpdateOrDelete(), 'RetainExceptOnCreate undefined'],
  ['with MissingRemovalPolicies.destroy(), which keeps the default', ({ scope }) => MissingRemovalPolicies.of(scope).destroy(), 'Retain undefined'],
  ['with applyRemovalPolicy() of the constructs', ({ scope }) => {
    for (const repository of repositoriesIn(scope)) (repository as ecr.Repository).applyRemovalPolicy(RemovalPolicy.DESTROY);
  }, 'Delete true'],
  ['with applyRemovalPolicy() of the resources', ({ scope }) => {
    for (const repository of repositoriesIn(scope)) (repository.node.defaultChild as ecr.CfnRepository).applyRemovalPolicy(RemovalPolicy.DESTROY);
  }, 'Delete true'],
  ['with a deletion policy of the resources', ({ scope }) => {
    for (const { node } of repositoriesIn(scope)) (node.defaultChild as ecr.CfnRepository).cfnOptions.deletionPolicy = CfnDeletionPolicy.DELETE;
  }, 'Delete true'],
])('a repository is deleted with its images if and only if it is deleted: %s', (_, change, expected) => {
  const app = defineApp();
  change(app);
  expect(app.policies()).toEqual([expected]);
});

test('a repository that the mirror deletes is retained with its images after RemovalPolicies.retain()', () => {
  const app = defineApp({ repositoryRemovalPolicy: RemovalPolicy.DESTROY });
  expect(app.policies()).toEqual(['Delete true']);
  const retained = defineApp({ repositoryRemovalPolicy: RemovalPolicy.DESTROY });
  RemovalPolicies.of(retained.scope).retain();
  expect(retained.policies()).toEqual(['Retain undefined']);
});

test('after RemovalPolicies.destroy(), no resource of a mirror is retained', () => {
  const { scope, templates } = defineApp();
  RemovalPolicies.of(scope).destroy();
  const resources = templates().flatMap((template) => Object.values(template.toJSON().Resources) as { DeletionPolicy?: string }[]);
  expect(resources.filter(({ DeletionPolicy = 'Delete' }) => DeletionPolicy !== 'Delete')).toEqual([]);
});

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html
test('CloudFormation can import each repository: its name is literal, and it is retained', () => {
  const repositories = defineApp().repositories();
  const names = repositories.map(({ Properties }) => Properties.RepositoryName);
  expect(names.sort()).toEqual(['mirror/custom/hashicorp/vault', 'mirror/hashicorp/vault', 'mirror/nginx']);
  for (const { Properties: { RepositoryName }, DeletionPolicy, UpdateReplacePolicy } of repositories) {
    expect([typeof RepositoryName, DeletionPolicy, UpdateReplacePolicy]).toEqual(['string', 'Retain', 'Retain']);
  }
});
