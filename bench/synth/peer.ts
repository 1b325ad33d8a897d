import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { PEER } from './report';

const VERSION = '4.2.65';

/** In the checkout, so that it finds the CDK that the library is measured with. */
const FOLDER = path.join(__dirname, '..', '..', '.tools', 'peers');

/** The peer, or why it cannot be had. */
export interface InstalledPeer {
  readonly folder: string;
  readonly version: string;
  readonly problem?: string;
}

/** Installs the peer where it is not there yet at the pinned version. It is no dependency of this project: only this benchmark wants it. */
export function installPeer(say: (line: string) => void): InstalledPeer {
  const installed = { folder: FOLDER, version: VERSION };
  if (presentVersion() === VERSION) return installed;
  say(`installing ${PEER} ${VERSION} into .tools/peers ...`);
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(path.join(FOLDER, 'package.json'), JSON.stringify({ name: 'peers', private: true }));
  // Not its peers: it shall use the CDK of this checkout.
  const options = ['--no-save', '--no-package-lock', '--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error'];
  const { status } = spawnSync('npm', ['install', ...options, `${PEER}@${VERSION}`], { cwd: FOLDER, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  return presentVersion() === VERSION ? installed : { ...installed, problem: `not installed: npm install ended with exit code ${status}` };
}

function presentVersion(): string | undefined {
  const manifest = path.join(FOLDER, 'node_modules', PEER, 'package.json');
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : undefined;
}
