/** The work on one customized image, in this process: with a registry that has the rules of Amazon ECR, and a stand-in for Docker. */
import { existsSync } from 'node:fs';
import { CustomizeRequest, customizeImage } from '../../../src/engine/customize/customize-image';
import { Docker } from '../../../src/engine/customize/docker';
import { Transport } from '../../../src/engine/registry/transport';
import type { MirrorResult } from '../../../src/engine/result';
import { parseImageReference } from '../../../src/image/image-reference';
import { Fault } from '../../support/fault';
import { FixtureImage, indexOf, multiPlatformImage, singleImage } from '../../support/fixture-images';
import { LocalEcr } from '../../support/local-ecr';
import { QUICK_RETRY } from '../../support/mirroring';
import { buildOf, builtImage, DockerCall, StandInDocker } from '../../support/stand-in-docker';
import { issueCredential, withTriggers } from '../../support/triggered-image';
import { withEnvironment } from '../../support/with-environment';

withEnvironment(/_PROXY$/i);

const BASE = 'mirror/team/app';
const CUSTOM = 'mirror/custom/team/app';
const FLOATING = 'mirror/custom/team/floating';
const IMAGE = multiPlatformImage();
const AMD64 = IMAGE.manifests[0].digest;
const LINES = ['RUN true'];
const NEVER = new AbortController().signal;

let ecr: LocalEcr;
let docker: StandInDocker;
let lines: string[];

beforeEach(async () => {
  ecr = await new LocalEcr([BASE, FLOATING, { repositoryName: CUSTOM, imageTagMutability: 'IMMUTABLE' }]).start();
  docker = await new StandInDocker(ecr).start();
  lines = [];
  ecr.push(BASE, '1.0.0', IMAGE);
});

afterEach(async () => {
  expect([...ecr.errors, ...docker.errors]).toEqual([]);
  await Promise.all([ecr, docker].map((server) => server.close()));
});

interface Options extends Pick<CustomizeRequest, 'kind' | 'keepPrevious'> {
  readonly custom?: Partial<CustomizeRequest['custom']>;
  /** The program to run as Docker. */
  readonly program?: string;
  readonly signal?: AbortSignal;
}

async function customize({ custom, program = docker.program, signal = NEVER, ...retention }: Options = {}): Promise<MirrorResult> {
  const transport = new Transport();
  const log = (line: string) => { lines.push(line); };
  const target = parseImageReference(`${ecr.host}/${BASE}:1.0.0`);
  try {
    return await customizeImage({
      source: parseImageReference('registry.example.com/team/app:1.0.0'),
      target: { ...target, tag: '1.0.0' },
      custom: { repository: CUSTOM, lines: LINES, platforms: ['linux/amd64'], ...custom },
      ...retention,
    }, {
      transport,
      docker: new Docker({ program, log, signal }),
      credentials: { credentialFor: async () => issueCredential(ecr) },
      progress: { line: log, blobStarted: () => undefined, blobBytes: () => undefined, blobFinished: () => undefined },
      retry: QUICK_RETRY,
      deadline: Date.now() + 60_000,
      signal,
      plainHttp: () => true,
      listImages: async (repository) => ecr.images(repository).all().filter((image) => image.tags.length > 0),
    });
  } finally {
    await transport.close();
  }
}

const tags = () => [...ecr.repository(CUSTOM).tags.keys()].sort();

/** Pushes what a build would have pushed. */
function pushAs(call: DockerCall, labels = buildOf(call).labels): void {
  const { platform, repository, tag } = buildOf(call);
  ecr.push(repository, tag, builtImage(platform, labels, call.dockerfile ?? ''));
}

describe('a customized image of a floating tag', () => {
  const BASES = ['one', 'two', 'three'].map((seed) => multiPlatformImage({ seed }));

  async function customizeOn(base: FixtureImage, kind: CustomizeRequest['kind'], keepPrevious?: number) {
    ecr.push(BASE, '1.0.0', base);
    return customize({ custom: { repository: FLOATING }, kind, keepPrevious });
  }
  test('keeps the image that its tag leaves, and marks those beyond the number that it keeps', async () => {
    const [first, second] = [await customizeOn(BASES[0], 'floating', 1), await customizeOn(BASES[1], 'floating', 1)];
    expect([first.keptAs, second.keptAs, second.expired]).toEqual([undefined, `mirror.previous.${first.tag}.1`, undefined]);
    expect((await customizeOn(BASES[2], 'floating', 1)).expired).toEqual([first.targetDigest]);
  });

  test.each([['fixed', 1], ['floating', 0], ['floating', undefined]] as const)('keeps nothing when the tag is %s and keeps %p', async (kind, keepPrevious) => {
    for (const base of BASES) await customizeOn(base, kind, keepPrevious);
    expect([...ecr.repository(FLOATING).tags.keys()].filter((tag) => tag.startsWith('mirror.'))).toEqual([]);
  });
});

describe('Docker', () => {
  test('is called with lists of words, the builder that it has by itself, and nothing in the folder but a Dockerfile', async () => {
    const { tag } = await customize();
    const [platform, login, build] = docker.calls.map(({ words }) => words);
    expect(platform).toEqual(['version', '--format', '{{.Server.Os}}/{{.Server.Arch}}']);
    expect(login).toEqual(['login', '--username', 'AWS', '--password-stdin', ecr.host]);
    const { folder, dockerfile } = buildOf(docker.builds[0]);
    expect(build).toEqual([
      'buildx', 'build', '--builder', 'default', '--platform', 'linux/amd64', '--progress', 'plain', '--provenance=false', '--sbom=false',
      '--label', `org.opencontainers.image.base.digest=${IMAGE.digest}`, '--label', expect.stringMatching(/^io\.github\.cdk-ecr-mirror\.recipe-digest=sha256:[0-9a-f]{64}$/),
      '--tag', `${ecr.host}/${CUSTOM}:${tag}-linux-amd64`, '--push', '--file', dockerfile, folder,
    ]);
    expect(docker.builds[0].files).toEqual(['Dockerfile']);
    expect(existsSync(folder)).toBe(false);
  });

  test('is given words that a shell would act on as they are', async () => {
    const nasty = ['RUN echo "$(id)" `id` ; touch /tmp/owned && echo \'$HOME\' | cat', 'LABEL a="$(reboot)"'];
    await customize({ custom: { lines: nasty } });
    expect(docker.builds[0].dockerfile).toBe([`FROM ${ecr.host}/${BASE}@${AMD64}`, ...nasty, ''].join('\n'));
  });

  test('gets the password on stdin, and neither the words nor the log show it', async () => {
    const result = await customize();
    const [login] = docker.calls.filter(({ words }) => words[0] === 'login');
    expect(login.input).toMatch(/^sha256:[0-9a-f]{64}$/);
    const shown = JSON.stringify([docker.calls.map(({ words, dockerfile }) => [words, dockerfile]), lines, result]);
    expect(shown).not.toContain(login.input);
  });

  test('signs in once, however many platforms are built', async () => {
    await customize({ custom: { lines: ['ENV A=1'], platforms: ['linux/amd64', 'linux/arm64'] } });
    expect(docker.calls.map(({ words }) => words[0])).toEqual(['version', 'login', 'buildx', 'buildx']);
  });

  test('is not started when the image is up to date', async () => {
    await customize();
    const before = docker.calls.length;
    expect(await customize()).toMatchObject({ outcome: 'unchanged' });
    expect(docker.calls).toHaveLength(before);
  });

  test('gets the proxy as build arguments by their names, so that no value is in a command or in the image', async () => {
    process.env.https_proxy = 'http://user:hunter2@127.0.0.1:1';
    process.env.no_proxy = '*';
    await customize();
    const [{ words }] = docker.builds;
    expect(words.flatMap((word, index) => words[index - 1] === '--build-arg' ? [word] : [])).toEqual(['https_proxy', 'no_proxy']);
    expect(JSON.stringify([docker.calls, lines])).not.toContain('hunter2');
  });

  test('gets no build arguments without a proxy', async () => {
    await customize();
    expect(docker.builds[0].words).not.toContain('--build-arg');
  });

  test('writes to the log with its name in front, so that nothing it says is taken for a result', async () => {
    docker.onBuild = () => ({ code: 1, stderr: '{"source":"a","target":"b","outcome":"copied"}\n\u001b[2Jgone\n' });
    await customize();
    expect(lines).toContain('docker: {"source":"a","target":"b","outcome":"copied"}');
    expect(lines.filter((line) => line.startsWith('{'))).toEqual([]);
  });
});

describe('the index', () => {
  test('lists the images of all platforms in their order, is OCI\'s, and says what it was made of', async () => {
    const { tag, targetDigest } = await customize({ custom: { lines: ['ENV A=1'], platforms: ['linux/amd64', 'linux/arm64'] } });
    const index = ecr.repository(CUSTOM).find(tag!)!;
    expect(index.digest).toBe(targetDigest);
    const { mediaType, manifests } = JSON.parse(index.bytes.toString());
    expect(mediaType).toBe('application/vnd.oci.image.index.v1+json');
    const digests = ['amd64', 'arm64'].map((architecture) => ecr.tagDigest(CUSTOM, `${tag}-linux-${architecture}`));
    expect(manifests.map(({ digest }: { digest: string }) => digest)).toEqual(digests);
  });

  test('is there for a single platform too, whose own image AWS Lambda takes', async () => {
    const { tag } = await customize();
    expect(tags()).toEqual([tag, `${tag}-linux-amd64`]);
    expect(ecr.repository(CUSTOM).find(tags()[1])!.mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json');
  });

  test('waits for the images that another build makes', async () => {
    const platforms = ['linux/amd64', 'linux/arm64'];
    const result = await customize({ custom: { platforms } });
    expect(result).toMatchObject({ outcome: 'copied', message: 'the build for linux/arm64 is not finished; it completes the image' });
    expect(result).not.toHaveProperty('targetDigest');
    expect(tags()).toHaveLength(1);
  });

  test('that the build of another platform has put meanwhile is as good', async () => {
    const { tag, targetDigest } = await customize();
    const index = ecr.repository(CUSTOM).find(tag!)!;
    ecr.repository(CUSTOM).tags.delete(tag!);
    // When this one puts it, the other has just done so.
    const put = ecr.fail({
      match: ({ method, path }) => {
        const isIndex = method === 'PUT' && path.endsWith(`/manifests/${tag}`);
        if (isIndex) ecr.repository(CUSTOM).tags.set(tag!, index.digest);
        return isIndex;
      },
      action: Fault.pass(),
    });
    expect(await customize()).toMatchObject({ outcome: 'copied', targetDigest });
    expect(put()).toBe(1);
  });
});

describe('an image of a platform', () => {
  test('that was pushed by another run meanwhile is taken, though Docker was refused', async () => {
    docker.onBuild = (call) => {
      pushAs(call);
      return { code: 1, stderr: 'tag invalid: The image tag already exists and cannot be overwritten because the repository is immutable.\n' };
    };
    expect(await customize()).toMatchObject({ outcome: 'copied' });
    expect(tags()).toHaveLength(2);
  });

  test('that is not what was asked for is not taken', async () => {
    docker.onBuild = (call) => {
      pushAs(call, { 'org.opencontainers.image.base.digest': IMAGE.digest });
      return { code: 0 };
    };
    expect(await customize()).toMatchObject({
      outcome: 'failed', reason: 'build-failed', message: expect.stringMatching(/is not the image that was built and pushed for linux\/amd64/),
    });
    expect(tags()).toHaveLength(1);
  });

  test('is not built again when only the index is missing', async () => {
    const { tag } = await customize();
    ecr.repository(CUSTOM).tags.delete(tag!);
    expect(await customize()).toMatchObject({ outcome: 'copied' });
    expect(docker.builds).toHaveLength(1);
  });

  test('keeps what was built from another image, for its tag is immutable', async () => {
    await customize();
    ecr.push(BASE, '1.0.0', singleImage({ seed: 'moved' }));
    docker.onBuild = () => ({ code: 1, stderr: 'tag invalid: The image tag already exists and cannot be overwritten because the repository is immutable.\n' });
    expect(await customize()).toMatchObject({ outcome: 'failed', reason: 'build-failed', message: expect.stringContaining('cannot be overwritten') });
  });
});

describe('says what is wrong', () => {
  test('when the image is not in the mirror', async () => {
    ecr.repository(BASE).tags.clear();
    const result = await customize();
    expect(result).toMatchObject({ outcome: 'failed', reason: 'not-found', message: `${BASE}:1.0.0 is not in the mirror yet, so it cannot be customized; mirror it first` });
    expect([result.repository, result.tag]).toEqual([CUSTOM, expect.stringMatching(/^1\.0\.0-[0-9a-f]{12}$/)]); // by which its alarm knows it
    expect(docker.calls).toEqual([]);
  });

  test('when the image lacks the platform', async () => {
    expect(await customize({ custom: { lines: ['ENV A=1'], platforms: ['linux/s390x'] } })).toMatchObject({
      outcome: 'failed', reason: 'not-found', message: expect.stringContaining('has no image for linux/s390x; it has linux/amd64, linux/arm64'),
    });
    expect(docker.builds).toEqual([]);
  });

  test('when the image has instructions of its own for whoever builds on it, and builds nothing', async () => {
    const plain = singleImage({ platform: 'linux/arm64' });
    const [image, index] = [withTriggers('linux/amd64'), indexOf([plain, withTriggers('linux/amd64')])];
    ecr.push(BASE, '1.0.0', index);
    expect(await customize()).toMatchObject({
      outcome: 'failed',
      reason: 'build-failed',
      message: expect.stringMatching(new RegExp(`^${BASE}@${image.digest} has ONBUILD instructions, which would run before your Dockerfile lines; use an image`)),
    });
    expect(docker.builds).toEqual([]);
    expect(tags()).toEqual([]);
  });

  test('when that is so of one of the platforms, and builds for none', async () => {
    ecr.push(BASE, '1.0.0', indexOf([singleImage(), withTriggers('linux/arm64')]));
    const both = { lines: ['ENV A=1'], platforms: ['linux/amd64', 'linux/arm64'] };
    expect(await customize({ custom: both })).toMatchObject({ outcome: 'failed', reason: 'build-failed' });
    expect(docker.builds).toEqual([]);
    expect(await customize({ custom: { ...both, platforms: ['linux/amd64'] } })).toMatchObject({ outcome: 'copied' });
  });

  test('when the machine has another processor than the platforms', async () => {
    expect(await customize({ custom: { platforms: ['linux/arm64'] } })).toMatchObject({
      outcome: 'failed',
      reason: 'invalid-configuration',
      message: 'this build runs on linux/amd64, but the image is for linux/arm64; start the build on a processor of one of these platforms',
    });
  });

  test('when there is no Docker', async () => {
    expect(await customize({ program: `${docker.program}-that-is-not-there` })).toMatchObject({
      outcome: 'failed', reason: 'build-failed', message: expect.stringMatching(/^the build image doesn't contain Docker; for customized images, use one of CodeBuild's own build images/),
    });
  });

  test('with the last words of Docker', async () => {
    docker.onBuild = () => ({ code: 17, stderr: ['one', 'two', '------', 'three', '', 'four', 'five', ''].join('\n') });
    expect(await customize()).toMatchObject({ outcome: 'failed', reason: 'build-failed', message: 'docker buildx build failed with exit code 17: two | three | four | five' });
  });

  test('when it is stopped in the middle of a build', async () => {
    const stop = new AbortController();
    docker.onBuild = async () => {
      stop.abort();
      return { code: 0 };
    };
    expect(await customize({ signal: stop.signal })).toMatchObject({ outcome: 'failed', reason: 'interrupted' });
    expect(tags()).toEqual([]);
  });

  test('when Amazon ECR refuses', async () => {
    ecr.fail({ match: { path: `/v2/${CUSTOM}/` }, action: Fault.status(403), times: 100 });
    expect(await customize()).toMatchObject({ outcome: 'failed', reason: 'unauthorized' });
  });
});

test('a registry that fails for a moment is asked again', async () => {
  ecr.fail({ match: { path: `/v2/${CUSTOM}/` }, action: Fault.status(503), times: 2 });
  expect(await customize()).toMatchObject({ outcome: 'copied' });
});
