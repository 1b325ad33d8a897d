import { AwsClients } from './aws-clients';
import { DeployedStack, readDeployedStack, readStackOfProject } from './deployed-stack';
import { listMirrorProjects, MirrorProject, readMirrorProjects } from './mirror-projects';
import { RUN_ENVIRONMENT } from '../../image/contract/environment';
import { familiarImageReference, formatImageReference, ImageReference, parseImageReference } from '../../image/image-reference';
import { quote } from '../../image/sanitize';
import { findScheduledBuilds, ScheduledBuild, TokenValues } from '../app/stack-template';
import { UsageError } from '../usage-error';

/** The options of `start` that select a mirror. */
export interface MirrorLocation {
  /** The CloudFormation stack that defines the images and catalogs. */
  readonly stack?: string;
  /** The name of the mirror's CodeBuild project. */
  readonly project?: string;
}

/** The images and catalogs of a deployed stack. */
export interface DeployedItems {
  readonly stack: string;
  readonly items: readonly DeployedItem[];
}

/** The maximum number of projects in an error. */
const MAX_LISTED_PROJECTS = 10;

/**
 * Finds the images and catalogs of a deployed stack. Without a stack name, the stack is the one with the only mirror of the account and Region.
 *
 * @throws UsageError when there is no mirror, or when there are several and the options select none of them
 */
export async function findDeployedItems({ stack: stackName, project: projectName }: MirrorLocation, clients: AwsClients): Promise<DeployedItems> {
  const project = await selectedProject(projectName, stackName, clients);
  const stack = await readDeployedStack(clients.cloudFormation, stackName ?? await requireStackOf(project!, clients));
  const items = await readItems(stack, project, clients);
  if (items.length > 0) return { stack: stack.name, items };
  const subject = `the stack ${quote(stack.name)} mirrors no images${project === undefined ? '' : ` with the project ${quote(project.name)}`}`;
  throw new UsageError(`${subject}; name the stack that defines the images with --stack`);
}

/** The project of the mirror; undefined when the stack identifies it. */
async function selectedProject(name: string | undefined, stack: string | undefined, clients: AwsClients): Promise<MirrorProject | undefined> {
  if (name === undefined) return stack === undefined ? findOnlyProject(clients, 'name the stack that defines the images with --stack') : undefined;
  const [project] = await readMirrorProjects(clients.codeBuild, [name]);
  if (project !== undefined) return project;
  const region = await regionOf(clients);
  throw new UsageError(`${quote(name)} is not the CodeBuild project of a mirror in the Region ${region} of this account; check --project`);
}

async function findOnlyProject(clients: AwsClients, remedy: string): Promise<MirrorProject> {
  const projects = await listMirrorProjects(clients.codeBuild);
  if (projects.length === 1) return projects[0];
  const region = await regionOf(clients);
  if (projects.length === 0) {
    throw new UsageError(`there is no mirror in the Region ${region} of this account; deploy one, or set AWS_REGION or AWS_PROFILE`);
  }
  const listed = await Promise.all(projects.slice(0, MAX_LISTED_PROJECTS).map(async ({ name }) => {
    const stack = await readStackOfProject(clients.cloudFormation, name);
    return `${quote(name)} (${stack === undefined ? 'no stack' : `stack ${quote(stack)}`})`;
  }));
  const more = projects.length > MAX_LISTED_PROJECTS ? ` and ${projects.length - MAX_LISTED_PROJECTS} more` : '';
  throw new UsageError(`there are ${projects.length} mirrors in the Region ${region} of this account: ${listed.join(', ')}${more}; ${remedy}`);
}

async function requireStackOf({ name }: MirrorProject, { cloudFormation }: AwsClients): Promise<string> {
  const stack = await readStackOfProject(cloudFormation, name);
  if (stack !== undefined) return stack;
  throw new UsageError(`the project ${quote(name)} is not in a stack; name the stack that defines the images with --stack`);
}

async function readItems(stack: DeployedStack, selected: MirrorProject | undefined, clients: AwsClients): Promise<DeployedItem[]> {
  const builds = findScheduledBuilds(stack.template, withUnknownValues(stack.values)).flatMap((build) => {
    const item = itemOf(build);
    return item === undefined ? [] : [{ item, variables: build.variables, name: projectOf(stack, build) }];
  });
  const names = [...new Set(builds.flatMap(({ name }) => name ?? []))];
  const projects = new Map((await readMirrorProjects(clients.codeBuild, names)).map((project) => [project.name, project]));
  const needsFallback = builds.some(({ name }) => name === undefined);
  const remedy = `name the project that the stack ${quote(stack.name)} uses with --project`;
  const fallback = needsFallback ? selected ?? await findOnlyProject(clients, remedy) : undefined;
  return builds.flatMap(({ item, variables, name }) => {
    const project = name === undefined ? fallback : projects.get(name);
    return project === undefined || (selected !== undefined && project.name !== selected.name) ? [] : [{ ...item, variables, project }];
  });
}

function withUnknownValues(values: TokenValues): TokenValues {
  return (token) => values(token) ?? UNKNOWN_VALUE;
}

/** The image or the catalog that a build mirrors; undefined when the schedule does not belong to a mirror. */
function itemOf({ variables }: ScheduledBuild): Pick<DeployedImage, 'reference'> | Pick<DeployedCatalog, 'location'> | undefined {
  const location = variables[RUN_ENVIRONMENT.CATALOG];
  if (location !== undefined) return isCatalogLocation(location) ? { location } : undefined;
  try {
    const { registry, repository, tag, digest } = parseImageReference(variables[RUN_ENVIRONMENT.IMAGE] ?? '');
    return { reference: variables[RUN_ENVIRONMENT.TAGS] ? { registry, repository } : { registry, repository, tag, digest } };
  } catch {
    return undefined;
  }
}

/** The name of the project of a build; undefined when the stack does not have it. */
function projectOf({ template, values }: DeployedStack, { project }: ScheduledBuild): string | undefined {
  const { 'Fn::GetAtt': [id = '', attribute = ''] = [] } = Object(project) as { 'Fn::GetAtt'?: readonly string[] };
  if (attribute === 'Arn' && template.Resources?.[id]?.Type === 'AWS::CodeBuild::Project') return values({ Ref: id });
  const arn = typeof project === 'string' ? project : values(Object(project) as object);
  return /:project\/(.+)$/.exec(arn ?? '')?.[1];
}

async function regionOf({ codeBuild }: AwsClients): Promise<string> {
  return codeBuild.config.region();
}

/** The build that a schedule of a deployed mirror starts. */
interface DeployedSchedule {
  /** The environment variables of the build. */
  readonly variables: Readonly<Record<string, string>>;
  readonly project: MirrorProject;
}

/** An image of a deployed mirror. */
export interface DeployedImage extends DeployedSchedule {
  /** The upstream image; without a tag when a tag filter selects the tags. */
  readonly reference: ImageReference;
}

/** A catalog of a deployed mirror, or one of its shards. */
export interface DeployedCatalog extends DeployedSchedule {
  /** The location of the list in the variables of the schedule: `ssm:/platform/images`, `s3://bucket/images.yaml`. */
  readonly location: string;
}

/** An image or a catalog of a deployed mirror. */
export type DeployedItem = DeployedImage | DeployedCatalog;

/** Replaces a token in a variable, if the token cannot be resolved. */
const UNKNOWN_VALUE = '\uFFFD';

/** The start of the location of a catalog. */
const CATALOG_SCHEMES = ['ssm:', 's3://'];

/** Whether an item is a catalog. */
export function isCatalog(item: DeployedItem): item is DeployedCatalog {
  return 'location' in item;
}

/** Whether an argument is the location of a catalog. Otherwise it is an image. */
export function isCatalogLocation(text: string): boolean {
  return CATALOG_SCHEMES.some((scheme) => text.startsWith(scheme));
}

/** Whether the location of a catalog, which has unresolved tokens, can be the given location. */
export function canResolveTo(location: string, catalog: DeployedCatalog): boolean {
  const [start, ...rest] = catalog.location.split(UNKNOWN_VALUE);
  const end = rest.at(-1);
  return end !== undefined && location.startsWith(start) && location.slice(start.length).endsWith(end);
}

/** The name of an image or a catalog in result lines. */
export function itemName(item: DeployedItem): string {
  return isCatalog(item) ? item.location : formatImageReference(item.reference);
}

/** The short name of an image or a catalog for messages, for example `nginx:stable`. */
export function familiarItemName(item: DeployedItem): string {
  return isCatalog(item) ? item.location.replaceAll(UNKNOWN_VALUE, '...') : familiarImageReference(item.reference);
}

/** The names of the variables with unresolved tokens. */
export function unresolvedVariables({ variables }: DeployedItem): string[] {
  return Object.entries(variables).filter(([, value]) => value.includes(UNKNOWN_VALUE)).map(([name]) => name);
}
