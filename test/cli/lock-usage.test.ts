import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockCommand, LockCommandOptions } from '../../src/cli/commands/lock-command';
import { formatUsageError, UsageError } from '../../src/cli/usage-error';
import { withFolder } from '../support/with-folder';

const DIGEST = `sha256:${'0'.repeat(64)}`;
const folder = withFolder();
const file = join(folder, 'images.lock.json');

async function problemOf(args: string[], options: Partial<LockCommandOptions>): Promise<string> {
  try {
    await lockCommand(args, { file, quiet: true, timeout: 1, signal: new AbortController().signal, ...options });
    return 'none';
  } catch (error) {
    return formatUsageError(error as UsageError);
  }
}

test.each<[string, string[], Partial<LockCommandOptions>, string]>([
  ['no images', [], {}, 'there are no images to lock'],
  ['--check and --update', [], { check: true, update: true }, 'cannot be combined with --update'],
  ['--offline without --check', ['nginx'], { offline: true }, '--offline needs --check'],
  ['--stack without --app', ['nginx'], { stack: ['a'] }, '--stack needs --app'],
  ['images and --app', ['nginx'], { app: 'cdk.out' }, 'remove the other images, or remove --app'],
  ['a check without a file', [], { check: true }, 'does not exist; write it with "cdk-ecr-mirror lock --file'],
  ['a check of an app without a file', [], { check: true, app: 'cdk.out' }, '--app cdk.out", and commit it'],
  ['an update without a file', [], { update: true }, 'does not exist'],
  ['an image without a tag', [`nginx@${DIGEST}`], {}, 'has no tag, and a lock file has tags'],
  ['two digests of an image', [`nginx:1@${DIGEST}`, `nginx:1@${DIGEST.replace('0', '1')}`], {}, 'is listed with two digests'],
  ['images that are not valid', ['Nginx:1', 'redis:'], {}, '2 images are not valid, so the lock file was not changed:\n  invalid image reference "Nginx:1"'],
])('%s is an error of usage', async (_, args, options, message) => {
  expect([await problemOf(args, options), existsSync(file)]).toEqual([expect.stringContaining(message), false]);
});

test('lines of a list that are not valid have their numbers', async () => {
  const list = join(folder, 'images.txt');
  writeFileSync(list, 'nginx:stable\n- redis:7\nNginx:1\n');
  expect(await problemOf([], { fromFile: list })).toMatch(/images\.txt", line 2: it looks like YAML.*\n.*images\.txt", line 3: invalid/);
});
