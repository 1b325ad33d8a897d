import { existsSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { UsageError } from '../usage-error';
import {
  CatalogDefinition, findCatalogDefinition, findExport, findScheduledBuilds, resolveText, ScheduledBuild, StackTemplate, SynthesizedStack,
  TokenValues,
} from './stack-template';
import { PROJECT_ENVIRONMENT, RUN_ENVIRONMENT } from '../../image/contract/environment';
import { awsDomain } from '../../image/registry-hosts';

/** A build that a schedule of a synthesized app starts. */
export interface SynthesizedBuild {
  /** The name of the stack with the schedule. */
  readonly stack: string;
  /** The environment variables of the build. */
  readonly environment: Readonly<Record<string, string>>;
  /** The list of the catalog at the first deployment, if the list is in a parameter of the app. */
  readonly firstList?: string;
}

/** The account and the Region to use for environment-agnostic stacks. */
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
 * Reads the builds that the schedules of a synthesized app start.
 *
 * @throws UsageError when the folder is not a synthesized app, or the app has no mirror
 */
export function readSynthesizedBuilds(folder: string, fallback: AppEnvironment): SynthesizedBuild[] {
  const stacks = readStacks(folder, fallback);
  const builds = stacks.flatMap((stack) => scheduledBuildsOf(stacks, stack).flatMap((build) => synthesizedBuild(stacks, stack, build)));
  if (builds.length > 0) return builds;
  throw new UsageError(`the app in ${JSON.stringify(folder)} mirrors no images; run "cdk synth" and pass its output folder, usually cdk.out`);
}

/** Finds the file of an asset by its object key; undefined when the app has no such asset. */
export function findAssetFile(folder: string, key: string): string | undefined {
  for (const { type, properties = {} } of Object.values(readArtifacts(folder))) {
    if (type === 'cdk:cloud-assembly') {
      const found = findAssetFile(path.join(folder, properties.directoryName), key);
      if (found !== undefined) return found;
    }
    if (type !== 'cdk:asset-manifest') continue;
    const { files = {} } = readJson(path.join(folder, properties.file)) as AssetManifest;
    const asset = Object.values(files).find(({ source, destinations }) => {
      return source.packaging === 'file' && Object.values(destinations).some(({ objectKey }) => objectKey === key);
    });
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

/** Resolves an unknown account or Region to `?`. No image depends on it, and the bucket name of an asset is not used. */
function withUnknownEnvironment(values: TokenValues): TokenValues {
  return (token) => values(token) ?? (token.Ref?.startsWith('AWS::') ? '?' : undefined);
}

/** A scheduled build, with the list of its catalog if the app has it. */
type ScheduledBuildWithList = ScheduledBuild & Pick<SynthesizedBuild, 'firstList'>;

function scheduledBuildsOf(stacks: readonly SynthesizedStack[], stack: SynthesizedStack): ScheduledBuildWithList[] {
  const known = withUnknownEnvironment(stack.values);
  return Object.entries(stack.template.Resources ?? {}).flatMap(([id, resource]) => {
    const definitions: CatalogDefinition[] = [];
    const resolveDefinition: TokenValues = (token) => {
      const definition = findCatalogDefinition(stacks, stack, token);
      definitions.push(definition);
      // The name is inserted into a JSON string.
      return JSON.stringify(definition.name).slice(1, -1);
    };
    const only = { Resources: { [id]: resource } };
    const [build] = findScheduledBuilds(only, (token) => known(token) ?? resolveDefinition(token));
    // In the variables of a catalog, only the location of the list can be a token.
    if (build?.variables[RUN_ENVIRONMENT.CATALOG] === undefined) return findScheduledBuilds(only, known);
    return [{ ...build, firstList: definitions.find(({ firstList }) => firstList !== undefined)?.firstList }];
  });
}

function readArtifacts(folder: string): Readonly<Record<string, Artifact>> {
  return (readJson(path.join(folder, 'manifest.json')) as { artifacts?: Record<string, Artifact> }).artifacts ?? {};
}

function readStacks(folder: string, fallback: AppEnvironment): SynthesizedStack[] {
  const file = path.join(folder, 'manifest.json');
  if (!existsSync(file)) throw new UsageError(`${JSON.stringify(folder)} is not a synthesized app: it has no manifest.json; run "cdk synth" first`);
  return Object.entries(readArtifacts(folder)).flatMap(([name, { type, environment, properties = {} }]) => {
    if (type === 'cdk:cloud-assembly') return readStacks(path.join(folder, properties.directoryName), fallback);
    if (type !== 'aws:cloudformation:stack') return [];
    const pseudo = pseudoParameters(environment ?? '', fallback);
    return [{ name, template: readJson(path.join(folder, properties.templateFile)) as StackTemplate, values: ({ Ref }) => pseudo[Ref ?? ''] }];
  });
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** @param environment for example `aws://123456789012/eu-west-1` or `aws://unknown-account/unknown-region` */
function pseudoParameters(environment: string, fallback: AppEnvironment): Readonly<Record<string, string | undefined>> {
  const [, account, region] = /^aws:\/\/([^/]+)\/(.+)$/.exec(environment) ?? [];
  const known = (value: string | undefined) => value === undefined || value.startsWith('unknown-') ? undefined : value;
  const actualRegion = known(region) ?? fallback.region;
  return {
    'AWS::AccountId': known(account) ?? fallback.account,
    'AWS::Region': actualRegion,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': awsDomain(actualRegion ?? ''),
  };
}

/** The build that a schedule starts; none when the schedule does not belong to a mirror. */
function synthesizedBuild(stacks: readonly SynthesizedStack[], stack: SynthesizedStack, build: ScheduledBuildWithList): SynthesizedBuild[] {
  const { project: arn, variables, firstList } = build;
  const project = projectOf(stacks, stack, arn);
  if (project === undefined || (variables[RUN_ENVIRONMENT.IMAGE] ?? variables[RUN_ENVIRONMENT.CATALOG]) === undefined) return [];
  return [{ stack: stack.name, environment: { ...project, ...variables }, firstList }];
}

/** The registry and the prefix of the project that a schedule starts. The project can be in another stack, which exports its ARN. */
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
