import { CommandOptions, dockerConfig, Ending, runCommand } from '../support/command';
import { Fault } from '../support/fault';
import { multiPlatformImage, singleImage } from '../support/fixture-images';
import { LocalDockerHub } from '../support/local-docker-hub';
import { momentOf } from '../support/moment';
import { RESULT_FIELDS, resultOf } from '../support/result-of';
import { withRegistries } from '../support/with-servers';

const IMAGE = multiPlatformImage();
const OTHER = singleImage({ seed: 'other' });

const { upstream, target } = withRegistries();

beforeEach(() => {
  upstream.push('app', '1.0.0', IMAGE);
});

function run(command: 'copy' | 'check', options: readonly string[] = [], process: CommandOptions = {}): Promise<Ending> {
  return runCommand([command, '--plain-http', ...options, `${upstream.host}/app:1.0.0`, `${target.host}/mirror/app:1.0.0`], process);
}

/** What a terminal would act on instead of showing it. */
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]/;

describe('copy', () => {
  test('copies, says so to people on stderr, and exits with 0', async () => {
    const ending = await run('copy');
    expect(ending).toMatchObject({ code: 0, stdout: '' });
    expect(ending.stderr).toContain(`copied: ${target.host}/mirror/app:1.0.0@${IMAGE.digest}`);
    expect(target.holds('mirror/app', IMAGE)).toBe(true);
  });

  test('is unchanged the second time, and exits with 0', async () => {
    await run('copy');
    const ending = await run('copy');
    expect(ending.code).toBe(0);
    expect(ending.stderr).toContain('unchanged: ');
  });

  test('with --json prints one JSON object on stdout and nothing else there', async () => {
    const { code, stdout } = await run('copy', ['--json']);
    expect(code).toBe(0);
    expect(stdout.endsWith('}\n')).toBe(true);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toEqual({
      source: `${upstream.host}/app:1.0.0`,
      target: `${target.host}/mirror/app:1.0.0`,
      repository: 'mirror/app',
      tag: '1.0.0',
      outcome: 'copied',
      sourceDigest: IMAGE.digest,
      targetDigest: IMAGE.digest,
      bytesCopied: IMAGE.blobs.reduce((sum, { size }) => sum + size, 0),
      blobsCopied: IMAGE.blobs.length,
      blobsSkipped: 0,
      referrersCopied: 0,
      requests: { source: upstream.count(), target: target.count() },
      countedPulls: 3,
      seconds: expect.any(Number),
    });
  });

  test('gives a target without a tag that of the source', async () => {
    const ending = await runCommand(['copy', '--plain-http', `${upstream.host}/app:1.0.0`, `${target.host}/mirror/app`]);
    expect(ending.code).toBe(0);
    expect(target.tagDigest('mirror/app', '1.0.0')).toBe(IMAGE.digest);
  });

  test('gives a target without a tag one that is made of a digest', async () => {
    const ending = await runCommand(['copy', '--plain-http', `${upstream.host}/app@${IMAGE.digest}`, `${target.host}/mirror/app`]);
    expect(ending.code).toBe(0);
    expect(target.tagDigest('mirror/app', `digest-${IMAGE.digest.slice(7, 19)}`)).toBe(IMAGE.digest);
  });

  test('retries and tells that it does', async () => {
    upstream.fail({ action: Fault.status(503, { 'retry-after': '0' }) });
    const ending = await run('copy');
    expect(ending.code).toBe(0);
    expect(ending.stderr).toContain('HTTP 503); trying again in 0.0 s');
  });

  test('exits with 1 where upstream has no such image', async () => {
    const ending = await runCommand(['copy', '--plain-http', '--json', `${upstream.host}/app:missing`, `${target.host}/mirror/app`]);
    expect(ending.code).toBe(1);
    expect(resultOf(ending)).toMatchObject({ outcome: 'failed', reason: 'not-found', message: expect.any(String) });
    expect(ending.stderr).toContain('failed: ');
  });

  test.each([
    ['fail', 1, 'immutable-tag', OTHER.digest],
    ['keep', 0, undefined, OTHER.digest],
    ['suffix', 0, undefined, OTHER.digest],
  ])('with --on-tag-moved %s exits with %d when a fixed tag moved', async (policy, code, reason, digest) => {
    target.push('mirror/app', '1.0.0', OTHER);
    const ending = await run('copy', ['--json', '--on-tag-moved', policy]);
    expect([ending.code, resultOf(ending).outcome, resultOf(ending).reason]).toEqual([code, 'tag-moved', reason]);
    expect(target.tagDigest('mirror/app', '1.0.0')).toBe(digest);
  });

  test('with --tag-kind floating lets a tag move that looks fixed', async () => {
    target.push('mirror/app', '1.0.0', OTHER);
    expect((await run('copy', ['--tag-kind', 'floating'])).code).toBe(0);
    expect(target.tagDigest('mirror/app', '1.0.0')).toBe(IMAGE.digest);
  });

  test('with --timeout gives up and says so', async () => {
    upstream.fail({ action: Fault.stall(), times: 10 });
    const ending = await run('copy', ['--json', '--timeout', '1']);
    expect(ending.code).toBe(1);
    expect(resultOf(ending)).toMatchObject({ outcome: 'failed', reason: 'deadline-exceeded' });
  });

  test('speaks TLS to a local registry unless it is told not to', async () => {
    const ending = await runCommand(['check', '--json', '--timeout', '1', `${upstream.host}/app:1.0.0`, `${target.host}/mirror/app`]);
    expect(ending.code).toBe(1);
    expect(upstream.count()).toBe(0);
  });
});

describe('check', () => {
  test('tells what copy would do, exits with 0 and changes nothing', async () => {
    const ending = await run('check');
    expect(ending).toMatchObject({ code: 0, stdout: '' });
    expect(ending.stderr).toContain('would copy ');
    expect(target.count({ method: /POST|PUT|PATCH|DELETE/ })).toBe(0);
  });

  test('says with --json that it was a dry run', async () => {
    expect(resultOf(await run('check', ['--json']))).toMatchObject({ outcome: 'copied', dryRun: true, sourceDigest: IMAGE.digest, bytesCopied: 0, countedPulls: 0 });
  });

  test('exits with 1 when a fixed tag moved', async () => {
    target.push('mirror/app', '1.0.0', OTHER);
    expect((await run('check', ['--on-tag-moved', 'fail'])).code).toBe(1);
  });

  test('names the digest of what is there already', async () => {
    target.push('mirror/app', '1.0.0', IMAGE);
    expect((await run('check')).stderr).toContain(`unchanged: ${target.host}/mirror/app:1.0.0 is ${IMAGE.digest}`);
  });
});

describe('what cannot be run', () => {
  test.each([
    ['an upper-case repository', ['copy', 'NGINX/App:1', 'registry.example.com/app']],
    ['an address', ['copy', 'https://registry.example.com/app:1', 'registry.example.com/app']],
    ['an empty source', ['copy', '', 'registry.example.com/app']],
    ['a bad tag', ['copy', 'nginx:-1', 'registry.example.com/app']],
    ['a bad digest', ['check', 'nginx@sha256:12', 'registry.example.com/app']],
    ['a target with a digest', ['copy', 'nginx:1', `registry.example.com/app@${IMAGE.digest}`]],
    ['a source of escape sequences', ['copy', 'nginx:\u001b[2J\u009b31m\u202e', 'registry.example.com/app']],
  ])('%s is one clear line and exit code 2', async (_, commandArguments) => {
    const { code, stdout, stderr } = await runCommand(commandArguments);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^failed: invalid image reference ".*\n$/);
    expect(stderr.trimEnd()).not.toMatch(CONTROL);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test('has a result with every field in JSON, too', async () => {
    const ending = await runCommand(['copy', '--json', 'nginx:-1', 'registry.example.com/app']);
    expect(resultOf(ending)).toMatchObject({ ...RESULT_FIELDS, source: 'nginx:-1', outcome: 'failed', reason: 'invalid-reference', message: expect.stringContaining('invalid image reference') });
  });

  test.each([
    ['no arguments', ['copy']],
    ['an unknown option', ['copy', '--fast', 'nginx:1', 'registry.example.com/app']],
    ['an unknown command', ['clone', 'nginx:1', 'registry.example.com/app']],
    ['an unknown policy', ['copy', '--on-tag-moved', 'explode', 'nginx:1', 'registry.example.com/app']],
    ['an unknown kind', ['copy', '--tag-kind', 'sticky', 'nginx:1', 'registry.example.com/app']],
    ['a timeout that is no number', ['copy', '--timeout', '1e3', 'nginx:1', 'registry.example.com/app']],
    ['a timeout of nothing', ['copy', '--timeout', '0', 'nginx:1', 'registry.example.com/app']],
  ])('%s is told with where the help is and exit code 2', async (_, commandArguments) => {
    const { code, stdout, stderr } = await runCommand(commandArguments);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toMatch(/\n\(see "cdk-ecr-mirror (?:copy )?--help"\)\n$/);
    expect(stderr).not.toContain('Usage:');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test('--version and --help are told on stdout with exit code 0', async () => {
    const [version, help] = await Promise.all([runCommand(['--version']), runCommand(['--help'])]);
    expect([version.code, help.code]).toEqual([0, 0]);
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(help.stdout).toContain('copy');
  });
});

describe('Docker\'s configuration', () => {
  const user = { username: 'someone', password: 'secret:password' };
  let hub: LocalDockerHub;

  beforeEach(async () => {
    hub = await new LocalDockerHub({ users: [user], privateRepositories: ['someone/private'] }).start();
    hub.push('someone/private', '1.0.0', IMAGE);
  });

  afterEach(() => hub.close());

  async function copyPrivate(content: string | object): Promise<Ending> {
    const config = await dockerConfig(content);
    try {
      return await runCommand(['copy', '--plain-http', '--json', `${hub.host}/someone/private:1.0.0`, `${target.host}/mirror/app`], { environment: { DOCKER_CONFIG: config.folder } });
    } finally {
      await config.dispose();
    }
  }

  test('gives the credentials that docker login left', async () => {
    const auth = Buffer.from(`${user.username}:${user.password}`).toString('base64');
    expect((await copyPrivate({ auths: { [hub.host]: { auth } } })).code).toBe(0);
    expect(target.holds('mirror/app', IMAGE)).toBe(true);
  });

  test('with wrong credentials is unauthorized, and shows none of them', async () => {
    const auth = Buffer.from('someone:wrong-password').toString('base64');
    const ending = await copyPrivate({ auths: { [hub.host]: { auth } } });
    expect(ending.code).toBe(1);
    expect(resultOf(ending)).toMatchObject({ outcome: 'failed', reason: 'unauthorized' });
    expect(ending.stdout + ending.stderr).not.toContain('wrong-password');
    expect(ending.stdout + ending.stderr).not.toContain(auth);
  });

  test('for another registry is not used', async () => {
    const auth = Buffer.from(`${user.username}:${user.password}`).toString('base64');
    expect(resultOf(await copyPrivate({ auths: { 'registry.example.com': { auth } } }))).toMatchObject({ reason: 'unauthorized' });
    expect(hub.requests.map(({ headers }) => headers.authorization)).not.toContain('Basic [hidden]');
  });

  test('that is no JSON is told with its file and remedy', async () => {
    expect(resultOf(await copyPrivate('{'))).toMatchObject({ outcome: 'failed', reason: 'invalid-configuration', message: expect.stringContaining('DOCKER_CONFIG') });
  });

  test('that names a helper which is not there is a warning, and the refusal names the helper', async () => {
    const ending = await copyPrivate({ credsStore: 'not-installed' });
    expect(resultOf(ending)).toMatchObject({ reason: 'unauthorized', message: expect.stringContaining('docker-credential-not-installed, which is not on the PATH') });
    expect(ending.stderr).toMatch(/^warning: .*docker-credential-not-installed/m);
  });
});

describe.each([['SIGINT', 130], ['SIGTERM', 143]] as const)('%s', (signal, code) => {
  test('ends the run cleanly as interrupted, and the tag is as it was', async () => {
    target.push('mirror/app', '1.0.0', OTHER);
    upstream.fail({ match: { path: '/blobs/' }, action: Fault.stallBody(100), times: 1000 });
    const ending = await run('copy', ['--json', '--tag-kind', 'floating'], {
      onStart: async (child, ended) => {
        await momentOf(ended, () => upstream.count({ path: '/blobs/' }) > 0);
        child.kill(signal);
      },
    });
    expect(ending).toMatchObject({ code, signal: undefined });
    expect(resultOf(ending)).toMatchObject({ outcome: 'failed', reason: 'interrupted' });
    expect(ending.stderr).not.toMatch(/\n\s+at /);
    expect(target.tagDigest('mirror/app', '1.0.0')).toBe(OTHER.digest);
  });
});

test('a run that is killed half-way leaves the tag as it was, and the next one goes on from the blobs that are there', async () => {
  target.push('mirror/app', '1.0.0', OTHER);
  const [config, ...rest] = IMAGE.blobs;
  upstream.fail({ match: ({ method, path }) => method === 'GET' && rest.some(({ digest }) => path.endsWith(digest)), action: Fault.stallBody(100), times: 1000 });
  const ending = await run('copy', ['--tag-kind', 'floating'], {
    onStart: async (child, ended) => {
      await momentOf(ended, () => target.repository('mirror/app').blobs.has(config.digest));
      child.kill('SIGKILL');
    },
  });
  expect([ending.signal, target.tagDigest('mirror/app', '1.0.0')]).toEqual(['SIGKILL', OTHER.digest]);
  upstream.faults.clear();
  expect(resultOf(await run('copy', ['--json', '--tag-kind', 'floating']))).toMatchObject({ outcome: 'copied', blobsSkipped: 1, targetDigest: IMAGE.digest });
});

describe('a hostile registry', () => {
  const hostile = 'a\u001b[31mb\u0007\rc\u009bd\u202ee\u2028f\nfailed: forged';

  test.each([
    ['an error\'s message', JSON.stringify({ errors: [{ code: 'DENIED', message: hostile }] })],
    ['an error\'s code', JSON.stringify({ errors: [{ code: hostile, message: 'no' }] })],
    ['a plain body', hostile],
  ])('drives no terminal with %s', async (_, body) => {
    upstream.fail({ match: { method: 'GET' }, action: Fault.status(403, {}, body), times: 10 });
    const { code, stdout, stderr } = await run('copy', ['--json']);
    expect(code).toBe(1);
    for (const line of [...stdout.split('\n'), ...stderr.split('\n')]) expect(line).not.toMatch(CONTROL);
    expect(stderr).not.toMatch(/^failed: forged/m);
  });

  test('forges no line with a content type', async () => {
    upstream.fail({ match: { method: 'GET' }, action: Fault.headers({ 'content-type': 'x\u009b31m/y' }), times: 10 });
    const { stdout, stderr } = await run('copy', ['--json']);
    for (const line of [...stdout.split('\n'), ...stderr.split('\n')]) expect(line).not.toMatch(CONTROL);
  });
});
