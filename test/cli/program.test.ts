import type { Command } from 'commander';
import { mirrorCommand } from '../../src/cli/commands/mirror-command';
import { createProgram } from '../../src/cli/program';

jest.mock('../../src/cli/commands/mirror-command', () => ({ mirrorCommand: jest.fn() }));

const command = jest.mocked(mirrorCommand);
let written: string;
let exit: jest.Mock<void, [number]>;

beforeEach(() => {
  written = '';
  exit = jest.fn();
  command.mockResolvedValue(0);
});

/** Runs the command line; where it would end the process, it throws. */
async function run(...args: string[]): Promise<void> {
  const root = createProgram('1.2.3', exit);
  const write = (text: string) => { written += text; };
  const quiet = (one: Command) => one.exitOverride().configureOutput({ writeOut: write, writeErr: write });
  [root, ...root.commands].forEach(quiet);
  await root.parseAsync(args, { from: 'user' });
}

/** The options that the command was given. */
const options = () => command.mock.calls[0][1];

describe('copy and check', () => {
  test('copy copies', async () => {
    await run('copy', 'nginx:1', 'localhost:5000/nginx:1');
    expect(command.mock.calls).toEqual([[[{ source: 'nginx:1', target: 'localhost:5000/nginx:1' }], expect.anything(), false]]);
  });

  test('check changes nothing', async () => {
    await run('check', 'nginx:1', 'localhost:5000/nginx:1');
    expect(command.mock.calls).toEqual([[[{ source: 'nginx:1', target: 'localhost:5000/nginx:1' }], expect.anything(), true]]);
  });

  test.each([0, 1])('the exit code %i is passed on', async (code) => {
    command.mockResolvedValue(code);
    await run('copy', 'nginx', 'localhost:5000/nginx');
    expect(exit.mock.calls).toEqual([[code]]);
  });

  test('a failure of the command is passed on', async () => {
    command.mockRejectedValue(new Error('defect'));
    await expect(run('copy', 'nginx', 'localhost:5000/nginx')).rejects.toThrow('defect');
    expect(exit).not.toHaveBeenCalled();
  });

  test('gives up after an hour unless told otherwise', async () => {
    await run('copy', 'a', 'localhost:5000/b');
    expect(options()).toMatchObject({ timeout: 3600 });
  });

  test('judges the tag by its form, speaks TLS and writes for people unless told otherwise', async () => {
    await run('copy', 'a', 'localhost:5000/b');
    expect(options()).not.toHaveProperty('tagKind');
    expect(options()).not.toHaveProperty('plainHttp');
    expect(options()).not.toHaveProperty('json');
  });

  test.each([
    [['--json'], { json: true }],
    [['--plain-http'], { plainHttp: true }],
    [['--tag-kind', 'fixed'], { tagKind: 'fixed' }],
    [['--tag-kind=floating'], { tagKind: 'floating' }],
    [['--on-tag-moved', 'fail'], { onTagMoved: 'FAIL' }],
    [['--on-tag-moved', 'keep'], { onTagMoved: 'KEEP' }],
    [['--on-tag-moved', 'suffix'], { onTagMoved: 'SUFFIX' }],
    [[], { attestations: 'KEEP_IF_ACCEPTED' }],
    [['--attestations', 'keep'], { attestations: 'KEEP' }],
    [['--attestations', 'drop'], { attestations: 'DROP' }],
    [['--attestations=keep-if-accepted'], { attestations: 'KEEP_IF_ACCEPTED' }],
    [['--late-referrers'], { lateReferrers: true }],
    [['--timeout', '1'], { timeout: 1 }],
    [['--allow-realm', 'auth.example.net'], { allowRealm: ['auth.example.net'] }],
    [['--allow-realm', 'Auth.example.net, sso.example.org:8443'], { allowRealm: ['auth.example.net', 'sso.example.org:8443'] }],
    [['--endpoint', 'docker.io=artifactory.example.com/docker-remote'], { endpoint: [{ registry: 'docker.io', endpoint: 'artifactory.example.com/docker-remote' }] }],
    [['--endpoint', 'docker.io=a.example.com', '--endpoint', 'quay.io=b.example.com'], { endpoint: [{ registry: 'docker.io', endpoint: 'a.example.com' }, { registry: 'quay.io', endpoint: 'b.example.com' }] }],
    [['--timeout', '604800'], { timeout: 604_800 }],
  ])('understands %j', async (args, expected) => {
    await run('copy', 'a', 'localhost:5000/b', ...args);
    expect(options()).toMatchObject(expected);
  });

  test('takes options before the images', async () => {
    await run('check', '--json', 'a', 'localhost:5000/b');
    expect(command.mock.calls[0]).toMatchObject([[{ source: 'a', target: 'localhost:5000/b' }], { json: true }, true]);
  });
});

describe('refusals', () => {
  test.each([
    ['no command', []],
    ['a command that does not exist', ['move', 'a', 'localhost:5000/b']],
    ['no images', ['copy']],
    ['one image', ['copy', 'a']],
    ['three images', ['copy', 'a', 'localhost:5000/b', 'c']],
    ['an option that does not exist', ['copy', 'a', 'localhost:5000/b', '--force']],
    ['a kind of tag that does not exist', ['copy', 'a', 'localhost:5000/b', '--tag-kind', 'mutable']],
    ['a kind of tag that is missing', ['copy', 'a', 'localhost:5000/b', '--tag-kind']],
    ['a policy that does not exist', ['copy', 'a', 'localhost:5000/b', '--on-tag-moved', 'overwrite']],
    ['a policy from the prototype', ['copy', 'a', 'localhost:5000/b', '--on-tag-moved', 'constructor']],
    ['a policy for attestations in the spelling of variables', ['copy', 'a', 'localhost:5000/b', '--attestations', 'KEEP_IF_ACCEPTED']],
    ['a policy for attestations that does not exist', ['copy', 'a', 'localhost:5000/b', '--attestations', 'refuse']],
    ['a timeout of 0', ['copy', 'a', 'localhost:5000/b', '--timeout', '0']],
    ['a negative timeout', ['copy', 'a', 'localhost:5000/b', '--timeout=-1']],
    ['half a second', ['copy', 'a', 'localhost:5000/b', '--timeout', '0.5']],
    ['a timeout in minutes', ['copy', 'a', 'localhost:5000/b', '--timeout', '5m']],
    ['a timeout of more than a week', ['copy', 'a', 'localhost:5000/b', '--timeout', '604801']],
    ['a realm that is an address', ['copy', 'a', 'localhost:5000/b', '--allow-realm', 'https://auth.example.net/token']],
    ['an empty realm', ['copy', 'a', 'localhost:5000/b', '--allow-realm', '']],
    ['an endpoint with a scheme', ['copy', 'a', 'localhost:5000/b', '--endpoint', 'docker.io=http://a.example.com']],
    ['an endpoint without a registry', ['copy', 'a', 'localhost:5000/b', '--endpoint', 'a.example.com']],
    ['two endpoints of a registry', ['copy', 'a', 'localhost:5000/b', '--endpoint', 'docker.io=a.example.com', '--endpoint', 'docker.io=b.example.com']],
    ['a stack without an app', ['check', 'a', 'localhost:5000/b', '--stack', 'Images']],
    ['a registry without an app', ['check', 'a', 'localhost:5000/b', '--registry', 'localhost:5000']],
    ['an empty timeout', ['copy', 'a', 'localhost:5000/b', '--timeout', '']],
    ['a timeout in another notation', ['copy', 'a', 'localhost:5000/b', '--timeout', '1e3']],
  ])('%s runs nothing', async (_, args) => {
    await expect(run(...args)).rejects.toMatchObject({ exitCode: expect.any(Number) });
    expect(command).not.toHaveBeenCalled();
    expect(exit).not.toHaveBeenCalled();
  });

  test('of a policy name the ones that exist', async () => {
    await expect(run('copy', 'a', 'localhost:5000/b', '--on-tag-moved', 'overwrite')).rejects.toThrow('fail, keep, suffix');
    await expect(run('copy', 'a', 'localhost:5000/b', '--attestations', 'refuse')).rejects.toThrow('keep-if-accepted, keep, drop');
  });

  test('of a timeout name the longest', async () => {
    await expect(run('copy', 'a', 'localhost:5000/b', '--timeout', 'soon')).rejects.toThrow('a whole number of seconds, 1 to 604800');
  });
});

describe('help', () => {
  test('names the commands', async () => {
    await expect(run('--help')).rejects.toMatchObject({ exitCode: 0 });
    expect(written).toMatch(/copy[^]*check/);
  });

  test('of a command names its options', async () => {
    await expect(run('copy', '--help')).rejects.toMatchObject({ exitCode: 0 });
    for (const option of ['--json', '--plain-http', '--tag-kind', '--on-tag-moved', '--attestations', '--late-referrers', '--timeout']) expect(written).toContain(option);
  });

  test('tells of an app where one is checked only', async () => {
    await expect(run('check', '--help')).rejects.toMatchObject({ exitCode: 0 });
    expect(written).toContain('with --app');
    written = '';
    await expect(run('copy', '--help')).rejects.toMatchObject({ exitCode: 0 });
    expect(written).toContain('--catalog');
    expect(written).not.toContain('--app');
  });

  test('of start names both places of a catalog', async () => {
    await expect(run('start', '--help')).rejects.toMatchObject({ exitCode: 0 });
    expect(written.replace(/\s+/g, ' ')).toContain('ssm:/platform/images or s3://bucket/key');
  });

  test.each([[], ['copy'], ['check'], ['start']])('of %j has the exit codes', async (...names) => {
    await expect(run(...names.flat(), '--help')).rejects.toMatchObject({ exitCode: 0 });
    expect(written).toMatch(/Exit codes:\n +0 .*\n +1 .*\n +2 .*\n +130 .*\n +143 /);
  });

  test('tells the version', async () => {
    await expect(run('--version')).rejects.toMatchObject({ exitCode: 0 });
    expect(written).toBe('1.2.3\n');
  });
});
