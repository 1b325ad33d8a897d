import { AwsApiError, awsOperation, replyToAws } from './aws-json-api';
import { Exchange } from './exchange';
import { LocalServer } from './local-server';

const PAGE = 100;

/** A project as its API tells of it. */
export interface DeployedProject {
  readonly name: string;
  readonly arn: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** A build whose course is what somebody says it is. */
export class ScriptedBuild {
  /** Its log. */
  readonly lines: string[] = [];
  status = 'IN_PROGRESS';
  /** Whether its log exists: before a build has a machine, and when somebody has deleted it, it does not. */
  hasLog = true;
  /** Whether it tells where its log is. */
  hasStream = true;
  /** How often it was asked how it stands. */
  polls = 0;
  private phases: object[] = [];

  constructor(readonly id: string, readonly project: DeployedProject, readonly variables: Readonly<Record<string, string>>) {}

  get stream(): string {
    return this.id.split(':')[1];
  }

  /** The entries of its variable `IMAGES`; none of a catalog, whose images it would read when it runs. */
  get images(): { readonly [name: string]: string; readonly IMAGE: string }[] {
    return this.variables.CATALOG === undefined ? JSON.parse(this.variables.IMAGES) : [];
  }

  write(...lines: string[]): this {
    this.lines.push(...lines);
    return this;
  }

  end(status: string, phaseType?: string, message?: string): void {
    this.status = status;
    if (phaseType !== undefined) this.phases = [{ phaseType, phaseStatus: status, contexts: [{ statusCode: 'CLIENT_ERROR', message }] }];
  }

  /** As the API writes it. */
  describe(): object {
    const { id, project: { name }, status, stream, phases } = this;
    const logs = this.hasStream ? { groupName: `/aws/codebuild/${name}`, streamName: stream } : { groupName: null, streamName: null };
    return { id, projectName: name, buildStatus: status, buildComplete: status !== 'IN_PROGRESS', startTime: Date.now() / 1000, logs, phases };
  }
}

/**
 * The API of AWS CodeBuild for projects that are told to it and builds that a test directs: `ListProjects`, `BatchGetProjects`, `StartBuild` and
 * `BatchGetBuilds`.
 *
 * Imitated: AWS JSON 1.1, pages, projects and builds that do not exist. Not imitated: idempotency, overrides other than variables, signatures.
 */
export class DeployedProjectsApi extends LocalServer {
  readonly projects: DeployedProject[] = [];
  readonly builds: ScriptedBuild[] = [];
  private readonly refusals: { readonly operation: string; readonly error: AwsApiError; left: number }[] = [];

  /** Called when a build was started. */
  onStart: (build: ScriptedBuild) => void = () => undefined;
  /** Called before a build is told of. */
  onPoll: (build: ScriptedBuild) => void = () => undefined;

  /** Refuses the next requests for an operation, all of them unless it is told how many. */
  refuse(operation: string, code: string, message: string, times = Infinity): void {
    this.refusals.push({ operation, error: new AwsApiError(400, code, message), left: times });
  }

  /** The lines of a log; undefined when there is no such log. */
  logLines(groupName: string, streamName: string): readonly string[] | undefined {
    return this.builds.find(({ project, stream, hasLog }) => hasLog && groupName === `/aws/codebuild/${project.name}` && stream === streamName)?.lines;
  }

  protected async handle(exchange: Exchange): Promise<void> {
    return replyToAws(exchange, (input) => {
      const operation = awsOperation(exchange) ?? '';
      const refusal = this.refusals.find((one) => one.operation === operation && one.left-- > 0);
      if (refusal !== undefined) throw refusal.error;
      switch (operation) {
        case 'ListProjects': return this.list(input);
        case 'BatchGetProjects': return this.get(input);
        case 'StartBuild': return this.startBuild(input);
        case 'BatchGetBuilds': return this.poll(input);
        default: throw new AwsApiError(400, 'UnknownOperationException', `${operation} is not imitated`);
      }
    });
  }

  private list({ nextToken }: { nextToken?: string }) {
    const start = Number(nextToken ?? 0);
    const names = this.projects.map(({ name }) => name).slice(start, start + PAGE);
    return { projects: names, ...start + PAGE < this.projects.length ? { nextToken: String(start + PAGE) } : {} };
  }

  private get({ names }: { names?: string[] }) {
    if (!Array.isArray(names) || names.length < 1 || names.length > PAGE) throw new AwsApiError(400, 'InvalidInputException', 'between 1 and 100 names');
    return {
      projects: this.projects.filter(({ name }) => names.includes(name)).map(({ name, arn, variables }) => {
        const environmentVariables = Object.entries(variables).map(([key, value]) => ({ name: key, value, type: 'PLAINTEXT' }));
        return { name, arn, timeoutInMinutes: 60, environment: { type: 'LINUX_CONTAINER', image: 'local', computeType: 'local', environmentVariables } };
      }),
    };
  }

  private startBuild(input: { projectName?: string; environmentVariablesOverride?: { name: string; value: string }[] }) {
    const project = this.projects.find(({ name }) => name === input.projectName);
    if (project === undefined) throw new AwsApiError(400, 'ResourceNotFoundException', `Project cannot be found: ${input.projectName}`);
    const variables = Object.fromEntries((input.environmentVariablesOverride ?? []).map(({ name, value }) => [name, value]));
    const build = new ScriptedBuild(`${project.name}:00000000-0000-4000-8000-${String(this.builds.length + 1).padStart(12, '0')}`, project, variables);
    this.builds.push(build);
    this.onStart(build);
    return { build: { ...build.describe(), buildStatus: 'IN_PROGRESS' } };
  }

  private poll({ ids = [] }: { ids?: string[] }) {
    const found = this.builds.filter(({ id }) => ids.includes(id));
    for (const build of found) {
      build.polls += 1;
      this.onPoll(build);
    }
    return { builds: found.map((build) => build.describe()), buildsNotFound: ids.filter((id) => !found.some((build) => build.id === id)) };
  }
}
