import { App, Aspects, CfnParameter, IAspect, Lazy, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { IConstruct } from 'constructs';
import { ImageMirror, MirroredImage } from '../../src';
import { mirrorStack } from '../support/mirror-stack';
import { TemplateResolver } from '../support/template-resolver';

const ORGANIZATION = 'o-abcde12345';
const PULL = ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'];

let app: App;
let stack: Stack;
let mirror: ImageMirror;
beforeEach(() => {
  ({ app, stack, mirror } = mirrorStack({ images: ['nginx:stable', 'quay.io/prometheus/prometheus:v2.53.0'] }));
});

/** The statements of the repositories' policies by the repositories' names. */
function policies(of: Stack): Record<string, unknown[] | undefined> {
  const resolver = new TemplateResolver(Template.fromStack(of).toJSON());
  const repositories = resolver.ids('AWS::ECR::Repository').map((id) => resolver.properties(id));
  return Object.fromEntries(repositories.map(({ RepositoryName, RepositoryPolicyText }) => [RepositoryName, RepositoryPolicyText?.Statement]));
}

const TO_ORGANIZATION = { Effect: 'Allow', Principal: { AWS: '*' }, Action: PULL, Condition: { StringEquals: { 'aws:PrincipalOrgID': ORGANIZATION } } };
const toAccounts = (AWS: unknown) => ({ Effect: 'Allow', Principal: { AWS }, Action: PULL });
const root = (account: string) => `arn:aws:iam::${account}:root`;

describe('an organization', () => {
  test('may pull from every repository of the mirror, and those of other organizations may not', () => {
    mirror.grantPullToOrganization(ORGANIZATION);
    expect(policies(stack)).toEqual({ 'mirror/nginx': [TO_ORGANIZATION], 'mirror/quay.io/prometheus/prometheus': [TO_ORGANIZATION] });
  });

  test('may pull images that are added afterward, in other stacks and by aspects too', () => {
    mirror.grantPullToOrganization(ORGANIZATION);
    mirror.addImage('redis:7.2.5');
    const team = new Stack(app, 'Team');
    new MirroredImage(team, 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
    class AddImage implements IAspect {
      public visit(node: IConstruct) {
        if (node === mirror) mirror.addImage('hashicorp/vault:1.14.0');
      }
    }
    Aspects.of(stack).add(new AddImage());
    expect(policies(stack)).toMatchObject({ 'mirror/redis': [TO_ORGANIZATION], 'mirror/hashicorp/vault': [TO_ORGANIZATION] });
    expect(policies(team)).toEqual({ 'mirror/grafana/grafana': [TO_ORGANIZATION] });
  });

  test('may be a parameter of the stack', () => {
    mirror.grantPullToOrganization(new CfnParameter(stack, 'Organization').valueAsString);
    const [repository] = Object.values(Template.fromStack(stack).findResources('AWS::ECR::Repository'));
    expect(repository.Properties.RepositoryPolicyText.Statement[0].Condition).toEqual({ StringEquals: { 'aws:PrincipalOrgID': { Ref: 'Organization' } } });
  });

  test.each(['', 'abcde12345', 'o-short', 'O-ABCDE12345', 'o-abcde12345/r-1234', `o-${'a'.repeat(33)}`])('is refused when it is none: %j', (organizationId) => {
    expect(() => mirror.grantPullToOrganization(organizationId)).toThrow(
      `${JSON.stringify(organizationId)} is not a valid organization ID, which is "o-" and 10 to 32 lowercase letters or digits; use for example "o-abcde12345"`,
    );
  });
});

describe('accounts', () => {
  test('may pull from every repository of the mirror, whatever their order', () => {
    mirror.grantPullToAccounts(['444455556666', '222233334444', '444455556666']);
    const statement = toAccounts([root('222233334444'), root('444455556666')]);
    expect(policies(stack)).toEqual({ 'mirror/nginx': [statement], 'mirror/quay.io/prometheus/prometheus': [statement] });
  });

  test('may pull images that are added afterward', () => {
    mirror.grantPullToAccounts(['444455556666']);
    mirror.addImage('redis:7.2.5');
    expect(policies(stack)['mirror/redis']).toEqual([toAccounts(root('444455556666'))]);
  });

  test('may pull beside an organization', () => {
    mirror.grantPullToAccounts(['444455556666']);
    mirror.grantPullToOrganization(ORGANIZATION);
    expect(policies(stack)['mirror/nginx']).toEqual([toAccounts(root('444455556666')), TO_ORGANIZATION]);
  });

  test('may be parameters of the stack', () => {
    mirror.grantPullToAccounts([new CfnParameter(stack, 'Account').valueAsString]);
    const [repository] = Object.values(Template.fromStack(stack).findResources('AWS::ECR::Repository'));
    expect(JSON.stringify(repository.Properties.RepositoryPolicyText.Statement[0].Principal)).toContain('{"Ref":"Account"}');
  });

  test.each(['', '4444', '44445555666', '4444555566667', 'root', root('444455556666')])('are refused when one is none: %j', (accountId) => {
    expect(() => mirror.grantPullToAccounts(['222233334444', accountId])).toThrow(
      `${JSON.stringify(accountId)} is not a valid account ID, which is a string of 12 digits; use for example "111122223333"`,
    );
  });

  test('are refused when there is none', () => {
    expect(() => mirror.grantPullToAccounts([])).toThrow('accountIds is empty; pass at least one account ID, or remove the call');
  });

  test('are refused as a list token', () => {
    expect(() => mirror.grantPullToAccounts(Lazy.list({ produce: () => ['444455556666'] }))).toThrow('accountIds must be known at synthesis, but it is a list token');
  });
});

test('nobody may pull by default', () => {
  expect(policies(stack)).toEqual({ 'mirror/nginx': undefined, 'mirror/quay.io/prometheus/prometheus': undefined });
});

test('no statement names a resource, which the policy of a repository may not', () => {
  mirror.grantPullToOrganization(ORGANIZATION);
  mirror.grantPullToAccounts(['444455556666']);
  for (const statement of Object.values(policies(stack)).flat()) expect(statement).not.toHaveProperty('Resource');
});

test('no repository of the app outside the mirror is opened', () => {
  new ecr.Repository(stack, 'Mine', { repositoryName: 'production/app' });
  mirror.grantPullToOrganization(ORGANIZATION);
  expect(policies(stack)['production/app']).toBeUndefined();
});

describe('an existing repository', () => {
  test('that the app defines is opened', () => {
    const repository = new ecr.Repository(stack, 'Mine', { repositoryName: 'shared/redis' });
    mirror.grantPullToOrganization(ORGANIZATION);
    mirror.addImage('redis:7.2.5', { repository });
    expect(policies(stack)['shared/redis']).toEqual([TO_ORGANIZATION]);
  });

  test.each([['before', true], ['after', false]])('that the app does not define keeps its policy, with a warning, when the image was added %s the grant', (_, isBefore) => {
    const addImage = () => mirror.addImage('redis:7.2.5', { repository: ecr.Repository.fromRepositoryName(stack, 'Existing', 'shared/redis') });
    if (isBefore) addImage();
    mirror.grantPullToOrganization(ORGANIZATION);
    if (!isBefore) addImage();
    Annotations.fromStack(stack).hasWarning('/Platform/Existing', Match.stringLikeRegexp(
      'the app does not define the repository "Platform/Existing", so its policy does not grant pull permission yet; '
      + 'allow ecr:BatchCheckLayerAvailability, ecr:BatchGetImage, ecr:GetDownloadUrlForLayer in its policy where it is defined \\[ack: cdk-ecr-mirror:ImageMirror.existingRepositoryPolicy\\]',
    ));
  });
});
