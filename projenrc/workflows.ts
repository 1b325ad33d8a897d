/** What is true of every workflow: pinned actions, no permissions by default, and no token in the checkout. */
import { Component, IResolver, Project } from 'projen';
import { parse, stringify } from 'yaml';
import { pinned, withVersionComments } from './actions';
import { separatePackaging } from './release-jobs';

export interface Step {
  id?: string;
  name?: string;
  uses?: string;
  with?: Record<string, unknown>;
  run?: string;
  if?: string;
  env?: Record<string, string>;
}

export interface Job {
  'name'?: string;
  'needs'?: string | string[];
  'runs-on'?: string;
  'environment'?: string;
  'permissions'?: Record<string, string>;
  'outputs'?: Record<string, string>;
  'if'?: string;
  'env'?: Record<string, string>;
  'steps': Step[];
}

export interface Workflow {
  name: string;
  on: Record<string, unknown>;
  permissions?: Record<string, string>;
  jobs: Record<string, Job>;
}

/** No step but a checkout needs the token of the job, and Git would keep it where each later step can read it. */
function secureSteps(workflow: Workflow): void {
  for (const step of Object.values(workflow.jobs).flatMap((job) => job.steps)) {
    if (!step.uses) continue;
    step.uses = pinned(step.uses);
    if (step.uses.startsWith('actions/checkout@')) step.with = { ...step.with, 'persist-credentials': false };
  }
}

/** Builds run the code of pull requests, so they may only read. */
function secureBuild({ jobs }: Workflow): void {
  jobs.build.permissions = { contents: 'read' };
}

/** Only the title is read, and `pull_request` is enough for that: `pull_request_target` would have a token that writes. */
function securePullRequestLint(workflow: Workflow): void {
  const { pull_request_target: events, ...others } = workflow.on;
  workflow.on = { pull_request: events, ...others };
  workflow.jobs.validate.permissions = { 'pull-requests': 'read' };
}

const SECURE: Record<string, (workflow: Workflow) => void> = {
  'build': secureBuild,
  'pull-request-lint': securePullRequestLint,
  'release': separatePackaging,
};

function secured(text: string): string {
  const header = text.slice(0, text.indexOf('\nname:') + 1);
  const workflow = parse(text) as Workflow;
  SECURE[workflow.name]?.(workflow);
  secureSteps(workflow);
  const { name, on, jobs, ...others } = workflow;
  const yaml = stringify({ name, on, ...others, permissions: {}, jobs }, { lineWidth: 0, aliasDuplicateObjects: false });
  return header + withVersionComments(yaml);
}

/** Secures all workflows of a project, those that are added later too. */
export class SecureWorkflows extends Component {
  constructor(project: Project) {
    super(project);
  }

  public preSynthesize(): void {
    for (const file of this.project.files.filter(({ path }) => path.startsWith('.github/workflows/'))) {
      const rendered = file as unknown as { synthesizeContent(resolver: IResolver): string | undefined };
      const render = rendered.synthesizeContent.bind(file);
      rendered.synthesizeContent = (resolver) => {
        const text = render(resolver);
        return text && secured(text);
      };
    }
  }
}
