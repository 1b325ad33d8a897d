// Makes a fresh clone ready: installs the dependencies where they are missing or older than the lock file, then bundles.
// Needs nothing but Node and npm. Says what it does on stderr, so that stdout stays the command's own.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const installed = `${root}node_modules/.package-lock.json`; // npm writes it last, so it says that an install was finished
const lock = `${root}package-lock.json`;

function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
  console.error('installing the dependencies (npm ci) ...');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error']);
}
run(process.execPath, ['node_modules/tsx/dist/cli.mjs', 'scripts/bundle.ts']);
