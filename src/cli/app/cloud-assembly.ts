import { existsSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { UsageError } from '../usage-error';
import { CatalogDefinition, catalogDefinition, findExport, SynthesizedStack, resolveText, ScheduledRun, scheduledRuns, StackTemplate, TokenValues } from './stack-template';
import { PROJECT_ENVIRONMENT, RUN_ENVIRONMENT } from '../../image/contract/environment';

/** A run that a synthesized app plans: the variables that its build would have. */
export interface SynthesizedRun {
  /** The stack that defines the image. */
  readonly stack: string;
  readonly environment: Readonly<Record<string, string>>;
  /** The list of its catalog as the app deploys it first, where the list is a parameter of the app. */
  readonly firstList?: string;
}

/** What tokens of an app stand for that is synthesized for any account and Region. */
export interface AppEnvironment {
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

/**
 * Reads from a synthesized app which images its schedules mirror, with the variables that each build would have.
 *
 * @throws UsageError when the folder is no synthesized app, or has no mirror in it
 */
export function readSynthesizedRuns(folder: string, surroundings: AppEnvironment): SynthesizedRun[] {
  const stacks = readStacks(folder, surroundings);
  const runs = stacks.flatMap((stack) => runsOf(stacks, stack).flatMap((run) => plannedRun(stacks, stack, run)));
  if (runs.length === 0) throw new UsageError(`there is no image to mirror in ${JSON.stringify(folder)}; run "cdk synth" and name its folder, usually cdk.out`);
  return runs;
}

/** The file of an asset of a synthesized app, by the key that it is uploaded under; undefined when there is none. */
export function findAssetFile(folder: string, key: string): string | undefined {
  for (const { type, properties = {} } of Object.values(readArtifacts(folder))) {
    if (type === 'cdk:cloud-assembly') {
      const found = findAssetFile(path.join(folder, properties.directoryName), key);
      if (found !== undefined) return found;
    }
    if (type !== 'cdk:asset-manifest') continue;
    const { files = {} } = readJson(path.join(folder, properties.file)) as AssetManifest;
    const asset = Object.values(files).find(({ source, destinations }) => source.packaging === 'file' && Object.values(destinations).some(({ objectKey }) => objectKey === key));
    if (asset !== undefined) return path.resolve(folder, asset.source.path);
  }
  return undefined;
}

interface AssetManifest {
  readonly files?: Readonly<Record<string, {
    readonly source: { readonly path: string; readonly packaging: string };
    readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>;
  }>>;
}

/** What is not known of the account and Region matters to no image, and the bucket of an asset is not asked. */
function orAnything(values: TokenValues): TokenValues {
  return (token) => values(token) ?? (token.Ref?.startsWith('AWS::') ? '?' : undefined);
}

/** The runs of a stack, each with its list where the app itself has it. */
function runsOf(stacks: readonly SynthesizedStack[], stack: SynthesizedStack): (ScheduledRun & Pick<SynthesizedRun, 'firstList'>)[] {
  const known = orAnything(stack.values);
  return Object.entries(stack.template.Resources ?? {}).flatMap(([id, resource]) => {
    const definitions: CatalogDefinition[] = [];
    const define: TokenValues = (token) => {
      const definition = catalogDefinition(stacks, stack, token);
      definitions.push(definition);
      // It becomes a part of a text in JSON.
      return JSON.stringify(definition.name).slice(1, -1);
    };
    const only = { Resources: { [id]: resource } };
    const [named] = scheduledRuns(only, (token) => known(token) ?? define(token));
    // Of a catalog, nothing but the place of its list can be a value that only CloudFormation knows.
    if (named?.variables[RUN_ENVIRONMENT.CATALOG] === undefined) return scheduledRuns(only, known);
    return [{ ...named, firstList: definitions.find(({ firstList }) => firstList !== undefined)?.firstList }];
  });
}

function readArtifacts(folder: string): Readonly<Record<string, Artifact>> {
  return (readJson(path.join(folder, 'manifest.json')) as { artifacts?: Record<string, Artifact> }).artifacts ?? {};
}

function readStacks(folder: string, surroundings: AppEnvironment): SynthesizedStack[] {
  const file = path.join(folder, 'manifest.json');
  if (!existsSync(file)) throw new UsageError(`${JSON.stringify(folder)} is no synthesized app: it has no manifest.json; run "cdk synth" first`);
  return Object.entries(readArtifacts(folder)).flatMap(([name, { type, environment, properties = {} }]) => {
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
function pseudoParameters(environment: string, surroundings: AppEnvironment): Readonly<Record<string, string | undefined>> {
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
function plannedRun(stacks: readonly SynthesizedStack[], stack: SynthesizedStack, run: ScheduledRun & Pick<SynthesizedRun, 'firstList'>): SynthesizedRun[] {
  const { project: arn, variables, firstList } = run;
  const project = projectOf(stacks, stack, arn);
  if (project === undefined || (variables[RUN_ENVIRONMENT.IMAGE] ?? variables[RUN_ENVIRONMENT.CATALOG]) === undefined) return [];
  return [{ stack: stack.name, environment: { ...project, ...variables }, firstList }];
}

/** The plain variables of the project that a schedule starts, in its own stack or in the one that exports it. */
function projectOf(stacks: readonly SynthesizedStack[], stack: SynthesizedStack, arn: unknown): Record<string, string> | undefined {
  const reference = Object(arn) as { 'Fn::GetAtt'?: [string, string]; 'Fn::ImportValue'?: unknown };
  const exported = reference['Fn::ImportValue'] === undefined ? undefined : findExport(stacks, reference['Fn::ImportValue']);
  if (exported !== undefined) return projectOf(stacks, exported.stack, exported.value);
  const id = reference['Fn::GetAtt']?.[0];
  const project = id === undefined ? undefined : stack.template.Resources?.[id];
  if (project?.Type !== 'AWS::CodeBuild::Project') return undefined;
  const { EnvironmentVariables: list = [] } = Object(project.Properties?.Environment) as { EnvironmentVariables?: Variable[] };
  const names: readonly string[] = [PROJECT_ENVIRONMENT.REGISTRY, PROJECT_ENVIRONMENT.REPOSITORY_PREFIX];
  const plain = list.filter(({ Name }) => names.includes(Name)).map(({ Name, Value }) => [Name, resolveText(Value, stack.values) ?? '']);
  return Object.fromEntries(plain) as Record<string, string>;
}
