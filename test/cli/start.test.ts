/** The command `start` as a child process, with the real AWS SDK, against an account on this machine. */
import { copied, DeployedAccount, missing, NGINX, REDIS, reportOf, resultLines, targetOf } from '../support/deployed-account';
import { Fault } from '../support/fault';

let account: DeployedAccount;

beforeEach(async () => {
  account = await DeployedAccount.open();
});

afterEach(async () => {
  expect(account.errors()).toEqual([]);
  await account.close();
});

/** What a terminal would act on instead of showing it. */
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]/;

describe('a run that goes well', () => {
  test('is that of the image, follows the log, and ends with the results and 0', async () => {
    account.deployMirror();
    const ending = await account.start(['nginx:stable']);
    expect(ending).toMatchObject({ code: 0, stdout: '' });
    expect(account.started()).toEqual([[{ IMAGE: NGINX }]]);
    const [{ id }] = account.codeBuild.builds;
    expect(ending.stderr.split('\n').slice(0, 6)).toEqual([
      'starting nginx:stable of the stack Images',
      expect.stringContaining(`started the build ${id}`),
      `build log: ${account.linkTo(id)}`,
      '[Container] 2026/01/01 00:00:00 Entering phase BUILD',
      'put manifest sha256:0123',
      expect.stringMatching(/^OUTCOME/),
    ]);
    expect(ending.stderr).toMatch(new RegExp(`^copied +${targetOf(NGINX).replaceAll('.', '\\.')} +1\\.5 MB +1\\.5$`, 'm'));
    expect(ending.stderr.trimEnd().split('\n').at(-1)).toBe('1 image: 1 copied');
  });

  test('with --json prints one object on stdout, and nothing else there', async () => {
    account.deployMirror();
    const ending = await account.start(['--json', 'nginx:stable', 'redis:7.4.0']);
    expect([ending.code, ending.stdout.trimEnd().split('\n').length]).toEqual([0, 1]);
    const [{ id }] = account.codeBuild.builds;
    expect(reportOf(ending)).toEqual({
      outcome: 'copied',
      images: { 'copied': 2, 'unchanged': 0, 'held': 0, 'upstream-gone': 0, 'tag-moved': 0, 'failed': 0 },
      results: [copied(NGINX), copied(REDIS)],
      builds: [{ id, link: account.linkTo(id), status: 'SUCCEEDED', images: [NGINX, REDIS] }],
    });
  });

  test('with --quiet tells the results and nothing before them', async () => {
    account.deployMirror();
    const { code, stderr } = await account.start(['--quiet', 'nginx:stable']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^OUTCOME [^]*\n1 image: 1 copied\n$/);
  });

  test('tells the log as it grows, and waits for its last lines', async () => {
    account.deployMirror();
    account.codeBuild.onStart = () => undefined;
    account.codeBuild.onPoll = (build) => {
      if (build.polls === 1) build.write('first');
      if (build.polls === 2) build.end('SUCCEEDED');
      if (build.polls === 3) build.write('last', ...resultLines([copied(NGINX)]));
    };
    const { code, stderr } = await account.start(['nginx:stable']);
    expect(code).toBe(0);
    expect(stderr.match(/^(first|last)$/gm)).toEqual(['first', 'last']);
  });

  test('reads a log of many pages to its end, each line once', async () => {
    account.deployMirror();
    const lines = Array.from({ length: 1234 }, (_, index) => `line ${index}`);
    account.codeBuild.onStart = (build) => build.write(...lines, ...resultLines([copied(NGINX)])).end('SUCCEEDED');
    const { stderr } = await account.start(['nginx:stable']);
    expect(stderr.match(/^line [0-9]+$/gm)).toEqual(lines);
  });

  test('is carried on over failures of AWS that pass', async () => {
    account.deployMirror();
    account.codeBuild.refuse('StartBuild', 'AccountLimitExceededException', 'Cannot have more than 30 builds in queue for the account', 1);
    account.codeBuild.refuse('BatchGetBuilds', 'ThrottlingException', 'Rate exceeded', 1);
    account.logs.fail({ action: Fault.reset(), times: 1 });
    const { code, stderr } = await account.start(['nginx:stable']);
    expect(code).toBe(0);
    expect(stderr).toContain('Cannot have more than 30 builds in queue');
    expect(stderr).toContain('ThrottlingException');
    expect(account.codeBuild.builds).toHaveLength(1);
  });
});

describe('--no-wait', () => {
  test('prints the build and its page on stdout, and follows nothing', async () => {
    account.deployMirror();
    const { code, stdout } = await account.start(['--no-wait', 'nginx:stable']);
    const [{ id, polls }] = account.codeBuild.builds;
    expect([code, stdout, polls, account.logs.count()]).toEqual([0, `${id} ${account.linkTo(id)}\n`, 0, 0]);
  });

  test('with --json prints one object', async () => {
    account.deployMirror();
    const ending = await account.start(['--no-wait', '--json', '--all']);
    const [{ id }] = account.codeBuild.builds;
    expect([ending.code, reportOf(ending)]).toEqual([0, { builds: [{ id, link: account.linkTo(id), status: 'IN_PROGRESS', images: [NGINX, REDIS] }] }]);
  });
});

describe('a hostile log', () => {
  const BAD = '\u001b[2J\u001b]0;title\u0007\rcopied: all\u202e\u2028\u009b31m';

  test.each([['for people', []], ['as JSON', ['--json']]])('drives no terminal, and forges no line (%s)', async (_, options) => {
    account.deployMirror();
    const result = { ...missing(NGINX), target: BAD, message: `${BAD}\n2 images: 2 copied` };
    account.codeBuild.onStart = (build) => build.write(BAD, `{${BAD}`, JSON.stringify({ results: 1 }), ...resultLines([result])).end('FAILED', 'BUILD', BAD);
    const { code, stdout, stderr } = await account.start([...options, 'nginx:stable']);
    expect(code).toBe(1);
    expect(stderr).toContain('\\u001b[2J');
    expect((stdout + stderr).replaceAll('\n', '')).not.toMatch(CONTROL);
    expect(stderr).not.toMatch(/^(copied|2 images)/m);
  });

  test('that holds results of its own shape is not believed more than it says', async () => {
    account.deployMirror();
    const odd = { ...copied(NGINX), bytesCopied: 'many', requests: null, platformTags: 'none', message: 7, surplus: true };
    account.codeBuild.onStart = (build) => build.write(JSON.stringify(odd), ...resultLines([missing(REDIS)]).slice(1), 'null', '[]', '{}').end('FAILED');
    const ending = await account.start(['--json', '--all']);
    const { bytesCopied: _, blobsCopied: _2, ...rest } = missing(REDIS);
    expect(reportOf(ending).results).toEqual([{ ...rest, bytesCopied: 0, blobsCopied: 0, message: undefined }]);
  });

  test('of long lines is cut', async () => {
    account.deployMirror();
    account.codeBuild.onStart = (build) => build.write('x'.repeat(100_000), ...resultLines([copied(NGINX)])).end('SUCCEEDED');
    const { stderr } = await account.start(['nginx:stable']);
    expect(Math.max(...stderr.split('\n').map(({ length }) => length))).toBeLessThan(1_100);
  });
});

describe('a usage error asks AWS for nothing', () => {
  test.each([
    ['an option that does not exist', ['--force', 'nginx']],
    ['a stack without a name', ['nginx', '--stack']],
  ])('%s', async (_, words) => {
    const { code, stdout } = await account.start(words);
    expect([code, stdout, account.codeBuild.count(), account.cloudFormation.count()]).toEqual([2, '', 0, 0]);
  });
});
