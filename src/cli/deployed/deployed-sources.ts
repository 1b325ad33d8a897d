import { AwsClients } from './aws-clients';
import { DeployedStack, readDeployedStack, stackOfProject } from './deployed-stack';
import { listMirrorProjects, MirrorProject, readMirrorProjects } from './mirror-projects';
import { RUN_ENVIRONMENT } from '../../image/contract/environment';
import { familiarImageReference, formatImageReference, ImageReference, parseImageReference } from '../../image/image-reference';
import { quote } from '../../image/sanitize';
import { ScheduledRun, scheduledRuns, TokenValues } from '../app/stack-template';
import { UsageError } from '../usage-error';

/** Where to look for a mirror. */
export interface MirrorLocation {
  /** The stack that defines the images and catalogs. */
  readonly stack?: string;
  /** The name of the mirror's project. */
  readonly project?: string;
}

/** The images and catalogs of a stack. */
export interface DeployedSources {
  readonly stack: string;
  readonly sources: readonly DeployedSource[];
}

/** So many projects are told with their stacks. */
const MOST_TOLD = 10;

/**
 * Finds the images and catalogs of a deployed mirror: those of a stack, or where none is named those of the stack that the account's only mirror
 * is in.
 *
 * @throws UsageError when there is no mirror, or when there are several and it cannot be told which is meant
 */
export async function findDeployedSources({ stack: stackName, project: projectName }: MirrorLocation, clients: AwsClients): Promise<DeployedSources> {
  const project = await chosenProject(projectName, stackName, clients);
  const stack = await readDeployedStack(clients.cloudFormation, stackName ?? await stackOf(project!, clients));
  const sources = await sourcesOf(stack, project, clients);
  if (sources.length === 0) throw new UsageError(`the stack ${quote(stack.name)} mirrors no images${project === undefined ? '' : ` with the project ${quote(project.name)}`}; name with --stack the one that defines them`);
  return { stack: stack.name, sources };
}

/** Undefined when the stack tells by itself. */
async function chosenProject(name: string | undefined, stack: string | undefined, clients: AwsClients): Promise<MirrorProject | undefined> {
  if (name === undefined) return stack === undefined ? onlyProject(clients, 'name the stack that defines the images with --stack') : undefined;
  const [project] = await readMirrorProjects(clients.codeBuild, [name]);
  if (project === undefined) throw new UsageError(`there is no project of a mirror with the name ${quote(name)} in the Region ${await regionOf(clients)} of this account`);
  return project;
}

async function onlyProject(clients: AwsClients, remedy: string): Promise<MirrorProject> {
  const projects = await listMirrorProjects(clients.codeBuild);
  if (projects.length === 1) return projects[0];
  const region = await regionOf(clients);
  if (projects.length === 0) throw new UsageError(`there is no mirror in the Region ${region} of this account; deploy one, or set AWS_REGION or AWS_PROFILE to where it is`);
  const told = await Promise.all(projects.slice(0, MOST_TOLD).map(async ({ name }) => {
    const stack = await stackOfProject(clients.cloudFormation, name);
    return `${quote(name)} (${stack === undefined ? 'of no stack' : `stack ${quote(stack)}`})`;
  }));
  const more = projects.length > MOST_TOLD ? ` and ${projects.length - MOST_TOLD} more` : '';
  throw new UsageError(`there are ${projects.length} mirrors in the Region ${region} of this account: ${told.join(', ')}${more}; ${remedy}`);
}

async function stackOf({ name }: MirrorProject, { cloudFormation }: AwsClients): Promise<string> {
  const stack = await stackOfProject(cloudFormation, name);
  if (stack === undefined) throw new UsageError(`the project ${quote(name)} is in no stack, so it is not known what it mirrors; name the stack that defines the images with --stack`);
  return stack;
}

async function sourcesOf(stack: DeployedStack, chosen: MirrorProject | undefined, clients: AwsClients): Promise<DeployedSource[]> {
  const runs = scheduledRuns(stack.template, orUnknown(stack.values)).flatMap((run) => {
    const source = sourceOf(run);
    return source === undefined ? [] : [{ source, variables: run.variables, name: projectOf(stack, run) }];
  });
  const names = [...new Set(runs.flatMap(({ name }) => name ?? []))];
  const projects = new Map((await readMirrorProjects(clients.codeBuild, names)).map((project) => [project.name, project]));
  const isUntold = runs.some(({ name }) => name === undefined);
  const untold = isUntold ? chosen ?? await onlyProject(clients, `name with --project the one that the stack ${quote(stack.name)} uses`) : undefined;
  return runs.flatMap(({ source, variables, name }) => {
    const project = name === undefined ? untold : projects.get(name);
    return project === undefined || (chosen !== undefined && project.name !== chosen.name) ? [] : [{ ...source, variables, project }];
  });
}

function orUnknown(values: TokenValues): TokenValues {
  return (token) => values(token) ?? UNKNOWN_SOURCE;
}

/** What a run mirrors; undefined when that is no image and no catalog. */
function sourceOf({ variables }: ScheduledRun): Pick<DeployedImageSource, 'reference'> | Pick<DeployedCatalogSource, 'location'> | undefined {
  const location = variables[RUN_ENVIRONMENT.CATALOG];
  if (location !== undefined) return namesCatalog(location) ? { location } : undefined;
  try {
    const { registry, repository, tag, digest } = parseImageReference(variables[RUN_ENVIRONMENT.IMAGE] ?? '');
    return { reference: variables[RUN_ENVIRONMENT.TAGS] ? { registry, repository } : { registry, repository, tag, digest } };
  } catch {
    return undefined;
  }
}

/** The name of the project that a run is of, as far as its stack tells. */
function projectOf({ template, values }: DeployedStack, { project }: ScheduledRun): string | undefined {
  const { 'Fn::GetAtt': [id = '', attribute = ''] = [] } = Object(project) as { 'Fn::GetAtt'?: readonly string[] };
  if (attribute === 'Arn' && template.Resources?.[id]?.Type === 'AWS::CodeBuild::Project') return values({ Ref: id });
  const arn = typeof project === 'string' ? project : values(Object(project) as object);
  return /:project\/(.+)$/.exec(arn ?? '')?.[1];
}

async function regionOf({ codeBuild }: AwsClients): Promise<string> {
  return codeBuild.config.region();
}

/** What a schedule of a deployed mirror would start. */
interface DeployedRun {
  readonly variables: Readonly<Record<string, string>>;
  readonly project: MirrorProject;
}

/** An image of a deployed mirror. */
export interface DeployedImageSource extends DeployedRun {
  /** The upstream image; without a tag when a filter selects its tags. */
  readonly reference: ImageReference;
}

/** A catalog of a deployed mirror; one of several shards is there once for each. */
export interface DeployedCatalogSource extends DeployedRun {
  /** Where it lies, as its schedule has it: `ssm:/platform/images`, `s3://bucket/images.yaml`. */
  readonly location: string;
}

/** What a deployed mirror mirrors. */
export type DeployedSource = DeployedImageSource | DeployedCatalogSource;

/** What a variable holds in place of what only CloudFormation knows. */
export const UNKNOWN_SOURCE = '\uFFFD';

/** What the place of a catalog begins with. */
const CATALOG_SCHEMES = ['ssm:', 's3://'];

/** Whether it is a catalog, and no image. */
export function isCatalog(source: DeployedSource): source is DeployedCatalogSource {
  return 'location' in source;
}

/** Whether a text names a catalog, and no image. */
export function namesCatalog(text: string): boolean {
  return CATALOG_SCHEMES.some((scheme) => text.startsWith(scheme));
}

/** Whether a catalog may lie there, for CloudFormation alone knows a part of where it does. */
export function canResolveTo(location: string, catalog: DeployedCatalogSource): boolean {
  const [start, ...rest] = catalog.location.split(UNKNOWN_SOURCE);
  const end = rest.at(-1);
  return end !== undefined && location.startsWith(start) && location.slice(start.length).endsWith(end);
}

/** The name of an image or a catalog in results. */
export function sourceName(source: DeployedSource): string {
  return isCatalog(source) ? source.location : formatImageReference(source.reference);
}

/** The name that people use. */
export function familiarSourceName(source: DeployedSource): string {
  return isCatalog(source) ? source.location.replaceAll(UNKNOWN_SOURCE, '...') : familiarImageReference(source.reference);
}

/** The names of the variables whose values only CloudFormation knows. */
export function unknownVariables({ variables }: DeployedSource): string[] {
  return Object.entries(variables).filter(([, value]) => value.includes(UNKNOWN_SOURCE)).map(([name]) => name);
}
