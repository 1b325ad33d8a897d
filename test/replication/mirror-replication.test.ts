import { App, CfnParameter, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ImageMirror, MirrorReplication, MirrorReplicationDestination, MirrorReplicationDestinationProps, MirrorReplicationProps } from '../../src';
import { mirrorStack } from '../support/mirror-stack';
import { TemplateResolver } from '../support/template-resolver';

const ENVIRONMENT = { account: '111122223333', region: 'eu-west-1' };
const REPLICATION = 'AWS::ECR::ReplicationConfiguration';

let app: App;
let stack: Stack;
let mirror: ImageMirror;
beforeEach(() => {
  ({ app, stack, mirror } = mirrorStack({ images: ['nginx:stable'] }, { env: ENVIRONMENT }));
});

function replicate(props: Omit<MirrorReplicationProps, 'mirror'>) {
  return new MirrorReplication(stack, 'Replication', { mirror, ...props });
}

function rulesOf(of: Stack): unknown {
  const resolver = new TemplateResolver(Template.fromStack(of).toJSON());
  return resolver.properties(resolver.ids(REPLICATION)[0]).ReplicationConfiguration.Rules;
}

const MIRROR_ONLY = [{ Filter: 'mirror/', FilterType: 'PREFIX_MATCH' }];

describe('the replication of a mirror', () => {
  test('goes to Regions of the same account and to other accounts, and takes nothing but the mirror\'s repositories', () => {
    replicate({ destinations: [{ region: 'us-east-1' }, { region: 'eu-west-1', account: '444455556666' }] });
    expect(rulesOf(stack)).toEqual([{
      Destinations: [{ Region: 'us-east-1', RegistryId: '111122223333' }, { Region: 'eu-west-1', RegistryId: '444455556666' }],
      RepositoryFilters: MIRROR_ONLY,
    }]);
  });

  test('follows another prefix', () => {
    const other = new ImageMirror(stack, 'Other', { images: ['nginx:stable'], repositoryPrefix: 'platform/upstream' });
    new MirrorReplication(stack, 'Replication', { mirror: other, destinations: [{ region: 'us-east-1' }] });
    expect(rulesOf(stack)).toEqual([expect.objectContaining({ RepositoryFilters: [{ Filter: 'platform/upstream/', FilterType: 'PREFIX_MATCH' }] })]);
  });

  test('leaves the other rules of the account in place', () => {
    replicate({
      destinations: [{ region: 'us-east-1' }],
      otherRules: [{ destinations: [{ region: 'eu-central-1' }], repositoryPrefixes: ['production/', 'shared'] }, { destinations: [{ region: 'eu-north-1' }] }],
    });
    expect(rulesOf(stack)).toEqual([
      { Destinations: [{ Region: 'us-east-1', RegistryId: '111122223333' }], RepositoryFilters: MIRROR_ONLY },
      {
        Destinations: [{ Region: 'eu-central-1', RegistryId: '111122223333' }],
        RepositoryFilters: [{ Filter: 'production/', FilterType: 'PREFIX_MATCH' }, { Filter: 'shared', FilterType: 'PREFIX_MATCH' }],
      },
      { Destinations: [{ Region: 'eu-north-1', RegistryId: '111122223333' }] },
    ]);
  });

  test('is there before the first copies are made, for what was pushed before is not replicated', () => {
    replicate({ destinations: [{ region: 'us-east-1' }] });
    const template = Template.fromStack(stack);
    const [project] = Object.values(template.findResources('AWS::CodeBuild::Project'));
    expect(project.DependsOn).toEqual(expect.arrayContaining(Object.keys(template.findResources(REPLICATION))));
  });

  test('may be in another stack, which the mirror\'s does not need', () => {
    const own = new Stack(app, 'Registry', { env: ENVIRONMENT });
    new MirrorReplication(own, 'Replication', { mirror, destinations: [{ region: 'us-east-1' }] });
    expect(rulesOf(own)).toHaveLength(1);
    expect(stack.dependencies).toHaveLength(0);
  });

  test('of a stack without env is for the account that it is deployed to', () => {
    const free = new Stack(app, 'Free');
    new MirrorReplication(free, 'Replication', { mirror: new ImageMirror(free, 'Mirror', { images: ['nginx:stable'] }), destinations: [{ region: 'us-east-1' }] });
    Template.fromStack(free).hasResourceProperties(REPLICATION, {
      ReplicationConfiguration: { Rules: [{ Destinations: [{ Region: 'us-east-1', RegistryId: { Ref: 'AWS::AccountId' } }] }] },
    });
  });

  test('takes parameters of the stack', () => {
    const [region, account] = ['Region', 'Account'].map((id) => new CfnParameter(stack, id).valueAsString);
    replicate({ destinations: [{ region, account }] });
    Template.fromStack(stack).hasResourceProperties(REPLICATION, {
      ReplicationConfiguration: { Rules: [{ Destinations: [{ Region: { Ref: 'Region' }, RegistryId: { Ref: 'Account' } }] }] },
    });
  });

  test('takes 25 destinations in 10 rules', () => {
    const accounts = Array.from({ length: 25 }, (_, index) => ({ region: 'us-east-1', account: String(444455550000 + index) }));
    replicate({ destinations: accounts, otherRules: Array.from({ length: 9 }, () => ({ destinations: accounts })) });
    expect(rulesOf(stack)).toHaveLength(10);
  });
});

test('a mirror alone defines nothing that an account has once', () => {
  const template = Template.fromStack(stack);
  for (const type of [REPLICATION, 'AWS::ECR::RegistryPolicy', 'AWS::ECR::RegistryScanningConfiguration', 'AWS::ECR::RepositoryCreationTemplate']) template.resourceCountIs(type, 0);
});

describe('repositories of another prefix', () => {
  const WARNING = Match.stringLikeRegexp('"security/vault" is in the mirror but not replicated, because no rule has a matching prefix; add a rule to otherRules '
    + '\\[ack: cdk-ecr-mirror:MirrorReplication.otherRepositories\\]');

  test('are warned of, also when they come later', () => {
    replicate({ destinations: [{ region: 'us-east-1' }] });
    mirror.addImage('hashicorp/vault:1.14.0', { repositoryName: 'security/vault' });
    Annotations.fromStack(stack).hasWarning('/Platform/Replication/Resource', WARNING);
  });

  test.each([[['security/']], [['security/vault']], [undefined]])('are not warned of when another rule has them: %j', (repositoryPrefixes) => {
    replicate({ destinations: [{ region: 'us-east-1' }], otherRules: [{ destinations: [{ region: 'us-east-1' }], repositoryPrefixes }] });
    mirror.addImage('hashicorp/vault:1.14.0', { repositoryName: 'security/vault' });
    Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('otherRepositories'));
  });

  test('are no matter where there are none', () => {
    replicate({ destinations: [{ region: 'us-east-1' }] });
    Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('otherRepositories'));
  });
});

describe('a replication fails', () => {
  const somewhere = [{ region: 'us-east-1' }];
  const accounts = (count: number) => Array.from({ length: count }, (_, index) => ({ region: 'us-east-1', account: String(444455550000 + index) }));

  test.each<[string, Omit<MirrorReplicationProps, 'mirror'>, string]>([
    ['without a destination', { destinations: [] }, 'destinations is empty; add at least one, for example [{ region: "us-east-1" }]'],
    ['when a Region is none', { destinations: [{ region: 'Ireland' }] }, '"Ireland" is not a valid Region; write for example "us-east-1"'],
    ['when an account is none', { destinations: [{ region: 'us-east-1', account: '4444' }] }, '"4444" is not a valid account ID, which is a string of 12 digits; use for example "111122223333"'],
    ['to where the mirror is', { destinations: [{ region: 'eu-west-1' }] }, 'the destination "eu-west-1" is the account and Region of the mirror; use another Region or account'],
    ['to where the mirror is, by the account\'s number', { destinations: [{ region: 'eu-west-1', account: '111122223333' }] }, 'the destination "eu-west-1" is the account and Region of the mirror'],
    ['to another partition', { destinations: [{ region: 'cn-north-1' }] },
      'the destination "cn-north-1" is in the partition aws-cn and the mirror is in aws; use a Region of the same partition'],
    ['to 26 destinations', { destinations: accounts(26) }, 'there are 26 destinations in all rules, but Amazon ECR allows at most 25'],
    ['to 26 destinations of several rules', { destinations: accounts(13), otherRules: [{ destinations: accounts(26).slice(13) }] }, 'there are 26 destinations in all rules, but Amazon ECR allows at most 25'],
    ['with 11 rules', { destinations: somewhere, otherRules: Array.from({ length: 10 }, () => ({ destinations: somewhere })) },
      'there are 11 rules, including the rule of the mirror, but Amazon ECR allows at most 10; merge some of otherRules'],
    ['with 101 prefixes', { destinations: somewhere, otherRules: [{ destinations: somewhere, repositoryPrefixes: Array.from({ length: 101 }, (_, index) => `p${index}`) }] },
      'a rule has 101 prefixes, but Amazon ECR allows at most 100; divide it into two rules'],
    ['with no prefix', { destinations: somewhere, otherRules: [{ destinations: somewhere, repositoryPrefixes: [] }] }, 'repositoryPrefixes is empty; omit it to replicate all repositories'],
    ['with a prefix that is none', { destinations: somewhere, otherRules: [{ destinations: somewhere, repositoryPrefixes: ['Prod*'] }] }, '"Prod*" is not a valid repository prefix'],
  ])('%s', (_, props, message) => {
    expect(() => replicate(props)).toThrow(message);
  });

  test('when the mirror is in another Region', () => {
    const far = new Stack(app, 'Far', { env: { ...ENVIRONMENT, region: 'us-east-1' } });
    expect(() => new MirrorReplication(far, 'Replication', { mirror, destinations: [{ region: 'eu-north-1' }] })).toThrow(
      'the stack "Far" is in the Region "us-east-1", but its mirror is in "eu-west-1"; define the replication in the account and Region of the mirror',
    );
  });
});

describe('what an account has once in each Region', () => {
  const ANOTHER = /an account has one replication configuration in each Region, but "[^"]+" defines another, which would replace this one or be replaced; merge them into one with otherRules/;
  const addTo = (scope: Stack) => new ecr.CfnReplicationConfiguration(scope, 'Mine', { replicationConfiguration: { rules: [] } });

  test('is refused twice in one stack', () => {
    for (const id of ['One', 'Two']) new MirrorReplication(stack, id, { mirror, destinations: [{ region: 'us-east-1' }] });
    expect(() => Template.fromStack(stack)).toThrow(ANOTHER);
  });

  test('is refused beside one that the app defines otherwise, in another stack of the same account and Region', () => {
    replicate({ destinations: [{ region: 'us-east-1' }] });
    addTo(new Stack(app, 'Registry', { env: ENVIRONMENT }));
    expect(() => Template.fromStack(stack)).toThrow(ANOTHER);
  });

  test('is refused in two stacks of one stage that are not told where they go', () => {
    const stage = new Stage(app, 'Stage');
    const [one, other] = ['One', 'Other'].map((id) => new Stack(stage, id));
    new MirrorReplication(one, 'Replication', { mirror: new ImageMirror(one, 'Mirror', { images: ['nginx:stable'] }), destinations: [{ region: 'us-east-1' }] });
    addTo(other);
    expect(() => Template.fromStack(one)).toThrow(ANOTHER);
  });

  test.each([{ region: 'us-east-1' }, { account: '444455556666' }])('may be there for another place: %j', (elsewhere) => {
    replicate({ destinations: [{ region: 'us-east-1' }] });
    addTo(new Stack(app, 'Elsewhere', { env: { ...ENVIRONMENT, ...elsewhere } }));
    expect(rulesOf(stack)).toHaveLength(1);
  });

  test('may be there in two stages that are not told where they go', () => {
    const stacks = ['Test', 'Production'].map((id) => new Stack(new Stage(app, id), 'Platform'));
    for (const one of stacks) {
      new MirrorReplication(one, 'Replication', { mirror: new ImageMirror(one, 'Mirror', { images: ['nginx:stable'] }), destinations: [{ region: 'us-east-1' }] });
    }
    for (const one of stacks) expect(rulesOf(one)).toHaveLength(1);
  });
});

describe('a destination in another account', () => {
  let destination: Stack;
  beforeEach(() => {
    destination = new Stack(app, 'Destination', { env: { account: '444455556666', region: 'us-east-1' } });
  });

  const policyOf = (props: MirrorReplicationDestinationProps) => {
    new MirrorReplicationDestination(destination, 'Replicas', props);
    const resolver = new TemplateResolver(Template.fromStack(destination).toJSON(), { partition: 'aws', account: '444455556666', region: 'us-east-1', urlSuffix: 'amazonaws.com' });
    return resolver.properties(resolver.ids('AWS::ECR::RegistryPolicy')[0]).PolicyText;
  };

  test('lets the accounts replicate to the mirror\'s repositories, and do nothing else', () => {
    expect(policyOf({ sourceAccounts: ['222233334444', '111122223333'] })).toEqual({
      Version: '2012-10-17',
      Statement: [{
        Effect: 'Allow',
        Principal: { AWS: ['arn:aws:iam::111122223333:root', 'arn:aws:iam::222233334444:root'] },
        Action: ['ecr:CreateRepository', 'ecr:ReplicateImage'],
        Resource: 'arn:aws:ecr:us-east-1:444455556666:repository/mirror/*',
      }],
    });
  });

  test('takes another prefix and leaves the other statements of the registry in place', () => {
    const other = new iam.PolicyStatement({
      principals: [new iam.AccountPrincipal('222233334444')],
      actions: ['ecr:BatchImportUpstreamImage'],
      resources: ['arn:aws:ecr:us-east-1:444455556666:repository/docker-hub/*'],
    });
    const { Statement } = policyOf({ sourceAccounts: ['111122223333'], repositoryPrefix: 'platform/upstream', otherStatements: [other] });
    expect(Statement).toEqual([
      expect.objectContaining({ Resource: 'arn:aws:ecr:us-east-1:444455556666:repository/platform/upstream/*' }),
      expect.objectContaining({ Action: 'ecr:BatchImportUpstreamImage', Resource: 'arn:aws:ecr:us-east-1:444455556666:repository/docker-hub/*' }),
    ]);
  });

  test('is refused twice for one account and Region', () => {
    for (const id of ['One', 'Two']) new MirrorReplicationDestination(destination, id, { sourceAccounts: ['111122223333'] });
    expect(() => Template.fromStack(destination)).toThrow(/an account has one registry policy in each Region, but "Destination\/(?:One|Two)\/Resource" defines another/);
  });

  test.each<[string, MirrorReplicationDestinationProps, string]>([
    ['without an account', { sourceAccounts: [] }, 'sourceAccounts is empty; add the accounts of the mirrors'],
    ['when an account is none', { sourceAccounts: ['me'] }, '"me" is not a valid account ID, which is a string of 12 digits; use for example "111122223333"'],
    ['when the prefix ends with a slash', { sourceAccounts: ['111122223333'], repositoryPrefix: 'mirror/' }, 'repositoryPrefix "mirror/" is not valid'],
    ['when the prefix is empty', { sourceAccounts: ['111122223333'], repositoryPrefix: '' }, 'repositoryPrefix "" is not valid'],
  ])('fails %s', (_, props, message) => {
    expect(() => policyOf(props)).toThrow(message);
  });
});
