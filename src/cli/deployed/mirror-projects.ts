import { BatchGetProjectsCommand, CodeBuildClient, ListProjectsCommand, Project } from '@aws-sdk/client-codebuild';
import { withAwsErrors } from './aws-clients';
import { PROJECT_ENVIRONMENT } from '../../image/contract/environment';

/** The project of a deployed mirror. */
export interface MirrorProject {
  readonly name: string;
  readonly arn: string;
  /** How long a build may take. */
  readonly longestBuildMinutes: number;
}

/** CodeBuild answers for so many projects at a time. */
const MOST_PROJECTS = 100;

/** What every mirror's project sets, and nobody else's. */
const MARKS: readonly string[] = [PROJECT_ENVIRONMENT.REGISTRY, PROJECT_ENVIRONMENT.REPOSITORY_PREFIX];

/** Of these projects, those that belong to mirrors. */
export async function readMirrorProjects(codeBuild: CodeBuildClient, names: readonly string[]): Promise<MirrorProject[]> {
  const found: MirrorProject[] = [];
  for (let start = 0; start < names.length; start += MOST_PROJECTS) {
    const page = new BatchGetProjectsCommand({ names: names.slice(start, start + MOST_PROJECTS) });
    const { projects = [] } = await withAwsErrors('codebuild:BatchGetProjects', () => codeBuild.send(page));
    found.push(...projects.flatMap((project) => mirrorProject(project) ?? []));
  }
  return found;
}

/** All mirrors' projects of the account in the Region. */
export async function listMirrorProjects(codeBuild: CodeBuildClient): Promise<MirrorProject[]> {
  const names: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = new ListProjectsCommand({ nextToken });
    const answer = await withAwsErrors('codebuild:ListProjects', () => codeBuild.send(page));
    names.push(...answer.projects ?? []);
    nextToken = answer.nextToken;
  } while (nextToken);
  return readMirrorProjects(codeBuild, names);
}

function mirrorProject({ name = '', arn = '', environment, timeoutInMinutes = 60 }: Project): MirrorProject | undefined {
  const variables = new Map((environment?.environmentVariables ?? []).map((variable) => [variable.name, variable.value]));
  if (!MARKS.every((mark) => variables.has(mark))) return undefined;
  // A run gives up by itself, and on some compute CodeBuild stops it before the project's timeout does.
  const seconds = Number(variables.get(PROJECT_ENVIRONMENT.DEADLINE_SECONDS)) || Infinity;
  return { name, arn, longestBuildMinutes: Math.min(timeoutInMinutes, Math.ceil(seconds / 60)) };
}
