import type { Check } from '../check';
import { buildsOf } from '../probes/builds';
import { ATTEMPT_VARIABLE } from '../stack/names';

/** @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html */
export const scheduleRetries: Check = {
  id: 'schedule-retries',
  section: 'CodeBuild and Scheduler',
  assumption: 'EventBridge Scheduler tries again if StartBuild fails with AccountLimitExceededException.',
  expected: 'a build of a later attempt',
  otherwise: 'If too many builds are in the queue, an image waits for the next time of its schedule.',
  dollars: 0.1,
  minutes: 10,
  local: false,
  async run(context) {
    const attempts = async () => {
      const builds = await buildsOf(context, context.outputs.LimitedProject);
      return builds.flatMap(({ environment }) => environment?.environmentVariables ?? []).filter(({ name }) => name === ATTEMPT_VARIABLE);
    };
    // A build takes 2.5 minutes, so a minute later the next start fails, and its retries follow within minutes.
    for (let minute = 0; minute < 12; minute++) {
      const later = (await attempts()).find(({ value }) => Number(value) > 1);
      if (later !== undefined) return { seen: 'a build of a later attempt', detail: `attempt ${later.value}` };
      await context.pause(60);
    }
    const all = await attempts();
    if (all.some(({ value }) => !/^[0-9]+$/.test(value ?? ''))) throw new Error('the schedule did not replace <aws.scheduler.attempt-number>');
    return { seen: `${all.length === 0 ? 'no build' : 'only builds of first attempts'} in 12 minutes` };
  },
};
