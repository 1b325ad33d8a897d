/**
 * AWS CodeBuild on one machine, for projects of a synthesized template.
 *
 * Imitated: the project's environment variables, with a build's overrides over them; SECRETS_MANAGER and PARAMETER_STORE variables, whose values are
 * masked in the log; the sources from S3, taken from the cloud assembly and unpacked into fresh folders; the phases of the buildspec in one shell;
 * CodeBuild's own variables; the environment that a single build asks for, which only `machineOf` is told. Not imitated: the build image
 * (commands run on this machine, with this process's node), the role, timeouts, the queue, VPCs, caches and artifacts.
 * What is asked for and not known is refused, never left out in silence.
 */
import { spawn } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { readBuildspec, scriptOf } from './buildspec-script';
import { CloudAssembly } from './cloud-assembly';
import { SecretStore } from './secret-store';
import { Deployment, TemplateResolver } from './template-resolver';

/** A variable as StartBuild takes it. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly value: string;
  /** @default 'PLAINTEXT' */
  readonly type?: string;
}

/** The part of StartBuild's request that is known here. */
export interface StartBuildInput {
  readonly environmentVariablesOverride?: readonly EnvironmentVariable[];
  readonly environmentTypeOverride?: string;
  readonly imageOverride?: string;
  readonly computeTypeOverride?: string;
}

/** What a build runs in. */
export interface BuildEnvironment {
  readonly type: string;
  readonly image: string;
  readonly computeType: string;
  readonly privileged: boolean;
}

export interface BuildResult {
  readonly buildId: string;
  readonly status: 'SUCCEEDED' | 'FAILED';
  readonly exitCode: number;
  /** What the build's log shows: stdout and stderr as they came, secrets masked. */
  readonly log: string;
  /** The lines on stdout, secrets masked. */
  readonly stdout: readonly string[];
}

/** A build that was started. */
export interface RunningBuild {
  readonly buildId: string;
  /** Its log so far, line by line, secrets masked. */
  readonly lines: readonly string[];
  /** Its end; an error where CodeBuild would fail it before its first command. */
  readonly ended: Promise<BuildResult>;
}

/** A project as its API names it. */
export interface LocalProject {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  /** The log group of its builds. */
  readonly logGroup: string;
}

export interface LocalCodeBuildOptions {
  readonly assembly: CloudAssembly;
  readonly template: TemplateResolver;
  readonly deployment: Deployment;
  /** Variables of the machine that builds run on, for example `LoopbackNetwork.environment()`. @default - none */
  readonly machine?: Readonly<Record<string, string>>;
  /** Those of the machine of one build, over the others. @default - none */
  readonly machineOf?: (environment: BuildEnvironment) => Readonly<Record<string, string>>;
  /** Secrets by name, each a text or an object of fields. @default - none */
  readonly secrets?: Readonly<Record<string, string | Record<string, string>>>;
  /** Parameters of the Systems Manager parameter store by name. @default - none */
  readonly parameters?: Readonly<Record<string, string>>;
}

export class LocalCodeBuild {
  private builds = 0;
  private readonly secrets: SecretStore;

  constructor(private readonly options: LocalCodeBuildOptions) {
    this.secrets = new SecretStore(options.secrets ?? {}, options.parameters ?? {});
  }

  /** The projects of the template. */
  projects(): LocalProject[] {
    const { template } = this.options;
    return template.ids('AWS::CodeBuild::Project').map((logicalId) => {
      const name = String(template.resolve({ Ref: logicalId }));
      const logGroup = template.properties(logicalId).LogsConfig?.CloudWatchLogs?.GroupName ?? `/aws/codebuild/${name}`;
      return { logicalId, name, arn: template.arn(logicalId), logGroup };
    });
  }

  /** Runs a build of the project with this logical id and waits for its end. */
  async build(projectId: string, input: StartBuildInput = {}): Promise<BuildResult> {
    return this.start(projectId, input).ended;
  }

  /** Starts a build of the project with this logical id. */
  start(projectId: string, input: StartBuildInput = {}): RunningBuild {
    const name = String(this.options.template.resolve({ Ref: projectId }));
    const buildId = `${name}:00000000-0000-4000-8000-${String(++this.builds).padStart(12, '0')}`;
    const lines: string[] = [];
    return { buildId, lines, ended: this.run(projectId, name, buildId, input, (line) => lines.push(line)) };
  }

  private async run(projectId: string, name: string, buildId: string, input: StartBuildInput, onLine: (line: string) => void): Promise<BuildResult> {
    const project = this.options.template.properties(projectId);
    const home = await mkdtemp(join(tmpdir(), 'local-code-build-'));
    try {
      const source = join(home, 'src');
      await cp(await this.folderOf(project.Source), source, { recursive: true });
      const secondarySources = await this.unpackSecondarySources(project, home);
      const buildspec = readBuildspec(project.Source.BuildSpec);
      const { values, masked } = this.variables(project, input);
      const own = { ...this.ownVariables(name, buildId, source, home), ...secondarySources };
      const machine = { ...this.options.machine, ...this.options.machineOf?.(environmentOf(project, input)) };
      const environment = { ...own, ...buildspec.variables, ...values, ...machine };
      return { buildId, ...await runScript(buildspec.shell, scriptOf(buildspec), source, environment, { masked, onLine }) };
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  }

  /** @returns the variables that say where each of them is */
  private async unpackSecondarySources(project: Record<string, any>, home: string): Promise<Record<string, string>> {
    const variables: Record<string, string> = {};
    for (const secondary of project.SecondarySources ?? []) {
      const folder = join(home, `src-${secondary.SourceIdentifier}`);
      await cp(await this.folderOf(secondary), folder, { recursive: true });
      variables[`CODEBUILD_SRC_DIR_${secondary.SourceIdentifier}`] = folder;
    }
    return variables;
  }

  private async folderOf(source: Record<string, any>): Promise<string> {
    const { Type: type, Location: location } = source;
    if (type !== 'S3') throw new Error(`the local CodeBuild does not know sources of type ${JSON.stringify(type)}`);
    return this.options.assembly.assetFolder(location, this.options.deployment);
  }

  private variables(project: Record<string, any>, input: StartBuildInput): { values: Record<string, string>; masked: string[] } {
    const { environmentVariablesOverride = [], ...others } = input;
    const { environmentTypeOverride: _type, imageOverride: _image, computeTypeOverride: _computeType, ...unknown } = others;
    const [surplus] = Object.keys(unknown);
    if (surplus !== undefined) throw new Error(`the local CodeBuild does not know ${JSON.stringify(surplus)} in the request`);
    const own: { Name: string; Value: string; Type?: string }[] = project.Environment.EnvironmentVariables ?? [];
    const all = [...own.map(({ Name, Value, Type }) => ({ name: Name, value: Value, type: Type })), ...environmentVariablesOverride];
    const chosen = [...new Map(all.map((variable) => [variable.name, variable])).values()];
    const reserved = chosen.find(({ name }) => name.startsWith('CODEBUILD_'));
    if (reserved) throw new Error(`the variable ${JSON.stringify(reserved.name)} is reserved for CodeBuild`);
    const resolved = chosen.map((variable) => ({ ...variable, ...this.secrets.resolve(variable) }));
    return {
      values: Object.fromEntries(resolved.map(({ name, value }) => [name, value])),
      masked: resolved.filter(({ secret }) => secret).map(({ value }) => value),
    };
  }

  private ownVariables(name: string, buildId: string, source: string, home: string): Record<string, string> {
    const { partition, region, account } = this.options.deployment;
    return {
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', // the example of AWS's documentation: SDKs sign with it, nobody verifies
      AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
      CODEBUILD_BUILD_ARN: `arn:${partition}:codebuild:${region}:${account}:build/${buildId}`,
      CODEBUILD_BUILD_ID: buildId,
      CODEBUILD_BUILD_NUMBER: String(this.builds),
      CODEBUILD_BUILD_SUCCEEDING: '1',
      CODEBUILD_INITIATOR: 'scheduler',
      CODEBUILD_LOG_PATH: buildId.split(':')[1],
      CODEBUILD_SRC_DIR: source,
      CODEBUILD_PROJECT_ARN: `arn:${partition}:codebuild:${region}:${account}:project/${name}`,
      HOME: home,
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
    };
  }
}

/** What a build runs in: what its request asks for, and otherwise what its project says. */
function environmentOf({ Environment: own }: Record<string, any>, input: StartBuildInput): BuildEnvironment {
  return {
    type: input.environmentTypeOverride ?? own.Type,
    image: input.imageOverride ?? own.Image,
    computeType: input.computeTypeOverride ?? own.ComputeType,
    privileged: own.PrivilegedMode === true,
  };
}

/** What becomes of what a script writes. */
interface ScriptOutput {
  readonly masked: readonly string[];
  readonly onLine: (line: string) => void;
}

async function runScript(
  shell: string, script: string, cwd: string, env: Record<string, string>, { masked, onLine }: ScriptOutput,
): Promise<Omit<BuildResult, 'buildId'>> {
  const child = spawn(shell, ['-c', script], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const mask = (text: string) => masked.filter(Boolean).reduce((hidden, secret) => hidden.split(secret).join('***'), text);
  let [log, stdout] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    log += chunk;
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => { log += chunk; });
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', (line) => onLine(mask(line)));
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.once('error', reject).once('close', (...ending) => resolve(ending));
  });
  const exitCode = code ?? 128;
  const ended = signal === null ? '' : `[Container] the shell was ended by ${signal}\n`;
  return {
    status: exitCode === 0 ? 'SUCCEEDED' : 'FAILED',
    exitCode,
    log: mask(log) + ended,
    stdout: mask(stdout).split('\n').filter(Boolean),
  };
}
