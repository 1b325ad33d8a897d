import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Attestations, ImageCatalog, ImageMirror, ImageMirrorProps, MirrorCompute, MirroredCatalog, OnDeploy, OnTagMoved, TagKind } from '../../src';
import { MirroredCatalogOptions } from '../../src/catalog/mirrored-catalog-options';
import { buildSchedules } from '../support/local-scheduler';
import { TemplateResolver } from '../support/template-resolver';
import { withFolder } from '../support/with-folder';

let app: App;
let stack: Stack;
const folder = withFolder();
const parameter = () => ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(stack, 'List', '/platform/images'));
const template = () => Template.fromStack(stack);
const resolved = () => new TemplateResolver(template().toJSON());
const runs = () => buildSchedules(resolved()).map(({ variables }) => variables);

beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Platform');
});

function file(text: string, name = 'images.yaml'): ImageCatalog {
  writeFileSync(path.join(folder, name), text);
  return ImageCatalog.fromFile(path.join(folder, name));
}

function define(catalog: ImageCatalog = parameter(), options: MirroredCatalogOptions = {}, props: ImageMirrorProps = {}): MirroredCatalog {
  return new ImageMirror(stack, 'Mirror', props).addCatalog('Teams', catalog, options);
}

/** What the build role may do, by action. */
function allowed(action: string): string[] {
  const deployed = resolved();
  const [role] = deployed.ids('AWS::IAM::Role').filter((id) => id.includes('BuildRole'));
  const statements: { Action: string | string[]; Resource: string | string[] }[] = deployed.properties(role).Policies[0].PolicyDocument.Statement;
  return statements.filter(({ Action }) => [Action].flat().includes(action)).flatMap(({ Resource }) => Resource);
}

describe('the platforms and referrers of a catalog', () => {
  test.each<[string, MirroredCatalogOptions, ImageMirrorProps, object]>([
    ['are those of the mirror', {}, { platforms: [Platform.LINUX_ARM64, Platform.LINUX_AMD64], referrers: false }, { PLATFORMS_IF_AVAILABLE: 'linux/amd64,linux/arm64', REFERRERS: 'false' }],
    ['can be the catalog\'s own', { platforms: [Platform.LINUX_ARM64], referrers: false }, { platforms: [Platform.LINUX_AMD64] }, { PLATFORMS_IF_AVAILABLE: 'linux/arm64', REFERRERS: 'false' }],
    ['can be all, although the mirror has a list', { allPlatforms: true, referrers: true }, { platforms: [Platform.LINUX_AMD64], referrers: false }, {}],
  ])('%s', (_, options, props, variables) => {
    define(parameter(), options, props);
    expect(runs()).toEqual([{ CATALOG: 'ssm:/platform/images', ...variables }]);
  });

  test('exclude each other', () => {
    expect(() => define(parameter(), { allPlatforms: true, platforms: [Platform.LINUX_ARM64] })).toThrow('allPlatforms is true, but platforms is set too');
  });

  test('count for the warning about the pull limit of Docker Hub, except for entries with platforms of their own', () => {
    const images = Array.from({ length: 12 }, (_, index) => `  - team/app${index}:1.0.0`).join('\n');
    define(file(`images:\n${images}`), {}, { platforms: [Platform.LINUX_AMD64] });
    expect(Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('pulls'))).toEqual([]);
    (stack.node.findChild('Mirror') as ImageMirror).addCatalog('More', file(`images:\n${images.replace(/- (.*)/g, '- { image: "$1", allPlatforms: true }')}`, 'more.yaml'));
    expect(Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('24 images from Docker Hub need about 108 pulls'))).toHaveLength(1);
  });
});

describe('a catalog', () => {
  test('has one schedule, which names where the list lies', () => {
    define();
    expect(runs()).toEqual([{ CATALOG: 'ssm:/platform/images' }]);
  });

  test('runs when the mirror\'s images do, unless it says otherwise', () => {
    const every = (hours: number) => scheduler.ScheduleExpression.rate(Duration.hours(hours));
    const mirror = new ImageMirror(stack, 'Mirror', { schedule: every(6) });
    mirror.addCatalog('One', parameter());
    mirror.addCatalog('Other', file('nginx:1.27.0'), { schedule: every(12), timeWindow: scheduler.TimeWindow.off() });
    const expressions = Object.values(template().findResources('AWS::Scheduler::Schedule')).map(({ Properties }) => [Properties.ScheduleExpression, Properties.FlexibleTimeWindow.Mode]);
    expect(expressions).toEqual([['rate(6 hours)', 'FLEXIBLE'], ['rate(12 hours)', 'OFF']]);
  });

  test('is enough for a mirror', () => {
    define();
    expect(() => template()).not.toThrow();
  });

  test('may be beside images', () => {
    define(parameter(), {}, { images: ['nginx:stable'] });
    expect(runs().map(({ IMAGE, CATALOG }) => [IMAGE, CATALOG])).toEqual(expect.arrayContaining([['docker.io/library/nginx:stable', undefined], [undefined, 'ssm:/platform/images']]));
  });

  test('hands on what the mirror does about tags that moved, unless it says otherwise', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { onTagMoved: OnTagMoved.KEEP });
    mirror.addCatalog('One', parameter());
    mirror.addCatalog('Other', file('nginx:1.27.0'), { onTagMoved: OnTagMoved.FAIL });
    expect(runs().map(({ ON_TAG_MOVED }) => ON_TAG_MOVED)).toEqual(['KEEP', undefined]);
  });

  test('hands on what the mirror does about attestations and late referrers, unless it says otherwise', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { attestations: Attestations.DROP, lateReferrers: false });
    mirror.addCatalog('One', parameter());
    mirror.addCatalog('Other', file('nginx:1.27.0'), { attestations: Attestations.KEEP_IF_ACCEPTED, lateReferrers: true });
    expect(runs().map(({ ATTESTATIONS, LATE_REFERRERS }) => [ATTESTATIONS, LATE_REFERRERS])).toEqual([['DROP', 'false'], [undefined, undefined]]);
  });

  test('hands on how many images stay, where it differs from the mirror', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { keepPrevious: 20, keepVersions: 30 });
    mirror.addCatalog('One', parameter());
    mirror.addCatalog('Other', file('nginx:1.27.0'), { keepPrevious: 0, keepVersions: 5 });
    mirror.addCatalog('Same', file('nginx:1.27.0'), { keepPrevious: 20 });
    expect(runs().map(({ KEEP_PREVIOUS, KEEP_VERSIONS }) => [KEEP_PREVIOUS, KEEP_VERSIONS])).toEqual([[undefined, '30'], ['0', '5'], [undefined, '30']]);
    expect(() => mirror.addCatalog('Odd', file('nginx:1.27.0'), { keepVersions: 0 })).toThrow('keepVersions is the number 0: it must be a whole number from 1 to 10000');
  });

  test('is started when it is deployed, and not waited for', () => {
    define();
    template().hasResourceProperties('Custom::ImageMirror', { OnDeploy: 'START', Images: [{ CATALOG: 'ssm:/platform/images' }] });
    template().resourceCountIs('Custom::ImageMirror', 1);
  });

  test('is started when the role may read it and repositories can be created', () => {
    define();
    const [{ DependsOn: dependencies }] = Object.values(template().findResources('Custom::ImageMirror'));
    const ids = Object.keys(template().findResources('AWS::ECR::RepositoryCreationTemplate'));
    expect(ids).toHaveLength(2);
    expect(dependencies).toEqual(expect.arrayContaining([...ids, expect.stringContaining('MirrorBuildRole')]));
  });

  test('is left to its schedule with OnDeploy.OFF', () => {
    define(parameter(), {}, { onDeploy: OnDeploy.OFF });
    template().resourceCountIs('Custom::ImageMirror', 0);
  });

  test('is in the stack of its mirror', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { images: ['nginx:stable'] });
    const team = new Stack(app, 'Team');
    expect(() => new MirroredCatalog(team, 'Catalog', { mirror, catalog: parameter() })).toThrow(
      'the catalog is in the stack "Team", but its mirror is in "Platform"; define the catalog in the stack of the mirror, with addCatalog()',
    );
  });

  test('says where its images are, by the kind of their tags', () => {
    const catalog = define();
    const uri = (image: string, kind?: TagKind) => stack.resolve(catalog.imageUri(image, kind))['Fn::Join'][1].at(-1);
    expect(uri('nginx:1.27.0')).toBe('/mirror/nginx:1.27.0');
    expect(uri('nginx:stable')).toBe('/mirror-floating/nginx:stable');
    expect(uri('quay.io/a/b:1')).toBe('/mirror-floating/quay.io/a/b:1');
    expect(uri('nginx:stable', TagKind.FIXED)).toBe('/mirror/nginx:stable');
    expect(['1.2.0-dev', '1.2.0-stable', '1.2.0-rc.1'].map((tag) => uri(`nginx:${tag}`))).toEqual([
      '/mirror-floating/nginx:1.2.0-dev', '/mirror-floating/nginx:1.2.0-stable', '/mirror/nginx:1.2.0-rc.1',
    ]);
    expect(() => catalog.imageUri('custom/nginx:1.27.0')).toThrow('"custom/" is reserved for customized images; mirror it with addImage() and a repositoryName');
    expect(catalog.repository('nginx:1.27.0')).toBe(catalog.repository('docker.io/library/nginx:1.26.0'));
    expect(() => catalog.imageUri('Nginx')).toThrow('use "nginx"');
  });
});

describe('where the list lies', () => {
  test('may be a parameter of the stack', () => {
    define(ImageCatalog.fromParameter(new ssm.StringListParameter(stack, 'Images', { parameterName: '/images', stringListValue: ['nginx:stable'] })));
    const schedule = JSON.stringify(template().findResources('AWS::Scheduler::Schedule'));
    expect(schedule).toMatch(/ssm:"?,\{"Ref":"Images[0-9A-F]+"\}/);
  });

  test('may be an object in a bucket, encrypted with a key', () => {
    const key = new kms.Key(stack, 'Key');
    const bucket = new s3.Bucket(stack, 'Lists', { encryptionKey: key });
    define(ImageCatalog.fromBucket(bucket, 'platform/images.yaml'));
    const role = JSON.stringify(template().findResources('AWS::IAM::Role'));
    expect(role).toMatch(/"Action":"s3:GetObject","Effect":"Allow","Resource":\{"Fn::Join":\["",\[\{"Fn::GetAtt":\["Lists[0-9A-F]+","Arn"\]\},"\/platform\/images\.yaml"\]\]\}/);
    template().hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: [{ Action: 'kms:Decrypt', Effect: 'Allow', Resource: Match.anyValue() }] },
      Roles: [{ Ref: Match.stringLikeRegexp('BuildRole') }],
    });
  });

  test('may be a file of the app, which becomes an asset', () => {
    define(file('images: ["nginx:1.27.0"]'));
    const [{ CATALOG }] = runs();
    expect(CATALOG).toMatch(/^s3:\/\/cdk-hnb659fds-assets-111122223333-eu-west-1\/[0-9a-f]{64}\.yaml$/);
    expect(allowed('s3:GetObject')).toContain(`arn:aws:s3:::${CATALOG.slice('s3://'.length)}`);
  });

  test('changes with the file, so that it is mirrored anew when it is deployed', () => {
    const locations = ['nginx:1.27.0', 'nginx:1.27.1', 'nginx:1.27.0'].map((text) => {
      stack = new Stack(new App(), 'Platform');
      define(file(text));
      return runs()[0].CATALOG;
    });
    expect(locations[0]).toBe(locations[2]);
    expect(locations[0]).not.toBe(locations[1]);
  });

  test.each<[string, () => ImageCatalog, string]>([
    ['a SecureString', () => ImageCatalog.fromParameter(ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'S', { parameterName: '/a' })), 'the catalog is a SecureString'],
    ['a parameter whose name is none', () => ImageCatalog.fromParameter(ssm.StringListParameter.fromStringListParameterName(stack, 'S', '/a b')), '"/a b" is not a valid parameter name'],
    ['a key that leaves its folder', () => ImageCatalog.fromBucket(s3.Bucket.fromBucketName(stack, 'B', 'lists'), 'a/../b'), '"a/../b" is not a valid key for a catalog'],
    ['a key with a space', () => ImageCatalog.fromBucket(s3.Bucket.fromBucketName(stack, 'B', 'lists'), 'a b'), '"a b" is not a valid key for a catalog'],
    ['no key', () => ImageCatalog.fromBucket(s3.Bucket.fromBucketName(stack, 'B', 'lists'), ''), '"" is not a valid key for a catalog'],
    ['a key that is a token', () => ImageCatalog.fromBucket(s3.Bucket.fromBucketName(stack, 'B', 'lists'), stack.account), 'the key of a catalog must be known at synthesis'],
  ])('is not %s', (_, catalog, words) => {
    expect(catalog).toThrow(words);
  });

  test('is no file that is missing', () => {
    const mirror = new ImageMirror(stack, 'Mirror');
    expect(() => mirror.addCatalog('One', ImageCatalog.fromFile('nowhere.yaml'))).toThrow('the catalog "nowhere.yaml" is not a file in');
    expect(() => mirror.addCatalog('Other', ImageCatalog.fromFile(folder))).toThrow('is not a file in');
  });

  test('is no file with mistakes, each of which is told with its line', () => {
    expect(() => define(file('images:\n  - nginx:1.27.0\n  - Nginx\n  - { image: redis, tags: { semver: ">> 7" } }\n'))).toThrow(
      /^the catalog ".*images\.yaml" has 2 mistakes:\nline 3: its image is "Nginx": .*\nline 4: its tags are .*: its range of versions must be valid for npm/,
    );
    stack = new Stack(new App(), 'Platform');
    expect(() => define(file('images: [nginx'))).toThrow(/has a mistake:\nline 1: /);
    stack = new Stack(new App(), 'Platform');
    expect(() => define(file('images: [a:1.0.0]\n---\nimages: [b:2.0.0]'))).toThrow(/has a mistake:\nline 2: several documents are not supported; write a single document$/);
    stack = new Stack(new App(), 'Platform');
    expect(() => define(file('images: [custom/nginx:1.27.0-4f1c0e2a9b7d]'))).toThrow(/has a mistake:\nline 1: .*"custom\/" is reserved for customized images/);
    stack = new Stack(new App(), 'Platform');
    expect(() => define(file(Array.from({ length: 30 }, () => 'BAD').join(',')))).toThrow(/has 30 mistakes:\n(.*\n){10}and 20 more$/);
  });

  test('is not judged by the day: whether an image has expired is found out when it runs', () => {
    expect(() => define(file('images: [{ image: nginx:1.27.0, expires: 2020-01-01 }]'))).not.toThrow();
  });
});

describe('shards', () => {
  test('are schedules with a part of the list each, and runs of their own when they are deployed', () => {
    define(parameter(), { shards: 3 });
    const parts = ['1/3', '2/3', '3/3'].map((SHARD) => ({ CATALOG: 'ssm:/platform/images', SHARD }));
    expect(runs()).toEqual(parts);
    template().hasResourceProperties('Custom::ImageMirror', { Images: parts });
  });

  test('leave the first schedule as it is when there are more', () => {
    const ids = [1, 2].map((shards) => {
      stack = new Stack(new App(), 'Platform');
      define(parameter(), { shards });
      return Object.keys(template().findResources('AWS::Scheduler::Schedule'));
    });
    expect(ids[1]).toEqual(expect.arrayContaining(ids[0]));
  });

  test.each([0, 31, 1.5, NaN, -1])('are not %d', (shards) => {
    expect(() => define(parameter(), { shards })).toThrow(`shards ${JSON.stringify(shards)} must be a whole number from 1 to 30`);
  });

  const images = (count: number) => Array.from({ length: count }, (_, index) => `quay.io/team/app${index}:1.0.0`).join('\n');
  const warnings = () => Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('.*')).map(({ entry }) => String(entry.data));

  test('are asked for when a file has more images than a build copies in its time', () => {
    define(file(images(300)));
    expect(warnings()).toEqual([expect.stringMatching(/^300 of the 300 images of the catalog are mirrored by one build, which copies about 240 images in 1 hour, so the first copies take several runs; set shards: 2 \[ack: cdk-ecr-mirror:MirroredCatalog\.shards\]$/)]);
  });

  test('are asked for sooner where builds are short', () => {
    define(file(images(100)), {}, { compute: MirrorCompute.awsLambda() });
    expect(warnings()).toEqual([expect.stringContaining('which copies about 60 images in 15 minutes')]);
  });

  test('are enough where the warning says so', () => {
    define(file(images(300)), { shards: 2 });
    expect(warnings()).toEqual([]);
  });

  test('are demanded when a file has more images than a build takes', () => {
    expect(() => define(file(images(501)))).toThrow('501 of the 501 images of the catalog would be mirrored by one build, but the limit is 500; set shards: 2');
  });

  const tags = (count: number) => Array.from({ length: count }, (_, index) => `nginx:1.0.${index}`).join('\n');

  test('are no help with the tags of one repository, which are better selected', () => {
    expect(() => define(file(tags(501)), { shards: 30 })).toThrow('501 of the 501 images of the catalog would be mirrored by one build, but the limit is 500; 501 are tags of docker.io/library/nginx, and one build mirrors all tags of a repository; select them with "tags" instead');
    stack = new Stack(new App(), 'Platform');
    define(file(tags(300)));
    expect(warnings()).toContainEqual(expect.stringContaining('the first copies take several runs; no number of shards changes that'));
  });

  test('are never advised to be more than there may be', () => {
    define(file(images(5_000)), { shards: 30 }, { compute: MirrorCompute.awsLambda() });
    expect(warnings()).toContainEqual(expect.stringContaining('which copies about 60 images in 15 minutes, so the first copies take several runs; no number of shards changes that'));
  });

  test('that start at the same time are told when they are more than an account\'s queue takes', () => {
    const mirror = new ImageMirror(stack, 'Mirror', { timeWindow: scheduler.TimeWindow.off() });
    const list = parameter();
    mirror.addCatalog('One', list, { shards: 15 });
    mirror.addCatalog('Other', list, { shards: 15 });
    expect(warnings()).toEqual([]);
    mirror.addCatalog('Third', list);
    expect(warnings()).toEqual([expect.stringContaining('an account queues about 30 builds')]);
  });

  test('are not asked for where nobody knows the images', () => {
    define();
    expect(warnings()).toEqual([]);
  });
});

test('the images of a file count for Docker Hub\'s budget', () => {
  define(file(Array.from({ length: 20 }, (_, index) => `team/app${index}:1.0.0`).join(',')));
  Annotations.fromStack(stack).hasWarning('*', Match.stringLikeRegexp('the first copies of 20 images from Docker Hub need about 160 pulls'));
  stack = new Stack(new App(), 'Platform');
  define(file(Array.from({ length: 20 }, (_, index) => `quay.io/team/app${index}:1.0.0`).join(',')));
  Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('Docker Hub'));
});

test('the same code gives the same template', () => {
  const texts = [1, 2].map(() => {
    stack = new Stack(new App(), 'Platform');
    define(file('nginx:1.27.0'), { shards: 2 });
    return JSON.stringify(template().toJSON());
  });
  expect(texts[0]).toBe(texts[1]);
});
