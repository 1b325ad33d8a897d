import type { Check } from '../check';
import { answerToStart } from '../probes/builds';

/** @see https://docs.aws.amazon.com/codebuild/latest/userguide/action-context-keys.html */
export const deniedRole: Check = {
  id: 'denied-role',
  section: 'IAM condition keys',
  assumption: 'The role of a schedule cannot start a build with another service role (`codebuild:serviceRole`, and `iam:PassRole`).',
  expected: 'denied',
  otherwise: 'A principal who can edit a schedule can run builds with another role.',
  dollars: 0,
  minutes: 0.1,
  local: true,
  async run(context) {
    const { BaseProject, ListerRole } = context.outputs;
    return answerToStart(await context.starter(), context, { projectName: BaseProject, serviceRoleOverride: ListerRole });
  },
};
