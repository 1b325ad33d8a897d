import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { Exchange } from './exchange';
import { blobOf, digestOf, seededBytes } from './fixture-blob';
import { FixtureImage } from './fixture-images';
import { LocalRegistry } from './local-registry';
import { LocalServer } from './local-server';
import { DOCKER_MANIFEST } from '../../src/image/media-types';

/** One call of Docker. */
export interface DockerCall {
  readonly words: readonly string[];
  /** What it could read on stdin. */
  readonly input: string;
  /** The platform of the machine that it ran on. */
  readonly machine: string;
  /** What the build could see: the files of its folder. */
  readonly files?: readonly string[];
  readonly dockerfile?: string;
}

/** How a call ends. */
export interface DockerAnswer {
  readonly code: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

/** The variable that says which platform the machine has. */
const MACHINE = 'STAND_IN_DOCKER_MACHINE';

/** The program hands its words and its input to this process, and ends as it is told. */
const PROGRAM = (node: string, address: string) => `#!${node}
let input = '';
process.stdin.setEncoding('utf8').on('data', (text) => { input += text; }).on('end', () => {
  const call = JSON.stringify({ words: process.argv.slice(2), input, machine: process.env.${MACHINE} ?? 'linux/amd64' });
  const request = require('node:http').request(${JSON.stringify(address)}, { method: 'POST' }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (piece) => { text += piece; }).on('end', () => {
      const { code, stdout = '', stderr = '' } = JSON.parse(text);
      process.stdout.write(stdout);
      process.stderr.write(stderr);
      process.exitCode = code;
    });
  });
  request.end(call);
});
`;

/**
 * A program called `docker` that records its calls, and pushes to a registry what a build could have made.
 *
 * Imitated: `docker version`, `docker login`, and `docker buildx build --push` for one platform, as Docker's own builder does it: a manifest of
 * Docker's kind with the labels asked for. Not imitated: what the lines do. Words that are not known fail.
 */
export class StandInDocker extends LocalServer {
  readonly calls: DockerCall[] = [];
  /** Answers a build in place of the usual; undefined for that. */
  onBuild: ((call: DockerCall) => DockerAnswer | undefined | Promise<DockerAnswer | undefined>) | undefined;
  private folder = '';

  /** @param registry where builds push to, whatever its name is */
  constructor(private readonly registry: LocalRegistry) {
    super();
  }

  async start(): Promise<this> {
    await super.start();
    this.folder = await mkdtemp(path.join(tmpdir(), 'stand-in-docker-'));
    await writeFile(this.program, PROGRAM(process.execPath, this.url));
    await chmod(this.program, 0o755);
    return this;
  }

  async close(): Promise<void> {
    await super.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  get program(): string {
    return path.join(this.folder, 'docker');
  }

  /** Variables of a machine of a platform that has it. */
  machine(platform: string = 'linux/amd64'): Record<string, string> {
    return { PATH: `${this.folder}${path.delimiter}${process.env.PATH}`, [MACHINE]: platform };
  }

  /** The builds among the calls. */
  get builds(): DockerCall[] {
    return this.calls.filter(({ words }) => words[0] === 'buildx');
  }

  protected async handle(exchange: Exchange): Promise<void> {
    const call: DockerCall = JSON.parse(await exchange.text());
    await exchange.json(200, await this.answer(call));
  }

  private async answer(call: DockerCall): Promise<DockerAnswer> {
    const [command] = call.words;
    if (command === 'version') {
      this.calls.push(call);
      return { code: 0, stdout: `${call.machine}\n` };
    }
    if (command === 'login') {
      this.calls.push(call);
      return { code: 0, stdout: 'Login Succeeded\n', stderr: 'WARNING! Your credentials are stored unencrypted\n' };
    }
    if (command !== 'buildx') return { code: 1, stderr: `docker: '${command}' is not a docker command.\n` };
    const { dockerfile, folder } = buildOf(call);
    const seen = { ...call, files: await readdir(folder), dockerfile: await readFile(dockerfile, 'utf8') };
    this.calls.push(seen);
    return await this.onBuild?.(seen) ?? this.build(seen);
  }

  private build(call: DockerCall): DockerAnswer {
    const { labels, platform, repository, tag } = buildOf(call);
    this.registry.push(repository, tag, builtImage(platform, labels, call.dockerfile ?? ''));
    return { code: 0, stderr: '#1 [internal] load build definition from Dockerfile\n#9 pushing with docker\n#9 DONE 0.1s\n' };
  }
}

/** What the words of a build ask for. */
export function buildOf({ words }: Pick<DockerCall, 'words'>) {
  const values = (option: string) => words.flatMap((word, index) => words[index - 1] === option ? [word] : []);
  const [, repository = '', tag = ''] = /^[^/]+\/(.+):([^:]+)$/.exec(values('--tag')[0] ?? '') ?? [];
  return {
    platform: values('--platform')[0],
    labels: Object.fromEntries(values('--label').map((label) => label.split(/=(.*)/s).slice(0, 2))) as Record<string, string>,
    dockerfile: values('--file')[0],
    folder: words[words.length - 1],
    repository,
    tag,
  };
}

/** What Docker's own builder could have pushed. */
export function builtImage(platform: string, labels: Record<string, string>, dockerfile: string): FixtureImage {
  const [os, architecture, variant] = platform.split('/');
  const layer = blobOf(seededBytes(`${dockerfile} ${platform}`, 500));
  const config = blobOf(JSON.stringify({ os, architecture, variant, config: { Labels: labels }, rootfs: { type: 'layers', diff_ids: [layer.digest] } }));
  const bytes = Buffer.from(JSON.stringify({
    schemaVersion: 2,
    mediaType: DOCKER_MANIFEST,
    config: { mediaType: 'application/vnd.docker.container.image.v1+json', digest: config.digest, size: config.size },
    layers: [{ mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', digest: layer.digest, size: layer.size }],
  }));
  const manifest = { digest: digestOf(bytes), mediaType: DOCKER_MANIFEST, bytes };
  return { ...manifest, manifests: [manifest], blobs: [config, layer], platform };
}
