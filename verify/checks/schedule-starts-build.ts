import type { Build } from '@aws-sdk/client-codebuild';
import type { Answer, Check, Context } from '../check';
import { buildsOf, describeBuild, endOfBuild } from '../probes/builds';
import { UPSTREAM_IMAGE } from '../stack/names';

/** A build with the variables of the schedule. The check "allowed-variables" starts builds with other variables. */
function isScheduled({ environment }: Build): boolean {
  const values = new Map(environment?.environmentVariables?.map(({ name, value }) => [name, value]));
  return values.get('IMAGE') === UPSTREAM_IMAGE && values.get('LATE_REFERRERS') !== 'false';
}

/** The next build of the schedule, at its end. */
async function scheduledBuild(context: Context): Promise<Build> {
  await context.startSchedules();
  for (;;) {
    const scheduled = (await buildsOf(context, context.outputs.BaseProject)).find(isScheduled);
    if (scheduled !== undefined) return endOfBuild(context, scheduled.id!);
    await context.pause(15);
  }
}

/** @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html */
export const scheduleStartsBuild: Check = {
  id: 'schedule-starts-build',
  section: 'CodeBuild and Scheduler',
  assumption: 'A schedule starts a build with the environmentVariablesOverride in its input, and the role of the build may copy the image.',
  expected: 'SUCCEEDED',
  otherwise: 'No image is mirrored by a schedule.',
  dollars: 0.05,
  minutes: 6,
  local: true,
  async run(context): Promise<Answer> {
    return describeBuild(await scheduledBuild(context));
  },
};
