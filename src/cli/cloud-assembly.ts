import { existsSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { UsageError } from './image-pairs';
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

interface Resource {
  readonly Type: string;
  readonly Properties?: Record<string, unknown>;
}

interface Template {
  readonly Resources?: Record<string, Resource>;
  readonly Outputs?: Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: unknown } }>;
}

interface Stack {
  readonly name: string;
  readonly template: Template;
  readonly pseudo: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads from a synthesised app which images its schedules mirror, with the variables that each build would have.
 *
 * @throws UsageError when the folder is no synthesised app, or has no mirror in it
 */
export function readPlannedRuns(folder: string, surroundings: Surroundings): PlannedRun[] {
  const stacks = readStacks(folder, surroundings);
  const runs = stacks.flatMap((stack) => resourcesOf(stack, 'AWS::Scheduler::Schedule').flatMap((schedule) => plannedRun(stacks, stack, schedule)));
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
    return [{ name, template: readJson(path.join(folder, properties.templateFile)) as Template, pseudo: pseudoParameters(environment ?? '', surroundings) }];
  });
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** `aws://123456789012/eu-west-1`, or `aws://unknown-account/unknown-region`. */
function pseudoParameters(environment: string, surroundings: Surroundings): Stack['pseudo'] {
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

function resourcesOf({ template }: Stack, type: string): Record<string, unknown>[] {
  return Object.values(template.Resources ?? {}).filter((resource) => resource.Type === type).map(({ Properties = {} }) => Properties);
}

/** The run of a schedule that starts a mirror's project; none for other schedules. */
function plannedRun(stacks: readonly Stack[], stack: Stack, schedule: Record<string, unknown>): PlannedRun[] {
  const { Arn, Input } = Object(schedule.Target) as { Arn?: unknown; Input?: unknown };
  const variables = overrides(resolve(stack, Input));
  const project = projectOf(stacks, stack, Arn);
  if (project === undefined || variables[RUN_ENVIRONMENT.IMAGE] === undefined) return [];
  return [{ stack: stack.name, environment: { ...project, ...variables } }];
}

function overrides(input: string | undefined): Record<string, string> {
  try {
    const { environmentVariablesOverride: list } = Object(JSON.parse(input ?? '')) as { environmentVariablesOverride?: { name: string; value: string }[] };
    return Object.fromEntries((list ?? []).map(({ name, value }) => [name, value]));
  } catch {
    return {};
  }
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
  const plain = list.filter(({ Name }) => names.includes(Name)).map(({ Name, Value }) => [Name, resolve(stack, Value) ?? '']);
  return Object.fromEntries(plain) as Record<string, string>;
}

/** A string of a template with its tokens replaced; undefined where one stands for something that only AWS knows. */
function resolve(stack: Stack, value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const { Ref, 'Fn::Join': join } = Object(value) as { 'Ref'?: string; 'Fn::Join'?: [string, unknown[]] };
  if (Ref !== undefined) return stack.pseudo[Ref];
  const parts = join?.[1].map((part) => resolve(stack, part));
  return parts?.every((part) => part !== undefined) ? parts.join(join![0]) : undefined;
}
