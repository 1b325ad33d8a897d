import type { StartBuildCommandInput } from '@aws-sdk/client-codebuild';
import type { Check } from '../check';
import { answerToStart } from '../probes/builds';
import { UPSTREAM_IMAGE } from '../stack/names';

const variables = (values: Record<string, string>) => {
  return { environmentVariablesOverride: Object.entries(values).map(([name, value]) => ({ name, value, type: 'PLAINTEXT' as const })) };
};

/** Requests that must start a build. Each statement of docs/adr/0016-overrides-of-builds.md that AWS reads otherwise denies them. */
const STARTS: readonly (readonly [id: string, what: string, request: Omit<StartBuildCommandInput, 'projectName'>])[] = [
  ['allowed-nothing', 'without overrides', {}],
  ['allowed-variables', 'with the variables of a schedule', variables({ IMAGE: UPSTREAM_IMAGE, LATE_REFERRERS: 'false' })],
];

/** @see https://docs.aws.amazon.com/codebuild/latest/userguide/action-context-keys.html */
export const allowedStarts: readonly Check[] = STARTS.map(([id, what, request]) => ({
  id,
  section: 'IAM condition keys',
  assumption: `The role of a schedule can start a build ${what}: the condition keys describe the request, not the project.`,
  expected: 'started',
  otherwise: 'No schedule can start a build.',
  dollars: 0.005,
  minutes: 0.2,
  local: true,
  async run(context) {
    return answerToStart(await context.starter(), context, { projectName: context.outputs.BaseProject, ...request });
  },
}));
