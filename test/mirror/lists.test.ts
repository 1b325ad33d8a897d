/** Lists of images as people write them: with duplicates, with several mistakes, and from plain JavaScript. */
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as events from 'aws-cdk-lib/aws-events';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Attestations, ImageMirror, ImageMirrorProps, MirroredImage, MirroredImageOptions, MirrorReplication, OnDeploy, OnTagMoved, TagFilter, TagKind } from '../../src';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const stackOf = () => new Stack(new App(), 'Platform');
const mirrorOf = (props: ImageMirrorProps = {}, stack = stackOf()) => new ImageMirror(stack, 'Mirror', { onDeploy: OnDeploy.OFF, ...props });
/** A value that only plain JavaScript passes. */
const plain = <T>(value: unknown): T => value as T;
const DUPLICATE = /cdk-ecr-mirror:ImageMirror.duplicateImage/;
const warningsOf = (mirror: ImageMirror, text: RegExp | string) => Annotations.fromStack(Stack.of(mirror)).findWarning('*', Match.stringLikeRegexp(text instanceof RegExp ? text.source : text));

describe('an image that is in a list twice', () => {
  test.each([
    [['nginx', 'nginx']],
    [['nginx', 'docker.io/library/nginx:latest']],
    [['index.docker.io/nginx', 'library/nginx', 'registry-1.docker.io/library/nginx:latest']],
    [['quay.io/a/b:1', 'QUAY.io/a/b:1']],
    [[`nginx@${DIGEST}`, `docker.io/nginx@${DIGEST}`]],
  ])('is one image with a warning: %j', (images) => {
    const mirror = mirrorOf({ images });
    expect(mirror.images).toHaveLength(1);
    expect(warningsOf(mirror, DUPLICATE)).toHaveLength(1);
    Template.fromStack(Stack.of(mirror)).resourceCountIs('AWS::Scheduler::Schedule', 1);
  });

  test('has the logical ids of an image that is there once', () => {
    const [once, twice] = [['nginx', 'redis:7'], ['nginx', 'redis:7', 'docker.io/nginx']].map((images) => Template.fromStack(Stack.of(mirrorOf({ images }))).toJSON());
    expect(twice).toEqual(once);
  });

  test('is what addImage() returns', () => {
    const mirror = mirrorOf({ images: ['nginx'] });
    expect(mirror.addImage('docker.io/library/nginx')).toBe(mirror.images[0]);
    const slow = { schedule: scheduler.ScheduleExpression.rate(Duration.days(7)), platforms: [Platform.LINUX_ARM64, Platform.LINUX_AMD64] };
    const redis = mirror.addImage('redis:7', slow);
    expect(mirror.addImage('redis:7', { ...slow, platforms: [Platform.LINUX_AMD64, Platform.LINUX_ARM64] })).toBe(redis);
    expect(mirror.addImage('redis:7', { ...slow, repositoryName: 'mirror/redis' })).toBe(redis);
    expect(mirror.images).toHaveLength(2);
  });

  test('is found when another stack defines it', () => {
    const mirror = mirrorOf();
    const image = new MirroredImage(new Stack(Stack.of(mirror).node.root, 'Other'), 'Nginx', { mirror, image: 'nginx' });
    expect(mirror.addImage('nginx:latest')).toBe(image);
  });

  test.each<[string, MirroredImageOptions, RegExp]>([
    ['schedule', { schedule: scheduler.ScheduleExpression.rate(Duration.days(7)) }, /schedule "rate\(1 day\)" and "rate\(7 days\)";/],
    ['time window', { timeWindow: scheduler.TimeWindow.off() }, /timeWindow FLEXIBLE 1 hour and OFF;/],
    ['platforms', { platforms: [Platform.LINUX_ARM64] }, /platforms all and \["linux\/arm64"\];/],
    ['kind', { tagKind: TagKind.FIXED }, /tagKind floating and fixed;/],
    ['referrers', { referrers: false }, /referrers true and false;/],
    ['attestations', { attestations: Attestations.DROP }, /attestations KEEP_IF_ACCEPTED and DROP;/],
    ['Dockerfile lines', { dockerfileLines: ['USER app'] }, /dockerfileLines none and \["USER app"\];/],
  ])('with another %s is an error that shows both', (_, options, differences) => {
    const add = () => mirrorOf({ images: ['nginx'] }).addImage('docker.io/nginx', options);
    expect(add).toThrow(/^"docker.io\/library\/nginx:latest" is in the mirror twice, with different options: .*; remove one of the two, or set another repositoryName/);
    expect(add).toThrow(differences);
  });

  test('in two repositories is two images', () => {
    const mirror = mirrorOf({ images: ['nginx'] });
    mirror.addImage('nginx', { repositoryName: 'team/nginx' });
    expect(mirror.images).toHaveLength(2);
    expect(warningsOf(mirror, DUPLICATE)).toEqual([]);
  });
});

describe('a list with several mistakes', () => {
  test('has one error with all of them', () => {
    const images = ['nginx:stable', 'https://hub.docker.com/_/redis', 'Grafana/Grafana', 'redis:7', plain<string>(undefined)];
    expect(() => mirrorOf({ images })).toThrow([
      'images has 3 mistakes:',
      'invalid image reference "https://hub.docker.com/_/redis": remove the scheme; use "redis"',
      'invalid image reference "Grafana/Grafana": repository names must be lowercase; use "grafana/grafana"',
      'images[4] must be a string, but it is undefined; write for example "nginx:stable", and add an image that has options with addImage()',
    ].join('\n  - '));
  });

  test('of platforms has one error', () => {
    expect(() => mirrorOf().addImage('nginx', { platforms: [Platform.custom('linux'), Platform.LINUX_AMD64, Platform.custom('arm 64')] }))
      .toThrow(/^platforms has 2 mistakes:\n {2}- "linux" is not a valid platform; .*\n {2}- "arm 64" is not a valid platform/);
  });

  test('of accounts has one error', () => {
    expect(() => mirrorOf().grantPullToAccounts(['1', '111122223333', '2'])).toThrow(/^accountIds has 2 mistakes:\n {2}- "1" is not a valid account ID.*\n {2}- "2" is not/);
  });

  test('of images for Dockerfiles has one error', () => {
    const stack = new Stack(new App(), 'Platform', { env: { account: '111122223333', region: 'eu-west-1' } });
    expect(() => mirrorOf({ images: ['nginx'] }, stack).dockerBuildContexts(['nginx', 'redis', 'python'])).toThrow(/^images has 2 mistakes:\n {2}- "redis:latest" .*\n {2}- "python:latest"/);
  });
});

describe('an option without effect', () => {
  test.each<[string, string, MirroredImageOptions, RegExp]>([
    ['onTagMoved of a floating tag', 'nginx:stable', { onTagMoved: OnTagMoved.KEEP }, /onTagMovedWithoutEffect/],
    ['onTagMoved of a tag that is said to float', 'nginx:1.27.0', { onTagMoved: OnTagMoved.SUFFIX, tagKind: TagKind.FLOATING }, /onTagMovedWithoutEffect/],
    ['onTagMoved of a digest', `nginx@${DIGEST}`, { onTagMoved: OnTagMoved.FAIL }, /onTagMovedWithoutEffect/],
    ['onTagMoved of a filter for floating tags', 'nginx', { onTagMoved: OnTagMoved.KEEP, tags: TagFilter.patterns('stable', 'mainline') }, /onTagMovedWithoutEffect/],
    ['onTagMoved of versions that float', 'nginx', { onTagMoved: OnTagMoved.KEEP, tags: TagFilter.semver('1.x'), tagKind: TagKind.FLOATING }, /onTagMovedWithoutEffect/],
    ['lateReferrers without referrers', 'nginx:1.27.0', { referrers: false, lateReferrers: true }, /lateReferrersWithoutEffect/],
    ['attestations of a pinned digest', `nginx:1.27.0@${DIGEST}`, { attestations: Attestations.DROP }, /pinnedAttestations/],
  ])('is a warning: %s', (_, image, options, warning) => {
    const mirror = mirrorOf();
    mirror.addImage(image, options);
    expect(warningsOf(mirror, warning)).toHaveLength(1);
  });

  test.each<[string, string, MirroredImageOptions]>([
    ['onTagMoved of a fixed tag', 'nginx:1.27.0', { onTagMoved: OnTagMoved.KEEP }],
    ['onTagMoved of a pinned tag, which can get another digest', `nginx:1.27.0@${DIGEST}`, { onTagMoved: OnTagMoved.KEEP }],
    ['onTagMoved of a pattern, which can select fixed tags', 'nginx', { onTagMoved: OnTagMoved.KEEP, tags: TagFilter.pattern('1.27*') }],
    ['onTagMoved of some fixed tags', 'nginx', { onTagMoved: OnTagMoved.KEEP, tags: TagFilter.patterns('stable', '1.27.0') }],
    ['no late referrers', 'nginx:1.27.0', { referrers: false, lateReferrers: false }],
  ])('is not: %s', (_, image, options) => {
    const mirror = mirrorOf();
    mirror.addImage(image, options);
    Annotations.fromStack(Stack.of(mirror)).hasNoWarning('*', Match.stringLikeRegexp('WithoutEffect|pinned'));
  });

  test('is no warning when the whole mirror has it', () => {
    Annotations.fromStack(Stack.of(mirrorOf({ images: ['nginx:stable'], onTagMoved: OnTagMoved.KEEP }))).hasNoWarning('*', Match.stringLikeRegexp('WithoutEffect'));
  });

  test('tagKind FLOATING of a digest is an error', () => {
    expect(() => mirrorOf().addImage(`nginx@${DIGEST}`, { tagKind: TagKind.FLOATING })).toThrow(/^tagKind is FLOATING, but ".*" is a digest, which always names the same image; remove tagKind/);
  });
});

describe('a floating tag in a repository of the app', () => {
  const filters = (...patterns: string[]) => patterns.map((pattern) => ecr.ImageTagMutabilityExclusionFilter.wildcard(pattern));
  const synthesize = (props: ecr.RepositoryProps, options: MirroredImageOptions = {}, change: (repository: ecr.Repository) => void = () => {}) => {
    const stack = stackOf();
    const repository = new ecr.Repository(stack, 'Web', props);
    mirrorOf({}, stack).addImage('nginx:stable', { repository, ...options });
    change(repository);
    return Template.fromStack(stack);
  };
  const IMMUTABLE = /"docker.io\/library\/nginx:stable" has the floating tag "stable", but the tag is immutable in the repository "Platform\/Web\/Resource", so a run fails/;
  const { IMMUTABLE: immutable, IMMUTABLE_WITH_EXCLUSION: partly, MUTABLE_WITH_EXCLUSION: mostly } = ecr.TagMutability;

  test.each<[string, () => unknown]>([
    ['all tags are immutable', () => synthesize({ imageTagMutability: immutable })],
    ['the exceptions do not match', () => synthesize({ imageTagMutability: partly, imageTagMutabilityExclusionFilters: filters('dev-*', 'stable-*') })],
    ['a pattern makes it immutable', () => synthesize({ imageTagMutability: mostly, imageTagMutabilityExclusionFilters: filters('s*e') })],
    ['the property is changed later', () => synthesize({}, {}, ({ node }) => { (node.defaultChild as ecr.CfnRepository).imageTagMutability = 'IMMUTABLE'; })],
    ['it has a name', () => synthesize({ repositoryName: 'web', imageTagMutability: immutable })],
  ])('is an error where %s', (_, act) => {
    expect(act).toThrow(IMMUTABLE);
  });

  test('is an error in an import of the repository by its name', () => {
    const stack = stackOf();
    new ecr.Repository(stack, 'Web', { repositoryName: 'web', imageTagMutability: immutable });
    mirrorOf({}, stack).addImage('nginx:stable', { repository: ecr.Repository.fromRepositoryName(stack, 'Import', 'web') });
    expect(() => Template.fromStack(stack)).toThrow(IMMUTABLE);
  });

  test.each<[string, () => unknown]>([
    ['tags are mutable', () => synthesize({})],
    ['an exception matches', () => synthesize({ imageTagMutability: partly, imageTagMutabilityExclusionFilters: filters('st*le') })],
    ['no pattern makes it immutable', () => synthesize({ imageTagMutability: mostly, imageTagMutabilityExclusionFilters: filters('1.*') })],
    ['the app says that it is fixed', () => synthesize({ imageTagMutability: immutable }, { tagKind: TagKind.FIXED })],
    ['the property is changed later', () => synthesize({ imageTagMutability: immutable }, {}, ({ node }) => { (node.defaultChild as ecr.CfnRepository).imageTagMutability = 'MUTABLE'; })],
  ])('is valid where %s', (_, act) => {
    expect(act).not.toThrow();
  });
});

describe('plain JavaScript', () => {
  test.each<[string, ImageMirrorProps, string]>([
    ['a string for a list', { images: plain('nginx:stable') }, 'images must be a list, but it is the string "nginx:stable"; write ["nginx:stable"]'],
    ['an object for a list', { images: plain({ nginx: 'stable' }) }, 'images must be a list, but it is an object of another kind; write for example ["nginx:stable"]'],
    ['a set for a list', { images: plain(new Set(['nginx'])) }, 'images must be a list'],
    ['a number for a list', { images: plain(5) }, 'images must be a list, but it is the number 5'],
    ['undefined for an image', { images: [plain(undefined)] }, 'images[0] must be a string, but it is undefined; write for example "nginx:stable"'],
    ['a hole for an image', { images: new Array<string>(1) }, 'images[0] must be a string, but it is undefined'],
    ['null for an image', { images: ['nginx', plain(null)] }, 'images[1] must be a string, but it is null'],
    ['an object for an image', { images: [plain({ image: 'nginx' })] }, 'images[0] must be a string, but it is an object of another kind; write for example "nginx:stable", and add an image that has options with addImage()'],
    ['a list for an image', { images: [plain(['nginx'])] }, 'images[0] must be a string, but it is a list'],
    ['a number for a prefix', { repositoryPrefix: plain(1) }, 'repositoryPrefix must be a string, but it is the number 1'],
    ['a string for a schedule', { schedule: plain('rate(1 day)') }, 'schedule must be an object of the CDK, but it is the string "rate(1 day)"; write for example scheduler.ScheduleExpression.rate(Duration.days(1))'],
    ['a string for a time window', { timeWindow: plain('OFF') }, 'timeWindow must be an object of the CDK'],
    ['an object for credentials', { credentials: plain({}) }, 'credentials must be a list, but it is object; write for example [RegistryCredentials.dockerHub(secret)]'],
    ['strings for credentials', { credentials: plain(['user:password']) }, 'credentials[0] must be an object of the CDK, but it is string; write for example RegistryCredentials.dockerHub(secret)'],
    ['another text for an enum', { onTagMoved: plain('keep') }, 'onTagMoved must be a value of OnTagMoved, but it is the string "keep"; use OnTagMoved.FAIL or OnTagMoved.KEEP or OnTagMoved.SUFFIX'],
    ['a flag for an enum', { onDeploy: plain(false) }, 'onDeploy must be a value of OnDeploy, but it is the boolean false; use OnDeploy.WAIT or'],
    ['a text for a flag', { lateReferrers: plain('false') }, 'lateReferrers must be true or false, but it is the string "false"; write true or false without quotes'],
    ['a text for compute', { compute: plain('ec2') }, 'compute must be an object of the CDK, but it is the string "ec2"; write for example MirrorCompute.ec2()'],
    ['a text for a proxy', { proxy: plain('http://user:hunter2@proxy:3128') }, 'proxy must be an object of the CDK, but it is string; write for example { url: "http://proxy.example.com:3128" }'],
    ['a number for a duration', { untaggedImageExpiry: plain(30) }, 'untaggedImageExpiry must be an object of the CDK, but it is the number 30; write for example Duration.days(30)'],
    ['a list for the props', plain(['nginx']), 'the props of ImageMirror must be an object, but it is'],
  ])('gets words for %s', (_, props, message) => {
    expect(() => new ImageMirror(stackOf(), 'Mirror', props)).toThrow(message);
  });

  test.each<[string, MirroredImageOptions, string]>([
    ['a platform as text', { platforms: plain(['linux/amd64']) }, 'platforms[0] must be an object of the CDK, but it is the string "linux/amd64"; write for example ecr_assets.Platform.custom("linux/amd64")'],
    ['one platform', { platforms: plain(Platform.LINUX_AMD64) }, 'platforms must be a list, but it is an object of another kind; write for example [ecr_assets.Platform.LINUX_ARM64]'],
    ['platforms as one text', { platforms: plain('linux/amd64,linux/arm64') }, 'platforms must be a list, but it is the string'],
    ['undefined platforms', { platforms: plain([undefined]) }, 'platforms[0] must be an object of the CDK, but it is undefined'],
    ['a pattern for a filter', { tags: plain('1.2.*') }, 'tags must be an object of the CDK, but it is the string "1.2.*"; write for example TagFilter.semver("1.x") or TagFilter.pattern("1.2.*")'],
    ['a list for a filter', { tags: plain(['1.2']) }, 'tags must be an object of the CDK, but it is a list'],
    ['a text for lines', { dockerfileLines: plain('USER app') }, 'dockerfileLines must be a list, but it is the string "USER app"; write ["USER app"]'],
    ['numbers for lines', { dockerfileLines: plain([1]) }, 'dockerfileLines[0] must be a string, but it is the number 1'],
    ['a name for a repository', { repository: plain('team/nginx') }, 'repository must be an object of the CDK, but it is the string "team/nginx"; write for example ecr.Repository.fromRepositoryName('],
    ['another kind', { tagKind: plain('Fixed') }, 'tagKind must be a value of TagKind, but it is the string "Fixed"; use TagKind.FIXED or TagKind.FLOATING'],
    ['a text for options', plain('stable'), 'the options of the string "nginx" must be an object, but it is the string "stable"'],
    ['null for options', plain(null), 'the options of the string "nginx" must be an object, but it is null'],
  ])('gets words for %s of an image', (_, options, message) => {
    expect(() => mirrorOf().addImage('nginx', options)).toThrow(message);
  });

  test.each<[string, (mirror: ImageMirror) => unknown, string]>([
    ['an image that is an object', (mirror) => mirror.addImage(plain({ image: 'nginx' })), 'the image must be a string, but it is an object of another kind; write the image as a string, for example "nginx:stable"'],
    ['an image that is undefined', (mirror) => mirror.addImage(plain(undefined)), 'the image must be a string, but it is undefined'],
    ['an image to find that is a number', (mirror) => mirror.image(plain(7)), 'the image must be a string, but it is the number 7'],
    ['images of Dockerfiles as text', (mirror) => mirror.dockerBuildContexts(plain('nginx')), 'images must be a list, but it is the string "nginx"; write ["nginx"]'],
    ['a list of patterns', () => TagFilter.patterns(plain(['a', 'b'])), 'a tag filter must be a string, but it is a list; write its range and patterns as strings'],
    ['a range that is a number', () => TagFilter.semver(plain(1)), 'a tag filter must be a string, but it is the number 1'],
    ['an exclusion as text', () => TagFilter.semver('1.x', { exclude: plain('*-rc') }), 'exclude must be a list, but it is the string "*-rc"; write ["*-rc"]'],
  ])('gets words for %s', (_, act, message) => {
    expect(() => act(mirrorOf())).toThrow(message);
  });

  test.each<[string, (mirror: ImageMirror) => unknown, string]>([
    ['one account', (mirror) => mirror.grantPullToAccounts(plain('111122223333')), 'accountIds must be a list, but it is the string "111122223333"; write ["111122223333"]'],
    ['accounts that are numbers', (mirror) => mirror.grantPullToAccounts(plain([111122223333])), 'accountIds[0] must be a string, but it is the number 111122223333; write for example "111122223333"'],
    ['alarms as text', (mirror) => mirror.notify(new sns.Topic(mirror, 'Topic'), { alarms: plain('FAILED') }), 'alarms must be a list, but it is the string "FAILED"; write for example [MirrorAlarm.FAILED]'],
    ['images to watch as text', (mirror) => mirror.notify(new sns.Topic(mirror, 'Topic'), { images: plain(['nginx']) }), 'images[0] must be an object of the CDK, but it is the string "nginx"'],
    ['a Region for destinations', (mirror) => new MirrorReplication(mirror, 'Replication', { mirror, destinations: plain(['us-east-1']) }),
      'destinations[0] must be an object of the CDK, but it is the string "us-east-1"; write for example { region: "us-east-1" }'],
  ])('gets words for %s', (_, act, message) => {
    expect(() => act(mirrorOf({ images: ['nginx'] }))).toThrow(message);
  });

  test('can say null for all that is optional, and pass a schedule of EventBridge rules', () => {
    const props = { images: ['nginx'], schedule: null, platforms: null, credentials: null, onTagMoved: null, compute: null };
    expect(() => mirrorOf(plain(props)).addImage('redis:7', plain({ schedule: null, tagKind: null }))).not.toThrow();
    expect(() => mirrorOf({ images: ['nginx'], schedule: plain(events.Schedule.rate(Duration.days(1))) })).not.toThrow();
  });
});
