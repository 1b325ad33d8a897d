/**
 * Customized images, end to end: schedules and the custom resource of a synthesized template, the bundled functions and programs with the real
 * AWS SDK, an API of CodeBuild that runs the templates' own build commands, registries, and a stand-in for Docker that records its calls.
 */
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ImageMirror, MirroredImageOptions, TagFilter } from '../../src';
import { Fault } from '../support/fault';
import { FixtureImage, multiPlatformImage, singleImage } from '../support/fixture-images';
import { UPSTREAM } from '../support/local-account';
import { inEcr, LocalMirror } from '../support/local-mirror';
import { buildOf } from '../support/stand-in-docker';

const LINES = ['RUN mkdir /etc/vault', 'VOLUME ["/etc/vault"]'];
const IMAGE = multiPlatformImage({ seed: 'first' });
const OTHER = multiPlatformImage({ seed: 'second' });
const BASE = `mirror/${UPSTREAM}/team/vault`;
const CUSTOM = `mirror/custom/${UPSTREAM}/team/vault`;

let mirror: LocalMirror;

const vault = (options: MirroredImageOptions = { dockerfileLines: LINES }, tag = '1.14') => (imageMirror: ImageMirror) => {
  imageMirror.addImage(`${UPSTREAM}/team/vault:${tag}`, options);
};

async function deploy(define: (imageMirror: ImageMirror) => void = vault(), image: FixtureImage = IMAGE, tag = '1.14'): Promise<void> {
  mirror = await LocalMirror.deploy(define);
  mirror.account.upstream.push('team/vault', tag, image);
}

afterEach(async () => {
  await mirror.settled();
  expect(mirror.errors()).toEqual([]);
  await mirror.close();
});

/** What Docker builds from: the image of its own platform. */
const amd64 = ({ manifests }: FixtureImage) => manifests[0].digest;
/** The tags of the customized image. */
const tags = () => [...mirror.account.ecr.repository(CUSTOM).tags.keys()].sort();
const dockerfiles = () => mirror.docker.builds.map(({ dockerfile }) => dockerfile);
const SUCCESS = { Status: 'SUCCESS', Reason: 'SUCCESS' };

describe('a deployment', () => {
  test('waits until an image is mirrored unchanged and customized from that copy, by its digest', async () => {
    await deploy();
    expect(await mirror.request('Create')).toMatchObject(SUCCESS);
    expect(mirror.account.ecr.holds(BASE, IMAGE)).toBe(true);
    expect(mirror.account.ecr.tagDigest(BASE, '1.14')).toBe(IMAGE.digest);
    expect(dockerfiles()).toEqual([`FROM ${inEcr(BASE)}@${amd64(IMAGE)}\nRUN mkdir /etc/vault\nVOLUME ["/etc/vault"]\n`]);
    expect(tags()).toEqual([expect.stringMatching(/^1\.14-[0-9a-f]{12}$/), expect.stringMatching(/^1\.14-[0-9a-f]{12}-linux-amd64$/)]);
    const { manifests, annotations } = mirror.index(CUSTOM, tags()[0]);
    expect(manifests).toMatchObject([{ digest: mirror.account.ecr.tagDigest(CUSTOM, tags()[1]), platform: { os: 'linux', architecture: 'amd64' } }]);
    expect(annotations).toEqual({
      'org.opencontainers.image.base.digest': IMAGE.digest,
      'io.github.cdk-ecr-mirror.recipe-digest': expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
    expect(buildOf(mirror.docker.builds[0]).labels).toEqual(annotations);
  });

  test('starts the privileged project through the mirror\'s own build, with that image alone', async () => {
    await deploy((imageMirror) => {
      vault()(imageMirror);
      imageMirror.addImage(`${UPSTREAM}/team/plain:1.0.0`);
    });
    mirror.account.upstream.push('team/plain', '1.0.0', singleImage());
    expect(await mirror.request('Create')).toMatchObject(SUCCESS);
    expect(mirror.builds.map(({ project }) => project.logicalId.replace(/[0-9A-F]{8}$/, ''))).toEqual(['MirrorProject', 'MirrorCustomImagesProject']);
    const [{ name, value }] = mirror.customBuilds[0].input.environmentVariablesOverride!;
    expect([name, JSON.parse(value).map(({ IMAGE: image }: { IMAGE: string }) => image)]).toEqual(['IMAGES', [`${UPSTREAM}/team/vault:1.14`]]);
  });

  test('builds for each platform on a machine of its own kind, and the last of them completes the image', async () => {
    await deploy(vault({ dockerfileLines: LINES, customPlatforms: [Platform.LINUX_ARM64, Platform.LINUX_AMD64] }));
    expect(await mirror.request('Create')).toMatchObject(SUCCESS);
    expect(mirror.docker.builds.map((call) => [call.machine, buildOf(call).platform]).sort()).toEqual([['linux/amd64', 'linux/amd64'], ['linux/arm64', 'linux/arm64']]);
    expect(mirror.customBuilds.map(({ input }) => [input.environmentTypeOverride, input.imageOverride, input.computeTypeOverride])).toEqual([
      [undefined, undefined, undefined],
      ['ARM_CONTAINER', 'aws/codebuild/amazonlinux-aarch64-standard:3.0', 'BUILD_GENERAL1_SMALL'],
    ]);
    const { manifests } = mirror.index(CUSTOM, tags()[0]);
    expect(manifests.map(({ platform }: { platform: object }) => platform)).toEqual([{ os: 'linux', architecture: 'amd64' }, { os: 'linux', architecture: 'arm64' }]);
  });

  test('builds for all platforms on one machine when no line runs a command', async () => {
    await deploy(vault({ dockerfileLines: ['ENV A=1'], customPlatforms: [Platform.LINUX_ARM64, Platform.LINUX_AMD64] }));
    expect(await mirror.request('Create')).toMatchObject(SUCCESS);
    expect(mirror.docker.builds.map((call) => [call.machine, buildOf(call).platform])).toEqual([['linux/amd64', 'linux/amd64'], ['linux/amd64', 'linux/arm64']]);
    expect(mirror.customBuilds).toHaveLength(1);
  });

  test('that changes the lines builds anew, under another tag, and leaves the earlier one', async () => {
    await deploy();
    await mirror.request('Create');
    const [before, earlier] = [mirror.properties, tags()];
    await mirror.update(vault({ dockerfileLines: [...LINES, 'USER vault'] }));
    expect(await mirror.request('Update', before)).toMatchObject(SUCCESS);
    expect(dockerfiles()).toHaveLength(2);
    expect(tags()).toEqual(expect.arrayContaining(earlier));
    expect(tags()).toHaveLength(4);
  });

  test('that changes nothing builds nothing', async () => {
    await deploy();
    await mirror.request('Create');
    expect(await mirror.request('Update', mirror.properties)).toMatchObject(SUCCESS);
    expect(mirror.builds).toHaveLength(2);
  });

  test('fails with the words of Docker when the build does', async () => {
    await deploy();
    mirror.docker.onBuild = () => ({ code: 1, stderr: '#5 0.1 mkdir: cannot create directory: File exists\n------\nERROR: failed to solve: exit code: 1\n' });
    const { Status, Reason } = await mirror.request('Create');
    expect(Status).toBe('FAILED');
    expect(Reason).toContain('1 image was not customized:\n'
      + `- ${UPSTREAM}/team/vault:1.14 (build-failed): docker buildx build failed with exit code 1: #5 0.1 mkdir: cannot create directory: File exists | ERROR: failed to solve: exit code: 1\n`);
    expect(Reason).toContain(`log-events/${mirror.customBuilds[0].running.buildId.split(':')[1]}`);
    expect(mirror.account.ecr.tagDigest(BASE, '1.14')).toBe(IMAGE.digest);
  });

  test('fails with the reason when an image is not mirrored, and builds nothing', async () => {
    mirror = await LocalMirror.deploy(vault());
    expect(await mirror.request('Create')).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining(`${UPSTREAM}/team/vault:1.14 (not-found)`) });
    expect(mirror.customBuilds).toEqual([]);
  });

  test('builds only what is missing when one of two platforms failed before', async () => {
    await deploy(vault({ dockerfileLines: LINES, customPlatforms: [Platform.LINUX_ARM64, Platform.LINUX_AMD64] }, '1.14.0'), IMAGE, '1.14.0');
    mirror.docker.onBuild = ({ machine }) => machine === 'linux/arm64' ? { code: 1, stderr: 'ERROR: no space left on device' } : undefined;
    expect(await mirror.request('Create')).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('no space left on device') });
    mirror.docker.onBuild = undefined;
    expect(await mirror.request('Create')).toMatchObject(SUCCESS);
    expect(mirror.docker.builds.map((call) => buildOf(call).platform).sort()).toEqual(['linux/amd64', 'linux/arm64', 'linux/arm64']);
    expect(mirror.index(CUSTOM, tags()[0]).manifests).toHaveLength(2);
  });
});

describe('a schedule', () => {
  test('mirrors an image, then customizes it', async () => {
    await deploy();
    await mirror.runSchedules();
    expect(tags()).toHaveLength(2);
    expect(mirror.results().map(({ target, outcome }) => [target, outcome])).toEqual([
      [inEcr(`${BASE}:1.14`), 'copied'],
      [inEcr(`${CUSTOM}:${tags()[0]}`), 'copied'],
    ]);
    const [base, custom] = mirror.results();
    expect(base.customBuilds).toEqual([mirror.customBuilds[0].running.buildId]);
    expect(custom).toMatchObject({ source: `${UPSTREAM}/team/vault:1.14`, repository: CUSTOM, tag: tags()[0], builtFrom: inEcr(`${BASE}@${IMAGE.digest}`) });
    expect(custom.targetDigest).toBe(mirror.account.ecr.tagDigest(CUSTOM, tags()[0]));
    expect(mirror.account.events.events.map(({ detail }) => detail.target)).toEqual([base.target, custom.target]);
  });

  test('starts no privileged build when nothing has changed', async () => {
    await deploy();
    await mirror.runSchedules();
    await mirror.runSchedules();
    expect(mirror.builds.map(({ project }) => /Custom/.test(project.logicalId))).toEqual([false, true, false]);
    expect(mirror.results().at(-1)).toMatchObject({ outcome: 'unchanged', requests: { source: 3, target: 1 } });
  });

  test('builds anew from what upstream has now, under the same tag', async () => {
    await deploy();
    await mirror.runSchedules();
    const [tag] = tags();
    const first = mirror.account.ecr.tagDigest(CUSTOM, tag);
    mirror.account.upstream.push('team/vault', '1.14', OTHER);
    await mirror.runSchedules();
    expect(dockerfiles()[1]).toContain(`FROM ${inEcr(BASE)}@${amd64(OTHER)}\n`);
    expect(tags()).toHaveLength(3);
    expect(mirror.account.ecr.tagDigest(CUSTOM, tag)).not.toBe(first);
    expect(mirror.account.ecr.tagDigest(CUSTOM, `mirror.previous.${tag}.1`)).toBe(first);
  });

  test('builds from what the mirror holds when a fixed tag has moved upstream', async () => {
    await deploy(vault({ dockerfileLines: LINES }, '1.14.0'), IMAGE, '1.14.0');
    await mirror.runSchedules();
    mirror.account.upstream.push('team/vault', '1.14.0', OTHER);
    await mirror.update(vault({ dockerfileLines: ['ENV A=1'] }, '1.14.0'));
    await mirror.runSchedules();
    expect(dockerfiles().map((text) => text?.split('\n')[0])).toEqual([`FROM ${inEcr(BASE)}@${amd64(IMAGE)}`, `FROM ${inEcr(BASE)}@${amd64(IMAGE)}`]);
    expect(mirror.results().filter(({ reason }) => reason === 'immutable-tag')).toHaveLength(1);
  });

  test('tells that an image is mirrored and not customized when the build cannot be started', async () => {
    await deploy();
    await mirror.startSchedules();
    mirror.codeBuild.refuse('StartBuild', 'InvalidInputException', 'no such compute type');
    await mirror.settled();
    expect(mirror.results()).toMatchObject([{
      outcome: 'failed',
      reason: 'build-failed',
      message: expect.stringMatching(
        /^the image is mirrored, but its customized image is not up to date: cannot start the CodeBuild project ".*": .*: no such compute type$/,
      ),
      targetDigest: IMAGE.digest,
    }]);
    expect(mirror.builds).toMatchObject([{ status: 'FAILED' }]);
  });

  test('that still asks for earlier lines is told which stack to deploy, once the project knows the new ones', async () => {
    await deploy();
    const [earlier] = mirror.properties.Images;
    await mirror.update(vault({ dockerfileLines: ['USER vault'] }));
    await mirror.startBuild(mirror.template.ids('AWS::CodeBuild::Project').find((id) => id.startsWith('MirrorProject'))!, earlier);
    await mirror.settled();
    expect(mirror.results(mirror.customBuilds)).toMatchObject([{
      outcome: 'failed', reason: 'invalid-configuration', message: expect.stringContaining('deploy the stack that has the schedule of this image'),
    }]);
    expect(mirror.docker.builds).toEqual([]);
  });

  test('waits with a build while the queue is full', async () => {
    await deploy();
    await mirror.startSchedules();
    mirror.codeBuild.refuse('StartBuild', 'AccountLimitExceededException', 'Cannot have more than 30 builds in queue for the account', 2);
    await mirror.settled();
    expect(tags()).toHaveLength(2);
  });

  test('tells that an image is mirrored and not customized when Amazon ECR does not say what it holds', async () => {
    await deploy();
    mirror.account.ecr.fail({ match: { path: `/v2/${CUSTOM}/` }, action: Fault.status(403), times: 100 });
    await mirror.runSchedules();
    expect(mirror.results()).toMatchObject([{
      outcome: 'failed',
      reason: 'unauthorized',
      message: expect.stringContaining('the image is mirrored, but its customized image is not up to date'),
      targetDigest: IMAGE.digest,
    }]);
  });

  test('of a filter customizes each of its tags', async () => {
    mirror = await LocalMirror.deploy((imageMirror) => {
      imageMirror.addImage(`${UPSTREAM}/team/vault`, { tags: TagFilter.pattern('1.*'), dockerfileLines: ['ENV A=1'] });
    });
    for (const tag of ['1.14', '1.15', 'edge']) mirror.account.upstream.push('team/vault', tag, multiPlatformImage({ seed: tag }));
    await mirror.runSchedules();
    expect(tags().map((tag) => tag.replace(/-[0-9a-f]{12}/, ''))).toEqual(['1.14', '1.14-linux-amd64', '1.15', '1.15-linux-amd64']);
  });
});
