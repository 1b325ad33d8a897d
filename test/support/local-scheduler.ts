import { BuildResult, LocalCodeBuild, StartBuildInput } from './local-code-build';
import { TemplateResolver } from './template-resolver';

/** A schedule of a template that starts builds. */
export interface BuildSchedule {
  readonly logicalId: string;
  /** For example `rate(1 day)`. */
  readonly expression: string;
  /** The logical id of the project that it starts. */
  readonly projectId: string;
  readonly input: StartBuildInput;
  /** The variables that its input sets. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Amazon EventBridge Scheduler, as far as it starts builds.
 *
 * Imitated: every enabled AWS::Scheduler::Schedule whose target is a CodeBuild project, with its own input.
 * Not imitated: time. A schedule runs when it is told to.
 */
export class LocalScheduler {
  readonly schedules: readonly BuildSchedule[];

  constructor(template: TemplateResolver, private readonly codeBuild: LocalCodeBuild) {
    this.schedules = template.ids('AWS::Scheduler::Schedule').flatMap((logicalId) => {
      const { State: state = 'ENABLED', ScheduleExpression: expression, Target: target } = template.properties(logicalId);
      const projectId = template.ids('AWS::CodeBuild::Project').find((id) => template.arn(id) === target.Arn);
      if (state !== 'ENABLED' || projectId === undefined) return [];
      const input: StartBuildInput = JSON.parse(target.Input ?? '{}');
      const variables = Object.fromEntries((input.environmentVariablesOverride ?? []).map(({ name, value }) => [name, value]));
      return [{ logicalId, expression, projectId, input, variables }];
    });
  }

  /** Does what a schedule does when its time has come, and waits for the build's end. */
  async invoke({ projectId, input }: BuildSchedule): Promise<BuildResult> {
    return this.codeBuild.build(projectId, input);
  }
}
