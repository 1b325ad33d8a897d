/** Customized images that are built for real, by Buildah in the place of Docker, from and to a registry that has the rules of Amazon ECR. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Buildah, canBuild, MACHINE } from './buildah';
import { customizeImage } from '../../../src/engine/customize/customize-image';
import { Docker } from '../../../src/engine/customize/docker';
import { Transport } from '../../../src/engine/registry/transport';
import type { MirrorResult } from '../../../src/engine/result';
import { parseImageReference } from '../../../src/image/image-reference';
import { outputOf } from '../../interop/tools';
import { LocalEcr } from '../../support/local-ecr';
import { QUICK_RETRY } from '../../support/mirroring';

const BASE = 'mirror/team/vault';
const CUSTOM = 'mirror/custom/team/vault';
const LINES = ['RUN mkdir /etc/vault && echo "hello; $(echo world)" > /etc/vault/greeting', 'ENV GREETING="a b"', 'VOLUME ["/etc/vault"]', 'USER 1000'];

const describeWhereItBuilds = canBuild() ? describe : describe.skip;

describeWhereItBuilds('an image that is customized for real', () => {
  let ecr: LocalEcr;
  let buildah: Buildah;
  let lines: string[];

  beforeEach(async () => {
    ecr = await new LocalEcr([BASE, { repositoryName: CUSTOM, imageTagMutability: 'IMMUTABLE' }]).start();
    buildah = new Buildah();
    lines = [];
    await pushBase('LABEL org.opencontainers.image.base.digest=sha256:another org.example.team=vault');
  });

  afterEach(async () => {
    await ecr.close();
    buildah.dispose();
    expect(ecr.errors).toEqual([]);
  });

  const password = () => Buffer.from(ecr.issueToken(), 'base64').toString().split(/:(.*)/s)[1];

  async function pushBase(...more: string[]): Promise<void> {
    const store = ['--storage-driver', 'vfs', '--root', `${buildah.folder}/root`, '--runroot', `${buildah.folder}/run`];
    const policy = ['--signature-policy', `${buildah.folder}/policy.json`];
    await outputOf('buildah', [...store, 'build', ...policy, '--isolation', 'chroot', '--tag', 'base', buildah.writeBase(...more)]);
    await outputOf('buildah', [...store, 'push', ...policy, '--tls-verify=false', '--creds', `AWS:${password()}`, 'base', `docker://${ecr.host}/${BASE}:1.0.0`]);
  }

  async function customize(dockerfileLines: string[] = LINES): Promise<MirrorResult> {
    const transport = new Transport();
    const log = (line: string) => { lines.push(line); };
    const { signal } = new AbortController();
    try {
      return await customizeImage({
        source: parseImageReference('registry.example.com/team/vault:1.0.0'),
        target: { ...parseImageReference(`${ecr.host}/${BASE}:1.0.0`), tag: '1.0.0' },
        custom: { repository: CUSTOM, lines: dockerfileLines, platforms: [MACHINE] },
      }, {
        transport,
        docker: new Docker({ program: buildah.program, log, signal }),
        credentials: { credentialFor: async () => ({ username: 'AWS', password: password() }) },
        progress: { line: log, blobStarted: () => undefined, blobBytes: () => undefined, blobFinished: () => undefined },
        retry: QUICK_RETRY,
        deadline: Date.now() + 110_000,
        signal,
        plainHttp: () => true,
      });
    } finally {
      await transport.close();
    }
  }

  const manifestOf = (digest: string) => JSON.parse(ecr.repository(CUSTOM).find(digest)!.bytes.toString());

  async function blob(digest: string): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of ecr.repository(CUSTOM).blobs.get(digest)!.open()) pieces.push(piece as Buffer);
    return Buffer.concat(pieces);
  }

  /** The image of this machine's platform. */
  async function built(result: MirrorResult) {
    const { manifests, annotations } = manifestOf(result.targetDigest!);
    const manifest = manifestOf(manifests[0].digest);
    return { manifest, annotations, config: JSON.parse((await blob(manifest.config.digest)).toString()) };
  }

  test('has what the lines say, from the mirror\'s copy, and says what it was made of', async () => {
    const result = await customize();
    expect(result).toMatchObject({ outcome: 'copied', builtFrom: `${ecr.host}/${BASE}@${ecr.tagDigest(BASE, '1.0.0')}` });
    const { manifest, annotations, config } = await built(result);
    expect(config.config).toMatchObject({ Volumes: { '/etc/vault': {} }, User: '1000', Env: expect.arrayContaining(['GREETING=a b']) });
    expect(config.config.Labels).toMatchObject({ ...annotations, 'org.example.team': 'vault' });
    expect(annotations['org.opencontainers.image.base.digest']).toBe(ecr.tagDigest(BASE, '1.0.0'));
    const last = gunzipSync(await blob(manifest.layers.at(-1).digest));
    const { stdout } = spawnSync('tar', ['--extract', '--to-stdout', '--file', '-', 'etc/vault/greeting'], { input: last, encoding: 'utf8' });
    expect(stdout).toBe('hello; world\n');
  });

  test('is left as it is the second time, and built again from another base', async () => {
    const first = await customize();
    const calls = () => readFileSync(path.join(buildah.folder, 'calls'), 'utf8').split('\n').filter((line) => line.includes('buildx')).length;
    expect(await customize()).toMatchObject({ outcome: 'unchanged', targetDigest: first.targetDigest });
    expect(calls()).toBe(1);
    ecr.repository(CUSTOM).tags.clear();
    await pushBase('LABEL another=base');
    const second = await customize();
    expect(second).toMatchObject({ outcome: 'copied' });
    expect(second.targetDigest).not.toBe(first.targetDigest);
    expect((await built(second)).config.config.Labels).toMatchObject({ another: 'base' });
  });

  test('is not there when a command of a line fails, whose words are told', async () => {
    const result = await customize(['RUN cat /etc/no-such-file']);
    expect(result).toMatchObject({ outcome: 'failed', reason: 'build-failed', message: expect.stringMatching(/^docker buildx build failed with exit code 1: .*no-such-file/) });
    expect([...ecr.repository(CUSTOM).tags.keys()]).toEqual([]);
  });

  test('keeps the labels that say what it was made of when a line would overwrite them', async () => {
    const result = await customize(['LABEL org.opencontainers.image.base.digest=sha256:mine']);
    expect(result).toMatchObject({ outcome: 'copied' });
    const { annotations, config } = await built(result);
    expect(config.config.Labels).toMatchObject(annotations);
  });
});
