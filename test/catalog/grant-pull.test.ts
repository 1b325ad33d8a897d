/** Who may pull the images of a catalog, whose repositories nobody knows when the template is written. */
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ImageCatalog, ImageMirror, MirroredCatalog } from '../../src';

const ACCOUNT = '111122223333';
const OTHERS = 'let accounts pull with mirror.grantPullToAccounts(), or an organization with mirror.grantPullToOrganization()';

let app: App;
let stack: Stack;

function define(env?: { account: string; region: string }): MirroredCatalog {
  app = new App();
  stack = new Stack(app, 'Platform', { env });
  const list = ssm.StringListParameter.fromStringListParameterName(stack, 'List', '/platform/images');
  return new ImageMirror(stack, 'Mirror').addCatalog('Teams', ImageCatalog.fromParameter(list));
}

const known = () => define({ account: ACCOUNT, region: 'eu-west-1' });
const policiesOf = (one: Stack) => JSON.stringify(Template.fromStack(one).findResources('AWS::IAM::Policy'));

test.each<[string, () => iam.IGrantable]>([
  ['a role of the account', () => iam.Role.fromRoleArn(stack, 'Role', `arn:aws:iam::${ACCOUNT}:role/reader`)],
  ['a role of the stack', () => new iam.Role(stack, 'Role', { assumedBy: new iam.AccountRootPrincipal() })],
  ['a user', () => new iam.User(stack, 'User')],
])('%s may pull by its own policy', (_, grantee) => {
  const catalog = known();
  catalog.grantPull(grantee());
  expect(policiesOf(stack)).toContain(':repository/mirror-floating/*');
});

test('lets others pull from its repositories, those to come included, and push to none', () => {
  const catalog = define();
  const role = new iam.Role(stack, 'Role', { assumedBy: new iam.AccountRootPrincipal() });
  catalog.grantPull(role);
  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
    Roles: [{ Ref: Match.stringLikeRegexp('^Role') }],
    PolicyDocument: {
      Statement: [
        { Action: 'ecr:GetAuthorizationToken', Effect: 'Allow', Resource: '*' },
        { Action: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'], Effect: 'Allow', Resource: Match.anyValue() },
      ],
    },
  });
  expect(policiesOf(stack)).toContain(':repository/mirror-floating/*');
});

test('a role of another stack in the same account may pull by its own policy', () => {
  const catalog = known();
  const team = new Stack(app, 'Team', { env: { account: ACCOUNT, region: 'eu-west-1' } });
  catalog.grantPull(new iam.Role(team, 'Role', { assumedBy: new iam.AccountRootPrincipal() }));
  expect(policiesOf(team)).toContain(':repository/mirror/*');
});

test('a role is taken for one of the account where that is not known', () => {
  const catalog = define();
  catalog.grantPull(iam.Role.fromRoleArn(stack, 'Role', `arn:aws:iam::${ACCOUNT}:role/reader`));
  expect(policiesOf(stack)).toContain(':repository/mirror/*');
});

test.each<[string, () => iam.IGrantable, string]>([
  ['a role', () => iam.Role.fromRoleArn(stack, 'Role', 'arn:aws:iam::444455556666:role/reader'), 'the principal "Platform/Role"'],
  ['a role of a stack', () => new iam.Role(new Stack(app, 'Team', { env: { account: '444455556666', region: 'eu-west-1' } }), 'Role', { assumedBy: new iam.AccountRootPrincipal() }), 'the principal "Team/Role"'],
  ['an account', () => new iam.AccountPrincipal('444455556666'), 'the principal "AccountPrincipal(444455556666)"'],
])('%s of another account is refused, with the way that lets it pull', (_, grantee, name) => {
  const catalog = known();
  expect(() => catalog.grantPull(grantee())).toThrow(`${name} is in the account "444455556666", but the mirror is in "${ACCOUNT}", so the repository policies must grant it the pull; ${OTHERS}`);
});

test.each<[string, () => iam.IGrantable]>([
  ['an organization', () => new iam.OrganizationPrincipal('o-abcde12345')],
  ['everybody', () => new iam.StarPrincipal()],
  ['a service', () => new iam.ServicePrincipal('lambda.amazonaws.com')],
  ['an ARN', () => new iam.ArnPrincipal('arn:aws:iam::444455556666:role/reader')],
  ['the account itself', () => new iam.AccountPrincipal(ACCOUNT)],
])('%s has no policies, and is refused with the way that lets it pull', (_, grantee) => {
  const catalog = known();
  expect(() => catalog.grantPull(grantee())).toThrow(`has no IAM policies; pass a role or user of the account of the mirror, or ${OTHERS}`);
});
