import { AwsClients } from './aws-clients';
import { DeployedCatalogue, DeployedImage, DeployedSource, namesCatalogue, UNKNOWN } from './deployed-source';
import { DeployedStack, readDeployedStack, stackOfProject } from './deployed-stack';
import { UsageError } from './image-pairs';
import { listMirrorProjects, MirrorProject, readMirrorProjects } from './mirror-project';
import { ScheduledRun, scheduledRuns, TokenValues } from './stack-template';
import { RUN_ENVIRONMENT } from '../image/environment';
import { parseImageReference, quote } from '../image/image-reference';

/** Where to look for a mirror. */
export interface MirrorPlace {
  /** The stack that defines the images and catalogues. */
  readonly stack?: string;
  /** The name of the mirror's project. */
  readonly project?: string;
}

/** The images and catalogues of a stack. */
export interface DeployedSources {
  readonly stack: string;
  readonly sources: readonly DeployedSource[];
}

/** So many projects are told with their stacks. */
const MOST_TOLD = 10;

/**
 * Finds the images and catalogues of a deployed mirror: those of a stack, or where none is named those of the stack that the account's only mirror
 * is in.
 *
 * @throws UsageError when there is no mirror, or when there are several and it cannot be told which is meant
 */
export async function findDeployedSources({ stack: stackName, project: projectName }: MirrorPlace, clients: AwsClients): Promise<DeployedSources> {
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
  return (token) => values(token) ?? UNKNOWN;
}

/** What a run mirrors; undefined when that is no image and no catalogue. */
function sourceOf({ variables }: ScheduledRun): Pick<DeployedImage, 'reference'> | Pick<DeployedCatalogue, 'location'> | undefined {
  const location = variables[RUN_ENVIRONMENT.CATALOGUE];
  if (location !== undefined) return namesCatalogue(location) ? { location } : undefined;
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
