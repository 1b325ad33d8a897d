import { App, Duration, NestedStack, Stack, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import * as pipelines from 'aws-cdk-lib/pipelines';
import { Construct } from 'constructs';
import {
  ImageCatalog, ImageMirror, MirrorDashboard, MirroredImage, MirrorReplication, PullThroughCache, TagFilter, UpstreamRegistry,
} from '../src';
import { TemplateJson } from './support/template-resolver';
import { addressInStage } from '../src/synthesis/environments';

const IMAGES = ['nginx:stable', 'logstash:7.11.2', 'quay.io/prometheus/prometheus:v2.53.0', 'team/odd__name--x:1.0.0', 'localhost:5000/a/b:1.2.3'];

/** A changed id would make CloudFormation replace the repository, and its images would be gone. Never change these. */
const REPOSITORY_IDS = {
  MirrorRepositoriesmirrorlocalhost5000ab1682ED42: 'mirror/localhost_5000/a/b',
  MirrorRepositoriesmirrorlogstash4312D3E4: 'mirror/logstash',
  MirrorRepositoriesmirrornginx003F0248: 'mirror/nginx',
  MirrorRepositoriesmirrorquayioprometheusprometheus73092027: 'mirror/quay.io/prometheus/prometheus',
  MirrorRepositoriesmirrorteamoddnamex2CE80CBE: 'mirror/team/odd__name--x',
};

function synthesize(images: string[]) {
  const stack = new Stack(new App(), 'PlatformImages');
  new ImageMirror(stack, 'Mirror', { images });
  return Template.fromStack(stack).toJSON();
}

/** The names of the repositories by their logical ids. */
function repositoriesOf(template: TemplateJson) {
  return Object.fromEntries(Object.entries(template.Resources ?? {})
    .filter(([, resource]) => resource.Type === 'AWS::ECR::Repository')
    .map(([id, resource]) => [id, resource.Properties?.RepositoryName]));
}

test('the logical ids of repositories never change', () => {
  expect(repositoriesOf(synthesize(IMAGES))).toEqual(REPOSITORY_IDS);
});

test('the logical ids of repositories in another stack never change', () => {
  const app = new App();
  const mirror = new ImageMirror(new Stack(app, 'PlatformImages'), 'Mirror');
  const team = new Stack(app, 'Team');
  new MirroredImage(team, 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
  expect(repositoriesOf(Template.fromStack(team).toJSON())).toEqual({
    PlatformImagesMirrorRepositoriesmirrorgrafanagrafana34937BD8: 'mirror/grafana/grafana',
  });
});

test('the logical id of a repository in another stack does not depend on the image that is there first', () => {
  const idsWith = (...ids: string[]) => {
    const app = new App();
    const mirror = new ImageMirror(new Stack(app, 'PlatformImages'), 'Mirror');
    const team = new Stack(app, 'Team');
    for (const id of ids) new MirroredImage(team, id, { mirror, image: `grafana/grafana:${id}` });
    return repositoriesOf(Template.fromStack(team).toJSON());
  };
  expect(idsWith('11.1.0', '11.2.0')).toEqual(idsWith('11.2.0', '11.1.0'));
  expect(idsWith('11.2.0')).toEqual(idsWith('11.2.0', '11.1.0'));
});

test('the logical id of a repository does not depend on other images, on order or on the tag', () => {
  const alone = repositoriesOf(synthesize(['nginx:1.27.0']));
  const [[id, name]] = Object.entries(alone);
  for (const images of [IMAGES, [...IMAGES].reverse()]) expect(repositoriesOf(synthesize(images))).toHaveProperty(id, name);
});

test('the logical ids of repositories do not depend on whether builds mirror several images', () => {
  const stack = new Stack(new App(), 'PlatformImages');
  new ImageMirror(stack, 'Mirror', { images: IMAGES, groupRuns: true });
  expect(repositoriesOf(Template.fromStack(stack).toJSON())).toEqual(REPOSITORY_IDS);
});

test('the logical id of a repository does not depend on whether a filter selects its tags', () => {
  const stack = new Stack(new App(), 'PlatformImages');
  new ImageMirror(stack, 'Mirror').addImage('nginx', { tags: TagFilter.semver('>=1.25 <2') });
  expect(repositoriesOf(Template.fromStack(stack).toJSON())).toEqual({ MirrorRepositoriesmirrornginx003F0248: 'mirror/nginx' });
});

test('names that differ only in "/" and "--" are two repositories', () => {
  expect(Object.values(repositoriesOf(synthesize(['foo/bar:1.0.0', 'quay.io/x--y:1.0.0', 'quay.io/x/y:1.0.0', 'foo--bar/z:1.0.0', 'foo/bar/z:1.0.0']))).sort()).toEqual([
    'mirror/foo--bar/z', 'mirror/foo/bar', 'mirror/foo/bar/z', 'mirror/quay.io/x--y', 'mirror/quay.io/x/y',
  ]);
});

test('the same code gives the same template', () => {
  expect(JSON.stringify(synthesize(IMAGES))).toBe(JSON.stringify(synthesize(IMAGES)));
});

test('the order of images changes nothing in the template', () => {
  expect(synthesize([...IMAGES].reverse())).toEqual(synthesize(IMAGES));
});

test('adding an image adds two resources and changes none but the build role and the lists of images', () => {
  const before = synthesize(IMAGES).Resources;
  const after = synthesize([...IMAGES, 'redis:7.2.5']).Resources;
  const changed = Object.keys(after).filter((id) => JSON.stringify(after[id]) !== JSON.stringify(before[id])).map((id) => after[id].Type);
  expect(changed.sort()).toEqual(['AWS::ECR::Repository', 'AWS::IAM::Role', 'AWS::SSM::Parameter', 'AWS::Scheduler::Schedule', 'Custom::ImageMirror']);
});

/** An app with most features of this library. The names of its stacks are explicit, as in an app that moves into a stage and keeps its stacks. */
function defineApp(scope: Construct): Stack[] {
  const platform = new Stack(scope, 'PlatformImages', { stackName: 'PlatformImages', env: { account: '111122223333', region: 'eu-west-1' } });
  const team = new Stack(scope, 'Team', { stackName: 'Team', env: { account: '111122223333', region: 'eu-west-1' } });
  const mirror = new ImageMirror(platform, 'Mirror', {
    images: IMAGES,
    encryptionKey: new kms.Key(platform, 'Key'),
    schedule: scheduler.ScheduleExpression.rate(Duration.hours(6)),
  });
  const dockerfileLines = ['ENV A=1'];
  const repository = new ecr.Repository(platform, 'Own', { repositoryName: 'platform/own' });
  mirror.addImage('httpd:2.4.60', { repository, schedule: scheduler.ScheduleExpression.rate(Duration.hours(6)) });
  mirror.addImage('hashicorp/vault:1.14', { dockerfileLines });
  mirror.addImage('redis', { tags: TagFilter.semver('7.x', { latest: 3 }), repositoryName: 'shared/redis' });
  mirror.addCatalog('List', ImageCatalog.fromParameter(ssm.StringParameter.fromStringParameterName(platform, 'Images', '/platform/images')));
  mirror.notify(new sns.Topic(platform, 'Alerts'), { images: [mirror.image('nginx:stable')] });
  mirror.onScanFindings('Findings');
  new MirrorDashboard(platform, 'Dashboard', { mirror });
  new MirrorReplication(platform, 'Replication', { mirror, destinations: [{ region: 'us-east-1' }] });
  new PullThroughCache(platform, 'Cache', { upstream: UpstreamRegistry.QUAY });
  new MirroredImage(team, 'Grafana', { mirror, image: 'grafana/grafana:11.1.0' });
  new MirroredImage(team, 'Consul', { mirror, image: 'hashicorp/consul:1.19', dockerfileLines });
  return [platform, team];
}

/** The templates of the stacks. The path of the stage, which descriptions have, is removed. */
function templatesOf(stacks: readonly Stack[], stagePath: string): TemplateJson[] {
  return stacks.map((stack) => {
    const { template } = Stage.of(stack)!.synth().getStackArtifact(stack.artifactId);
    return JSON.parse(JSON.stringify(template).split(`${stagePath}/PlatformImages/`).join('PlatformImages/'));
  });
}

describe('an app that moves', () => {
  const inApp = () => templatesOf(defineApp(new App()), '');
  const ofType = ({ Resources = {} }: TemplateJson, type: string) => Object.keys(Resources).filter((id) => Resources[id].Type === type).sort();

  test('into a stage keeps its templates', () => {
    expect(templatesOf(defineApp(new Stage(new App(), 'Prod')), 'Prod')).toEqual(inApp());
  });

  test('into a stage in a stage keeps its templates', () => {
    expect(templatesOf(defineApp(new Stage(new Stage(new App(), 'Europe'), 'Prod')), 'Europe/Prod')).toEqual(inApp());
  });

  test('into a pipeline keeps its templates', () => {
    const pipelineStack = new Stack(new App(), 'Delivery', { env: { account: '111122223333', region: 'eu-west-1' } });
    const bucket = s3.Bucket.fromBucketName(pipelineStack, 'Source', 'source');
    const synth = new pipelines.ShellStep('Synth', { input: pipelines.CodePipelineSource.s3(bucket, 'app.zip'), commands: ['npx cdk synth'] });
    const stage = new Stage(pipelineStack, 'Prod');
    const stacks = defineApp(stage);
    new pipelines.CodePipeline(pipelineStack, 'Pipeline', { synth }).addStage(stage);
    expect(templatesOf(stacks, 'Delivery/Prod')).toEqual(inApp());
  });

  test('has these logical ids in each of its stacks, which never change', () => {
    const [platform, team] = templatesOf(defineApp(new Stage(new App(), 'Prod')), 'Prod');
    expect(repositoriesOf(platform)).toMatchObject(REPOSITORY_IDS);
    expect(repositoriesOf(team)).toEqual({
      PlatformImagesMirrorRepositoriesmirrorcustomhashicorpconsul19C87B2B: 'mirror/custom/hashicorp/consul',
      PlatformImagesMirrorRepositoriesmirrorgrafanagrafana34937BD8: 'mirror/grafana/grafana',
      PlatformImagesMirrorRepositoriesmirrorhashicorpconsul8BF50FE0: 'mirror/hashicorp/consul',
    });
    expect(['AWS::Scheduler::Schedule', 'Custom::ImageMirror'].map((type) => ofType(team, type))).toEqual([
      ['ConsulSchedule9B7935B6', 'GrafanaScheduleB20AE841'], ['PlatformImagesMirrorOnDeployImagesE1E49E09'],
    ]);
  });
});

test('the address of a construct in an app without stages is its address in the construct tree', () => {
  const stack = new Stack(new App(), 'PlatformImages');
  const construct = new Construct(new Construct(stack, 'Default'), 'Mirror');
  expect(construct.node.addr).toBe(`c8${addressInStage(construct)}`);
});

test('two stages of one environment have no physical name in common when their repository prefixes differ', () => {
  const app = new App();
  const namesIn = (stageName: string) => {
    const stack = new Stack(new Stage(app, stageName), 'Platform');
    const nested = new NestedStack(stack, 'Images');
    const mirror = new ImageMirror(nested, 'Mirror', { repositoryPrefix: `mirror-${stageName.toLowerCase()}`, images: ['nginx:stable', 'httpd:2.4.60'] });
    mirror.notify(new sns.Topic(nested, 'Alerts'));
    new MirrorDashboard(nested, 'Dashboard', { mirror });
    return physicalNames([stack, nested].map((part) => Template.fromStack(part).toJSON()));
  };
  const [beta, prod] = [namesIn('Beta'), namesIn('Prod')];
  expect(beta.length).toBeGreaterThan(2);
  expect(beta.filter((name) => prod.includes(name))).toEqual([]);
});

/** The values of all properties that name a resource, and the names of exports. */
function physicalNames(templates: readonly TemplateJson[]): string[] {
  const resources = templates.flatMap(({ Resources = {} }) => Object.values(Resources));
  // The name of an inline policy is unique in its role only.
  const own = resources.filter(({ Type }) => Type !== 'AWS::IAM::Policy').flatMap(({ Type, Properties = {} }) => {
    const noun = Type.split('::').pop()!;
    return ['Name', `${noun}Name`].map((key) => Properties[key]).filter((name) => typeof name === 'string') as string[];
  });
  const exports = templates.flatMap(({ Outputs = {} }) => Object.values(Outputs).flatMap(({ Export }) => Export?.Name ?? []));
  return [...own, ...exports];
}
