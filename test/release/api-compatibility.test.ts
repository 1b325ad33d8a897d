import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';

const script = path.join(__dirname, '..', '..', 'scripts', 'api-compatibility.mjs');

/** Runs the check with an npm that answers so. */
function check(npm: string) {
  const folder = mkdtempSync(path.join(tmpdir(), 'npm-'));
  writeFileSync(path.join(folder, 'npm'), `#!/bin/sh\n${npm}\n`);
  chmodSync(path.join(folder, 'npm'), 0o755);
  return spawnSync(process.execPath, [script], { encoding: 'utf8', env: { ...process.env, PATH: `${folder}:${process.env.PATH}` } });
}

test('before the first release, the check says that there is nothing to compare', () => {
  const { status, stdout } = check('echo \'{"error":{"code":"E404"}}\'; exit 1');
  expect(stdout).toContain('NOTHING TO COMPARE: no version of cdk-ecr-mirror has been released');
  expect(status).toBe(0);
});

test('a registry that does not answer fails the check, as the API may have changed', () => {
  const { status, stderr } = check('echo "npm error code ETIMEDOUT" >&2; exit 1');
  expect(stderr).toContain('npm could not look up the last release of cdk-ecr-mirror');
  expect(status).not.toBe(0);
});
