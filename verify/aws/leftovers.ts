import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient, DeleteLogGroupCommand, paginateDescribeLogGroups } from '@aws-sdk/client-cloudwatch-logs';
import { DeleteRepositoryCommand, ECRClient, paginateDescribeRepositories } from '@aws-sdk/client-ecr';

/** The clients that find and delete what a deletion of the stack leaves. */
export interface LeftoverClients {
  readonly cloudFormation: CloudFormationClient;
  readonly ecr: ECRClient;
  readonly logs: CloudWatchLogsClient;
}

/** Resources with names that start with the prefix of a run, and that may exist without the stack. */
export class Leftovers {
  constructor(private readonly clients: LeftoverClients, private readonly prefix: string, private readonly region: string) {}

  /** Whether the stack exists, in any status. */
  async hasStack(): Promise<boolean> {
    try {
      const { Stacks = [] } = await this.clients.cloudFormation.send(new DescribeStacksCommand({ StackName: this.prefix }));
      return Stacks.some(({ StackStatus }) => StackStatus !== 'DELETE_COMPLETE');
    } catch (error) {
      if (/does not exist/.test((error as Error).message)) return false;
      throw error;
    }
  }

  /** Deletes repositories and log groups. Returns the commands that delete what remains, the stack included. */
  async delete(): Promise<string[]> {
    const { ecr, logs } = this.clients;
    const commands = await this.hasStack() ? [stackCommand(this.prefix, this.region)] : [];
    for (const repositoryName of await this.repositories()) {
      const isDeleted = await succeeds(ecr.send(new DeleteRepositoryCommand({ repositoryName, force: true })));
      if (!isDeleted) commands.push(repositoryCommand(repositoryName, this.region));
    }
    for (const logGroupName of await this.logGroups()) {
      const isDeleted = await succeeds(logs.send(new DeleteLogGroupCommand({ logGroupName })));
      if (!isDeleted) commands.push(`aws logs delete-log-group --region ${this.region} --log-group-name ${logGroupName}`);
    }
    return commands;
  }

  private async repositories(): Promise<string[]> {
    const names: string[] = [];
    for await (const { repositories = [] } of paginateDescribeRepositories({ client: this.clients.ecr }, {})) {
      names.push(...repositories.flatMap(({ repositoryName = '' }) => repositoryName.startsWith(`${this.prefix}/`) ? [repositoryName] : []));
    }
    return names;
  }

  private async logGroups(): Promise<string[]> {
    const names: string[] = [];
    for (const service of ['lambda', 'codebuild']) {
      const logGroupNamePrefix = `/aws/${service}/${this.prefix}`;
      for await (const { logGroups = [] } of paginateDescribeLogGroups({ client: this.clients.logs }, { logGroupNamePrefix })) {
        names.push(...logGroups.flatMap(({ logGroupName }) => logGroupName ?? []));
      }
    }
    return names;
  }
}

export function stackCommand(stackName: string, region: string): string {
  return `aws cloudformation delete-stack --region ${region} --stack-name ${stackName}`;
}

export function repositoryCommand(repositoryName: string, region: string): string {
  return `aws ecr delete-repository --region ${region} --repository-name ${repositoryName} --force`;
}

async function succeeds(request: Promise<unknown>): Promise<boolean> {
  return request.then(() => true, () => false);
}
