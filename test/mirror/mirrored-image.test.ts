import { App, Duration, Lazy, NestedStack, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Attestations, ImageMirror, MirroredImage, OnTagMoved, TagKind } from '../../src';
import { mirrorStack } from '../support/mirror-stack';
import { TemplateResolver } from '../support/template-resolver';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const ENVIRONMENT = { account: '111122223333', region: 'eu-west-1' };

let app: App;
let stack: Stack;
let mirror: ImageMirror;
beforeEach(() => {
  ({ app, stack, mirror } = mirrorStack({}, { env: ENVIRONMENT }));
});

/** The variables that the only schedule of a stack hands over. */
function variablesOf(of: Stack): Record<string, string> {
  const resolver = new TemplateResolver(Template.fromStack(of).toJSON());
  const [schedule] = resolver.ids('AWS::Scheduler::Schedule');
  const { environmentVariablesOverride } = JSON.parse(resolver.properties(schedule).Target.Input);
  return Object.fromEntries(environmentVariablesOverride.map((variable: { name: string; value: string }) => [variable.name, variable.value]));
}

/** What the build role of the mirror's stack may push to. */
function pushable(): string[] {
  const resolver = new TemplateResolver(Template.fromStack(stack).toJSON());
  const [role] = resolver.ids('AWS::IAM::Role').filter((id) => id.includes('BuildRole'));
  const statements: { Action: string | string[]; Resource: string | string[] }[] = resolver.properties(role).Policies[0].PolicyDocument.Statement;
  return statements.filter(({ Action }) => Action.includes('ecr:PutImage')).flatMap(({ Resource }) => Resource);
}

const arn = (name: string) => `arn:aws:ecr:eu-west-1:111122223333:repository/${name}`;

describe('an image', () => {
  test('knows its source, its tag and its URI', () => {
    const image = mirror.addImage('Quay.io/prometheus/prometheus:v2.53.0');
    expect(image.source).toBe('quay.io/prometheus/prometheus:v2.53.0');
    expect(image.tag).toBe('v2.53.0');
    const resolver = new TemplateResolver(Template.fromStack(stack).toJSON());
    expect(resolver.resolve(stack.resolve(image.imageUri)))
      .toBe('111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/quay.io/prometheus/prometheus:v2.53.0');
  });

  test('that names a digest alone gets a fixed tag made of it', () => {
    const image = mirror.addImage(`nginx@${DIGEST}`);
    expect(image.tag).toBe('digest-0123456789ab');
    expect(variablesOf(stack)).toEqual({ IMAGE: `docker.io/library/nginx@${DIGEST}` });
    Template.fromStack(stack).hasResourceProperties('AWS::ECR::Repository', { ImageTagMutability: 'IMMUTABLE' });
  });

  test('takes a schedule of its own', () => {
    mirror.addImage('hashicorp/vault:1.14', { schedule: scheduler.ScheduleExpression.rate(Duration.days(7)), timeWindow: scheduler.TimeWindow.off() });
    Template.fromStack(stack).hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(7 days)', FlexibleTimeWindow: { Mode: 'OFF' } });
  });

  test('takes a repository\'s name of its own, and hands it to the engine', () => {
    mirror.addImage('hashicorp/vault:1.14.0', { repositoryName: 'security/vault' });
    expect(variablesOf(stack)).toEqual({ IMAGE: 'docker.io/hashicorp/vault:1.14.0', REPOSITORY: 'security/vault' });
    Template.fromStack(stack).hasResourceProperties('AWS::ECR::Repository', { RepositoryName: 'security/vault' });
    expect(pushable()).toEqual([arn('security/vault')]);
  });

  test.each(['mirror/odd__name', 'mirror/odd--name', 'mirror/odd---name/x__y'])('may be in a repository whose name the CDK alone would refuse: %s', (repositoryName) => {
    mirror.addImage('nginx:1.27.0', { repositoryName });
    Template.fromStack(stack).hasResourceProperties('AWS::ECR::Repository', { RepositoryName: repositoryName });
    expect(pushable()).toEqual([arn(repositoryName)]);
  });

  test('hands over its kind only when the tag says otherwise', () => {
    mirror.addImage('nginx:stable', { tagKind: TagKind.FIXED });
    expect(variablesOf(stack)).toEqual({ IMAGE: 'docker.io/library/nginx:stable', TAG_KIND: 'fixed' });
    Template.fromStack(stack).hasResourceProperties('AWS::ECR::Repository', { ImageTagMutability: 'IMMUTABLE' });
  });

  test('does not hand over the kind that the tag says', () => {
    mirror.addImage('nginx:stable', { tagKind: TagKind.FLOATING });
    expect(variablesOf(stack)).toEqual({ IMAGE: 'docker.io/library/nginx:stable' });
  });

  test('that floats by choice is an exception from immutability', () => {
    mirror.addImage('nginx:1.27.0', { tagKind: TagKind.FLOATING });
    expect(variablesOf(stack)).toMatchObject({ TAG_KIND: 'floating' });
    Template.fromStack(stack).hasResourceProperties('AWS::ECR::Repository', {
      ImageTagMutabilityExclusionFilters: [{ ImageTagMutabilityExclusionFilterType: 'WILDCARD', ImageTagMutabilityExclusionFilterValue: '1.27.0' }],
    });
  });

  test.each([
    [OnTagMoved.FAIL, undefined],
    [OnTagMoved.KEEP, 'KEEP'],
    [OnTagMoved.SUFFIX, 'SUFFIX'],
  ])('hands over what to do when its tag has moved unless it is the default: %s', (onTagMoved, handedOver) => {
    mirror.addImage('nginx:1.27.0', { onTagMoved });
    expect(variablesOf(stack).ON_TAG_MOVED).toBe(handedOver);
  });

  test.each([
    [Attestations.KEEP_IF_ACCEPTED, undefined],
    [Attestations.KEEP, 'KEEP'],
    [Attestations.DROP, 'DROP'],
  ])('hands over what to do with its attestations unless it is the default: %s', (attestations, handedOver) => {
    mirror.addImage('nginx:1.27.0', { attestations });
    expect(variablesOf(stack).ATTESTATIONS).toBe(handedOver);
  });

  test.each([[undefined, undefined], [true, undefined], [false, 'false']])('hands over whether to look for late referrers unless it is the default: %j', (lateReferrers, handedOver) => {
    mirror.addImage('nginx:1.27.0', { lateReferrers });
    expect(variablesOf(stack).LATE_REFERRERS).toBe(handedOver);
  });

  test('takes both from its mirror, unless it says otherwise', () => {
    mirror.addImage('nginx:1.27.0');
    const settings = new ImageMirror(stack, 'Other', { repositoryPrefix: 'other', attestations: Attestations.DROP, lateReferrers: false });
    const taking = settings.addImage('redis:7.2.5');
    const overriding = settings.addImage('redis:7.4.0', { attestations: Attestations.KEEP_IF_ACCEPTED, lateReferrers: true });
    const inputs = Object.values(Template.fromStack(stack).findResources('AWS::Scheduler::Schedule')).map(({ Properties }) => String(Properties.Target.Input));
    expect(inputs.find((input) => input.includes(taking.source))).toMatch(/"ATTESTATIONS".*"DROP".*"LATE_REFERRERS".*"false"/);
    expect(inputs.find((input) => input.includes(overriding.source))).not.toMatch(/ATTESTATIONS|LATE_REFERRERS/);
  });

  test('lets a role pull from its repository and from no other', () => {
    const role = new iam.Role(stack, 'Task', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    mirror.addImage('redis:7');
    mirror.addImage('nginx:stable').grantPull(role);
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: [
          {
            Action: ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'],
            Effect: 'Allow',
            Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('mirrornginx'), 'Arn'] },
          },
          { Action: 'ecr:GetAuthorizationToken', Effect: 'Allow', Resource: '*' },
        ],
      },
    });
  });

  test('shares its repository with the other tags of its upstream repository', () => {
    expect(mirror.addImage('nginx:1.27.0').repository).toBe(mirror.addImage('nginx:stable').repository);
    Template.fromStack(stack).resourceCountIs('AWS::ECR::Repository', 1);
  });
});

describe('an existing repository', () => {
  test('is used by its literal name, and not defined again', () => {
    const repository = ecr.Repository.fromRepositoryName(stack, 'Existing', 'shared/nginx');
    const image = mirror.addImage('nginx:stable', { repository });
    expect(image.repository).toBe(repository);
    expect(variablesOf(stack)).toEqual({ IMAGE: 'docker.io/library/nginx:stable', REPOSITORY: 'shared/nginx' });
    expect(pushable()).toEqual([arn('shared/nginx')]);
    Template.fromStack(stack).resourceCountIs('AWS::ECR::Repository', 0);
  });

  test('that the app defines in the mirror\'s stack is used by its token', () => {
    const repository = new ecr.Repository(stack, 'Mine');
    mirror.addImage('nginx:stable', { repository });
    const name = new TemplateResolver(Template.fromStack(stack).toJSON()).resolve(stack.resolve(repository.repositoryName));
    expect(variablesOf(stack).REPOSITORY).toBe(name);
    expect(pushable()).toEqual([arn(String(name))]);
  });

  test('takes any number of floating tags, for its mutability is not ours', () => {
    const repository = ecr.Repository.fromRepositoryName(stack, 'Existing', 'shared/nginx');
    for (const tag of ['a', 'b', 'c', 'd', 'e', 'f']) mirror.addImage(`nginx:${tag}`, { repository });
    Template.fromStack(stack).resourceCountIs('AWS::Scheduler::Schedule', 6);
  });

  test.each<[string, () => ecr.IRepository, string]>([
    ['in another account', () => ecr.Repository.fromRepositoryArn(stack, 'R', 'arn:aws:ecr:eu-west-1:444455556666:repository/a'),
      'the repository is in the account "444455556666", but its mirror is in "111122223333"; builds push only to their own account and Region, so pass a repository in "111122223333"'],
    ['in another Region', () => ecr.Repository.fromRepositoryArn(stack, 'R', 'arn:aws:ecr:us-east-1:111122223333:repository/a'),
      'the repository is in the Region "us-east-1", but its mirror is in "eu-west-1"'],
    ['of another stack without a literal name', () => new ecr.Repository(new Stack(app, 'Other', { env: ENVIRONMENT }), 'R', { repositoryName: 'a/b' }),
      'the repository "Other/R" has a name that is not known at synthesis, and it is not in the mirror\'s stack; '
      + 'give it a name and pass ecr.Repository.fromRepositoryName(this, id, name), or define it in the stack of the mirror'],
  ])('fails when it is %s', (_, repository, message) => {
    expect(() => mirror.addImage('nginx:stable', { repository: repository() })).toThrow(message);
  });

  test('fails when another image wants the mirror to define it', () => {
    mirror.addImage('nginx:stable');
    const repository = ecr.Repository.fromRepositoryName(stack, 'Existing', 'mirror/nginx');
    expect(() => mirror.addImage('nginx:1.27.0', { repository })).toThrow(
      '"docker.io/library/nginx:1.27.0" and "docker.io/library/nginx:stable" contradict each other: one uses an existing repository as the repository "mirror/nginx", '
      + 'the other lets the mirror define it; set repository for both or for neither',
    );
  });

  test('fails beside a repository\'s name', () => {
    const repository = ecr.Repository.fromRepositoryName(stack, 'Existing', 'a/b');
    expect(() => mirror.addImage('nginx:stable', { repository, repositoryName: 'a/b' })).toThrow('repository and repositoryName are both set; set only one of them');
  });
});

describe('an image of another stack', () => {
  let team: Stack;
  beforeEach(() => {
    team = new Stack(app, 'Team', { env: ENVIRONMENT });
    mirror.addImage('redis:7');
  });

  test('has its repository, its schedule and what mirrors it in a deployment there, and nothing else', () => {
    new MirroredImage(team, 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
    const template = Template.fromStack(team);
    expect(Object.values(template.toJSON().Resources).map((resource) => (resource as { Type: string }).Type).sort())
      .toEqual(['AWS::ECR::Repository', 'AWS::Scheduler::Schedule', 'Custom::ImageMirror']);
  });

  test('needs the mirror\'s stack, which needs nothing from it', () => {
    new MirroredImage(team, 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
    expect(pushable()).toEqual([arn('mirror/grafana/grafana'), arn('mirror/redis')]);
    expect(team.dependencies).toEqual([stack]);
    expect(stack.dependencies).toEqual([]);
  });

  test('is started by the project, the role and the group of its mirror', () => {
    new MirroredImage(team, 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
    const platform = new TemplateResolver(Template.fromStack(stack).toJSON());
    const resolver = new TemplateResolver(Template.fromStack(team).toJSON(), undefined, [platform]);
    const schedule = resolver.properties(resolver.ids('AWS::Scheduler::Schedule')[0]);
    expect(schedule.Target).toMatchObject({
      Arn: platform.arn(platform.ids('AWS::CodeBuild::Project')[0]),
      RoleArn: platform.arn(platform.ids('AWS::IAM::Role').filter((id) => id.includes('SchedulerRole'))[0]),
      DeadLetterConfig: { Arn: platform.arn(platform.ids('AWS::SQS::Queue')[0]) },
    });
    expect(schedule.GroupName).toBe(platform.properties(platform.ids('AWS::Scheduler::ScheduleGroup')[0]).Name);
  });

  test('is an image of the mirror like every other', () => {
    const image = new MirroredImage(team, 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
    expect(mirror.image('grafana/grafana:11.1.0')).toBe(image);
    expect(mirror.images).toContain(image);
  });

  test('may be in a nested stack', () => {
    const nested = new NestedStack(stack, 'Nested');
    new MirroredImage(nested, 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
    Template.fromStack(nested).resourceCountIs('AWS::ECR::Repository', 1);
    Template.fromStack(stack).resourceCountIs('AWS::ECR::Repository', 1);
    expect(pushable()).toEqual([arn('mirror/grafana/grafana'), arn('mirror/redis')]);
  });

  test('may be outside the mirror but in its stack: the repository is the mirror\'s', () => {
    new MirroredImage(stack, 'Nginx', { mirror, image: 'nginx:stable' });
    expect(Object.keys(Template.fromStack(stack).findResources('AWS::ECR::Repository')).filter((id) => id.includes('nginx')))
      .toEqual([expect.stringMatching(/^MirrorRepositoriesmirrornginx/)]);
  });

  test('fails when its repository is in a third stack already', () => {
    expect(() => new MirroredImage(team, 'Redis', { mirror, image: 'redis:6' })).toThrow(
      '"docker.io/library/redis:6" and "docker.io/library/redis:7" use the repository "mirror/redis" but are in two stacks, "Team" and "Platform"; '
      + 'define both in one stack, or set another repositoryName for one of them',
    );
  });

  test.each([
    [{ account: '444455556666', region: 'eu-west-1' }, 'the stack "Far" is in the account "444455556666", but its mirror is in "111122223333"; define an ImageMirror for each account and Region'],
    [{ account: '111122223333', region: 'us-east-1' }, 'the stack "Far" is in the Region "us-east-1", but its mirror is in "eu-west-1"'],
  ])('fails when its stack is in another account or Region: %j', (env, message) => {
    expect(() => new MirroredImage(new Stack(app, 'Far', { env }), 'Image', { mirror, image: 'nginx' })).toThrow(message);
  });
});

describe('fails', () => {
  const token = () => Lazy.string({ produce: () => 'nginx' });

  test.each<[string, () => unknown, string]>([
    ['when the image is a token', () => mirror.addImage(token()), 'the image must be known at synthesis, but it is a token'],
    ['when the sought image is a token', () => mirror.image(token()), 'the image must be known at synthesis, but it is a token'],
    ['when the repository\'s name is a token', () => mirror.addImage('nginx', { repositoryName: token() }),
      'repositoryName must be known at synthesis, but it is a token (a value that is known only at deployment); write it as a string, or pass the repository itself as repository'],
    ['when the repository\'s name is none', () => mirror.addImage('nginx', { repositoryName: 'Mirror/Nginx' }),
      'repositoryName "Mirror/Nginx" is not valid: a repository name must be lowercase letters and digits'],
    ['when no name can be derived', () => mirror.addImage('[::1]:5000/a:1.0.0'), 'set repositoryName for this image'],
  ])('%s', (_, add, message) => {
    expect(add).toThrow(message);
  });

  test('when two images would be one tag of a repository that both name', () => {
    mirror.addImage('nginx:1.27.0', { repositoryName: 'web/server' });
    expect(() => mirror.addImage('httpd:1.27.0', { repositoryName: 'web/server' }))
      .toThrow('"docker.io/library/httpd:1.27.0" and "docker.io/library/nginx:1.27.0" both use the tag "1.27.0" in the repository "web/server"');
  });

  test('when the same image is defined twice in one repository', () => {
    mirror.addImage('nginx:1.27.0');
    expect(() => new MirroredImage(stack, 'Again', { mirror, image: 'nginx:1.27.0' })).toThrow('"docker.io/library/nginx:1.27.0" is already in the mirror; remove one of the two');
  });
});
