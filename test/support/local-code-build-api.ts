import { AwsApiError, awsOperation, replyToAws } from './aws-json-api';
import { Exchange } from './exchange';
import { BuildResult, LocalCodeBuild, LocalProject, RunningBuild, StartBuildInput } from './local-code-build';
import { LocalServer, LocalServerOptions } from './local-server';

/** One build as the API knows it. */
export interface ApiBuild {
  readonly project: LocalProject;
  readonly running: RunningBuild;
  readonly input: StartBuildInput;
  readonly startTime: number;
  readonly endTime?: number;
  readonly status: 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED';
  /** Why CodeBuild failed it before its first command. */
  readonly problem?: string;
  readonly result?: BuildResult;
}

interface StartBuildRequest extends StartBuildInput {
  readonly projectName?: string;
  readonly idempotencyToken?: string;
}

/** A refusal of the next requests. */
interface Refusal {
  readonly operation: string;
  readonly error: AwsApiError;
  left: number;
}

/**
 * The API of AWS CodeBuild in front of a local one: `StartBuild` and `BatchGetBuilds`.
 *
 * Imitated: AWS JSON 1.1, projects that do not exist, idempotency tokens, overrides of variables, builds in progress and ended, their phases in
 * outline, where their logs are. Not imitated: the queue (refuse requests for that), other overrides, signatures.
 */
export class LocalCodeBuildApi extends LocalServer {
  /** All builds in the order in which they were started. */
  readonly builds: ApiBuild[] = [];
  private readonly started = new Map<string, { readonly request: string; readonly buildId: string }>();
  private readonly refusals: Refusal[] = [];

  constructor(private readonly codeBuild: LocalCodeBuild, options: LocalServerOptions = {}) {
    super(options);
  }

  /** Refuses the next requests for an operation, for example with `AccountLimitExceededException`. */
  refuse(operation: string, code: string, message: string, times = 1): void {
    this.refusals.push({ operation, error: new AwsApiError(400, code, message), left: times });
  }

  /** The lines that a build has logged so far; undefined when there is no such log. */
  logLines(groupName: string, streamName: string): readonly string[] | undefined {
    return this.builds.find(({ project, running }) => project.logGroup === groupName && streamOf(running.buildId) === streamName)?.running.lines;
  }

  /** Waits until no build is running. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.builds.map(({ running }) => running.ended));
  }

  protected async handle(exchange: Exchange): Promise<void> {
    return replyToAws(exchange, (input) => {
      const operation = awsOperation(exchange);
      const refusal = this.refusals.find((one) => one.operation === operation && one.left > 0);
      if (refusal !== undefined) {
        refusal.left -= 1;
        throw refusal.error;
      }
      if (operation === 'StartBuild') return { build: describe(this.startBuild(input)) };
      if (operation === 'BatchGetBuilds') return this.batchGet(input);
      throw new AwsApiError(400, 'UnknownOperationException', 'only StartBuild and BatchGetBuilds are imitated');
    });
  }

  private startBuild(request: StartBuildRequest): ApiBuild {
    const { projectName, idempotencyToken, ...input } = request;
    const project = this.codeBuild.projects().find(({ name }) => name === projectName);
    if (project === undefined) throw new AwsApiError(400, 'ResourceNotFoundException', `Project cannot be found: ${projectName}`);
    const text = JSON.stringify(request);
    const earlier = idempotencyToken === undefined ? undefined : this.started.get(idempotencyToken);
    if (earlier !== undefined && earlier.request !== text) throw new AwsApiError(400, 'InvalidInputException', 'the parameters do not match those of the token');
    if (earlier !== undefined) return this.builds.find(({ running }) => running.buildId === earlier.buildId)!;
    const build = this.run(project, input);
    if (idempotencyToken !== undefined) this.started.set(idempotencyToken, { request: text, buildId: build.running.buildId });
    return build;
  }

  private run(project: LocalProject, input: StartBuildInput): ApiBuild {
    const running = this.codeBuild.start(project.logicalId, input);
    const index = this.builds.length;
    this.builds.push({ project, running, input, startTime: Date.now(), status: 'IN_PROGRESS' });
    const end = (ending: Partial<ApiBuild>) => { this.builds[index] = { ...this.builds[index], ...ending, endTime: Date.now() }; };
    running.ended.then(
      (result) => end({ status: result.status, result }),
      (error: unknown) => end({ status: 'FAILED', problem: error instanceof Error ? error.message : String(error) }),
    );
    return this.builds[index];
  }

  private batchGet({ ids }: { readonly ids?: readonly string[] }) {
    if (!Array.isArray(ids) || ids.length < 1 || ids.length > 100) throw new AwsApiError(400, 'InvalidInputException', 'between 1 and 100 ids');
    const found = this.builds.filter(({ running }) => ids.includes(running.buildId));
    const known = new Set(found.map(({ running }) => running.buildId));
    return { builds: found.map(describe), buildsNotFound: ids.filter((id) => !known.has(id)) };
  }
}

function streamOf(buildId: string): string {
  return buildId.split(':')[1];
}

/** A build as the API writes it: times are seconds since the epoch. */
function describe({ project, running: { buildId }, input, startTime, endTime, status, problem, result }: ApiBuild) {
  const [groupName, streamName] = [project.logGroup, streamOf(buildId)];
  const reason = problem === undefined
    ? { phaseType: 'BUILD', statusCode: 'COMMAND_EXECUTION_ERROR', message: `Error while executing command. Reason: exit status ${result?.exitCode}` }
    : { phaseType: 'DOWNLOAD_SOURCE', statusCode: 'CLIENT_ERROR', message: problem };
  return {
    id: buildId,
    projectName: project.name,
    buildStatus: status,
    buildComplete: endTime !== undefined,
    startTime: startTime / 1000,
    endTime: endTime && endTime / 1000,
    environment: { environmentVariables: input.environmentVariablesOverride },
    logs: {
      groupName,
      streamName,
      deepLink: `https://console.aws.amazon.com/cloudwatch/home#logsV2:log-groups/log-group/${encodeURIComponent(groupName)}/log-events/${streamName}`,
    },
    phases: [
      { phaseType: 'SUBMITTED', phaseStatus: 'SUCCEEDED' },
      ...status === 'FAILED' ? [{ phaseType: reason.phaseType, phaseStatus: 'FAILED', contexts: [{ statusCode: reason.statusCode, message: reason.message }] }] : [],
    ],
  };
}
