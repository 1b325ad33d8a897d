import { App, Aspects, Duration, IAspect, Lazy, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as events from 'aws-cdk-lib/aws-events';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { IConstruct } from 'constructs';
import { ImageCatalog, ImageMirror, ImageMirrorProps, MirrorCompute, OnDeploy, OnTagMoved } from '../../src';
import { TemplateResolver } from '../support/template-resolver';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

let stack: Stack;
beforeEach(() => {
  stack = new Stack(new App(), 'Stack');
});

function synthesize(props: ImageMirrorProps = {}) {
  new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'], ...props });
  return Template.fromStack(stack);
}

function repository(template: Template, name: string) {
  const [found] = Object.values(template.findResources('AWS::ECR::Repository', { Properties: { RepositoryName: name } }));
  return found;
}

/** The statements that the build role may push with, resolved as CloudFormation would. */
function pushable(template: Template): string[] {
  const resolver = new TemplateResolver(template.toJSON());
  const [role] = resolver.ids('AWS::IAM::Role').filter((id) => id.includes('BuildRole'));
  const statements: { Action: string | string[]; Resource: string | string[] }[] = resolver.properties(role).Policies[0].PolicyDocument.Statement;
  return statements.filter(({ Action }) => Action.includes('ecr:PutImage')).flatMap(({ Resource }) => Resource);
}

describe('by default', () => {
  test('one image is 26 resources, and each further one is 2 more', () => {
    expect(Object.keys(synthesize().toJSON().Resources)).toHaveLength(26);
    stack = new Stack(new App(), 'Stack');
    expect(Object.keys(synthesize({ images: ['nginx:stable', 'redis:7', 'quay.io/prometheus/prometheus:v2.53.0'] }).toJSON().Resources)).toHaveLength(30);
  });

  test('16 of the resources are for deployments', () => {
    expect(Object.keys(synthesize({ onDeploy: OnDeploy.OFF }).toJSON().Resources)).toHaveLength(10);
  });

  test('a repository is retained, scanned, immutable and expires only what no tag names', () => {
    const template = synthesize({ images: ['logstash:7.11.2'] });
    template.hasResource('AWS::ECR::Repository', {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: { RepositoryName: 'mirror/logstash', ImageScanningConfiguration: { ScanOnPush: true }, ImageTagMutability: 'IMMUTABLE' },
    });
    const { Properties } = repository(template, 'mirror/logstash');
    expect(Properties).not.toHaveProperty('ImageTagMutabilityExclusionFilters');
    expect(Properties).not.toHaveProperty('EmptyOnDelete');
    expect(JSON.parse(Properties.LifecyclePolicy.LifecyclePolicyText).rules).toEqual([{
      rulePriority: 1,
      description: expect.any(String),
      selection: { tagStatus: 'untagged', countType: 'sinceImagePushed', countNumber: 30, countUnit: 'days' },
      action: { type: 'expire' },
    }]);
  });

  test('a schedule starts the project once a day within an hour, with the image in its canonical spelling and nothing else', () => {
    const template = synthesize();
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'rate(1 day)',
      FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 60 },
      State: 'ENABLED',
      Target: {
        Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('MirrorProject'), 'Arn'] },
        RoleArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('MirrorSchedulerRole'), 'Arn'] },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('MirrorDeadLetterQueue'), 'Arn'] } },
        Input: '{"environmentVariablesOverride":[{"name":"IMAGE","type":"PLAINTEXT","value":"docker.io/library/nginx:stable"}]}',
      },
    });
  });

  test('the schedule group goes with the mirror, so that its name is free when the app is deployed again', () => {
    synthesize().hasResource('AWS::Scheduler::ScheduleGroup', { DeletionPolicy: 'Delete' });
  });

  test('the dead-letter queue is encrypted, refuses plain HTTP and keeps messages for 14 days', () => {
    const template = synthesize();
    template.hasResourceProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 24 * 3600 });
    template.hasResourceProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: { Statement: [Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })] },
    });
  });

  test('logs are kept for three months in a group of their own', () => {
    const template = synthesize();
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 90 });
    template.hasResourceProperties('AWS::CodeBuild::Project', { LogsConfig: { CloudWatchLogs: { GroupName: { Ref: Match.stringLikeRegexp('MirrorLogs') } } } });
  });

  test('nothing may be done to every resource but asking for a token, and decrypting the assets', () => {
    const statements = Object.values(synthesize().findResources('AWS::IAM::Role'))
      .flatMap((role): { PolicyDocument: { Statement: { Action: unknown; Resource: unknown }[] } }[] => role.Properties.Policies ?? [])
      .flatMap((policy) => policy.PolicyDocument.Statement);
    const wide = statements.filter((statement) => JSON.stringify(statement.Resource).includes('*'));
    expect(wide).toEqual([
      { Action: 'ecr:GetAuthorizationToken', Effect: 'Allow', Resource: '*' },
      expect.objectContaining({ Action: 'kms:Decrypt', Condition: expect.objectContaining({ StringEquals: { 'kms:EncryptionContext:aws:s3:arn': expect.any(Array) } }) }),
    ]);
    expect(JSON.stringify(statements.map((statement) => statement.Action))).not.toContain('*');
  });
});

describe('properties', () => {
  test('repositories take another prefix, and so does the engine', () => {
    const template = synthesize({ repositoryPrefix: 'platform/upstream' });
    expect(repository(template, 'platform/upstream/nginx')).toBeDefined();
    expect(JSON.stringify(template.findResources('AWS::CodeBuild::Project'))).toContain('{"Name":"MIRROR_REPOSITORY_PREFIX","Type":"PLAINTEXT","Value":"platform/upstream"}');
  });

  test('schedules take another rate and no window', () => {
    synthesize({ schedule: scheduler.ScheduleExpression.cron({ minute: '0', hour: '3' }), timeWindow: scheduler.TimeWindow.off() })
      .hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'cron(0 3 * * ? *)', FlexibleTimeWindow: { Mode: 'OFF' } });
  });

  test('every schedule hands over what to do when a tag has moved', () => {
    synthesize({ onTagMoved: OnTagMoved.SUFFIX }).hasResourceProperties('AWS::Scheduler::Schedule', {
      Target: { Input: Match.stringLikeRegexp('{"name":"ON_TAG_MOVED","type":"PLAINTEXT","value":"SUFFIX"}') },
    });
  });

  test('repositories are encrypted with a key', () => {
    const encryptionKey = kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/1234');
    synthesize({ encryptionKey }).hasResourceProperties('AWS::ECR::Repository', {
      EncryptionConfiguration: { EncryptionType: 'KMS', KmsKey: 'arn:aws:kms:eu-west-1:111122223333:key/1234' },
    });
  });

  test('repositories that are destroyed are emptied first', () => {
    synthesize({ repositoryRemovalPolicy: RemovalPolicy.DESTROY }).hasResource('AWS::ECR::Repository', { DeletionPolicy: 'Delete', Properties: { EmptyOnDelete: true } });
  });

  test('untagged images expire at another age, and scanning can be left to the registry', () => {
    const template = synthesize({ untaggedImageExpiry: Duration.days(7), imageScanOnPush: false });
    const { Properties } = repository(template, 'mirror/nginx');
    expect(JSON.parse(Properties.LifecyclePolicy.LifecyclePolicyText).rules.at(-1).selection.countNumber).toBe(7);
    expect(Properties.ImageScanningConfiguration).toEqual({ ScanOnPush: false });
  });

  test('events go to another bus, and to that only', () => {
    const eventBus = new events.EventBus(stack, 'Bus');
    const template = synthesize({ eventBus, logRetention: logs.RetentionDays.ONE_WEEK });
    expect(JSON.stringify(template.toJSON())).not.toContain('event-bus/default');
    expect(JSON.stringify(template.findResources('AWS::CodeBuild::Project'))).toContain('{"Name":"MIRROR_EVENT_BUS","Type":"PLAINTEXT","Value":{"Fn::GetAtt":["BusEA82B648","Arn"]}}');
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 7 });
  });
});

describe('floating tags', () => {
  test('are exactly the exceptions from immutability, in alphabetical order', () => {
    const template = synthesize({ images: ['nginx:stable', 'nginx:1.27.0', 'nginx:1.27', 'nginx:alpine'] });
    expect(repository(template, 'mirror/nginx').Properties).toMatchObject({
      ImageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
      ImageTagMutabilityExclusionFilters: ['1.27', 'alpine', 'stable'].map((tag) => ({
        ImageTagMutabilityExclusionFilterType: 'WILDCARD', ImageTagMutabilityExclusionFilterValue: tag,
      })),
    });
  });

  test('count when they are added after the repository was defined, an aspect\'s included', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:1.27.0'] });
    class AddImage implements IAspect {
      public visit(node: IConstruct) {
        if (node === mirror) mirror.addImage('nginx:stable');
      }
    }
    Aspects.of(stack).add(new AddImage());
    const template = Template.fromStack(stack);
    expect(repository(template, 'mirror/nginx').Properties.ImageTagMutabilityExclusionFilters).toHaveLength(1);
    template.resourceCountIs('AWS::Scheduler::Schedule', 2);
  });

  test('may be more than five in one repository', () => {
    const tags = ['3.11', '3.12', '3.13', '3.11-slim', '3.12-slim', '3.13-slim', 'slim'];
    const template = synthesize({ images: tags.map((tag) => `python:${tag}`) });
    expect(repository(template, 'mirror/python').Properties).toMatchObject({
      ImageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
      ImageTagMutabilityExclusionFilters: ['3.1*-slim', '3.11', '3.12', '3.13', 'slim'].map((tag) => ({ ImageTagMutabilityExclusionFilterValue: tag })),
    });
  });
});

describe('the build role', () => {
  const images = (count: number) => Array.from({ length: count }, (_, index) => `team/app${index}:1.0.0`);

  test('names each of 60 repositories', () => {
    const arns = pushable(synthesize({ images: images(60) }));
    expect(arns).toHaveLength(60);
    expect(arns).toContain('arn:aws:ecr:eu-west-1:111122223333:repository/mirror/team/app59');
    expect(arns.filter((arn) => arn.includes('*'))).toEqual([]);
  });

  test('names the prefix from 61 on, and the repositories outside it one by one', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { images: images(61) });
    mirror.addImage('vault:1.14.0', { repositoryName: 'security/vault' });
    expect(pushable(Template.fromStack(stack))).toEqual([
      'arn:aws:ecr:eu-west-1:111122223333:repository/mirror/*',
      'arn:aws:ecr:eu-west-1:111122223333:repository/security/vault',
    ]);
  });

  test('names the prefix before 61 when long names would not fit into its policy', () => {
    const long = 'a'.repeat(200);
    expect(pushable(synthesize({ images: images(40).map((image) => image.replace('team', long)) }))).toEqual(['arn:aws:ecr:eu-west-1:111122223333:repository/mirror/*']);
  });

  test('fails when even the repositories outside the prefix do not fit', () => {
    const mirror = new ImageMirror(stack, 'Mirror');
    for (let index = 0; index < 61; index++) mirror.addImage(`app${index}:1.0.0`, { repositoryName: `${'a'.repeat(200)}/app${index}` });
    expect(() => Template.fromStack(stack)).toThrow(/the policy of the build role would have about \d+ characters, but IAM allows 10240: it lists 61 repositories that are not under "mirror\/"/);
  });
});

describe('finding an image', () => {
  test.each(['nginx', 'nginx:latest', 'library/nginx', 'docker.io/nginx', 'index.docker.io/library/nginx:latest'])('%s is the one that was added as docker.io/library/nginx:latest', (spelling) => {
    const mirror = new ImageMirror(stack, 'Mirror', { images: ['docker.io/library/nginx:latest', 'nginx:stable'] });
    expect(mirror.image(spelling)).toBe(mirror.images[0]);
  });

  test('fails and lists the other tags when the tag is another', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable', 'nginx:1.27.0', 'redis:7'] });
    expect(() => mirror.image('nginx')).toThrow('"nginx:latest" is not in the mirror; add it with addImage(), or use one of the mirrored images: "nginx:1.27.0", "nginx:stable"');
  });

  test('fails and lists some of all images when the repository is another', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { images: Array.from({ length: 12 }, (_, index) => `team/app${index}:1.0.0`) });
    expect(() => mirror.image('redis:7')).toThrow(/^"redis:7" is not in the mirror; .*"team\/app0:1.0.0", .* and 2 more$/);
  });

  test('fails when there are none', () => {
    expect(() => new ImageMirror(stack, 'Mirror').image('redis:7')).toThrow('use one of the mirrored images: none yet');
  });

  test('fails and says where to ask for what a catalog may list', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
    mirror.addCatalog('Teams', ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(stack, 'List', '/images')));
    expect(() => mirror.image('redis:7')).toThrow('"redis:7" is not in the mirror; use imageUri("redis:7") of the catalog that lists it, add it with addImage(), or use one of the mirrored images: "nginx:stable"');
  });

  test('fails when the image is in two repositories', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { images: ['redis:7'] });
    mirror.addImage('redis:7', { repositoryName: 'mirror/cache' });
    expect(() => mirror.image('redis:7')).toThrow('"redis:7" is in 2 repositories of the mirror; use the image that addImage() returned');
  });

  test('the list of images is a copy', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { images: ['redis:7'] });
    mirror.images.pop();
    expect(mirror.images).toHaveLength(1);
  });
});

describe('fails', () => {
  const token = () => Lazy.string({ produce: () => 'nginx' });

  test.each<[string, () => ImageMirrorProps, string]>([
    ['when an image is a token', () => ({ images: [token()] }), 'the image must be known at synthesis, but it is a token'],
    ['when the images are a token', () => ({ images: Lazy.list({ produce: () => ['nginx'] }) }), 'images must be known at synthesis, but it is a list token'],
    ['when the prefix is a token', () => ({ repositoryPrefix: token() }), 'repositoryPrefix must be known at synthesis, but it is a token'],
    ['when the prefix is empty', () => ({ repositoryPrefix: '' }), 'repositoryPrefix is empty, but builds may push to all repositories under it; use for example "mirror"'],
    ['when the prefix ends with a slash', () => ({ repositoryPrefix: 'mirror/' }), 'repositoryPrefix "mirror/" cannot be the first part of a repository name'],
    ['when the prefix is in upper case', () => ({ repositoryPrefix: 'Mirror' }), 'repositoryPrefix "Mirror" cannot be the first part of a repository name'],
    ['when an image is none', () => ({ images: ['https://nginx'] }), 'invalid image reference "https://nginx": remove the scheme'],
    ['when two images would have one tag', () => ({ images: ['nginx:1.27.0', `nginx:1.27.0@${DIGEST}`] }),
      `"docker.io/library/nginx:1.27.0@${DIGEST}" and "docker.io/library/nginx:1.27.0" both use the tag "1.27.0" in the repository "mirror/nginx"; set another repositoryName`],
    ['when the expiry has half a day', () => ({ untaggedImageExpiry: Duration.hours(36) }), 'untaggedImageExpiry "1 day 12 hours" must be a whole number of days, at least 1; use for example Duration.days(30)'],
    ['when the expiry is a token', () => ({ untaggedImageExpiry: Duration.days(Lazy.number({ produce: () => 3 })) }), 'untaggedImageExpiry (a token) must be a whole number of days'],
  ])('%s', (_, props, message) => {
    expect(() => synthesize(props())).toThrow(message);
  });

  test('when no image was ever added', () => {
    new ImageMirror(stack, 'Mirror');
    expect(() => Template.fromStack(stack)).toThrow('the mirror has no images; pass images, call addImage() or addCatalog(), or remove the mirror');
  });
});

test('warns about nothing by default', () => {
  new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'], compute: MirrorCompute.awsLambda() });
  Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  Annotations.fromStack(stack).hasNoError('*', Match.anyValue());
});
