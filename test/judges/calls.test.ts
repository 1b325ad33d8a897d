/** The requests that the engine, the functions, and the command send to AWS, judged by botocore's models of the services. */
import { arePythonJudgesInstalled, AwsCall, validateCalls } from './programs';
import { recordCalls } from './recorded-calls';
import { mirrorParameter, nameOf, openCatalogAccount, publish } from '../support/catalog-account';
import { DeployedAccount } from '../support/deployed-account';
import { singleImage } from '../support/fixture-images';
import { LocalAccount, REPOSITORY, UPSTREAM } from '../support/local-account';
import { LocalMirror } from '../support/local-mirror';
import { ScannedQuarantine } from '../support/scanned-quarantine';

afterEach(() => jest.restoreAllMocks());

/** What botocore finds, and the operations that were called. */
async function judged(calls: readonly AwsCall[]): Promise<{ findings: string[]; operations: string[] }> {
  const findings = await validateCalls(calls);
  return {
    findings: calls.flatMap(({ service, operation }, index) => findings[index].map((finding) => `${service}.${operation}: ${finding}`)),
    operations: [...new Set(calls.map(({ service, operation }) => `${service}.${operation}`))].sort(),
  };
}

(arePythonJudgesInstalled() ? describe : describe.skip)('botocore', () => {
  test('accepts the requests of the engine', async () => {
    const calls = recordCalls();
    const account = await LocalAccount.open();
    account.upstream.push('team/app', '1.0.0', singleImage());
    account.ecr.push(REPOSITORY, '1.0.0', singleImage());
    account.ecr.setStatus(REPOSITORY, '1.0.0', 'ARCHIVED');
    await account.run({ IMAGE: `${UPSTREAM}/team/app:1.0.0`, MIRROR_EVENT_BUS: 'default', CODEBUILD_BUILD_ARN: 'arn:aws:codebuild:eu-west-1:123456789012:build/Mirror:1' });
    await account.close();
    const catalogs = await openCatalogAccount();
    publish(catalogs, 'team/app', '1.0.0');
    await mirrorParameter(catalogs, nameOf('team/app', '1.0.0'), { MIRROR_EVENT_BUS: 'default' });
    await catalogs.close();
    expect(await judged(calls)).toEqual({ findings: [], operations: expect.arrayContaining(['ecr.DescribeImages', 'ecr.GetAuthorizationToken', 'events.PutEvents', 'ssm.GetParameter']) });
  });

  test('accepts the requests of the scan check', async () => {
    const calls = recordCalls();
    const quarantine = await new ScannedQuarantine({ scanOnPush: false }).start();
    await quarantine.check(quarantine.push(singleImage()));
    await quarantine.close();
    expect(await judged(calls)).toEqual({
      findings: [],
      operations: ['ecr.BatchGetRepositoryScanningConfiguration', 'ecr.DescribeImageScanFindings', 'ecr.StartImageScan'],
    });
  });

  test('accepts the requests of a deployment, its builds, and its schedules', async () => {
    const calls = recordCalls();
    const mirror = await LocalMirror.deploy((one) => one.addImage(`${UPSTREAM}/team/app:1.0.0`, { dockerfileLines: ['RUN true'] }));
    mirror.account.upstream.push('team/app', '1.0.0', singleImage());
    await mirror.request('Create');
    await mirror.runSchedules();
    await mirror.close();
    expect(await judged(calls)).toEqual({
      findings: [],
      operations: expect.arrayContaining(['codebuild.BatchGetBuilds', 'codebuild.StartBuild', 'logs.GetLogEvents']),
    });
  });

  test('accepts the requests of the command', async () => {
    const calls = recordCalls();
    const account = await DeployedAccount.open();
    account.deployMirror();
    await account.start(['nginx:stable']);
    await account.start(['--stack', 'Images', 'nginx:stable']);
    await account.close();
    expect(await judged(calls)).toEqual({
      findings: [],
      operations: expect.arrayContaining(['cloudformation.GetTemplate', 'codebuild.BatchGetBuilds', 'codebuild.BatchGetProjects', 'codebuild.StartBuild', 'logs.GetLogEvents']),
    });
  });

  test('finds unknown operations, unknown members, wrong types, and values that are not in an enumeration', async () => {
    const call = (operation: string, input: object): AwsCall => ({ service: 'codebuild', operation, input });
    const findings = await validateCalls([
      call('StartBuilds', {}),
      call('StartBuild', { projectName: 'a', variables: [] }),
      call('StartBuild', { projectName: 1 }),
      call('StartBuild', {}),
      call('StartBuild', { projectName: 'a', environmentVariablesOverride: [{ name: 'A', value: 'b', type: 'PLAIN' }] }),
      call('StartBuild', { projectName: 'a', environmentVariablesOverride: [{ name: 'A', value: 'b', typ: 'PLAINTEXT' }] }),
    ]);
    expect(findings.map((found) => found.length > 0)).toEqual([true, true, true, true, true, true]);
  });
});
