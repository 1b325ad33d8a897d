import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { isInstalled } from '../../interop/tools';

/** The platform of this machine, in the words of Docker. */
export const MACHINE = `linux/${process.arch === 'arm64' ? 'arm64' : 'amd64'}`;

/** What a shell in an image needs. */
const PROGRAMS = ['/bin/sh', '/bin/mkdir', '/bin/cat'];

/**
 * The words of Docker, as those of Buildah: a second builder of Dockerfiles, which takes neither a daemon nor a machine of its own.
 *
 * Buildah runs commands in a chroot, for in most places that tests run in it may not make containers.
 */
const TRANSLATOR = (folder: string) => `#!${process.execPath}
const { spawnSync } = require('node:child_process');
const { appendFileSync } = require('node:fs');
const [command, ...words] = process.argv.slice(2);
const folder = ${JSON.stringify(folder)};
const store = ['--storage-driver', 'vfs', '--root', folder + '/root', '--runroot', folder + '/run'];
const access = ['--tls-verify=false', '--authfile', folder + '/auth.json'];
const policy = ['--signature-policy', folder + '/policy.json'];
appendFileSync(folder + '/calls', JSON.stringify([command, ...words]) + '\\n');
function buildah(...given) {
  const { status } = spawnSync('buildah', [...store, ...given], { stdio: ['inherit', 'inherit', 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
}
if (command === 'version') {
  console.log(${JSON.stringify(MACHINE)});
} else if (command === 'login') {
  buildah('login', ...access, ...words);
} else {
  // What Docker's own builder does by itself or with the registry is left out, and what it pushes is pushed.
  const left = ['--builder', 'default', '--progress', 'plain', '--provenance=false', '--sbom=false', '--push', 'build'];
  const tag = words[words.indexOf('--tag') + 1];
  buildah('build', ...access, ...policy, '--isolation', 'chroot', '--format', 'docker', ...words.filter((word) => !left.includes(word)));
  buildah('push', ...access, ...policy, tag);
}
`;

/** Buildah on this machine, with a store of its own. */
export class Buildah {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'buildah-'));

  constructor() {
    writeFileSync(path.join(this.folder, 'policy.json'), JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }));
    writeFileSync(this.program, TRANSLATOR(this.folder));
    chmodSync(this.program, 0o755);
  }

  /** A program that is called as Docker is. */
  get program(): string {
    return path.join(this.folder, 'docker');
  }

  /** Writes a Dockerfile of an image that has a shell, from this machine's own, with some more lines; returns its folder. */
  writeBase(...lines: readonly string[]): string {
    const context = mkdtempSync(path.join(this.folder, 'base-'));
    for (const file of [...PROGRAMS, ...PROGRAMS.flatMap(librariesOf)]) {
      const copy = path.join(context, 'files', file);
      mkdirSync(path.dirname(copy), { recursive: true });
      copyFileSync(file, copy); // cpSync of Node 24 takes a symbolic link for a folder
    }
    mkdirSync(path.join(context, 'files', 'etc'), { recursive: true });
    writeFileSync(path.join(context, 'Dockerfile'), ['FROM scratch', 'COPY files /', ...lines, ''].join('\n'));
    return context;
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What a kernel says that lets nobody mount or change the root, not even root. */
const FORBIDDEN = /operation not permitted|permission denied/i;

/** Whether Buildah builds here. On a build server it is an error if it does not, unless its machine forbids what building takes. */
export function canBuild(): boolean {
  if (!isInstalled('buildah')) return false;
  const buildah = new Buildah();
  try {
    const { folder } = buildah;
    const { status, stderr } = spawnSync('buildah', [
      '--storage-driver', 'vfs', '--root', `${folder}/root`, '--runroot', `${folder}/run`,
      'build', '--signature-policy', `${folder}/policy.json`, '--isolation', 'chroot', buildah.writeBase('RUN mkdir /tried'),
    ], { encoding: 'utf8' });
    if (status === 0) return true;
    const problem = `Buildah does not build here: ${stderr.trim().split('\n').at(-1)}`;
    if (process.env.CI && !FORBIDDEN.test(stderr)) throw new Error(problem);
    // Past the console, which jest does not show of a suite that is skipped as a whole.
    process.stderr.write(`NOTICE: ${problem}; so what needs it is not tested here\n`);
    return false;
  } finally {
    buildah.dispose();
  }
}

function librariesOf(program: string): string[] {
  const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8' });
  return stdout.match(/\/[^ ]+\.so[^ ]*/g) ?? [];
}
