/** The parts that only run against AWS, with clients that answer as AWS documents. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient, DeleteLogGroupCommand, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { BatchGetBuildsCommand, CodeBuildClient, ListBuildsForProjectCommand, StartBuildCommand } from '@aws-sdk/client-codebuild';
import { DeleteRepositoryCommand, DescribeRepositoriesCommand, ECRClient } from '@aws-sdk/client-ecr';
import { mockClient } from 'aws-sdk-client-mock';
import * as requests from '../../src/engine/aws-request';
import { runCdk } from '../../verify/aws/cdk-command';
import { Leftovers } from '../../verify/aws/leftovers';
import { SecurityTokens } from '../../verify/aws/security-tokens';
import type { Context } from '../../verify/check';
import { buildLimit } from '../../verify/checks/build-limit';
import { scheduleRetries } from '../../verify/checks/schedule-retries';
import { answerToStart, describeBuild } from '../../verify/probes/builds';

const REGION = 'eu-west-1';
const PREFIX = 'mirrorverify1';
const MISSING = Object.assign(new Error(`Stack with id ${PREFIX} does not exist`), { name: 'ValidationError' });
const clients = {
  cloudFormation: new CloudFormationClient({ region: REGION }),
  ecr: new ECRClient({ region: REGION }),
  logs: new CloudWatchLogsClient({ region: REGION }),
};
const leftovers = new Leftovers(clients, PREFIX, REGION);
const [stacks, ecr] = [mockClient(CloudFormationClient), mockClient(ECRClient)];
const [logs, builds] = [mockClient(CloudWatchLogsClient), mockClient(CodeBuildClient)];

beforeEach(() => {
  for (const mock of [stacks, ecr, logs, builds]) mock.reset();
  stacks.on(DescribeStacksCommand).rejects(MISSING);
  ecr.on(DescribeRepositoriesCommand).resolves({ repositories: ['other/app', `${PREFIX}/created/app`, `${PREFIX}2/app`].map((repositoryName) => ({ repositoryName })) });
  ecr.on(DeleteRepositoryCommand).resolves({});
  logs.on(DeleteLogGroupCommand).resolves({});
  logs.on(DescribeLogGroupsCommand).resolves({ logGroups: [] });
  logs.on(DescribeLogGroupsCommand, { logGroupNamePrefix: `/aws/lambda/${PREFIX}` }).resolves({ logGroups: [{ logGroupName: `/aws/lambda/${PREFIX}-OnEvent` }] });
});

describe('after the deletion of the stack', () => {
  test('repositories that pushes created and log groups of functions are deleted', async () => {
    expect(await leftovers.delete()).toEqual([]);
    expect(ecr.commandCalls(DeleteRepositoryCommand).map(({ args: [{ input }] }) => input)).toEqual([{ repositoryName: `${PREFIX}/created/app`, force: true }]);
    expect(logs.commandCalls(DeleteLogGroupCommand).map(({ args: [{ input }] }) => input)).toEqual([{ logGroupName: `/aws/lambda/${PREFIX}-OnEvent` }]);
  });

  test('what cannot be deleted is returned as commands', async () => {
    stacks.on(DescribeStacksCommand).resolves({ Stacks: [{ StackName: PREFIX, CreationTime: new Date(), StackStatus: 'DELETE_FAILED' }] });
    ecr.on(DeleteRepositoryCommand).rejects(new Error('denied'));
    logs.on(DeleteLogGroupCommand).rejects(new Error('denied'));
    expect(await leftovers.delete()).toEqual([
      `aws cloudformation delete-stack --region ${REGION} --stack-name ${PREFIX}`,
      `aws ecr delete-repository --region ${REGION} --repository-name ${PREFIX}/created/app --force`,
      `aws logs delete-log-group --region ${REGION} --log-group-name /aws/lambda/${PREFIX}-OnEvent`,
    ]);
  });

  test('a deleted stack does not exist, and another error is no answer', async () => {
    expect(await leftovers.hasStack()).toBe(false);
    stacks.on(DescribeStacksCommand).rejects(new Error('expired token'));
    await expect(leftovers.hasStack()).rejects.toThrow('expired token');
  });
});

describe('AWS STS', () => {
  const respond = (status: number, body: string) => jest.spyOn(requests, 'sendAwsRequest').mockResolvedValue({ status, body });
  const tokens = new SecurityTokens(REGION, new AbortController().signal);
  afterEach(() => jest.restoreAllMocks());

  test('a role is assumed with the external ID', async () => {
    const sent = respond(200, '<Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token==</SessionToken></Credentials>');
    expect(await tokens.assumeRole('arn:aws:iam::123456789012:role/Starter', PREFIX)).toEqual({ accessKeyId: 'ASIA', secretAccessKey: 'secret', sessionToken: 'token==' });
    const [{ body, url }] = sent.mock.calls[0];
    expect(url.href).toBe('https://sts.eu-west-1.amazonaws.com/');
    expect(Object.fromEntries(new URLSearchParams(body))).toMatchObject({ Action: 'AssumeRole', RoleArn: 'arn:aws:iam::123456789012:role/Starter', ExternalId: PREFIX });
  });

  test('a refusal has the message of AWS', async () => {
    respond(403, '<ErrorResponse><Error><Message>The security token is expired</Message></Error></ErrorResponse>');
    await expect(tokens.account()).rejects.toThrow('AWS STS refused GetCallerIdentity (HTTP 403): The security token is expired');
  });

  test('an incomplete response is an error without credentials', async () => {
    respond(200, '<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>hidden</SecretAccessKey>');
    const message = await tokens.assumeRole('arn', PREFIX).catch((error: Error) => error.message);
    expect(message).toBe('the response of AWS STS has no SessionToken');
  });
});

describe('builds', () => {
  const context = { codeBuild: new CodeBuildClient({ region: REGION }), outputs: { LimitedProject: 'limited' }, signal: new AbortController().signal, pause: async () => undefined };
  const limited = context as unknown as Context;
  const attempts = (...values: string[]) => {
    builds.on(ListBuildsForProjectCommand).resolves({ ids: values.length === 0 ? [] : ['limited:1'] });
    builds.on(BatchGetBuildsCommand).resolves({
      builds: [{ environment: { type: 'ARM_CONTAINER', image: 'image', computeType: 'BUILD_GENERAL1_SMALL', environmentVariables: values.map((value) => ({ name: 'ATTEMPT', value })) } }],
    });
  };

  test('a start that IAM denies is denied, and any other error is an error', async () => {
    builds.on(StartBuildCommand).rejectsOnce(Object.assign(new Error('explicit deny'), { name: 'AccessDeniedException' })).rejects(new Error('throttled'));
    expect(await answerToStart(context.codeBuild, limited, { projectName: 'base' })).toEqual({ seen: 'denied', detail: 'explicit deny' });
    await expect(answerToStart(context.codeBuild, limited, { projectName: 'base' })).rejects.toThrow('throttled');
  });

  test('the limit of a project is an error of the second start', async () => {
    builds.on(StartBuildCommand).resolvesOnce({}).rejects(Object.assign(new Error('Cannot have more than 1 builds'), { name: 'AccountLimitExceededException' }));
    expect(await buildLimit.run(limited)).toEqual({ seen: 'AccountLimitExceededException', detail: 'Cannot have more than 1 builds' });
  });

  test('three started builds are a queue', async () => {
    builds.on(StartBuildCommand).resolves({});
    expect((await buildLimit.run(limited)).seen).toBe('a queue');
  });

  test.each([
    [['1', '3'], 'a build of a later attempt'], [['1', '1'], 'only builds of first attempts in 12 minutes'], [[], 'no build in 12 minutes'],
  ])('builds of the attempts %j mean %s', async (values, expected) => {
    attempts(...values);
    expect((await scheduleRetries.run(limited)).seen).toBe(expected);
  });

  test('a schedule that does not replace its attributes is an error', async () => {
    attempts('<aws.scheduler.attempt-number>');
    await expect(scheduleRetries.run(limited)).rejects.toThrow('the schedule did not replace <aws.scheduler.attempt-number>');
  });

  test('a failed build is described by the messages of its phases', () => {
    const phases = [{ phaseType: 'SUBMITTED' as const }, { phaseType: 'DOWNLOAD_SOURCE' as const, contexts: [{ message: 'secret not found' }] }];
    expect(describeBuild({ buildStatus: 'FAILED', phases })).toEqual({ seen: 'FAILED', detail: 'DOWNLOAD_SOURCE: secret not found' });
  });
});

describe('the CDK CLI', () => {
  test('a failed command is an error with its output', async () => {
    const said: string[] = [];
    const failed = runCdk({ arguments: ['deploy', '--app', '/nonexistent/cdk.out', 'Stack'], region: REGION, say: (line) => said.push(line) });
    await expect(failed).rejects.toThrow(/^cdk deploy failed:\n.+/);
    expect(said.length).toBeGreaterThan(0);
  }, 60_000);

  test('an interruption stops a command whose app runs', () => expectInterrupted("console.log('started'); setInterval(() => {}, 1000)"), 60_000);

  test('an interruption stops a command whose app ignores it', async () => {
    await expectInterrupted("process.on('SIGINT', () => {}); console.log('started'); setInterval(() => {}, 1000)");
  }, 60_000);

  /** Interrupts a deployment as soon as its app has written "started". */
  async function expectInterrupted(app: string): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'cdk-command-'));
    writeFileSync(join(folder, 'app.js'), app);
    const controller = new AbortController();
    const say = (line: string) => { if (line.includes('started')) controller.abort(new Error('interrupted')); };
    const command = `node "${join(folder, 'app.js')}"`;
    try {
      await expect(runCdk({ arguments: ['deploy', '--app', command, 'Stack'], region: REGION, say, signal: controller.signal })).rejects.toThrow('interrupted');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
});
