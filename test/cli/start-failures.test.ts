/** What the command `start` says and how it ends when something goes wrong. */
import { copied, DeployedAccount, missing, NGINX, REDIS, reportOf, resultLines, targetOf } from '../support/deployed-account';
import { Fault } from '../support/fault';
import { momentOf } from '../support/moment';

let account: DeployedAccount;

beforeEach(async () => {
  account = await DeployedAccount.open();
});

afterEach(async () => {
  expect(account.errors()).toEqual([]);
  await account.close();
});

describe('a run that does not go well ends with 1', () => {
  test('and says which image failed and why', async () => {
    account.deployMirror();
    account.codeBuild.onStart = (build) => build.write(...resultLines([copied(NGINX), missing(REDIS)])).end('FAILED', 'BUILD', 'exit status 1');
    const ending = await account.start(['--all', '--json']);
    expect(ending.code).toBe(1);
    expect(ending.stderr).toMatch(new RegExp(`^failed +${targetOf(REDIS)} .* there is no ${REDIS}$`, 'm'));
    expect(ending.stderr.trimEnd().split('\n').at(-1)).toBe('2 images: 1 copied, 1 failed');
    expect(reportOf(ending)).toMatchObject({ outcome: 'failed', results: [copied(NGINX), missing(REDIS)], builds: [{ status: 'FAILED', problem: 'BUILD: CLIENT_ERROR: exit status 1' }] });
  });

  test.each([
    ['FAILED', 'DOWNLOAD_SOURCE', 'failed', 'internal-error'],
    ['FAULT', 'PROVISIONING', 'failed because of a CodeBuild fault', 'internal-error'],
    ['STOPPED', 'BUILD', 'was stopped', 'interrupted'],
    ['TIMED_OUT', 'BUILD', 'exceeded the timeout of its project', 'deadline-exceeded'],
  ])('when the build is %s before it tells of an image', async (status, phase, words, reason) => {
    account.deployMirror();
    account.codeBuild.onStart = (build) => {
      build.hasStream = false;
      build.end(status, phase, 'because');
    };
    const ending = await account.start(['--json', 'nginx:stable']);
    expect(ending.code).toBe(1);
    const [{ id }] = account.codeBuild.builds;
    const problem = `${phase}: CLIENT_ERROR: because`;
    expect(ending.stderr).toContain(`the build ${id} ${words} (${problem}): ${account.linkTo(id)}\n`);
    const message = `the build ${words} before it reported results for this image; ${problem}; it has no log`;
    expect(ending.stderr).toMatch(new RegExp(`^failed +${NGINX} .*${message}$`, 'm'));
    expect(reportOf(ending)).toMatchObject({ outcome: 'failed', results: [{ source: NGINX, outcome: 'failed', reason, message }], builds: [{ status, problem, logProblem: 'it has no log' }] });
  });

  test('when a result is bad, whatever CodeBuild thinks of the build', async () => {
    account.deployMirror();
    account.codeBuild.onStart = (build) => build.write(...resultLines([missing(NGINX)])).end('SUCCEEDED');
    expect((await account.start(['nginx:stable'])).code).toBe(1);
  });

  test('when the build ends badly after good results', async () => {
    account.deployMirror();
    account.codeBuild.onStart = (build) => build.write(...resultLines([copied(NGINX)])).end('FAULT');
    const ending = await account.start(['--json', 'nginx:stable']);
    expect(ending.code).toBe(1);
    expect(reportOf(ending)).toMatchObject({ outcome: 'copied', builds: [{ status: 'FAULT' }] });
  });
});

describe('a log that cannot be read', () => {
  const denied = () => account.logs.fail({ action: Fault.status(400, {}, JSON.stringify({ __type: 'AccessDeniedException', message: 'not authorized' })), times: 100 });

  test('does not make a good run bad, and what is not known is not told', async () => {
    account.deployMirror();
    denied();
    const ending = await account.start(['--json', 'nginx:stable']);
    expect(ending.code).toBe(0);
    const logProblem = 'its log cannot be read: the AWS credentials do not allow logs:GetLogEvents; sign in with a role that allows it (AccessDeniedException: not authorized)';
    expect(ending.stderr).toContain(`succeeded, so its images are mirrored; the results are not known: ${logProblem}`);
    expect(reportOf(ending)).toEqual({ results: [], builds: [{ ...account.codeBuild.builds.map(({ id }) => ({ id, link: account.linkTo(id) }))[0], status: 'SUCCEEDED', logProblem, images: [NGINX] }] });
  });

  test('does not make a bad run good', async () => {
    account.deployMirror();
    denied();
    account.codeBuild.onStart = (build) => build.end('FAILED');
    const { code, stderr } = await account.start(['nginx:stable']);
    expect(code).toBe(1);
    expect(stderr).toContain('before it reported results for this image; its log cannot be read');
  });
});

describe('AWS that refuses is told in one line that names the remedy', () => {
  test.each(['ListProjects', 'BatchGetProjects', 'StartBuild', 'BatchGetBuilds'])('codebuild:%s', async (operation) => {
    account.deployMirror();
    account.codeBuild.refuse(operation, 'AccessDeniedException', `User: dev is not authorized to perform: codebuild:${operation}`);
    const { code, stdout, stderr } = await account.start(['nginx:stable']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.trimEnd().split('\n').at(-1)).toBe(`failed: the AWS credentials do not allow codebuild:${operation}; sign in with a role that allows it `
      + `(AccessDeniedException: User: dev is not authorized to perform: codebuild:${operation})`);
  });

  test.each(['DescribeStackResources', 'DescribeStacks', 'GetTemplate', 'ListStackResources'])('cloudformation:%s', async (action) => {
    account.deployMirror();
    account.cloudFormation.denied.add(action);
    const { code, stderr } = await account.start(['nginx:stable']);
    expect([code, account.started()]).toEqual([1, []]);
    expect(stderr).toMatch(new RegExp(`^failed: the AWS credentials do not allow cloudformation:${action}; sign in with a role that allows it \\(AccessDenied: .*\\)\n$`));
  });

  test('a build that was started goes on, and is told to', async () => {
    account.deployMirror();
    account.codeBuild.refuse('BatchGetBuilds', 'ExpiredTokenException', 'The security token included in the request is expired');
    const { code, stderr } = await account.start(['nginx:stable']);
    const [{ id }] = account.codeBuild.builds;
    expect([code, stderr.trimEnd().split('\n').slice(-2)]).toEqual([1, [
      `the build ${id} continues to run: ${account.linkTo(id)}`,
      'failed: the AWS credentials are expired or not valid; sign in again (ExpiredTokenException: The security token included in the request is expired)',
    ]]);
  });

  test.each<[string, Record<string, string>, string]>([
    ['no Region', { AWS_REGION: '' }, 'failed: the AWS Region is not set or not valid; set AWS_REGION or AWS_PROFILE'],
    ['no credentials', { AWS_ACCESS_KEY_ID: '' }, 'failed: there are no AWS credentials; sign in, for example with "aws sso login", or set AWS_PROFILE'],
  ])('%s', async (_, environment, words) => {
    account.deployMirror();
    const { code, stderr } = await account.start(['nginx:stable'], { environment });
    expect([code, stderr.split('\n').length]).toEqual([1, 2]);
    expect(stderr).toContain(words);
  });
});

describe('a signal', () => {
  test.each([['SIGINT', 130], ['SIGTERM', 143]] as const)('%s stops following, says that the build goes on and where, and ends with %d', async (signal, code) => {
    account.deployMirror();
    account.codeBuild.onStart = (build) => build.write('at work');
    let told = '';
    const ending = await account.start(['--json', 'nginx:stable'], {
      onStart: async (child, ended) => {
        child.stderr!.on('data', (text: string) => { told += text; });
        await momentOf(ended, () => told.includes('at work'));
        child.kill(signal);
      },
    });
    const [{ id }] = account.codeBuild.builds;
    expect(ending).toMatchObject({ code, signal: undefined });
    expect(ending.stderr.trimEnd().split('\n').at(-1)).toBe(`interrupted; the build ${id} continues to run: ${account.linkTo(id)}`);
    expect(reportOf(ending)).toEqual({ builds: [{ id, link: account.linkTo(id), status: 'IN_PROGRESS', images: [NGINX] }] });
  });

  test.each<[string, () => (() => boolean)]>([
    ['while AWS is asked', () => {
      account.cloudFormation.fail({ action: Fault.stall(), times: 10 });
      return () => account.cloudFormation.count() > 0;
    }],
    ['while the queue is full', () => {
      account.codeBuild.refuse('StartBuild', 'AccountLimitExceededException', 'Cannot have more than 30 builds in queue for the account');
      return () => account.codeBuild.count() > 2;
    }],
  ])('%s says that nothing was started', async (_, prepare) => {
    account.deployMirror();
    const hasCome = prepare();
    const ending = await account.start(['nginx:stable'], {
      onStart: async (child, ended) => {
        await momentOf(ended, hasCome);
        child.kill('SIGINT');
      },
    });
    expect(ending).toMatchObject({ code: 130, stdout: '' });
    expect(ending.stderr.trimEnd().split('\n').at(-1)).toBe('interrupted; no build was started');
    expect(account.started()).toEqual([]);
  });

  test('while a build is being started waits for its name', async () => {
    account.deployMirror();
    account.codeBuild.onStart = () => undefined;
    let answer = () => undefined as void;
    const held = new Promise<void>((resolve) => { answer = resolve; });
    let questions = 0;
    account.codeBuild.fail({ match: () => ++questions === 4, action: Fault.hold(held), times: 1 });
    let told = '';
    const ending = await account.start(['nginx:stable'], {
      // Says when the signal has come, which nothing else shows.
      nodeArguments: ['--import', 'data:text/javascript,process.on("SIGINT", () => process.stderr.write("it came\\n"))'],
      onStart: async (child, ended) => {
        child.stderr!.on('data', (text: string) => { told += text; });
        await momentOf(ended, () => questions === 4);
        child.kill('SIGINT');
        await momentOf(ended, () => told.includes('it came'));
        answer();
      },
    });
    expect(ending.code).toBe(130);
    expect(ending.stderr.trimEnd().split('\n').at(-1)).toContain(`interrupted; the build ${account.codeBuild.builds[0].id} continues to run`);
  });
});
