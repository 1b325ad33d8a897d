import { existsSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { UsageError } from './image-pairs';
import { resolveText, ScheduledRun, scheduledRuns, StackTemplate, TokenValues } from './stack-template';
import { PROJECT_ENVIRONMENT, RUN_ENVIRONMENT } from '../image/environment';

/** A run that a synthesised app plans: the variables that its build would have. */
export interface PlannedRun {
  /** The stack that defines the image. */
  readonly stack: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** What tokens of an app stand for that is synthesised for any account and Region. */
export interface Surroundings {
  readonly account?: string;
  readonly region?: string;
}

interface Artifact {
  readonly type?: string;
  readonly environment?: string;
  readonly properties?: Readonly<Record<string, string>>;
}

interface Variable {
  readonly Name: string;
  readonly Value: unknown;
}

interface Stack {
  readonly name: string;
  readonly template: StackTemplate;
  readonly values: TokenValues;
}

/**
 * Reads from a synthesised app which images its schedules mirror, with the variables that each build would have.
 *
 * @throws UsageError when the folder is no synthesised app, or has no mirror in it
 */
export function readPlannedRuns(folder: string, surroundings: Surroundings): PlannedRun[] {
  const stacks = readStacks(folder, surroundings);
  const runs = stacks.flatMap((stack) => scheduledRuns(stack.template, stack.values).flatMap((run) => plannedRun(stacks, stack, run)));
  if (runs.length === 0) throw new UsageError(`there is no image to mirror in ${JSON.stringify(folder)}; run "cdk synth" and name its folder, usually cdk.out`);
  return runs;
}

function readStacks(folder: string, surroundings: Surroundings): Stack[] {
  const file = path.join(folder, 'manifest.json');
  if (!existsSync(file)) throw new UsageError(`${JSON.stringify(folder)} is no synthesised app: it has no manifest.json; run "cdk synth" first`);
  const { artifacts = {} } = readJson(file) as { artifacts?: Record<string, Artifact> };
  return Object.entries(artifacts).flatMap(([name, { type, environment, properties = {} }]) => {
    if (type === 'cdk:cloud-assembly') return readStacks(path.join(folder, properties.directoryName), surroundings);
    if (type !== 'aws:cloudformation:stack') return [];
    const pseudo = pseudoParameters(environment ?? '', surroundings);
    return [{ name, template: readJson(path.join(folder, properties.templateFile)) as StackTemplate, values: ({ Ref }) => pseudo[Ref ?? ''] }];
  });
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** `aws://123456789012/eu-west-1`, or `aws://unknown-account/unknown-region`. */
function pseudoParameters(environment: string, surroundings: Surroundings): Readonly<Record<string, string | undefined>> {
  const [, account, region] = /^aws:\/\/([^/]+)\/(.+)$/.exec(environment) ?? [];
  const known = (value: string | undefined) => value === undefined || value.startsWith('unknown-') ? undefined : value;
  const actualRegion = known(region) ?? surroundings.region;
  return {
    'AWS::AccountId': known(account) ?? surroundings.account,
    'AWS::Region': actualRegion,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': actualRegion?.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com',
  };
}

/** The run of a schedule that starts a mirror's project; none for other schedules. */
function plannedRun(stacks: readonly Stack[], stack: Stack, { project: arn, variables }: ScheduledRun): PlannedRun[] {
  const project = projectOf(stacks, stack, arn);
  if (project === undefined || variables[RUN_ENVIRONMENT.IMAGE] === undefined) return [];
  return [{ stack: stack.name, environment: { ...project, ...variables } }];
}

/** The plain variables of the project that a schedule starts, in its own stack or in the one that exports it. */
function projectOf(stacks: readonly Stack[], stack: Stack, arn: unknown): Record<string, string> | undefined {
  const reference = Object(arn) as { 'Fn::GetAtt'?: [string, string]; 'Fn::ImportValue'?: unknown };
  if (reference['Fn::ImportValue'] !== undefined) {
    const name = JSON.stringify(reference['Fn::ImportValue']);
    for (const other of stacks) {
      const output = Object.values(other.template.Outputs ?? {}).find(({ Export }) => JSON.stringify(Export?.Name) === name);
      if (output) return projectOf(stacks, other, output.Value);
    }
  }
  const id = reference['Fn::GetAtt']?.[0];
  const project = id === undefined ? undefined : stack.template.Resources?.[id];
  if (project?.Type !== 'AWS::CodeBuild::Project') return undefined;
  const { EnvironmentVariables: list = [] } = Object(project.Properties?.Environment) as { EnvironmentVariables?: Variable[] };
  const names: readonly string[] = [PROJECT_ENVIRONMENT.REGISTRY, PROJECT_ENVIRONMENT.REPOSITORY_PREFIX];
  const plain = list.filter(({ Name }) => names.includes(Name)).map(({ Name, Value }) => [Name, resolveText(Value, stack.values) ?? '']);
  return Object.fromEntries(plain) as Record<string, string>;
}
