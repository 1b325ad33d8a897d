/** What `--json` prints when a command has no results. */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { COMMAND, Ending, runCommand } from '../support/command';
import { withFolder } from '../support/with-folder';

const folder = withFolder();

/** The only JSON object on stdout. */
function objectOf({ stdout }: Ending): Record<string, unknown> {
  expect(stdout.endsWith('\n')).toBe(true);
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  return JSON.parse(stdout);
}

test.each<[string, string[], RegExp]>([
  ['an option before the command', ['--json', 'copy', 'nginx', 'localhost:1/nginx'], /unknown option '--json'/],
  ['an unknown command', ['clone', 'nginx', 'localhost:1/nginx'], /unknown command 'clone'/],
  ['no images', ['copy'], /^name a source and a target/],
  ['an unknown option', ['copy', '--fast', 'nginx', 'localhost:1/nginx'], /unknown option '--fast'/],
  ['an option without its value', ['copy', 'nginx', 'localhost:1/nginx', '--json', '--timeout'], /argument missing/],
  ['an invalid value', ['check', 'nginx', 'localhost:1/nginx', '--platform', 'arm'], /linux\/amd64,linux\/arm64/],
  ['a target without a registry', ['copy', 'nginx:stable', 'mirror/nginx:stable'], /has no registry/],
  ['a file that does not exist', ['copy', '--from-file', '/no/such/file', 'localhost:1/'], /^cannot read "\/no\/such\/file": ENOENT/],
  ['a catalog that does not exist', ['check', '--catalog', '/no/such/file', 'localhost:1/'], /^cannot read "\/no\/such\/file": ENOENT/],
  ['a catalog that is a folder', ['copy', '--catalog', '/', 'localhost:1/'], /EISDIR/],
  ['a catalog without a target', ['copy', '--catalog', '/no/such/file'], /the only argument is a target folder/],
  ['a folder that is not an app', ['check', '--app', '/'], /is not a synthesized app/],
  ['a stack without an app', ['check', '--stack', 'Images', 'nginx', 'localhost:1/nginx'], /^--stack needs --app/],
  ['start with an invalid name', ['start', 'NGINX'], /lowercase/],
  ['start with names and --all', ['start', '--all', 'nginx'], /--all starts every image/],
  ['--json with a value', ['copy', 'nginx', 'localhost:1/nginx', '--json=true'], /--json=true/],
])('%s is one object, and exit code 2', async (_, words, message) => {
  const ending = await runCommand(words.some((word) => word.startsWith('--json')) ? words : [...words, '--json']);
  expect(objectOf(ending)).toEqual({
    outcome: 'failed',
    images: { 'copied': 0, 'unchanged': 0, 'held': 0, 'upstream-gone': 0, 'tag-moved': 0, 'failed': 0 },
    results: [],
    reason: 'invalid-configuration',
    message: expect.stringMatching(message),
  });
  expect(ending.code).toBe(2);
  expect(ending.stderr).not.toBe('');
});

test.each<[string, Record<string, string>, string]>([
  ['no Region', {}, 'invalid-configuration'],
  ['no credentials', { AWS_REGION: 'eu-west-1', AWS_EC2_METADATA_DISABLED: 'true' }, 'unauthorized'],
])('start with %s is one object, and exit code 1', async (_, environment, reason) => {
  const ending = await runCommand(['start', 'nginx:stable', '--json'], { environment: { AWS_EC2_METADATA_DISABLED: 'true', ...environment } });
  expect([ending.code, objectOf(ending)]).toEqual([1, expect.objectContaining({ outcome: 'failed', reason, message: expect.any(String), results: [], builds: [] })]);
});

test('an invalid image is its own result, and exit code 2', async () => {
  const ending = await runCommand(['copy', '--json', 'nginx:-1', 'localhost:1/nginx']);
  expect([ending.code, objectOf(ending)]).toMatchObject([2, { source: 'nginx:-1', outcome: 'failed', reason: 'invalid-reference' }]);
});

test('a catalog with only invalid entries has their results', async () => {
  const catalog = path.join(folder, 'images.yaml');
  await writeFile(catalog, 'images:\n- NGINX\n');
  const ending = await runCommand(['check', '--json', '--catalog', catalog, 'localhost:1/']);
  expect([ending.code, objectOf(ending)]).toMatchObject([1, { outcome: 'failed', results: [{ source: 'NGINX', reason: 'invalid-configuration' }] }]);
});

test('the version and the help are an object too', async () => {
  expect(objectOf(await runCommand(['--version', '--json']))).toEqual({ version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
  expect(objectOf(await runCommand(['copy', '--help', '--json']))).toEqual({ help: expect.stringContaining('Exit codes:') });
});

test('without --json nothing of it is on stdout', async () => {
  expect(await runCommand(['copy', '--fast'])).toMatchObject({ code: 2, stdout: '' });
  expect(await runCommand(['copy', '--', '--json'])).toMatchObject({ code: 2, stdout: '' });
});

test.each([['SIGINT', 130], ['SIGTERM', 143]] as const)('%s while standard input is read is one object, and exit code %d', async (signal, code) => {
  // Its standard input never ends.
  const child = spawn(process.execPath, [COMMAND, 'copy', '--json', '--from-file', '-', 'localhost:1/'], { stdio: 'pipe' });
  let stdout = '';
  child.stdout.on('data', (chunk) => { stdout += String(chunk); });
  child.stderr.resume();
  // The command reads 64 KB only when it waits for its input.
  await new Promise((resolve) => child.stdin.write('# comment\n'.repeat(100_000), resolve));
  child.kill(signal);
  const ended = await new Promise((resolve) => child.once('close', resolve));
  expect([ended, JSON.parse(stdout)]).toEqual([code, expect.objectContaining({ outcome: 'failed', reason: 'interrupted' })]);
});
