import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { runCdk } from './cdk-command';
import { Leftovers, repositoryCommand, stackCommand } from './leftovers';
import { RoleCredentials, SecurityTokens } from './security-tokens';
import { awsRequestHandler } from '../../src/engine/aws-request-handler';
import { EcrCredentials } from '../../src/engine/credentials/ecr-credentials';
import { awsDomain, awsServiceHost } from '../../src/image/registry-hosts';
import type { Context } from '../check';
import type { Environment } from '../environment';
import { RegistryClients, tokenCredentials } from '../registry-clients';
import { Names, namesOf, Outputs, randomPrefix, requireOutputs } from '../stack/names';
import { synthesizeStack } from '../stack/synthesize';

/** A new role can be assumed after some seconds. */
const ROLE_ATTEMPTS = 12;
const ROLE_PAUSE = 5_000;
/** The first deletion can fail, for example because a build still uses a log group. */
const DELETIONS = 2;

type Say = (line: string) => void;

/** An AWS account, with the stack in one Region. The credentials are those of the AWS SDK. */
export class AwsEnvironment implements Environment {
  /** Finds out the account. Creates nothing. */
  static async prepare(region: string, say: Say): Promise<AwsEnvironment> {
    try {
      const account = await new SecurityTokens(region, AbortSignal.timeout(30_000)).account();
      return new AwsEnvironment(account, region, say);
    } catch (error) {
      throw new Error(`cannot use AWS in the Region ${region}: ${(error as Error).message}; set AWS_PROFILE, or the variables of your credentials`);
    }
  }

  readonly names: Names = namesOf(randomPrefix());
  private folder?: string;
  private registries?: RegistryClients;

  private constructor(private readonly account: string, private readonly region: string, private readonly say: Say) {}

  get description(): string {
    return `account ${this.account}, Region ${this.region}`;
  }

  get prefix(): string {
    return this.names.prefix;
  }

  async open(signal: AbortSignal): Promise<Context> {
    const { account, names, region } = this;
    this.folder = await mkdtemp(join(tmpdir(), 'verify-aws-'));
    const outputs = await this.deploy(false, signal);
    const tokens = new SecurityTokens(region, signal);
    const registries = new RegistryClients(`${account}.dkr.ecr.${region}.${awsDomain(region)}`, signal);
    this.registries = registries;
    const own = new EcrCredentials();
    const assume = (role: 'StarterRole' | 'ListerRole') => assumeNewRole(tokens, outputs[role], names.prefix, signal);
    const lister = tokenCredentials(async () => this.registryToken(await assume('ListerRole')));
    const starter = once(() => assume('StarterRole'));
    return {
      account,
      names,
      outputs,
      signal,
      ecr: new ECRClient(this.configuration('ecr')),
      codeBuild: new CodeBuildClient(this.configuration('codebuild')),
      starter: async () => new CodeBuildClient({ ...this.configuration('codebuild'), credentials: await starter() }),
      registry: async (repository, role) => registries.client(repository, role === undefined ? own : lister),
      startSchedules: async () => undefined,
      deployWithCopies: async () => { await this.deploy(true, signal); },
      pause: async (seconds) => { await setTimeout(seconds * 1_000, undefined, { signal }); },
    };
  }

  async close(): Promise<readonly string[]> {
    await this.registries?.close();
    const leftovers = new Leftovers({
      cloudFormation: new CloudFormationClient(this.configuration('cloudformation')),
      ecr: new ECRClient(this.configuration('ecr')),
      logs: new CloudWatchLogsClient(this.configuration('logs')),
    }, this.prefix, this.region);
    for (let deletion = 1; deletion <= DELETIONS && await leftovers.hasStack(); deletion++) await this.destroy();
    const remains = await leftovers.delete();
    if (this.folder !== undefined) await rm(this.folder, { recursive: true, force: true });
    return remains;
  }

  /** The commands that delete everything that a run creates. */
  deletionCommands(): string[] {
    return [stackCommand(this.prefix, this.region), repositoryCommand(this.names.created, this.region)];
  }

  private async deploy(waitsForCopies: boolean, signal: AbortSignal): Promise<Outputs> {
    const { account, prefix, region, say } = this;
    const folder = await mkdtemp(join(this.folder!, 'app-'));
    await synthesizeStack(folder, { account, prefix, region, waitsForCopies });
    const outputsFile = join(folder, 'outputs.json');
    const app = join(folder, 'cdk.out');
    const options = ['--app', app, '--require-approval', 'never', '--progress', 'events', '--outputs-file', outputsFile];
    await runCdk({ arguments: ['deploy', prefix, ...options], region, say, signal });
    const outputs = JSON.parse(await readFile(outputsFile, 'utf8')) as Record<string, Record<string, string>>;
    return requireOutputs(outputs[prefix] ?? {});
  }

  /** Deletes the stack, whatever its status. The error of a failed deletion is shown, and `Leftovers` has what remains. */
  private async destroy(): Promise<void> {
    const { account, prefix, region, say } = this;
    const folder = await mkdtemp(join(this.folder!, 'app-'));
    await synthesizeStack(folder, { account, prefix, region });
    await runCdk({ arguments: ['destroy', prefix, '--app', join(folder, 'cdk.out'), '--force'], region, say })
      .catch((error: Error) => say(error.message));
  }

  private async registryToken(credentials: RoleCredentials): Promise<string> {
    const client = new ECRClient({ ...this.configuration('ecr'), credentials });
    const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
    return authorizationData![0].authorizationToken!;
  }

  /** The configuration of a client, with the proxy of the environment. */
  private configuration(service: string) {
    return { region: this.region, requestHandler: awsRequestHandler(awsServiceHost(service, this.region)) };
  }
}

async function assumeNewRole(tokens: SecurityTokens, arn: string, prefix: string, signal: AbortSignal): Promise<RoleCredentials> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await tokens.assumeRole(arn, prefix);
    } catch (error) {
      if (attempt === ROLE_ATTEMPTS) throw error;
      await setTimeout(ROLE_PAUSE, undefined, { signal });
    }
  }
}

/** Calls a function once, and returns the same result later. A failure is not kept. */
function once<T>(call: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return async () => {
    result ??= call();
    return result.catch((error: unknown) => {
      result = undefined;
      throw error;
    });
  };
}
