import { BUILD_STATUS_TEXTS } from '../../codebuild/build-state';
import type { DecisionResult } from '../../image/contract/decision-result';
import { familiarImageReference, shortDigest } from '../../image/image-reference';
import { parseJson } from '../../image/parse-json';
import { escapeControlCharacters, sanitizeForLog } from '../../image/sanitize';
import { awsClients, awsFailureReason } from '../deployed/aws-clients';
import { clockUntil, linkOf, progressLog, writeLine } from '../deployed/build-output';
import { DecisionToRecord, decisionVariables, findDecidedImage, requireDecidedImage, requireReason } from '../deployed/decided-image';
import { findDeployedItems, MirrorLocation } from '../deployed/deployed-items';
import { followBuilds } from '../deployed/followed-builds';
import { StartedMirrorBuild, startOtherBuild } from '../deployed/started-builds';
import { EXIT_CODES, failedCommand, interruptionCode } from '../exit-codes';
import { isUsageError } from '../usage-error';

/** Options of `release` and `refuse`. */
export interface DecisionCommandOptions extends MirrorLocation {
  readonly reason?: string;
  /** Whether to wait for the build. */
  readonly wait: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/**
 * Releases or refuses an image in quarantine: starts the build that records the decision, and follows it to its end.
 *
 * @param image the image with a tag of the mirror and a digest
 * @param signal interrupts the command; a started build continues
 * @returns the exit code
 * @throws UsageError when the image, the reason, or an option is not valid
 */
export async function decisionCommand(
  decision: DecisionToRecord['decision'], image: string, options: DecisionCommandOptions, signal: AbortSignal,
): Promise<number> {
  const request = { decision, reference: requireDecidedImage(image), reason: requireReason(options.reason) };
  const command = new DecisionCommand(request, options, signal);
  try {
    return await command.run();
  } catch (error) {
    if (interruptionCode(signal) === undefined && isUsageError(error)) throw error;
    return command.printFailed(error);
  } finally {
    command.close();
  }
}

class DecisionCommand {
  private readonly clients;
  private readonly log: (line: string) => void;
  private build?: StartedMirrorBuild;
  private result?: DecisionResult;

  constructor(
    private readonly request: DecisionToRecord, private readonly options: DecisionCommandOptions, private readonly signal: AbortSignal,
  ) {
    this.clients = awsClients(signal);
    this.log = progressLog(options);
  }

  async run(): Promise<number> {
    const { clients, log, options, request, signal } = this;
    const deployed = await findDeployedItems(options, clients);
    const { project, variables } = findDecidedImage(deployed, request.reference);
    log(`${request.decision === 'RELEASE' ? 'releasing' : 'refusing'} ${this.name} of the stack ${deployed.stack} with the project ${project.name}`);
    signal.throwIfAborted();
    const tools = { client: clients.starter, log, clock: clockUntil(signal) };
    this.build = await startOtherBuild(project, decisionVariables(request, variables), tools);
    if (this.build.link !== undefined) log(`build log: ${this.build.link}`);
    if (options.wait) return this.follow(this.build);
    this.printJson({ build: this.build });
    if (!options.json) process.stdout.write(`${escapeControlCharacters([this.build.id, this.build.link].filter(Boolean).join(' '))}\n`);
    return EXIT_CODES.SUCCESS;
  }

  printFailed(error: unknown): number {
    const { build, signal } = this;
    const interrupted = interruptionCode(signal);
    const message = interrupted === undefined ? sanitizeForLog(error instanceof Error ? error.message : String(error)) : 'interrupted';
    const reason = interrupted === undefined ? awsFailureReason(error) : 'interrupted';
    this.printJson({ ...failedCommand(reason, message), ...build === undefined ? {} : { build } });
    if (build !== undefined) writeLine(`the build ${build.id} continues to run${linkOf(build)}`);
    writeLine(interrupted === undefined ? `failed: ${message}` : message);
    return interrupted ?? EXIT_CODES.FAILURE;
  }

  close(): void {
    this.clients.destroy();
  }

  private async follow(build: StartedMirrorBuild): Promise<number> {
    const { clients: { codeBuild, logs }, signal } = this;
    const tools = { codeBuild, logs, clock: clockUntil(signal), log: (line: string) => this.addLine(line), signal };
    const [followed] = await followBuilds([build], { ...tools, isComplete: () => this.result !== undefined });
    const { logProblem, problem, status } = followed;
    const causes = [problem, logProblem].filter(Boolean).join('; ');
    const lost = `the build ${BUILD_STATUS_TEXTS[status]} without a result${causes === '' ? '' : ` (${causes})`}; look at its log${linkOf(build)}`;
    const result: DecisionResult = this.result ?? { decision: 'failed', source: '', failure: 'build-failed', message: lost };
    this.printJson({ ...result, build: { ...build, status } });
    if (result.decision === 'failed') {
      writeLine(`failed: ${result.message}`);
      return EXIT_CODES.FAILURE;
    }
    writeLine(`${result.decision} ${this.name} by ${result.by}: ${result.reason}`);
    writeLine(result.message);
    if (result.decision === 'released') writeLine(`To serve it now, run "cdk-ecr-mirror start ${this.image}".`);
    return EXIT_CODES.SUCCESS;
  }

  private addLine(line: string): void {
    const result = parseResult(line);
    if (result === undefined) this.log(line);
    else this.result = result;
  }

  private get image(): string {
    return familiarImageReference({ ...this.request.reference, digest: undefined });
  }

  private get name(): string {
    return `${this.image}@sha256:${shortDigest(this.request.reference.digest)}…`;
  }

  private printJson(report: object): void {
    if (this.options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  }
}

const TEXTS = ['source', 'repository', 'tag', 'digest', 'by', 'reason', 'at', 'failure', 'message'] as const;

/** The result in a line of the log. The log is untrusted: only known fields with the right types are used. */
function parseResult(line: string): DecisionResult | undefined {
  const fields = line.startsWith('{') ? Object(parseJson(line)) as Readonly<Record<string, unknown>> : {};
  const { decision, servedBy } = fields;
  if (!['released', 'refused', 'failed'].some((known) => known === decision) || typeof fields.message !== 'string') return undefined;
  const texts = TEXTS.flatMap((name) => typeof fields[name] === 'string' ? [[name, escapeControlCharacters(fields[name])]] : []);
  const tags = Array.isArray(servedBy) ? { servedBy: servedBy.filter((tag) => typeof tag === 'string').map(escapeControlCharacters) } : {};
  return { decision, ...Object.fromEntries(texts) as object, ...tags } as DecisionResult;
}
