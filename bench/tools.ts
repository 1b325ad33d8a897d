import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as path from 'node:path';

/** From where to where. */
export interface Pair {
  readonly source: string;
  readonly target: string;
}

/** A program that copies images, as its users call it. */
export interface Tool {
  readonly name: string;
  /** What is run, for people. */
  readonly title: string;
  /** What is run, without the program's arguments for one copy. */
  readonly program: readonly string[];
  /** Undefined when it is not to be had here. */
  readonly version?: string;
  copy(pair: Pair, plainHttp: boolean): string[];
  /** The arguments that copy all pairs of a file, each `SOURCE TARGET` on a line, in one process; where it can do so. */
  copyFile?(file: string, plainHttp: boolean): string[];
}

export const OURS = 'cdk-ecr-mirror';
/** Those that test/tools pins and builds. */
export const PINNED_PEERS: readonly string[] = ['buildx', 'crane', 'oras', 'regctl'];

const ROOT = path.join(__dirname, '..');
const BUNDLE = path.join(ROOT, 'assets', 'cli', 'cdk-ecr-mirror.js');

/** Our engine first, then the peers in the order of their names. */
export function allTools(): Tool[] {
  return [ours(), buildx(), crane(), oras(), regctl(), skopeo()];
}

function ours(): Tool {
  const program = [process.execPath, BUNDLE];
  // `copy --from-file` is looked for, so that a bundle without it is measured as well: one process for each image.
  const manyAtOnce = spawnSync(program[0], [BUNDLE, 'copy', '--help'], { encoding: 'utf8' }).stdout.includes('--from-file');
  const options = (plainHttp: boolean) => plainHttp ? ['--plain-http'] : [];
  return {
    name: OURS,
    title: 'cdk-ecr-mirror copy',
    program,
    version: existsSync(BUNDLE) ? `this checkout, Node ${process.versions.node}` : undefined,
    copy: ({ source, target }, plainHttp) => ['copy', ...options(plainHttp), source, target],
    ...manyAtOnce ? { copyFile: (file: string, plainHttp: boolean) => ['copy', ...options(plainHttp), '--from-file', file] } : {},
  };
}

function skopeo(): Tool {
  return {
    name: 'skopeo',
    title: 'skopeo copy --all --preserve-digests',
    ...located('skopeo', ['--version']),
    copy: ({ source, target }, plainHttp) => [
      'copy', '--all', '--preserve-digests', ...plainHttp ? ['--src-tls-verify=false', '--dest-tls-verify=false'] : [], `docker://${source}`, `docker://${target}`,
    ],
  };
}

function crane(): Tool {
  return {
    name: 'crane',
    title: 'crane copy',
    ...located('crane', ['version']),
    copy: ({ source, target }, plainHttp) => ['copy', ...plainHttp ? ['--insecure'] : [], source, target],
  };
}

function regctl(): Tool {
  return {
    name: 'regctl',
    title: 'regctl image copy',
    ...located('regctl', ['version']),
    copy: ({ source, target }, plainHttp) => [
      'image', 'copy', ...plainHttp ? [source, target].flatMap((image) => ['--host', `reg=${hostOf(image)},tls=disabled`]) : [], source, target,
    ],
  };
}

function oras(): Tool {
  return {
    name: 'oras',
    title: 'oras cp',
    ...located('oras', ['version']),
    copy: ({ source, target }, plainHttp) => ['cp', ...plainHttp ? ['--from-plain-http', '--to-plain-http'] : [], source, target],
  };
}

/** `docker buildx` is this program; the docker command adds only its own start. */
function buildx(): Tool {
  return {
    name: 'buildx',
    title: 'docker buildx imagetools create',
    ...located('buildx', ['version']),
    // Otherwise it wraps a single image into an index, and the digest is another.
    copy: ({ source, target }) => ['imagetools', 'create', '--prefer-index=false', '--progress', 'none', '--tag', target, source],
  };
}

/** Looks for a program among the pinned ones (`node test/tools/install.mjs`), then on the PATH. */
function located(name: string, versionArguments: readonly string[]): { program: string[]; version?: string } {
  const pinned = path.join(ROOT, '.tools', 'bin', name);
  const program = existsSync(pinned) ? pinned : name;
  const { status, stdout } = spawnSync(program, versionArguments, { encoding: 'utf8' });
  return { program: [program], version: status === 0 ? /v?[0-9]+\.[0-9]+\.[0-9]+/.exec(stdout)?.[0].replace(/^v/, '') ?? stdout.trim() : undefined };
}

function hostOf(image: string): string {
  return image.slice(0, image.indexOf('/'));
}
