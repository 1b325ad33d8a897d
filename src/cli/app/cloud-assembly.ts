import { Artifact, AssemblyFiles, withAppErrors } from './assembly-files';
import { UsageError } from '../usage-error';
import {
  CatalogDefinition, findCatalogDefinition, findExport, findRepositoryName, findScheduledBuilds, resolveText, ScheduledBuild, StackTemplate,
  SynthesizedStack, TokenValues,
} from './stack-template';
import { PROJECT_ENVIRONMENT, RUN_ENVIRONMENT } from '../../image/contract/environment';
import { awsDomain } from '../../image/registry-hosts';
import { quote } from '../../image/sanitize';

/** A build that a schedule of a synthesized app starts. */
export interface SynthesizedBuild {
  /** The stack with the schedule, as `cdk list` shows it, for example `Prod/Platform`. */
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

interface Variable {
  readonly Name: string;
  readonly Value: unknown;
}

/**
 * Reads the builds that the schedules of a synthesized app start.
 *
 * @param names the stacks to read, in the spellings of `cdk list` and of CloudFormation, with `*` as a wildcard; undefined for all
 * @throws UsageError when the folder is not a synthesized app, when the app has no such stack, and when the stacks have no mirror
 */
export function readSynthesizedBuilds(folder: string, fallback: AppEnvironment, names?: readonly string[]): SynthesizedBuild[] {
  const builds = withAppErrors(folder, () => {
    const stacks = readStacks(folder, fallback);
    const selected = names === undefined ? stacks : selectStacks(stacks, names);
    return selected.flatMap((stack) => scheduledBuildsOf(stacks, stack).flatMap((build) => synthesizedBuild(stacks, stack, build)));
  });
  if (builds.length > 0) return builds;
  if (names !== undefined) {
    throw new UsageError(`no images are mirrored in the stack ${names.map(quote).join(', ')}; name another stack, or omit --stack`);
  }
  throw new UsageError(`the app in ${quote(folder)} mirrors no images; run "cdk synth" and pass its output folder, usually cdk.out`);
}

/** The maximum number of stacks in an error. */
const MAX_LISTED_STACKS = 20;

/** A stack of the app, with its names: in `cdk list`, in the assembly, and in CloudFormation. */
type NamedStack = SynthesizedStack & { readonly names: readonly string[] };

function selectStacks(stacks: readonly NamedStack[], names: readonly string[]): NamedStack[] {
  const patterns = names.map((name) => new RegExp(`^${name.split('*').map((part) => part.replace(/[^A-Za-z0-9]/g, '\\$&')).join('.*')}$`, 's'));
  const unknown = names.filter((_, index) => !stacks.some((stack) => stack.names.some((name) => patterns[index].test(name))));
  if (unknown.length === 0) return stacks.filter((stack) => stack.names.some((name) => patterns.some((pattern) => pattern.test(name))));
  const existing = stacks.map(({ name }) => quote(name)).sort();
  const more = existing.length > MAX_LISTED_STACKS ? ` and ${existing.length - MAX_LISTED_STACKS} more` : '';
  const listed = existing.slice(0, MAX_LISTED_STACKS).join(', ') + more;
  throw new UsageError(`the app has no stack ${unknown.map(quote).join(', ')}; its stacks are ${listed}`);
}

/** Finds the file of an asset. It throws a `UsageError` when the file is outside of the app, or too large. */
export type AssetFile = () => string;

/**
 * The files of the app that are assets, by their object keys.
 *
 * @throws UsageError when a manifest is not valid
 */
export function readAssetFiles(folder: string): ReadonlyMap<string, AssetFile> {
  return withAppErrors(folder, () => {
    const files = new AssemblyFiles(folder);
    const manifests = files.artifacts().filter(({ type }) => type === 'cdk:asset-manifest');
    return new Map(manifests.flatMap((artifact) => assetsOf(files, artifact)));
  });
}

function assetsOf(files: AssemblyFiles, { folder, properties }: Artifact): [key: string, file: AssetFile][] {
  const { files: assets } = files.readObject(folder, properties.file) as AssetManifest;
  return Object.values(assets ?? {}).filter(({ source }) => source.packaging === 'file').flatMap(({ source, destinations }) => {
    return Object.values(destinations).map(({ objectKey }): [string, AssetFile] => [objectKey, () => files.locateFile(folder, source.path)]);
  });
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
    const builds = findScheduledBuilds(only, (token) => known(token) ?? resolveDefinition(token));
    // In the variables of a catalog, only the location of the list can be a token.
    if (builds[0]?.variables[RUN_ENVIRONMENT.CATALOG] === undefined) return findScheduledBuilds(only, known);
    const firstList = definitions.find((definition) => definition.firstList !== undefined)?.firstList;
    return builds.map((build) => ({ ...build, firstList }));
  });
}

function readStacks(folder: string, fallback: AppEnvironment): NamedStack[] {
  const files = new AssemblyFiles(folder);
  const stacks = files.artifacts().filter(({ type }) => type === 'aws:cloudformation:stack');
  return stacks.map((stack) => {
    const pseudo = pseudoParameters(typeof stack.environment === 'string' ? stack.environment : '', fallback);
    const template = files.readObject(stack.folder, stack.properties.templateFile) as StackTemplate;
    const name = stack.displayName ?? stack.name;
    const names = [name, stack.name, stack.properties.stackName].filter((one): one is string => typeof one === 'string');
    return { name, names, folder: stack.folder, template, values: ({ Ref }) => pseudo[Ref ?? ''] };
  });
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

/** The variables of a project that decide about images. Others have credentials and settings of AWS, which this machine does not have. */
const PROJECT_VARIABLES: readonly string[] = [
  PROJECT_ENVIRONMENT.REGISTRY, PROJECT_ENVIRONMENT.REPOSITORY_PREFIX, PROJECT_ENVIRONMENT.ADMISSION, PROJECT_ENVIRONMENT.QUARANTINE,
  PROJECT_ENVIRONMENT.DECISIONS,
];

/** The variables of the project that a schedule starts. The project can be in another stack, which exports its ARN. */
function projectOf(stacks: readonly SynthesizedStack[], stack: SynthesizedStack, arn: unknown): Record<string, string> | undefined {
  const reference = Object(arn) as { 'Fn::GetAtt'?: [string, string]; 'Fn::ImportValue'?: unknown };
  const exported = reference['Fn::ImportValue'] === undefined ? undefined : findExport(stacks, stack, reference['Fn::ImportValue']);
  if (exported !== undefined) return projectOf(stacks, exported.stack, exported.value);
  const id = reference['Fn::GetAtt']?.[0];
  const project = id === undefined ? undefined : stack.template.Resources?.[id];
  if (project?.Type !== 'AWS::CodeBuild::Project') return undefined;
  const { EnvironmentVariables: list = [] } = Object(project.Properties?.Environment) as { EnvironmentVariables?: Variable[] };
  const values: TokenValues = (token) => stack.values(token) ?? findRepositoryName(stack, token);
  const plain = list.filter(({ Name }) => PROJECT_VARIABLES.includes(Name)).map(({ Name, Value }) => [Name, resolveText(Value, values) ?? '']);
  return Object.fromEntries(plain) as Record<string, string>;
}
