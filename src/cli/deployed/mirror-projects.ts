import { BatchGetProjectsCommand, CodeBuildClient, ListProjectsCommand, Project } from '@aws-sdk/client-codebuild';
import { withAwsErrors } from './aws-clients';
import { PROJECT_ENVIRONMENT } from '../../image/contract/environment';

/** The CodeBuild project of a deployed mirror. */
export interface MirrorProject {
  readonly name: string;
  readonly arn: string;
  /** The maximum duration of a build, in minutes. */
  readonly longestBuildMinutes: number;
  /** The name of the project that records decisions; undefined when no image of the mirror has checks. */
  readonly decisionProject?: string;
}

/** The maximum number of projects in one request of `BatchGetProjects`. */
const MAX_PROJECTS = 100;

/** The environment variables that identify the project of a mirror. */
const IDENTIFYING_VARIABLES: readonly string[] = [PROJECT_ENVIRONMENT.REGISTRY, PROJECT_ENVIRONMENT.REPOSITORY_PREFIX];

/** Reads projects by name. Projects that do not belong to a mirror are left out. */
export async function readMirrorProjects(codeBuild: CodeBuildClient, names: readonly string[]): Promise<MirrorProject[]> {
  const found: MirrorProject[] = [];
  for (let start = 0; start < names.length; start += MAX_PROJECTS) {
    const command = new BatchGetProjectsCommand({ names: names.slice(start, start + MAX_PROJECTS) });
    const { projects = [] } = await withAwsErrors('codebuild:BatchGetProjects', () => codeBuild.send(command));
    found.push(...projects.flatMap((project) => mirrorProject(project) ?? []));
  }
  return found;
}

/** Lists the projects of all mirrors in the account and Region. */
export async function listMirrorProjects(codeBuild: CodeBuildClient): Promise<MirrorProject[]> {
  const names: string[] = [];
  let nextToken: string | undefined;
  do {
    const command = new ListProjectsCommand({ nextToken });
    const response = await withAwsErrors('codebuild:ListProjects', () => codeBuild.send(command));
    names.push(...response.projects ?? []);
    nextToken = response.nextToken;
  } while (nextToken);
  return readMirrorProjects(codeBuild, names);
}

function mirrorProject({ name = '', arn = '', environment, timeoutInMinutes = 60 }: Project): MirrorProject | undefined {
  const variables = new Map((environment?.environmentVariables ?? []).map((variable) => [variable.name, variable.value]));
  if (!IDENTIFYING_VARIABLES.every((variable) => variables.has(variable))) return undefined;
  // The engine stops at its own deadline, because on some compute CodeBuild stops a build before the timeout of its project.
  const seconds = Number(variables.get(PROJECT_ENVIRONMENT.DEADLINE_SECONDS)) || Infinity;
  const decisionProject = variables.get(PROJECT_ENVIRONMENT.DECISION_PROJECT) || undefined;
  const project = { name, arn, longestBuildMinutes: Math.min(timeoutInMinutes, Math.ceil(seconds / 60)) };
  return decisionProject === undefined ? project : { ...project, decisionProject };
}
