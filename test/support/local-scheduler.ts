import { StartBuildInput } from './local-code-build';
import { TemplateResolver } from './template-resolver';

/** A schedule of a template that starts builds. */
export interface BuildSchedule {
  readonly logicalId: string;
  /** When it would start them, for example `rate(1 day)`. */
  readonly expression: string;
  /** The logical id of the project that it starts. */
  readonly projectId: string;
  /** What it starts it with: for `LocalCodeBuild.build()`. */
  readonly input: StartBuildInput;
  /** The variables that its input sets. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * What Amazon EventBridge Scheduler would start: every enabled AWS::Scheduler::Schedule whose target is a CodeBuild project, with its own input.
 *
 * Not imitated: time, the flexible window, retries and roles.
 */
export function buildSchedules(template: TemplateResolver): BuildSchedule[] {
  return template.ids('AWS::Scheduler::Schedule').flatMap((logicalId) => {
    const { State: state = 'ENABLED', ScheduleExpression: expression, Target: target } = template.properties(logicalId);
    const projectId = template.ids('AWS::CodeBuild::Project').find((id) => template.arn(id) === target.Arn);
    if (state !== 'ENABLED' || projectId === undefined) return [];
    const input: StartBuildInput = JSON.parse(target.Input ?? '{}');
    const variables = Object.fromEntries((input.environmentVariablesOverride ?? []).map(({ name, value }) => [name, value]));
    return [{ logicalId, expression, projectId, input, variables }];
  });
}
