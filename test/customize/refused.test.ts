/** What an app is told that asks for a customized image which is not possible. */
import { App, Lazy, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ImageMirror, ImageMirrorProps, MirrorCompute, MirroredImage, MirroredImageOptions } from '../../src';
import { RepositorySet } from '../../src/repositories/repository-set';

const LINES = ['RUN mkdir /etc/vault', 'VOLUME ["/etc/vault"]'];
const { LINUX_AMD64, LINUX_ARM64 } = Platform;

let stack: Stack;
beforeEach(() => {
  stack = new Stack(new App(), 'Platform');
});

const addVault = (options: MirroredImageOptions, props: ImageMirrorProps = {}, image = 'hashicorp/vault:1.14.0') => {
  return new ImageMirror(stack, 'Mirror', props).addImage(image, options);
};

describe('fails', () => {
  test.each<[string, MirroredImageOptions, ImageMirrorProps, string | RegExp]>([
    ['when a line is not allowed', { dockerfileLines: ['FROM alpine'] }, {}, /^dockerfileLines: the line "FROM alpine" starts with "FROM", which is not allowed here/],
    ['when there are no lines', { dockerfileLines: [] }, {}, 'dockerfileLines: there are no lines; add at least one, or omit the lines'],
    ['when a line is a token', { dockerfileLines: [`ENV A=${Lazy.string({ produce: () => 'b' })}`] }, {}, /^the line "ENV A=\$\{Token.*\}" of dockerfileLines must be known at synthesis, .*; write its value into the line, or pass it to the container as an environment variable$/],
    ['when all lines are a token', { dockerfileLines: Lazy.list({ produce: () => ['ENV A=b'] }) }, {}, 'dockerfileLines must be known at synthesis, but it is a list token; write the lines as strings'],
    ['when platforms are chosen and no lines', { customPlatforms: [LINUX_AMD64] }, {}, /^customPlatforms is set without dockerfileLines, but only customized images have it; set dockerfileLines too/],
    ['when there are no platforms', { dockerfileLines: LINES, customPlatforms: [] }, {}, 'customPlatforms is empty; omit it to build for the platforms of the image'],
    ['when a platform is none', { dockerfileLines: LINES, customPlatforms: [Platform.custom('arm')] }, {}, /^"arm" is not a valid platform/],
    ['when a platform is not mirrored', { dockerfileLines: LINES, platforms: [LINUX_AMD64], customPlatforms: [LINUX_ARM64] }, {}, 'customPlatforms has linux/arm64, but platforms mirrors only linux/amd64; add it to platforms, or remove it from customPlatforms'],
    ['when no builds run on a platform', { dockerfileLines: LINES, customPlatforms: [Platform.custom('linux/s390x')] }, {}, 'RUN is not possible for linux/s390x, because CodeBuild has no compute for it; set customPlatforms to the platforms that you use, or remove RUN'],
    [
      'when builds run in an image for the other processor',
      { dockerfileLines: LINES, customPlatforms: [LINUX_ARM64] },
      { compute: MirrorCompute.ec2({ buildImage: codebuild.LinuxBuildImage.fromDockerRegistry('example/build:1') }) },
      /^RUN is not possible for linux\/arm64, because customized images are built in "example\/build:1", which runs on x86_64; use a build image of CodeBuild with customImageCompute/,
    ],
    ['when they are to be built on Lambda compute', { dockerfileLines: LINES }, { customImageCompute: MirrorCompute.awsLambda() }, 'customImageCompute is Lambda compute, which cannot run Docker; set MirrorCompute.ec2(), or omit customImageCompute'],
  ])('%s', (_, options, props, message) => {
    expect(() => addVault(options, props)).toThrow(message);
  });

  test.each<[string, (mirror: ImageMirror) => void]>([
    ['by its own name', (mirror) => mirror.addImage('custom/vault:1.14.0')],
    ['by a repositoryName', (mirror) => mirror.addImage('custom/vault:1.14.0', { repositoryName: 'mirror/custom/vault' })],
    ['by an existing repository', (mirror) => {
      mirror.addImage('custom/vault:1.14.0', { repository: ecr.Repository.fromRepositoryName(mirror, 'Existing', 'mirror/custom/vault') });
    }],
  ])('when an image would be mirrored to where customized images are, %s', (_, define) => {
    expect(() => define(new ImageMirror(stack, 'Mirror'))).toThrow('"docker.io/custom/vault:1.14.0" would be mirrored to "mirror/custom/vault", '
      + 'but "mirror/custom/" is reserved for customized images; set another repositoryName for this image');
  });

  test('when the name of the repository is too long', () => {
    const mirror = new ImageMirror(stack, 'Mirror');
    const image = `${'a'.repeat(245)}:1.0.0`;
    expect(() => mirror.addImage(image, { dockerfileLines: LINES }))
      .toThrow(/cannot be customized as "mirror\/custom\/a+\.*.*: a repository name must have 2 to 256 characters; set a shorter repositoryName for this image, or a shorter repositoryPrefix$/);
    expect(mirror.addImage(image, { dockerfileLines: LINES, repositoryName: 'short' })._repositoryName).toBe('mirror/custom/short');
  });

  test('when two images would have the same tag, until one of them has another repository', () => {
    const mirror = new ImageMirror(stack, 'Mirror');
    const [first, second] = ['a', 'b'].map((end) => `vault:${'1'.repeat(127)}${end}`);
    mirror.addImage(first, { dockerfileLines: LINES });
    expect(() => mirror.addImage(second, { dockerfileLines: LINES }))
      .toThrow(/^"docker.io\/library\/vault:1+b" and "docker.io\/library\/vault:1+a" both use the tag "1+-[0-9a-f]{12}" in the repository "mirror\/custom\/vault"; set another repositoryName for one of them$/);
    mirror.addImage(second, { dockerfileLines: LINES, repositoryName: 'mirror/vault-b' });
  });

  test('when the tag of a single platform would be that of another image', () => {
    const mirror = new ImageMirror(stack, 'Mirror');
    const customPlatforms = [Platform.custom('linux/cafe00000001')];
    const { tag } = mirror.addImage('vault:1.14.0', { dockerfileLines: ['ENV A=1'], customPlatforms });
    // Lines whose digest begins with what was chosen are hard to find, so the tag is claimed as such lines would claim it.
    const repositories = RepositorySet.of(mirror);
    const target = {
      source: 'docker.io/library/vault:other',
      repositoryName: 'mirror/custom/vault',
      tags: { tag: `${tag}-linux-cafe00000001` },
      mutableTags: [],
      fixedTags: [],
      hasChosenRepository: false,
      isCustom: true,
      keepPrevious: 0,
    };
    expect(() => repositories.reserve(target, stack)).toThrow(`"docker.io/library/vault:other" and "docker.io/library/vault:1.14.0" both use the tag "${tag}-linux-cafe00000001" in`);
  });

  test('when customized images of two stacks need one repository, until one of them has another', () => {
    const mirror = new ImageMirror(stack, 'Mirror');
    mirror.addImage('vault:1.14.0', { dockerfileLines: LINES });
    const team = new Stack(stack.node.root as App, 'Team');
    const define = (id: string, repositoryName?: string) => new MirroredImage(team, id, { mirror, image: 'vault:1.15.0', dockerfileLines: LINES, repositoryName });
    expect(() => define('Same')).toThrow('define both in one stack, or set another repositoryName for one of them');
    expect(define('Another', 'mirror/vault-1.15')._repositoryName).toBe('mirror/custom/vault-1.15');
  });

  test('when a tag floats although the repository was chosen to be immutable', () => {
    const mirror = new ImageMirror(stack, 'Mirror');
    const add = () => mirror.addImage('vault:5', { dockerfileLines: LINES, imageTagMutability: ecr.TagMutability.IMMUTABLE });
    expect(add).toThrow('"docker.io/library/vault:5" is in the repository "mirror/vault", which imageTagMutability makes IMMUTABLE');
  });
});

describe('lines that look as if they held a secret', () => {
  const warnings = () => Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('secretInLines')).map(({ entry }) => String(entry.data));

  test.each([
    [['ENV DB_PASSWORD=hunter2'], '"DB_PASSWORD"'],
    [['ENV AWS_SECRET_ACCESS_KEY=x PATH=/bin', 'ARG GITHUB_TOKEN'], '"AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN"'],
    [['ENV API_KEY some value'], '"API_KEY"'],
  ])('%j are warned of', (lines, names) => {
    addVault({ dockerfileLines: lines });
    expect(warnings()).toEqual([expect.stringContaining(`dockerfileLines set ${names}, but everyone with read access to the template or the image can read the lines`)]);
  });

  test.each([[['ENV MODE=token']], [['ENV SSH_PUBLIC_KEY=x']], [['RUN echo PASSWORD=1']], [['ENV KEYBOARD=us', 'LABEL a="secret"']]])('%j are not', (lines) => {
    addVault({ dockerfileLines: lines });
    expect(warnings()).toEqual([]);
  });
});
